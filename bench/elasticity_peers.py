"""The peers of ``bench/elasticity.py``, run in their own environment (bench/peers/elasticity.txt) on item-days it writes.

Run: bench/.peers/elasticity/bin/python bench/elasticity_peers.py ROWS.parquet [--instrument]

Prints one JSON line per method: elasticity and standard error by item, or one of each for pooled methods, and CPU seconds.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pandas as pd


def statsmodels_items(rows):
    """A Poisson regression per item: log price, campaign, weekday, year's harmonic; robust errors (HC1)."""
    import statsmodels.api as sm

    out = {}
    for item, part in rows.groupby("item_id"):
        day = part["date"].dt.day_of_year * 2 * np.pi / 365.25
        week = pd.get_dummies(part["date"].dt.day_of_week, drop_first=True, dtype=float)
        x = np.column_stack([np.ones(len(part)), part["log_price"], part["campaign"], np.sin(day), np.cos(day), week])
        fit = sm.GLM(part["paid_units"].to_numpy(float), x, family=sm.families.Poisson()).fit(cov_type="HC1")
        out[item] = (float(fit.params[1]), float(fit.bse[1]))
    return out


def pyfixest_slopes(function, outcome):
    """Per-item slopes with item and date effects, heteroskedasticity-robust errors."""

    def run(rows):
        import pyfixest

        fit = getattr(pyfixest, function)(f"{outcome} ~ i(item_id, log_price) | item_id + date", rows, vcov="hetero")
        table = fit.tidy()
        names = table.index.str.extract(r"\[?T?\.?(i\d+)\]?", expand=False)
        return {n: (float(b), float(s)) for n, b, s in zip(names, table["Estimate"], table["Std. Error"], strict=True)}

    return run


def pyfixest_pooled(function, outcome):
    def run(rows):
        import pyfixest

        fit = getattr(pyfixest, function)(f"{outcome} ~ log_price | item_id + date", rows, vcov={"CRV1": "item_id"})
        return {"": (float(fit.coef().iloc[0]), float(fit.se().iloc[0]))}

    return run


def linearmodels_iv(rows):
    """Two-stage least squares of log(1 + units) on log price by log cost, item and date means taken out."""
    from linearmodels.iv import IV2SLS

    parts = {"y": np.log1p(rows["paid_units"]), "x": rows["log_price"], "z": np.log(rows["cost"])}
    frame = pd.DataFrame(parts)
    for _ in range(5):
        frame = frame - frame.groupby(rows["item_id"]).transform("mean")
        frame = frame - frame.groupby(rows["date"]).transform("mean")
    codes = pd.Series(rows["item_id"].astype("category").cat.codes, index=frame.index)
    fit = IV2SLS(frame["y"], None, frame["x"], frame["z"]).fit(cov_type="clustered", clusters=codes)
    return {"": (float(fit.params["x"]), float(fit.std_errors["x"]))}


def doubleml_counts(instrument):
    """Partially linear model of units ÷ the item's mean units (a count outcome kept linear), boosted trees for the rest."""

    def run(rows):
        import doubleml
        from sklearn.ensemble import HistGradientBoostingRegressor

        frame = pd.DataFrame({
            "y": rows["paid_units"] / rows.groupby("item_id")["paid_units"].transform("mean").clip(lower=0.01),
            "d": rows["log_price"] - rows.groupby("item_id")["log_price"].transform("mean"),
            "item": rows["item_id"].astype("category").cat.codes.astype(float),
            "day": (rows["date"] - rows["date"].min()).dt.days.astype(float),
            "weekday": rows["date"].dt.day_of_week.astype(float),
            "campaign": rows["campaign"],
        })  # fmt: skip
        if instrument:
            cost = np.log(rows["cost"])
            frame["z"] = cost - cost.groupby(rows["item_id"]).transform("mean")
        x = ["item", "day", "weekday", "campaign"]
        data = doubleml.DoubleMLData(frame.reset_index(drop=True), "y", "d", x_cols=x, z_cols="z" if instrument else None)

        def make():
            return HistGradientBoostingRegressor(max_iter=60, learning_rate=0.1)

        np.random.seed(1)  # noqa: NPY002  # doubleml draws its folds from the global generator
        model = (
            doubleml.DoubleMLPLIV(data, make(), make(), make(), n_folds=3)
            if instrument
            else doubleml.DoubleMLPLR(data, make(), make(), n_folds=3)
        )
        model.fit()
        return {"": (float(model.coef[0]), float(model.se[0]))}

    return run


def main():
    rows, instrument = pd.read_parquet(sys.argv[1]), "--instrument" in sys.argv
    rows["date"] = pd.to_datetime(rows["date"])
    rows["log_price"], rows["log_units"] = np.log(rows["price_yuan"]), np.log1p(rows["paid_units"])
    methods = {
        "statsmodels Poisson per item": statsmodels_items,
        "pyfixest fepois, slopes": pyfixest_slopes("fepois", "paid_units"),
        "pyfixest feols log(1+units), slopes": pyfixest_slopes("feols", "log_units"),
        "pyfixest fepois, pooled": pyfixest_pooled("fepois", "paid_units"),
        "pyfixest feols log(1+units), pooled": pyfixest_pooled("feols", "log_units"),
        "DoubleML units ÷ mean": doubleml_counts(instrument),
    }
    if instrument:
        methods = {
            "linearmodels IV2SLS log(1+units)": linearmodels_iv,
            "DoubleML PLIV units ÷ mean": doubleml_counts(True),
            "pyfixest fepois, pooled": methods["pyfixest fepois, pooled"],
        }
    few = rows[rows["item_id"].isin(rows["item_id"].unique()[:10])].reset_index(drop=True)
    for name, method in methods.items():
        try:
            method(few)  # imports and compiling are not timed
        except Exception as error:
            print(f"warm-up of {name}: {error}", file=sys.stderr)
        started = time.process_time()
        try:
            found = {"estimates": method(rows)}
        except Exception as error:  # a peer that fails is printed as failed
            found = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps({"method": name, "seconds": time.process_time() - started} | found), flush=True)


if __name__ == "__main__":
    main()
