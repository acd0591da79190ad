"""Reads and checks keyword rows, from a shop or a frame, into one row per keyword."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tmall_nb.errors import ExportError, NotEnoughData, ParameterError
from tmall_nb.queries.keyword_rows import keyword_rows
from tmall_nb.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Mapping

REQUIRED = ("clicks", "spend", "ad_orders", "ad_sales")
OPTIONAL = ("impressions", "ad_carts", "presale_sales", "presale_orders")
WINDOW_DAYS = 15  # longest attribution window of the platform's reports
_MATURE_SHARE = 0.5  # newest days are left out only while at least this share of the clicks remains


@dataclass(frozen=True, slots=True)
class KeywordInput:
    """Keyword rows, one per keyword, and what was done to them.

    Attributes
    ----------
    rows : keyword, impressions, clicks, spend, ad_orders, ad_sales and what else was there
    start, end : days used, None where the rows carry no date
    given : rows read
    dropped : rows set aside by reason
    immature : days, spend and clicks of the newest days whose orders are not all booked yet; ``used`` tells whether
        they are in the rows all the same
    """

    rows: pd.DataFrame
    start: pd.Timestamp | None
    end: pd.Timestamp | None
    given: int
    dropped: Mapping[str, int]
    immature: Mapping[str, float]


def read_keywords(source: Shop | pd.DataFrame) -> KeywordInput:
    """One row per keyword; the newest days, still inside the attribution window, are left out where enough remain."""
    if isinstance(source, Shop):
        frame = keyword_rows(source)
        window = int(source.settings.get("attribution_window_days", WINDOW_DAYS))
    else:
        frame, window = source, WINDOW_DAYS
    frame = _checked(frame)
    days, given = None, len(frame)
    dropped: dict[str, int] = {}
    immature: dict[str, float] = {}
    if "date" in frame.columns:
        days = pd.to_datetime(frame["date"])
        frame, immature = _mature(frame, days, window)
        dropped["newest_days_immature"] = given - len(frame)
        days = days.loc[frame.index]
    named = frame["keyword"].str.len() > 0
    dropped["no_keyword"] = int((~named).sum())
    frame = frame[named]
    excess = int((frame["ad_orders"] > frame["clicks"]).sum())
    dropped["orders_above_clicks_counted_as_clicks"] = excess
    start, end = (None, None) if days is None or days.empty else (days.min(), days.max())
    return KeywordInput(_summed(frame), start, end, given, dropped, immature)


def _checked(frame: pd.DataFrame) -> pd.DataFrame:
    missing = [c for c in ("keyword", *REQUIRED) if c not in frame.columns]
    if missing:
        found = ", ".join(map(str, frame.columns))
        raise ExportError("keyword_rows", f"column {', '.join(missing)} is missing; found {found}")
    if frame.empty:
        raise NotEnoughData("keyword_rows has no rows: export 万相台无界 → 报表 → 关键词 for at least 30 days")
    numbers = [c for c in (*REQUIRED, *OPTIONAL) if c in frame.columns]
    values = frame[numbers].apply(pd.to_numeric, errors="coerce").fillna(0.0).astype(float)
    if "impressions" not in values:
        values["impressions"] = np.nan
    bad = values.lt(0).any()
    if bad.any():
        column = str(bad.idxmax())
        row = int(np.flatnonzero(values[column] < 0)[0])
        raise ExportError(
            "keyword_rows", f"{values[column].iloc[row]:g}; counts and money are not negative", row=row + 1, column=column
        )
    values.insert(0, "keyword", frame["keyword"].astype("string").fillna("").str.strip().astype(object))
    return values.assign(date=frame["date"].to_numpy()) if "date" in frame.columns else values


def _mature(frame: pd.DataFrame, days: pd.Series, window: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """Leave the newest ``window`` days out: a click's orders are booked on the click's day for that long."""
    newest = days > days.max() - pd.Timedelta(days=window)
    total = float(frame["clicks"].sum())
    enough = total > 0 and float(frame.loc[~newest, "clicks"].sum()) >= _MATURE_SHARE * total
    immature = {
        "days": float(days[newest].dt.normalize().nunique()),
        "spend": float(frame.loc[newest, "spend"].sum()),
        "clicks": float(frame.loc[newest, "clicks"].sum()),
        "used": float(not enough),
    }
    return (frame[~newest] if enough else frame), immature


def _summed(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.drop(columns="date", errors="ignore")
    if frame["keyword"].is_unique:
        return frame.reset_index(drop=True)
    return frame.groupby("keyword", sort=False).sum(min_count=1).reset_index()


def checked_economics(source: Shop | pd.DataFrame, margin: float | None, target_roas: float | None) -> float | None:
    """The margin to use: the argument, or a shop's ``gross_margin``; None only where ``target_roas`` is given."""
    if margin is None and isinstance(source, Shop):
        found = source.settings.get("gross_margin")
        margin = None if found is None else float(found)
    if margin is not None and not 0 < margin <= 1:
        raise ParameterError("margin", margin, "gross margin as a fraction above 0 and at most 1; write 0.4 for 40 %")
    if target_roas is not None and not target_roas > 0:
        raise ParameterError("target_roas", target_roas, "ad sales per yuan of spend, above 0")
    if margin is None and target_roas is None:
        raise ParameterError("margin", margin, "a fraction (or target_roas, or gross_margin in shop.toml)")
    return margin
