"""Parameters are read from the notebook's own cell and refused with the closest name, before a kernel starts."""

import pytest

from tmall_nb.errors import ParameterError
from tmall_nb.report.parameters import check_parameters, parse_assignments, read_parameters
from tmall_nb.report.run import choose_notebooks, notebooks_folder


def test_types_defaults_and_ranges_come_from_the_cell(make_notebook):
    found = read_parameters(make_notebook("pass"))
    assert list(found)[:4] == ["shop_id", "data_dir", "language", "output_dir"]
    assert (found["horizon_days"].low, found["horizon_days"].high, found["horizon_days"].default) == (1, 180, 28)
    assert found["language"].words == ("zh", "en") and found["output_dir"].types == ("str", "None")


@pytest.mark.parametrize(
    ("given", "typed"),
    [
        ({"horizon_days": "14"}, {"horizon_days": 14}),
        ({"horizon_days": 14.0}, {"horizon_days": 14}),
        ({"level": "0.8"}, {"level": 0.8}),
        ({"plot": "false"}, {"plot": False}),
        ({"output_dir": "None"}, {"output_dir": None}),
        ({"language": "en"}, {"language": "en"}),
        ({"shop_id": "None"}, {"shop_id": "None"}),
    ],
)
def test_text_is_read_as_the_type_the_cell_names(make_notebook, given, typed):
    assert check_parameters(make_notebook("pass"), given) == typed


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"horizon_day": 14}, "did you mean horizon_days"),
        ({"horizon_days": "soon"}, "whole number"),
        ({"horizon_days": 1.5}, "whole number"),
        ({"horizon_days": True}, "whole number"),
        ({"horizon_days": 0}, "1 to 180"),
        ({"level": 95}, "0 to 1"),
        ({"level": "nan"}, "a number"),
        ({"plot": "maybe"}, "true or false"),
        ({"language": "zn"}, "zh or en.*did you mean zh"),
        ({"shop_id": None}, "text"),
        ({"shop_id": 3}, "text"),
    ],
)
def test_what_does_not_fit_is_refused(make_notebook, given, message):
    with pytest.raises(ParameterError, match=message):
        check_parameters(make_notebook("pass"), given)


def test_assignments_need_a_name_and_a_sign():
    assert parse_assignments(["a=1", "b = x=y"]) == {"a": "1", "b": "x=y"}
    for wrong in ("a", "=1", "a b=1"):
        with pytest.raises(ParameterError, match="name=value"):
            parse_assignments([wrong])


def test_every_notebook_can_be_read():
    for path in choose_notebooks("all"):
        for parameter in read_parameters(path).values():
            assert parameter.check(parameter.default) == parameter.default, (path.stem, parameter)


def test_notebooks_are_chosen_by_number_and_name(make_notebook):
    one, two = make_notebook("pass"), make_notebook("pass", name="20_other")
    assert choose_notebooks("all", one.parent) == [one, two]
    assert choose_notebooks("20, 10_small", one.parent) == [two, one]
    with pytest.raises(ParameterError, match="did you mean 10_small"):
        choose_notebooks("10_smal", one.parent)
    with pytest.raises(ParameterError):
        choose_notebooks(",", one.parent)
    assert notebooks_folder().is_dir()
