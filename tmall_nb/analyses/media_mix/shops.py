"""A shop's tables → weeks; priors pooled over the shops of a batch, and their file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tmall_nb.analyses.media_mix._read import Weeks, read_weeks
from tmall_nb.analyses.media_mix.mix import Beliefs
from tmall_nb.errors import ExportError, NotEnoughData, ParameterError
from tmall_nb.stats.media_mix import Pooled, Priors, fit_map, pool, priors_for, spread_between, with_pooled

if TYPE_CHECKING:
    from tmall_nb.shop import Shop

LEAST_WEEKS_WITH_SPEND = 8
LEAST_SHOPS = 3


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
    shops: Mapping[str, Shop] | Mapping[str, pd.DataFrame],
    *,
    spend: Sequence[str] | None = None,
    controls: Sequence[str] = (),
    outcome: str = "paid_amount",
    seed: int = 0,
) -> Pooled:
    """Learn from a batch of similar shops what each channel returns, as a prior for each of them.

    Two rounds of empirical Bayes: each shop alone, then each with the others' pooled returns. Unlike shops lose by pooling:
    ``between`` says how far apart they are, and ``fit_media_mix`` uses the result only where ``alike``.

    Parameters
    ----------
    shops : shops by name, or weeks by name as ``fit_media_mix`` takes them; at least three
    spend, controls, outcome : columns, as in ``fit_media_mix``; for shops ``spend`` None takes every channel found
    seed : of the draws

    Returns
    -------
    Pooled, for ``Beliefs(pooled=…)``

    Raises
    ------
    ParameterError : fewer than three shops, or frames without ``spend``
    """
    if len(shops) < LEAST_SHOPS:
        raise ParameterError("shops", len(shops), "three shops or more; fewer say nothing about the others")
    read = [_weeks(one, spend, controls, outcome) for one in shops.values()]
    pooled, between = None, 0.0
    for _ in range(2):
        fits = [(weeks.channels, fit_map(weeks.data(), _priors(weeks, pooled), draws=500, seed=seed)) for weeks in read]
        between = between if pooled else spread_between(fits)
        pooled = pool(fits)
    assert pooled is not None
    return replace(pooled, between=between)


def _weeks(one: Shop | pd.DataFrame, spend: Sequence[str] | None, controls: Sequence[str], outcome: str) -> Weeks:
    if not isinstance(one, pd.DataFrame):
        frame, channels, found, _ = read_shop(one, spend, controls, Beliefs())
        return read_weeks(frame, channels, found, outcome)
    if spend is None:
        raise ParameterError("spend", None, 'the names of the spend columns; write spend=["search", "feed"]')
    return read_weeks(one, spend, controls, outcome)


def _priors(weeks: Weeks, pooled: Pooled | None) -> Priors:
    data = weeks.data()
    priors = priors_for(data, None)
    return priors if pooled is None else with_pooled(priors, pooled, weeks.channels, data.baseline.shape[1])


def save_pooled(pooled: Pooled, path: str | Path) -> Path:
    """Write pooled returns as JSON, for ``Beliefs(pooled=path)``; returns the path."""
    target = Path(path)
    numbers = {name: np.asarray(getattr(pooled, name)).tolist() for name in ("log_roas", "spread", "shops")}
    text = json.dumps({"names": pooled.names, **numbers, "between": pooled.between}, ensure_ascii=False, indent=1)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    aside.write_text(text, encoding="utf-8")
    os.replace(aside, target)
    return target


def read_pooled(path: str | Path) -> Pooled:
    """Read what ``save_pooled`` wrote.

    Raises
    ------
    ExportError : there is no such file, or it holds something else
    """
    try:
        held = json.loads(Path(path).read_text(encoding="utf-8"))
        log_roas, spread = (np.array(held[name], dtype=float) for name in ("log_roas", "spread"))
        return Pooled(tuple(held["names"]), log_roas, spread, np.array(held["shops"], dtype=int), float(held["between"]))
    except OSError as error:
        raise ExportError(path, f"{error.strerror}; `pool_ads = true` in shops.toml makes it") from error
    except (ValueError, TypeError, KeyError) as error:
        raise ExportError(path, "no pooled returns; `pool_ads = true` in shops.toml makes such a file") from error
