"""Charts of discounts: the ladder from list price to money received, carts at thresholds, depth; read from the result."""

from __future__ import annotations

from functools import partial

import pandas as pd

from tmall_nb.analyses.discounts import DiscountResult
from tmall_nb.charts.figure import Chart
from tmall_nb.charts.style import ACCENT, HATCHES, INK, MUTED, TONES, empty_chart, finish, new_figure, percent_axis, yuan_axis
from tmall_nb.words import format_value, label
from tmall_nb.words.catalogue import value_word

__all__ = ["cart_sizes", "depth_payoff", "discount_ladder"]

say = partial(label, "discounts")
TOTALS = ("list_amount", "payable", "paid_amount", "settled_amount")
FUNDERS = {"shop": (TONES["watch"], HATCHES[1]), "platform": (TONES["good"], HATCHES[2]), "buyer": (ACCENT, HATCHES[3])}
SMALL = 5e-5  # steps below this share of the list price are left out of the picture


def discount_ladder(result: DiscountResult, *, language: str = "zh") -> Chart:
    """From list price to money received: totals as bars, steps hanging between them, coloured by who pays."""
    rows = result.table[result.table["yuan"].notna() & (result.table["share"].abs() > SMALL)].reset_index(drop=True)
    fig, ax = new_figure(language, height=1.3 + 0.36 * len(rows))
    if rows.empty:
        return empty_chart(language)
    level, seen = 0.0, set()
    for row in rows.itertuples():
        y = len(rows) - 1 - row.Index
        if row.step in TOTALS:
            ax.barh(y, row.yuan, color=ACCENT, height=0.62)
            level, end = row.yuan, row.yuan
        else:
            colour, hatch = FUNDERS.get(row.funder, (MUTED, ""))
            name = value_word(row.funder, language, stem="discounts") if row.funder and row.funder not in seen else None
            ax.barh(y, row.yuan, left=level, color=colour, hatch=hatch, edgecolor="white", height=0.62, label=name)
            seen.add(row.funder)
            level, end = level + row.yuan, max(level, level + row.yuan)
        text = f"{format_value(row.yuan, 'yuan', language)} · {format_value(row.share, 'percent', language)}"
        ax.annotate(text, (end, y), (4, 0), textcoords="offset points", va="center", color=INK, fontsize=9)
    ax.set_yticks(range(len(rows)), [value_word(s, language, stem="discounts") for s in rows["step"][::-1]])
    ax.margins(x=0.24)
    yuan_axis(ax, "x", language)
    ax.set_xlim(left=0)
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.09), ncols=4, title=say("who_pays", language), alignment="left")
    yuan = result.table.set_index("step")["yuan"]
    title = say("ladder_title", language, paid=yuan["paid_amount"] / yuan["list_amount"],
                received=yuan["settled_amount"] / yuan["list_amount"])  # fmt: skip
    span = {"start": result.method.start, "end": result.method.end}
    return finish(fig, title=title, subtitle=say("ladder_subtitle", language, **span), alt=title)


def cart_sizes(result: DiscountResult, *, language: str = "zh") -> Chart:
    """Carts by size around each threshold, with the smooth course they would have without it."""
    rules = result.bunching[result.bunching["verdict"] != "not_enough_data"].reset_index(drop=True)
    if rules.empty:
        fig, ax = new_figure(language)
        return empty_chart(language)
    fig, grid = new_figure(language, rows=len(rules), height=2.5 * len(rules), squeeze=False)
    for rule, ax in zip(rules.itertuples(), grid.ravel(), strict=True):
        mine = result.carts[(result.carts["kind"] == rule.kind) & (result.carts["cart"] == rule.cart)]
        width = float(mine["size"].diff().median())
        bars = ax.bar(mine["size"], mine["orders"], width=0.9 * width, align="edge", color="#c9d4dd")
        for bar, window in zip(bars, mine["window"], strict=True):
            if window == "above":
                bar.set(facecolor=TONES["watch"], hatch="///", edgecolor="white")
        middle = mine["size"] + width / 2
        ax.fill_between(middle, mine["low"], mine["high"], color=ACCENT, alpha=0.18, lw=0)
        ax.plot(middle, mine["expected"], color=ACCENT)
        ax.axvline(rule.cart, color=INK, lw=1, ls="--")
        ax.set_title(say("cart_rule_name", language, cart=rule.cart, off=rule.off))
        ax.set_ylabel(say("orders_axis", language))
        yuan_axis(ax, "x", language)
        ax.grid(False, axis="x")
        ax.grid(True, axis="y")
    moved = int((rules["verdict"] == "bunching").sum())
    title = say("carts_title" if moved else "carts_title_none", language, rules=len(rules), moved=moved)
    return finish(fig, title=title, subtitle=say("carts_subtitle", language, level=result.method.level), alt=title)


def depth_payoff(result: DiscountResult, *, language: str = "zh") -> Chart:
    """Units more at each depth with its interval, against what would break even."""
    rows: pd.DataFrame = result.depths.dropna(subset=["lift"]).reset_index(drop=True)
    fig, ax = new_figure(language, height=3.0)
    if rows.empty:
        return empty_chart(language)
    x = range(len(rows))
    ax.vlines(x, rows["lift_low"], rows["lift_high"], color=ACCENT, lw=2.4)
    ax.plot(x, rows["lift"], "o", color=ACCENT, ms=7, label=say("lift_seen", language))
    ax.plot(x, rows["needed"], "_", color=INK, ms=26, mew=2.2, label=say("lift_needed", language))
    ax.set_xticks(x, [f"{r.depth}\n{r.item_days:,}" for r in rows.itertuples()])
    ax.set_xlim(-0.6, len(rows) - 0.4)
    ax.set_xlabel(say("depth_axis", language))
    percent_axis(ax, "y", language)
    ax.set_ylim(bottom=0)
    ax.legend(loc="upper left")
    short_of = int((rows["lift_high"] < rows["needed"]).sum())
    title = say("depth_title" if short_of else "depth_title_none", language, classes=short_of)
    return finish(fig, title=title, subtitle=say("depth_subtitle", language, level=result.method.level), alt=title)
