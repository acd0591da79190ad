"""Ordinary days: in no campaign, the newest 28 before a date, and any days only where ordinary ones are too few."""

import numpy as np
import pandas as pd

from tmall_nb.calendar import campaign_days, mark_ordinary, ordinary_before


def calendar(*spans):
    return pd.DataFrame([(pd.Timestamp(a), pd.Timestamp(b)) for a, b in spans], columns=["start", "end"])


def days(count=120):
    return pd.DataFrame({"date": pd.date_range("2025-08-01", periods=count), "paid_amount": np.arange(count, dtype=float)})


def test_the_evening_before_and_the_last_minute_belong_to_a_campaign():
    dates = pd.date_range("2025-10-19", "2025-10-24")
    inside = campaign_days(calendar(("2025-10-20 20:00", "2025-10-22 23:59:59")), dates)
    assert list(dates[inside].day) == [20, 21, 22]


def test_days_of_another_campaign_are_stepped_over():
    marked = mark_ordinary(days(), calendar(("2025-10-20", "2025-11-13")))
    before = ordinary_before(marked, pd.Timestamp("2025-11-20"))
    assert len(before) == 28 and before["ordinary"].all()
    assert before["date"].max() == pd.Timestamp("2025-11-19") and before["date"].min() == pd.Timestamp("2025-09-28")


def test_a_shop_that_is_always_in_a_campaign_keeps_the_days_it_has():
    marked = mark_ordinary(days(), calendar(("2025-08-01", "2025-11-28")))
    before = ordinary_before(marked, pd.Timestamp("2025-11-20"))
    assert len(before) == 28 and not before["ordinary"].any()


def test_campaigns_without_dates_take_no_day():
    assert mark_ordinary(days(3), calendar((pd.NaT, pd.NaT)))["ordinary"].all()
