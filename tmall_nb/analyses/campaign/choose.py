"""Which campaign is meant, which days it covers, and which other days are campaigns too."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from tmall_nb.errors import NotEnoughData, ParameterError, closest

__all__ = ["Campaign", "choose_campaign", "past_campaigns"]

MIN_BEFORE = 28
DIP_BEFORE, LONGEST_DIP, DIP_AFTER = 7, 14, 14
DAY = pd.Timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign on the calendar.

    Attributes
    ----------
    name, kind, source, confidence : from the calendar
    burst : its first minute (20:00 the evening before where it starts then)
    start, end : first and last business day; the evening before belongs to it
    pre_dip_days : days before it on which buyers may wait (warm-up or presale, at most 14)
    """

    name: str
    kind: str
    source: str
    confidence: str
    burst: pd.Timestamp
    start: pd.Timestamp
    end: pd.Timestamp
    pre_dip_days: int

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


def past_campaigns(calendar: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> list[Campaign]:
    """Campaigns that lie inside the data with four weeks before them, oldest first."""
    inside = calendar[(calendar["start"] >= first + MIN_BEFORE * DAY) & (calendar["end"].dt.normalize() <= last)]
    return [_campaign(row) for row in inside.sort_values("start").itertuples()]


def _campaign(row: object) -> Campaign:
    start, end = row.start.normalize(), row.end.normalize()  # type: ignore[attr-defined]
    leads = [t for t in (row.warm_up_start, row.presale_start) if pd.notna(t)]  # type: ignore[attr-defined]
    lead = (start - min(leads).normalize()).days if leads else DIP_BEFORE
    kind = row.campaign_type if isinstance(row.campaign_type, str) else "未标明"  # type: ignore[attr-defined]
    return Campaign(
        row.campaign, kind, row.source, row.confidence, row.start, start, end, int(min(max(lead, 0), LONGEST_DIP))  # type: ignore[attr-defined]
    )  # fmt: skip


def choose_campaign(found: list[Campaign], wanted: str | None) -> Campaign:
    """The campaign called ``wanted`` or running on that day; None: the newest."""
    if not found:
        raise NotEnoughData(
            "no campaign lies inside the data with four weeks before it; export 活动总览 or 活动报名, or an earlier period"
        )
    if wanted is None:
        return found[-1]
    named = [c for c in found if wanted in c.name]
    if named:
        return named[-1]
    try:
        when = pd.Timestamp(wanted)
    except ValueError:
        names = [c.name for c in found]
        hint = ", ".join(closest(wanted, names) or names[-6:])
        raise ParameterError("campaign", wanted, f"a campaign inside the data ({hint}) or a day of one") from None
    running = [c for c in found if c.start <= when.normalize() <= c.end]
    if not running:
        raise ParameterError("campaign", wanted, f"a day of one of {', '.join(c.name for c in found[-6:])}")
    return min(running, key=lambda c: c.days)
