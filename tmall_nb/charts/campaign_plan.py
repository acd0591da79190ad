"""Charts of a campaign's plan; every figure is read from the result."""

from __future__ import annotations

from functools import partial

from matplotlib.figure import Figure

from tmall_nb.analyses.campaign_plan import PlanResult
from tmall_nb.charts.style import ACCENT, INK, MUTED, RULE, finish, new_figure
from tmall_nb.words import field_name, label

__all__ = ["plan_ratios", "plan_stock"]

say = partial(label, "campaign_plan")
MOST_ITEMS = 14
FACTORS = ("visitors", "conversion_rate", "amount_per_buyer")
MARKS = ("o", "s", "^")


def plan_ratios(result: PlanResult, *, language: str = "zh") -> Figure:
    """Past campaigns' ratios to ordinary days and the range planned, factor by factor."""
    fig, ax = new_figure(language, height=2.8)
    table = result.table.set_index("metric")
    for y, name in enumerate(FACTORS[::-1]):
        row = table.loc[name]
        low, high = row["low"] / row["usual"], row["high"] / row["usual"]
        ax.plot([low, high], [y, y], color=ACCENT, lw=5, alpha=0.35, solid_capstyle="butt")
        ax.plot(row["times"], y, "D", color=ACCENT)
        ax.plot(result.past[f"{name}_times"], [y + 0.22] * len(result.past), "o", ms=4, mfc="white", color=MUTED)
    ax.axvline(1, color=INK, lw=0.8)
    ax.set_yticks(range(3), [field_name(k, language) for k in FACTORS[::-1]])
    ax.set_ylim(-0.5, 2.6)
    ax.set_xlabel(say("times_axis", language))
    row = table.loc["paid_amount"]
    values = {"paid": row["planned"], "paid_low": row["low"], "paid_high": row["high"]}
    title = say("ratios_title", language, **values)
    return finish(fig, title=title, subtitle=say("ratios_subtitle", language), alt=title)


def plan_stock(result: PlanResult, *, language: str = "zh") -> Figure:
    """Units the campaign may ask for against stock and goods on the way, item by item."""
    rows = result.stock.head(MOST_ITEMS)[::-1].reset_index(drop=True)
    fig, ax = new_figure(language, height=1.4 + 0.26 * max(len(rows), 3))
    have = rows["stock_units"].fillna(0) + rows["inbound_units"].fillna(0)
    ax.barh(range(len(rows)), have, height=0.6, color=RULE, edgecolor=MUTED, hatch="///", lw=0.5, label=say("have", language))
    for y, row in enumerate(rows.itertuples()):
        ax.plot([row.low, row.high], [y, y], color=ACCENT, lw=1.8)
        ax.plot(row.expected, y, "o", color=ACCENT, label=say("need", language) if y == 0 else None)
    ax.set_yticks(range(len(rows)), [t if len(t) <= 14 else t[:13] + "…" for t in rows["item_title"].astype(str)])
    ax.set_xlabel(say("units_axis", language))
    ax.legend(loc="lower right")
    short = int((result.stock["order_units"] > 0).sum())
    title = say("stock_title", language, count=short, items=len(result.stock))
    level = result.method.parameters["service_level"]
    return finish(fig, title=title, subtitle=say("stock_subtitle", language, level=level), alt=title)
