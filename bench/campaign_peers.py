"""Peers of ``bench/campaign.py`` on one world, in their own environment: reads a CSV, prints one JSON line a method.

Run: bench/.peers/campaign/bin/python bench/campaign_peers.py WORLD.csv PRE SALE_START SALE_END (day numbers)
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd


def unobserved_components(frame, pre, sale):
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    logs = np.log(frame.drop(columns="date").to_numpy(float) + 1)
    y = logs[:, 0].copy()
    model = UnobservedComponents(y[:pre], "local level", exog=logs[:pre, 1:], freq_seasonal=[{"period": 7, "harmonics": 3}])
    fit = model.fit(disp=False, maxiter=200)
    ahead = fit.get_forecast(len(y) - pre, exog=logs[pre:, 1:])
    mean, cov = np.asarray(ahead.predicted_mean), np.asarray(ahead.var_pred_mean)
    inside = slice(sale[0] - pre, sale[1] - pre + 1)
    level = np.exp(mean + cov / 2)[inside]
    actual = frame.iloc[sale[0] : sale[1] + 1, 1].sum()
    spread = np.sqrt(((level**2) * cov[inside]).sum())  # days taken as independent, as the package's own intervals are
    effect = actual - (level - 1).sum()
    return effect, effect - 1.96 * spread, effect + 1.96 * spread


def cut(frame, pre, sale):
    """Days before the dip and the campaign days; the peers know one intervention, so the dip days are left out."""
    kept = pd.concat([frame.iloc[:pre], frame.iloc[sale[0] : sale[1] + 1]]).drop(columns="date").reset_index(drop=True)
    return kept.astype(float), [0, pre - 1], [pre, len(kept) - 1]


def pycausalimpact(frame, pre, sale):
    from causalimpact import CausalImpact

    impact = CausalImpact(*cut(frame, pre, sale), nseasons=[{"period": 7}])
    row = impact.summary_data["cumulative"]
    return row["abs_effect"], row["abs_effect_lower"], row["abs_effect_upper"]


def bsts(size):
    def run(frame, pre, sale):
        from causal_impact import CausalImpact, ModelOptions

        kept, before, after = cut(frame, pre, sale)
        impact = CausalImpact(kept, before, after, model_args=ModelOptions(expected_model_size=size, nseasons=7, seed=1))
        stats = impact.summary_stats
        days = after[1] - after[0] + 1
        return stats["cumulative_effect_total"], days * stats["ci_lower"], days * stats["ci_upper"]

    return run


METHODS = {
    "UnobservedComponents": unobserved_components,
    "pycausalimpact": pycausalimpact,
    "bsts-causalimpact": bsts(2),
    "bsts-causalimpact, size 6": bsts(6),
}


def main():
    frame = pd.read_csv(sys.argv[1])
    pre, first, last = (int(v) for v in sys.argv[2:5])
    for name, method in METHODS.items():
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            began = time.process_time()
            try:
                effect, low, high = (float(v) for v in method(frame, pre, (first, last)))
                row = {"method": name, "effect": effect, "low": low, "high": high}
            except Exception as error:
                row = {"method": name, "error": f"{type(error).__name__}: {error}"[:200]}
            print(json.dumps(row | {"seconds": time.process_time() - began}))


if __name__ == "__main__":
    main()
