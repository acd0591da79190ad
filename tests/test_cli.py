"""The command line answers a typo with the nearest word, and a wrong folder or sheet with what to do."""

import pytest

from tmall_nb.cli import main
from tmall_nb.errors import closest, guess


def refused(capsys, *argv):
    """Run a call that argparse refuses; return what it said."""
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    return capsys.readouterr().err


def failed(capsys, *argv):
    """Run a call that fails with one of our errors; return what it said."""
    assert main(argv) == 1
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "hint"),
    [
        (["reprot"], "Did you mean report?"),
        (["template", "cost"], "Did you mean costs?"),
        (["demo", "--size", "smal"], "Did you mean small?"),
        (["report", "qingmu", "--outputt", "x"], "Did you mean --outputs?"),
    ],
)
def test_a_typo_is_answered_with_the_nearest_word(capsys, argv, hint):
    assert hint in refused(capsys, *argv)


def test_options_of_other_commands_are_not_offered(capsys):
    said = refused(capsys, "lab", "--hrad")
    assert "unrecognized arguments: --hrad" in said
    assert "--hard" not in said


def test_several_shops_are_told_of_the_batch(capsys):
    with pytest.raises(SystemExit):
        main(["report", "qingmu", "suji"])
    assert "tmall-nb batch" in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_named(capsys, tmp_path):
    (tmp_path / "qingmu").mkdir()
    said = failed(capsys, "check", str(tmp_path / "qingm"))
    assert said.strip().endswith("no such folder; did you mean qingmu?")


def test_a_shop_that_is_not_there_says_how_to_point_at_it(capsys, tmp_path):
    said = failed(capsys, "report", "qingmu", "--data-dir", str(tmp_path), "--outputs", str(tmp_path / "out"))
    assert "no folder 'qingmu' here" in said
    assert "--data-dir" in said


def test_a_parameter_that_is_not_there_is_refused_before_anything_runs(capsys, tmp_path):
    said = failed(capsys, "report", "qingmu", "-p", "service_lvl=0.9", "--outputs", str(tmp_path / "out"))
    assert said.strip().endswith("did you mean service_level?")
    assert not (tmp_path / "out").exists()


def test_a_batch_file_that_is_not_there_says_so(capsys, tmp_path):
    assert "No such file" in failed(capsys, "batch", str(tmp_path / "shops.toml"))


def test_a_sheet_is_written_and_never_over_another(capsys, tmp_path):
    assert main(["template", "costs", str(tmp_path)]) == 0
    assert any(tmp_path.iterdir())
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    failed(capsys, "template", "costs", str(tmp_path))
    assert before == {p.name: p.read_bytes() for p in tmp_path.iterdir()}


def test_hints_are_near_or_absent():
    assert guess("horizn", ["horizon", "level"]) == "; did you mean horizon?"
    assert guess("xyz", ["horizon"]) == ""
    assert closest("horizn", ["level"]) == []
