"""The peers' side of ``bench/cohorts.py``: one measurement in a fresh process, printed as JSON.

Run: bench/.peers/cohorts/bin/python bench/cohorts_peers.py WHAT FILE   (called by bench/cohorts.py)
"""

import json
import sys
import time

import numpy as np


def fit_lifetimes(path):
    import lifetimes
    import pandas as pd

    data = np.load(path)
    x, tx, age = (pd.Series(data[k]) for k in ("x", "tx", "age"))
    fitter = lifetimes.BetaGeoFitter()
    start = time.process_time()
    fitter.fit(x, tx, age)
    cpu = time.process_time() - start
    return {"cpu": cpu, "params": [float(v) for v in fitter.params_], **_likelihood(fitter, x, tx, age)}


def fit_lifetimes_pareto(path):
    import lifetimes
    import pandas as pd

    data = np.load(path)
    fitter = lifetimes.ParetoNBDFitter()
    start = time.process_time()
    fitter.fit(*(pd.Series(data[k]) for k in ("x", "tx", "age")))
    return {"cpu": time.process_time() - start, "params": [float(v) for v in fitter.params_]}


def fit_clvkit(path):
    """clvkit's own likelihood and optimiser on the rows (its CustomerBase would end the window at the last order)."""
    from clvkit.clv import bgnbd

    data = np.load(path)
    rows = {"frequency": data["x"], "recency": data["tx"], "T": data["age"]}

    def negative(log_params):
        total = bgnbd._log_likelihood(*np.exp(log_params), **rows).sum()
        return -total if np.isfinite(total) else np.inf

    start = time.process_time()
    found = bgnbd.BGNBD._minimize(negative)
    return {"cpu": time.process_time() - start, "params": np.exp(found.x).tolist(), "log_likelihood": float(-found.fun)}


def fit_pymc(path):
    """pymc-marketing's maximum a posteriori (its default priors): model built and compiled inside the timing, as it must be."""
    import logging

    import pandas as pd
    from pymc_marketing import clv

    logging.disable(logging.WARNING)
    data = np.load(path)
    columns = {"frequency": data["x"], "recency": data["tx"], "T": data["age"]}
    frame = pd.DataFrame({"customer_id": np.arange(len(data["x"])), **columns})
    start = time.process_time()
    model = clv.BetaGeoModel(data=frame)
    model.fit(method="map", progressbar=False)
    cpu = time.process_time() - start
    return {"cpu": cpu, "params": [float(model.fit_result[name].mean()) for name in ("r", "alpha", "a", "b")]}


def resample_lifetimes(path):
    import warnings

    import lifetimes
    import pandas as pd

    warnings.simplefilter("ignore")
    data = np.load(path)
    out, likelihoods = {}, {}
    for size in (100, 300):
        failed, rng, likelihoods[str(size)] = 0, np.random.default_rng(size), []
        for _ in range(300):
            k = rng.integers(0, len(data["x"]), size)
            columns, fitter = [pd.Series(data[c][k]) for c in ("x", "tx", "age")], lifetimes.BetaGeoFitter()
            try:
                fitter.fit(*columns)
                likelihoods[str(size)].append(_likelihood(fitter, *columns)["log_likelihood"])
            except Exception:
                failed += 1
                likelihoods[str(size)].append(None)
        out[str(size)] = failed
    return {"failed": out, "log_likelihoods": likelihoods}


def _likelihood(fitter, x, tx, age):
    from lifetimes.fitters.beta_geo_fitter import BetaGeoFitter

    weights = np.ones(len(x))
    mean = BetaGeoFitter._negative_log_likelihood(
        np.log(fitter.params_.to_numpy()), x.to_numpy(), tx.to_numpy(), age.to_numpy(), weights, 0.0
    )
    return {"log_likelihood": float(-mean * len(x))}


def cohort_polars(path):
    import polars as pl

    start = time.process_time()
    orders = pl.scan_parquet(path).with_columns(
        (pl.col("paid_at").dt.year() * 12 + pl.col("paid_at").dt.month().cast(pl.Int32) - 1).alias("month")
    )
    months = orders.group_by("buyer_key", "month").agg(pl.col("net_cents").sum())
    first = months.group_by("buyer_key").agg(pl.col("month").min().alias("cohort"))
    cells = months.join(first, on="buyer_key").group_by("cohort", (pl.col("month") - pl.col("cohort")).alias("age"))
    table = cells.agg(pl.len().alias("active"), pl.col("net_cents").sum()).sort("cohort", "age").collect()
    return {"cpu": time.process_time() - start, "active": int(table["active"].sum()), "cents": int(table["net_cents"].sum())}


def peak_mb():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    result = globals()[sys.argv[1]](sys.argv[2])
    result["peak_mb"] = peak_mb()
    print(json.dumps(result))
