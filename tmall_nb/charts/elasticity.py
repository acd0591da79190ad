"""Charts of price elasticities; every figure is read from the result."""

from __future__ import annotations

from functools import partial

import pandas as pd
from matplotlib.axes import Axes

from tmall_nb.analyses.elasticity import ElasticityResult
from tmall_nb.analyses.pricing import PriceResult
from tmall_nb.charts.figure import Chart
from tmall_nb.charts.style import ACCENT, INK, MUTED, TONES, empty_chart, finish, new_figure, yuan_axis
from tmall_nb.words import label

__all__ = ["demand_curves", "elasticity_forest", "short"]

say = partial(label, "elasticity")
MOST, PANELS = 22, 6
BREAK = -1.0


def elasticity_forest(result: ElasticityResult, *, plan: PriceResult | None = None, language: str = "zh") -> Chart:
    """Elasticities with their intervals, the items with most units, most sensitive on top; hollow where −1 is inside.

    ``plan`` lends the items' titles.
    """
    known = result.table[result.table["verdict"] == "ok"]
    top = known.nlargest(MOST, "units").sort_values("elasticity", ascending=False).reset_index(drop=True)
    fig, ax = new_figure(language, height=1.5 + 0.24 * max(len(top), 4))
    if top.empty:
        return empty_chart(language)
    ax.axvline(BREAK, color=INK, lw=0.9, ls="--")
    for row in top.itertuples():
        sure = row.high < BREAK or row.low > BREAK
        colour = TONES["watch"] if row.high < BREAK else TONES["good"] if row.low > BREAK else MUTED
        ax.plot([row.low, row.high], [row.Index] * 2, color=colour, lw=2.0 if sure else 1.4)
        ax.plot(row.elasticity, row.Index, "o", ms=6, color=colour, mfc=colour if sure else "white")
    titles = {} if plan is None else dict(zip(plan.table["item_id"], plan.table["item_title"], strict=True))
    names = [titles.get(item, item) for item in top["item_id"]]
    ax.set_yticks(range(len(top)), [short(n) for n in names])
    ax.set_xlabel(say("elasticity_axis", language))
    ax.grid(True, axis="x")
    ax.grid(False, axis="y")
    steep, flat = int((known["high"] < BREAK).sum()), int((known["low"] > BREAK).sum())
    title = say("forest_title", language, steep=steep, flat=flat, items=len(known))
    refused = len(result.table) - len(known)
    subtitle = say("forest_subtitle", language, level=result.method.level, shown=len(top), refused=refused)
    return finish(fig, title=title, subtitle=subtitle, alt=title)


def demand_curves(result: PriceResult, *, language: str = "zh") -> Chart:
    """Units a day over the prices seen, with what was sold at each price; the items with most units."""
    ids = _busiest(result)
    if not ids:
        fig, ax = new_figure(language)
        return empty_chart(language)
    fig, axes = _panels(ids, language)
    for item, ax in zip(ids, axes, strict=True):
        curve = result.curve[(result.curve["item_id"] == item) & result.curve["observed"].astype(bool)]
        points = result.points[result.points["item_id"] == item]
        ax.fill_between(curve["price_yuan"], curve["units_low"], curve["units_high"], color=ACCENT, alpha=0.18, lw=0)
        ax.plot(curve["price_yuan"], curve["units_per_day"], color=ACCENT)
        ax.vlines(points["price_yuan"], points["low"], points["high"], color=MUTED, lw=1)
        ax.plot(points["price_yuan"], points["units_per_day"], "o", ms=4, color=INK, mfc="white")
        ax.set_ylim(bottom=0)
        ax.set_title(short(_title(result.table, item)))
        yuan_axis(ax, "x", language)
    title = say("demand_title", language, items=len(ids))
    return finish(fig, title=title, subtitle=say("demand_subtitle", language, level=result.method.level), alt=title)


def _busiest(result: PriceResult) -> list[str]:
    if result.curve.empty:
        return []
    known = result.basis[result.basis["item_id"].isin(result.curve["item_id"])]
    return list(known.nlargest(PANELS, "units")["item_id"])


def _panels(ids: list[str], language: str) -> tuple[Chart, list[Axes]]:
    """One small chart per item, three in a row."""
    columns = min(3, len(ids))
    rows = -(-len(ids) // columns)
    fig, grid = new_figure(language, rows=rows, columns=columns, height=2.1 * rows, squeeze=False)
    axes = list(grid.ravel())
    for ax in axes[len(ids) :]:
        ax.set_axis_off()
    return fig, axes[: len(ids)]


def _title(table: pd.DataFrame, item: str) -> str:
    return str(table.loc[table["item_id"] == item, "item_title"].iloc[0])


def short(text: object, length: int = 12) -> str:
    """A title cut to what a chart has room for."""
    words = str(text)
    return words if len(words) <= length else f"{words[: length - 1]}…"
