"""A shop's tables → weeks; priors pooled over the shops of a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tmall_nb.analyses.media_mix._read import read_weeks
from tmall_nb.analyses.media_mix.mix import Beliefs
from tmall_nb.errors import NotEnoughData, ParameterError
from tmall_nb.stats.media_mix import MixFit, Pooled, fit_map, pool, priors_for, with_pooled

if TYPE_CHECKING:
    from tmall_nb.shop import Shop

LEAST_WEEKS_WITH_SPEND = 8


def read_shop(
    shop: Shop, spend: Sequence[str] | None, controls: Sequence[str], beliefs: Beliefs
) -> tuple[pd.DataFrame, list[str], list[str], Beliefs]:
    """Weeks of a shop with every channel it spends on, the controls its tables hold, and the platform's pattern."""
    from tmall_nb.queries.ad_weeks import ad_weeks, channel_totals

    frame, channels, found = ad_weeks(shop)
    chosen = list(spend) if spend is not None else [c for c in channels if (frame[c] > 0).sum() >= LEAST_WEEKS_WITH_SPEND]
    if not chosen:
        raise NotEnoughData(
            f"{shop.shop_id}: no channel has spend in {LEAST_WEEKS_WITH_SPEND} weeks or more; export 万相台报表 for longer"
        )
    if beliefs.platform_roas is None:
        totals = channel_totals(shop)
        reported = dict(zip(totals["channel"], totals["ad_sales"] / totals["spend"], strict=True)) if len(totals) else {}
        known = {c: float(r) for c, r in reported.items() if c in chosen and np.isfinite(r) and r > 0}
        beliefs = replace(beliefs, platform_roas=known or None)
    if beliefs.demand_channels is None:
        beliefs = replace(
            beliefs, demand_channels=tuple(chosen)
        )  # bids and budgets on the platform all spend more when more search
    return frame, chosen, [*controls, *(c for c in found if c not in controls)], beliefs


def pool_media_mix(
    shops: Mapping[str, pd.DataFrame],
    *,
    spend: Sequence[str],
    controls: Sequence[str] = (),
    outcome: str = "paid_amount",
    seed: int = 0,
) -> Pooled:
    """Learn from a batch of similar shops what each channel returns, as a prior for each of them.

    Two rounds of empirical Bayes: each shop alone, then each with the others' pooled returns. Unlike shops should not be
    pooled: their intervals then cover less than they say.

    Parameters
    ----------
    shops : weeks per shop, as ``fit_media_mix`` takes them, at least three shops with the same names of columns
    spend, controls, outcome : columns, as in ``fit_media_mix``
    seed : of the draws

    Returns
    -------
    Pooled, for ``Beliefs(pooled=…)``
    """
    if len(shops) < 3:
        raise ParameterError("shops", len(shops), "three shops or more; fewer say nothing about the others")
    read = {name: read_weeks(frame, spend, controls, outcome) for name, frame in shops.items()}
    fits: list[tuple[tuple[str, ...], MixFit]] = []
    pooled: Pooled | None = None
    for _ in range(2):
        fits = []
        for weeks in read.values():
            data = weeks.data()
            priors = priors_for(data, None)
            if pooled is not None:
                priors = with_pooled(priors, pooled, weeks.channels, data.baseline.shape[1])
            fits.append((weeks.channels, fit_map(data, priors, draws=500, seed=seed)))
        pooled = pool(fits)
    assert pooled is not None
    return pooled
