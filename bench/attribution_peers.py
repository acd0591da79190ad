"""The peers of ``bench/attribution.py``, run in their own environment (bench/peers/attribution.txt) on files it writes.

Run: bench/.peers/attribution/bin/python bench/attribution_peers.py TASK INPUT OUTPUT
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pandas as pd


def channel_attribution(path: str, order: int = 1, runs: int = 1, conv_par: float = 0.05) -> dict:
    """Markov credit of every run, with CPU and wall seconds; heuristics once."""
    import ChannelAttribution

    data = pd.read_parquet(path)
    shares, cpu, wall = [], [], []
    for run in range(runs):
        start, clock = time.process_time(), time.perf_counter()
        found = ChannelAttribution.markov_model(
            data,
            "path",
            "conversions",
            var_value="conversion_value",
            var_null="nulls",
            order=order,
            seed=run + 1,
            conv_par=conv_par,
            verbose=0,
        )
        cpu.append(time.process_time() - start)
        wall.append(time.perf_counter() - clock)
        table = found["result"] if isinstance(found, dict) else found
        shares.append(dict(zip(table.iloc[:, 0], table["total_conversions"].astype(float), strict=True)))
    return {"conversions": shares, "cpu": cpu, "wall": wall}


def heuristics(path: str) -> dict:
    import ChannelAttribution

    data = pd.read_parquet(path)
    start = time.process_time()
    found = ChannelAttribution.heuristic_models(data, "path", "conversions", var_value="conversion_value")
    return {"cpu": time.process_time() - start, "table": found.to_dict("list")}


def mam(path: str) -> dict:
    """marketing-attribution-models on journeys (one row each)."""
    import matplotlib.pyplot as plt

    plt.style.library["seaborn-white"] = plt.style.library["seaborn-v0_8-white"]  # the package asks for the old name
    from marketing_attribution_models import MAM

    data = pd.read_parquet(path)
    out: dict = {}
    start = time.process_time()
    model = MAM(
        data,
        group_channels=False,
        channels_colname="path",
        journey_with_conv_colname="converted",
        path_separator=" > ",
    )
    out["load_cpu"] = time.process_time() - start
    for name in ("attribution_last_click", "attribution_first_click", "attribution_linear", "attribution_markov"):
        start = time.process_time()
        try:
            result = getattr(model, name)()
            frame = result[1] if isinstance(result, tuple) else result
            pairs = frame.iloc[:, :2]
            out[name] = {
                "cpu": time.process_time() - start,
                "values": dict(zip(pairs.iloc[:, 0], pairs.iloc[:, 1].astype(float), strict=True)),
            }
        except Exception as problem:  # a peer that fails is reported, not hidden
            out[name] = {"cpu": time.process_time() - start, "error": repr(problem)[:200]}
    return out


def pymc(path: str, draws: int = 500) -> dict:
    """pymc-marketing's MMM with geometric adstock and logistic saturation on one data set."""
    from pymc_marketing.mmm import MMM, GeometricAdstock, LogisticSaturation

    data = pd.read_parquet(path)
    with open(path + ".json", encoding="utf-8") as file:
        spec = json.load(file)
    channels, controls = spec["channels"], spec["controls"]
    start, clock = time.process_time(), time.perf_counter()
    model = MMM(
        date_column="week",
        channel_columns=channels,
        control_columns=controls,
        adstock=GeometricAdstock(l_max=13),
        saturation=LogisticSaturation(),
        yearly_seasonality=2,
    )
    model.fit(
        data[["week", *channels, *controls]],
        data["paid_amount"],
        draws=draws,
        tune=500,
        chains=2,
        cores=1,
        target_accept=0.9,
        progressbar=False,
        random_seed=1,
    )
    contribution = model.compute_channel_contribution_original_scale().stack(sample=("chain", "draw"))
    sums = contribution.sum("date").transpose("sample", "channel").values
    roas = sums / data[channels].sum().to_numpy()
    low, middle, high = np.quantile(roas, [0.05, 0.5, 0.95], axis=0)
    import arviz as az

    r_hat = float(max(float(v.max()) for v in az.rhat(model.idata.posterior).data_vars.values() if v.size))
    return {
        "roas": middle.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "cpu": time.process_time() - start,
        "wall": time.perf_counter() - clock,
        "r_hat": r_hat,
    }


TASKS = {"channel_attribution": channel_attribution, "heuristics": heuristics, "mam": mam, "pymc": pymc}

if __name__ == "__main__":
    task, source, target, *rest = sys.argv[1:]
    options = json.loads(rest[0]) if rest else {}
    with open(target, "w", encoding="utf-8") as file:
        json.dump(TASKS[task](source, **options), file)
