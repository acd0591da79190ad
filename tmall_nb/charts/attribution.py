"""Charts of channel returns, path credit and pacing; every figure is read from the result."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tmall_nb.analyses.attribution import AttributionResult
from tmall_nb.charts.style import ACCENT, CATEGORIES, INK, MUTED, RULE, TONES, finish, new_figure, percent_axis, yuan_axis
from tmall_nb.words import label

__all__ = ["channel_returns", "path_credit", "spend_pacing"]

say = partial(label, "attribution")
MEASURES = {"reported": "o", "presale": "D", "matured": "s", "net": "v", "incremental": "o", "geo": "*"}
MODELS = {"first": ">", "last": "<", "linear": "o", "position": "s", "time_decay": "d", "markov": "^", "shapley": "v"}
MOST = 8
FAR = 1.6  # multiples of the largest estimate at which an interval is cut off


def channel_returns(result: AttributionResult, *, language: str = "zh") -> Figure:
    """Every return of every channel with its interval, and break-even: what is reported against what was brought."""
    table = result.table.head(MOST)
    fig, ax = new_figure(language, height=1.3 + 0.95 * len(table))
    known = result.returns[result.returns["value"].notna() & result.returns["channel"].isin(table["channel"])]
    measures = [m for m in MEASURES if (known["measure"] == m).any()]
    step = 0.72 / max(len(measures), 1)
    for k, measure in enumerate(measures):
        rows = known[known["measure"] == measure]
        own = measure in ("incremental", "geo")
        y = np.array([list(table["channel"]).index(c) for c in rows["channel"]]) - 0.36 + step * (k + 0.5)
        color = TONES["good"] if measure == "geo" else ACCENT if own else MUTED
        ax.hlines(y, rows["low"], rows["high"], color=color, lw=2.4 if own else 1.2)
        filled = color if own or measure == "net" else "white"
        ax.plot(rows["value"], y, MEASURES[measure], ms=7, color=color, mfc=filled, label=say(measure, language))
    for k in range(1, len(table)):
        ax.axhline(k - 0.5, color=RULE, lw=0.8)
    even = float(table["break_even"].iloc[0]) if len(table) else np.nan
    if np.isfinite(even):
        ax.axvline(even, color=INK, ls="--", lw=1.2, label=say("break_even", language, value=even))
    ax.set_yticks(range(len(table)), list(table["channel"]))
    ax.set_ylim(len(table) - 0.5, -0.5)
    if len(known):
        ax.set_xlim(0, FAR * float(known["value"].max()))
    ax.grid(True, axis="x")
    ax.grid(False, axis="y")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=4)
    title = _returns_title(table, language)
    subtitle = say("returns_subtitle", language, start=result.method.start, end=result.method.end)
    return finish(fig, title=title, subtitle=subtitle, alt=title)


def _returns_title(table: pd.DataFrame, language: str) -> str:
    both = table[table["roas_reported"].notna() & table["roas_incremental"].notna()]
    if not len(both):
        return say("returns_title_plain", language)
    row = both.iloc[int((both["roas_reported"] / both["roas_incremental"]).to_numpy().argmax())]
    sides = {f"value{s}": row[f"roas_incremental{s}"] for s in ("", "_low", "_high")}
    return say("returns_title", language, channel=row["channel"], reported=row["roas_reported"], **sides)


def path_credit(result: AttributionResult, *, language: str = "zh") -> Figure:
    """Share of path orders of each channel under every model."""
    credit = result.credit.head(10)
    fig, ax = new_figure(language, height=1.2 + 0.42 * max(len(credit), 4))
    if not len(credit):
        ax.set_axis_off()
        return finish(fig, title=say("credit_none", language))
    y = np.arange(len(credit))
    for k, (model, mark) in enumerate(MODELS.items()):
        color = CATEGORIES[k % len(CATEGORIES)]
        if model in ("markov", "shapley"):
            ax.hlines(
                y + (0.16 if model == "shapley" else -0.16),
                credit[f"{model}_low"],
                credit[f"{model}_high"],
                color=color,
                lw=2.4,
            )
        shift = {"markov": -0.16, "shapley": 0.16}.get(model, 0.0)
        ax.plot(credit[model], y + shift, mark, ms=6.5, color=color, mfc="white", label=say(model, language))
    ax.set_yticks(y, list(credit["channel"]))
    ax.set_ylim(len(credit) - 0.5, -0.5)
    ax.set_xlim(left=0)
    percent_axis(ax, "x", language)
    ax.legend(loc="lower right", ncols=2)
    title = say("credit_title", language, channel=str(credit["channel"].iloc[0]))
    return finish(fig, title=title, subtitle=say("credit_subtitle", language), alt=title)


def spend_pacing(result: AttributionResult, *, language: str = "zh") -> Figure:
    """Spend of the month so far and to its end, against the month before."""
    rows = result.pacing.head(MOST)
    fig, ax = new_figure(language, height=1.1 + 0.5 * max(len(rows), 2))
    y = np.arange(len(rows))
    ax.barh(y, rows["spent"], color=ACCENT, height=0.5, label=say("spent", language))
    ax.barh(
        y,
        rows["projected"] - rows["spent"],
        left=rows["spent"],
        height=0.5,
        fc="white",
        ec=ACCENT,
        hatch="///",
        label=say("to_come", language),
    )
    ax.hlines(y, rows["low"], rows["high"], color=INK, lw=1.2)
    ax.plot(rows["usual"], y, "|", ms=22, mew=2, color=TONES["watch"], label=say("before", language))
    ax.set_yticks(y, list(rows["channel"]))
    ax.set_ylim(len(rows) - 0.5, -0.5)
    yuan_axis(ax, "x", language)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=3)
    month = f"{rows['month'].iloc[0]:%Y-%m}" if len(rows) else ""
    title = say("pacing_title", language, month=month, value=float(rows["projected"].sum()))
    return finish(fig, title=title, subtitle=say("pacing_subtitle", language), alt=title)
