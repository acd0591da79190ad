"""A dry run of a designed test on the shop's own past: would it have found a known effect?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from tmall_nb.analyses.geo._panel import read_panel
from tmall_nb.analyses.geo.design import GeoDesignResult
from tmall_nb.analyses.geo.read import GeoReadResult, read_geo_test
from tmall_nb.analyses.result import Finding
from tmall_nb.errors import NotEnoughData, ParameterError

if TYPE_CHECKING:
    from tmall_nb.shop import Shop


def rehearse_geo_test(
    days: Shop | pd.DataFrame,
    design: GeoDesignResult,
    *,
    removed_share: float = 0.2,
    unit: str = "province",
    outcome: str = "paid_amount",
) -> GeoReadResult:
    """Read the chosen design on the newest weeks as if ads had been off, with a known share of sales taken out.

    Nothing was switched off in those weeks, so with ``removed_share=0`` the read-out should find nothing, and with a share
    it should find about minus that share. It shows what a read-out looks like before any money is lost.

    Parameters
    ----------
    days : the shop or frame the design was made from
    design : result of ``design_geo_test``
    removed_share : share of sales taken out of the held-out provinces, 0-0.9
    unit, outcome : columns, as in ``design_geo_test``

    Returns
    -------
    GeoReadResult, its first finding saying what was removed and what was found
    """
    if not 0 <= removed_share <= 0.9:
        raise ParameterError("removed_share", removed_share, "a fraction between 0 and 0.9; write 0.2")
    held = design.provinces.loc[design.provinces["held_out"], unit].astype(str).tolist()
    if not held:
        raise NotEnoughData("the design names no province to hold out: the history is too short")
    panel = read_panel(days, unit, outcome)
    length = 7 * int(design.table.loc[design.table["chosen"], "weeks"].iloc[0])
    values = panel.values.copy()
    values[-length:, panel.numbers(held, unit)] *= 1 - removed_share
    rows = pd.DataFrame(values, index=panel.dates, columns=pd.Index(panel.units, name=unit)).stack()
    frame = rows.rename(outcome).rename_axis(["date", unit]).reset_index()
    read = read_geo_test(frame, treated=held, start=panel.dates[-length], unit=unit, outcome=outcome)
    row = read.table[read.table["chosen"]].iloc[0]
    covered = bool(row["relative_low"] <= -removed_share <= row["relative_high"])
    values_said = {"removed": removed_share, "value": row["relative"], "value_low": row["relative_low"]}
    values_said |= {"value_high": row["relative_high"], "count": len(held), "weeks": length // 7}
    seen = bool(row["high"] < 0 or row["low"] > 0) == bool(removed_share > 0)
    key = "geo_rehearsal_found" if covered and seen else "geo_rehearsal_blurred" if covered else "geo_rehearsal_missed"
    finding = Finding(key, "good" if covered and seen else "watch", values_said)
    return replace(read, findings=(finding,), method=replace(read.method, set_aside=panel.aside))


__all__ = ["rehearse_geo_test"]
