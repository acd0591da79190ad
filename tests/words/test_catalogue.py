"""The catalogues: both languages, the same placeholders, known kinds, keys that mean one thing."""

import pytest

from tmall_nb.fields import FIELDS
from tmall_nb.words.catalogue import PLACEHOLDER, SECTIONS, catalogue, entry, stems
from tmall_nb.words.formats import CELL_UNITS, KINDS

UNITS = {
    *CELL_UNITS,
    "percent",
    "count",
    "number",
    "ratio",
    "text",
    "value",
    "field",
    "fields",
    "date",
    "time",
    "bool",
    "by_metric",
    "",
}
ENTRIES = [(stem, section, key) for stem in stems() for section in SECTIONS for key in catalogue(stem)[section]]


def text(stem, section, key):
    return catalogue(stem)[section][key]


@pytest.mark.parametrize("stem", stems())
def test_every_section_is_one_that_is_read(stem):
    import tomllib
    from pathlib import Path

    import tmall_nb.words

    path = Path(tmall_nb.words.__file__).parent / f"{stem}.toml"
    assert set(tomllib.loads(path.read_text(encoding="utf-8"))) <= set(SECTIONS)


@pytest.mark.parametrize(("stem", "section", "key"), ENTRIES)
def test_both_languages_say_the_same(stem, section, key):
    words = text(stem, section, key)
    assert words["zh"].strip() and words["en"].strip()
    assert set(PLACEHOLDER.findall(words["zh"])) == set(PLACEHOLDER.findall(words["en"]))
    for name, kind in PLACEHOLDER.findall(words["zh"]):
        assert (kind or "text") in KINDS, f"{{{name}:{kind}}}"


@pytest.mark.parametrize("stem", stems())
def test_units_of_columns_are_known(stem):
    for name, words in catalogue(stem)["columns"].items():
        unit = words.get("unit", "")
        assert unit.removesuffix("_signed") in UNITS, f"{name}: {unit}"


def test_a_finding_key_stands_in_one_catalogue():
    keys = [key for stem in stems() for key in catalogue(stem)["findings"]]
    assert len(keys) == len(set(keys)), sorted(k for k in set(keys) if keys.count(k) > 1)


def test_evidence_names_a_chart():
    from tmall_nb import charts

    for stem in stems():
        for key, words in catalogue(stem)["findings"].items():
            assert words.get("evidence") is None or words["evidence"] in charts.__all__, key


def test_braces_are_placeholders_only():
    for stem, section, key in ENTRIES:
        for language in ("zh", "en"):
            rest = PLACEHOLDER.sub("", text(stem, section, key)[language])
            assert "{" not in rest and "}" not in rest, (stem, section, key)


def test_common_wins_over_other_catalogues():
    assert entry("values", "not_enough_data") == catalogue("common")["values"]["not_enough_data"]


def test_glossary_units_can_be_written():
    assert {f.unit for f in FIELDS.values()} <= UNITS
