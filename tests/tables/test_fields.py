"""The glossary, the canonical tables and the calendar agree with each other."""

import pandas as pd
import pytest

from tmall_nb.calendar import COLUMNS, merge_calendars, read_calendar
from tmall_nb.fields import FIELDS, field
from tmall_nb.needs import NEEDS
from tmall_nb.tables import PROVENANCE, TABLES, aliases_for, table

DTYPES = set("id text money count fraction range span date time bool buyer derived personal address ignored".split())


def test_every_column_of_every_table_is_in_the_glossary():
    missing = {c for t in TABLES.values() for c in (*t.columns, *PROVENANCE) if c not in FIELDS}
    assert missing == set()


def test_every_field_has_both_languages_a_type_and_a_rollup():
    for f in FIELDS.values():
        assert f.zh and f.en and f.dtype in DTYPES, f
        assert f.rollup in {"sum", "unique", "derive", "last", "none"}, f


def test_money_is_never_averaged_and_people_are_never_added():
    assert FIELDS["visitors"].rollup == FIELDS["buyers"].rollup == "unique"
    assert {FIELDS[n].rollup for n in ("conversion_rate", "roas", "amount_per_buyer", "click_rate")} == {"derive"}
    assert FIELDS["paid_amount"].rollup == "sum"


@pytest.mark.parametrize("name", TABLES)
def test_required_columns_of_a_table_can_be_found_by_a_header(name):
    reads = set(aliases_for(name).values())
    derived = {"net_amount", "level", "province", "city", "tool"}  # decided on reading, not by one header
    for column in TABLES[name].required:
        found = {column, column.removesuffix("_low"), column.removesuffix("_high")} & reads
        assert found or column in derived or (column in {"start_at", "end_at"} and "campaign_span" in reads), column


def test_no_header_means_two_things_in_one_table():
    for name in TABLES:
        columns = set(TABLES[name].columns)
        owners: dict[str, set[str]] = {}
        for column in columns & set(FIELDS):
            for owner, header in FIELDS[column].aliases:
                if owner is None:
                    owners.setdefault(header, set()).add(column)
        special = {h for c in columns & set(FIELDS) for o, h in FIELDS[c].aliases if o == name}
        clashes = {h: c for h, c in owners.items() if len(c) > 1 and h not in special}
        assert clashes == {}, name


def test_wrong_names_get_the_closest_ones():
    with pytest.raises(KeyError, match="paid_amount"):
        field("paid_amont")
    with pytest.raises(KeyError, match="orders"):
        table("order")


def test_needs_name_real_tables():
    names = {t for n in NEEDS.values() for group in n.required for t in group} | {t for n in NEEDS.values() for t in n.useful}
    assert names <= set(TABLES)


def test_the_shipped_calendar_is_complete_and_says_how_sure_it_is():
    calendar = read_calendar()
    assert list(calendar.columns) == COLUMNS
    assert (calendar["start"] < calendar["end"]).all()
    assert set(calendar["confidence"]) <= {"H", "M", "L"} and calendar["source"].notna().all()
    double_11 = calendar[calendar["campaign"] == "2024年双11"].iloc[0]
    assert double_11["start"] == pd.Timestamp("2024-10-21 20:00") and double_11["presale_start"] == pd.Timestamp(
        "2024-10-14 20:00"
    )


def test_own_campaigns_replace_shipped_ones_of_the_same_kind():
    own = pd.DataFrame(
        {
            "campaign": ["我的双11", "店庆"],
            "campaign_type": ["官方大促", "店铺活动"],
            "start": pd.to_datetime(["2024-10-21 20:00", "2024-06-01 00:00"]),
            "end": pd.to_datetime(["2024-11-11 23:59", "2024-06-03 23:59"]),
        }
    )
    merged = merge_calendars(own, read_calendar())
    names = set(merged["campaign"])
    assert {"我的双11", "店庆", "2024年618"} <= names and "2024年双11" not in names
    assert merged["start"].is_monotonic_increasing
