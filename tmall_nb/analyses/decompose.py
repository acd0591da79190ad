"""Where did a change come from? Factors (traffic, conversion, amount per buyer) by segment, exactly additive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tmall_nb.analyses.result import Finding, Method
from tmall_nb.errors import ExportError, ParameterError
from tmall_nb.stats.lmdi import lmdi, shapley

SOURCE = "LMDI-I: Ang (2005), Energy Policy 33, 867-871; cross-check: Shapley value"


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """A change split over segments and factors.

    Attributes
    ----------
    table : one row per segment and factor: before, after (the factor's value), contribution (in the unit of the product;
        sums to the change to 1e-9 relative), contribution_shapley (cross-check; the same sum)
    segments : one row per segment: before, after, change
    findings, method : as everywhere
    """

    table: pd.DataFrame
    segments: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


def decompose_change(
    before: pd.DataFrame, after: pd.DataFrame, *, factors: Sequence[str], mix: str | None = None
) -> ChangeResult:
    """Split the change of a sum of products into what each factor contributed in each segment.

    An accounting identity, not an estimate: it has no interval, and it says where a change arose, not why.

    Parameters
    ----------
    before, after : one row per ``segment`` (a missing column ``segment`` means one segment "all") with the factor columns,
        whose product is the segment's figure, e.g. visitors x conversion_rate x amount_per_buyer = paid amount
    factors : names of the factor columns, at least one; the first is the volume (visitors)
    mix : name of the volume factor to split once more into its total and each segment's share (rows ``<mix>`` and
        ``<mix>_mix``), so that "more traffic" and "other traffic" are told apart

    A segment present in one period only has volume 0 in the other; a rate that does not exist there (0/0) is taken from the
    period in which it exists, so that the entry or exit counts as volume.

    Examples
    --------
    >>> import pandas as pd, tmall_nb as tn
    >>> b = pd.DataFrame({"visitors": [100_000.0], "conversion_rate": [0.030], "amount_per_buyer": [200.0]})
    >>> a = pd.DataFrame({"visitors": [120_000.0], "conversion_rate": [0.027], "amount_per_buyer": [210.0]})
    >>> tn.decompose_change(b, a, factors=list(b)).table.contribution.round(2).tolist()
    [116568.69, -67363.06, 31194.37]
    """
    names = list(factors)
    if not names:
        raise ParameterError("factors", factors, "at least one column name")
    if mix is not None and mix != names[0]:
        raise ParameterError("mix", mix, f"the first of factors ({names[0]!r}), whose shares can be taken")
    old, new = _checked(before, names, "before"), _checked(after, names, "after")
    segments = old.index.union(new.index, sort=False)
    old, new = old.reindex(segments), new.reindex(segments)
    old[names[0]], new[names[0]] = old[names[0]].fillna(0.0), new[names[0]].fillna(0.0)
    old, new = old.fillna(new), new.fillna(old)
    old, new = old.fillna(0.0), new.fillna(0.0)
    if mix is not None:
        old, new, names = _with_mix(old, mix), _with_mix(new, mix), [mix, f"{mix}_mix", *names[1:]]
    x0, x1 = old[names].to_numpy(float), new[names].to_numpy(float)
    table = pd.DataFrame(
        {
            "segment": np.repeat(segments.to_numpy(), len(names)),
            "factor": np.tile(names, len(segments)),
            "before": x0.ravel(),
            "after": x1.ravel(),
            "contribution": lmdi(x0, x1).ravel(),
            "contribution_shapley": shapley(x0, x1).ravel(),
        }
    )
    totals = pd.DataFrame({"segment": segments, "before": x0.prod(axis=1), "after": x1.prod(axis=1)})
    totals["change"] = totals.after - totals.before
    method = Method(
        name="lmdi",
        source=SOURCE,
        assumptions=("identity",),
        rows_used=len(before) + len(after),
        parameters={"factors": ", ".join(factors), "mix": mix},
    )
    return ChangeResult(table, totals, (_finding(table, totals),), method)


def _checked(frame: pd.DataFrame, factors: list[str], name: str) -> pd.DataFrame:
    missing = [f for f in factors if f not in frame.columns]
    if missing:
        raise ExportError(name, f"column {', '.join(missing)} is missing; found {', '.join(map(str, frame.columns))}")
    frame = frame if "segment" in frame.columns else frame.assign(segment="all")
    if frame["segment"].duplicated().any():
        twice = frame.loc[frame["segment"].duplicated(), "segment"].iloc[0]
        raise ExportError(name, f"segment {twice!r} stands twice; sum its rows first", column="segment")
    values = frame.set_index("segment")[factors].astype(float)
    bad = values.lt(0) | np.isinf(values)
    if bad.to_numpy().any():
        segment, factor = next((s, f) for f in factors for s in values.index if bad.loc[s, f])
        problem = f"{values.loc[segment, factor]:g} in segment {segment!r}; factors are finite and not negative"
        raise ExportError(name, problem, column=factor)
    return values


def _with_mix(values: pd.DataFrame, mix: str) -> pd.DataFrame:
    total = values[mix].sum()
    return values.assign(**{f"{mix}_mix": values[mix] / total if total else 0.0, mix: total})


def _finding(table: pd.DataFrame, totals: pd.DataFrame) -> Finding:
    change, start = totals.change.sum(), totals.before.sum()
    by_factor = table.groupby("factor", sort=False).contribution.sum()
    main = by_factor.abs().idxmax()
    relative = change / start if start else float("nan")
    values = {"change": change, "relative": relative, "factor": main, "contribution": by_factor[main]}
    if abs(change) <= 1e-9 * max(abs(start), 1.0):
        return Finding("change_none", "unknown", values)
    return Finding("change_up" if change > 0 else "change_down", "good" if change > 0 else "watch", values)
