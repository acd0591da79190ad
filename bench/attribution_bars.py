"""The page of ``bench/attribution.py``: bar, ours, met or missed, then the raw figures."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable, Mapping

import numpy as np
from attribution_score import FOUND, LINES, ROOT

import tmall_nb as tn

Read = Callable[[str], float]  # of a set's name
OURS, REFERENCE = "fit_media_mix", "reference: MCMC that knows the simulator's priors"
KNOWING = "reference: model alone, MCMC that knows the priors"
OWN_SCENES = ("model alone", KNOWING)  # those in which no platform reports anything
FOLLOWING = "fit_media_mix, channel named search"


def figure(start: str, title: str, name: str, part: str = "") -> float:
    """One figure of the section that begins with ``start`` (and ends with ``part``); NaN where it was not run."""
    for section, rows in FOUND.items():
        if section.startswith(start) and section.endswith(part) and title in rows:
            return float(rows[title].get(name, np.nan))
    return float("nan")


def each(start: str, name: str, part: str = "", *, but: tuple[str, ...] = ()) -> list[float]:
    """One figure of every line of a section that has it."""
    found = [rows for section, rows in FOUND.items() if section.startswith(start) and section.endswith(part)]
    values = [float(row[name]) for rows in found for title, row in rows.items() if name in row and title not in but]
    return values or [float("nan")]


def _seen(name: str) -> Read:
    return lambda part: figure("media mix", OURS, name, f"observed, {part} set")


def _hidden(title: str, name: str) -> Read:
    return lambda part: figure("media mix", title, name, f"follows it, {part} set")


def _first(value: Callable[[], float]) -> Read:
    return lambda part: value() if part == "first" else float("nan")


def bars() -> list[tuple[str, float, float, Read]]:
    """Question, smallest and largest value that meets its bar, and where ours is read."""
    low, none = -np.inf, np.inf
    return [
        ("Paths: first, last, linear off ChannelAttribution", low, 5e-5, _first(lambda: max(each("paths", "conversions")))),
        ("Paths: 1 M of order 1, CPU ÷ peer", low, 1.0, _first(lambda: figure("paths", "1,000,000 paths order 1", "ratio"))),
        ("Paths: identical in every run", 1.0, none, _first(lambda: min(each("paths", "identical")))),
        ("Demand seen: MAPE", low, 0.25, _seen("mape")),
        ("Demand seen: MAPE ÷ no-data guess", low, 0.65, _seen("mape_to_floor")),
        ("Demand seen: error of shares, points", low, 1.1, _seen("share_pp")),
        ("Demand seen: coverage of 90 %, at least", 0.87, none, _seen("cover")),
        ("Demand seen: coverage of 90 %, at most", low, 0.97, _seen("cover")),
        ("Demand seen: CPU seconds a fit", low, 1.0, _seen("cpu_s")),
        ("Demand seen: false alarms", low, 0.05, _seen("warned")),
        ("Demand seen: cost of the demand column", low, 1.05,
         lambda part: figure("media mix", "demand column forced in", "cost", f"observed, {part} set")),
        ("Demand hidden: MAPE", low, 0.44, _hidden(FOLLOWING, "mape")),
        ("Demand hidden: coverage of search", 0.85, none, _hidden(FOLLOWING, "cover_search")),
        ("Demand hidden: power of the warning", 0.9, none, _hidden(FOLLOWING, "warned")),
        ("Demand hidden, two lift tests: MAPE", low, 0.35, _hidden("with two lift tests", "mape")),
        ("MCMC: largest R-hat of any data set", low, 1.05, _first(lambda: figure("MCMC", "convergence", "r_hat"))),
        ("MCMC: most CPU seconds", low, 10.0, _first(lambda: figure("MCMC", "convergence", "cpu_s"))),
        ("Budget: captured gain, worst of five scenes", 0.72, none,
         lambda part: min(each("budget", "captured", f"{part} set", but=OWN_SCENES))),
        ("Budget: plans made worse, worst of five scenes", low, 0.03,
         lambda part: max(each("budget", "made_worse", f"{part} set", but=OWN_SCENES))),
        ("Pooling, similar shops: MAPE ÷ alone", low, 0.86,
         _first(lambda: figure("pooling", "spread between shops 0.25", "ratio"))),
        ("Pooling, similar shops: coverage", 0.88, none,
         _first(lambda: figure("pooling", "spread between shops 0.25", "cover_pooled"))),
        ("GeoLift: effect off the published 155.556", low, 0.001,
         _first(lambda: abs(figure("geo", "GeoLift (published 155.556, 4,667, 5.4 %)", "att") - 155.556))),
        ("eBay: effect off the published -.0066", low, 0.0001,
         _first(lambda: abs(figure("geo", "ebay_paidsearch (published -.0066, se .0055)", "effect") + 0.0066))),
    ]  # fmt: skip


def print_page(seeds: int, sets: Mapping[str, int]) -> None:
    """Write the page to standard output."""
    spans = {name: f"{first}-{first + seeds - 1}" for name, first in sets.items()}
    peers = (ROOT / "bench" / "peers" / "attribution.txt").read_text(encoding="utf-8").split()
    pinned = ", ".join(p.replace("==", " ") for p in peers if "==" in p)
    print("# Attribution, media mix, budget, regional tests\n")
    print(
        f"Printed by `bench/attribution.py` on {dt.date.today():%Y-%m-%d}: tmall-nb {tn.__version__}, Python "
        f"{sys.version.split()[0]}, numpy {np.__version__}, {os.cpu_count()} cores shared with other work, "
        f"which lengthens CPU seconds, ours and the peers' alike. Peers: {pinned}, in "
        f"their own environment, defaults. Simulator: `bench/mix_worlds.py`; nothing was chosen on the seeds below.\n"
    )
    print(f"| | Bar | Ours, seeds {spans['first']} | | Ours, seeds {spans['second']} | |\n|---|---|---|---|---|---|")
    for title, low, high, read in bars():
        bar = f"≥ {low:g}" if np.isfinite(low) else f"≤ {high:g}"
        cells = [cell for name in sets for cell in _cells(read(name), low, high)]
        print(f"| {title} | {bar} | {' | '.join(cells)} |")
    print(_reference(sets))
    print("```text\n" + "\n".join(LINES) + "\n```")


def _cells(value: float, low: float, high: float) -> tuple[str, str]:
    if not np.isfinite(value):
        return "", ""
    return f"{value:.3f}", "met" if low <= value <= high else "**missed**"


def _reference(sets: Mapping[str, int]) -> str:
    """What the best possible estimate reaches on the same data sets."""
    words, plans = [], []
    for name in sets:
        best, ours = (figure("media mix", title, "mape", f"observed, {name} set") for title in (REFERENCE, OURS))
        guess = figure("media mix", "no data: 1.22 for all", "mape", f"observed, {name} set")
        words.append(f"{best:.3f} in the {name} set (ours {ours:.3f}, the no-data guess {guess:.3f})")
        got, lost = (figure("budget", KNOWING, what, f"{name} set") for what in ("captured", "made_worse"))
        plans.append(f"{got:.3f} of the best gain in the {name} set, with {lost:.1%} of plans made worse")
    return (
        "\n**How low can the error be?** MCMC under the very priors the simulator draws from (`bench/mix_oracle.py`), at the "
        f"point of least expected relative error, reaches a MAPE of {' and '.join(words)}. A method that does not know these "
        "priors cannot be expected to do better on average. Budgets planned with its draws, without a platform's report, "
        f"capture {' and '.join(plans)}.\n"
    )
