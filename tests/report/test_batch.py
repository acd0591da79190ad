"""Runs: one failure never stops the rest, outputs are whole or absent, the summary and the exit code say what happened."""

import json
import os

import pytest

from tmall_nb.errors import ExportError, ParameterError
from tmall_nb.report.batch import Summary, report_shop, run_batch
from tmall_nb.report.executors import InProcess, LocalProcesses, local_executor
from tmall_nb.report.index import write_index
from tmall_nb.report.jobs import Job, Outcome, page_name, run_job


def job(path, tmp_path, **options):
    return Job("qingmu", str(tmp_path), str(path), str(tmp_path / "outputs" / "qingmu" / "2026-01-05"), **options)


def test_a_run_leaves_page_and_copy_and_nothing_else(make_notebook, tmp_path):
    seen = []
    made = job(
        make_notebook("horizon_days + 1", "import sys; print('no' + 'ise', file=sys.stderr)"),
        tmp_path,
        parameters={"horizon_days": 3},
    )
    outcome = run_job(made, lambda *message: seen.append(message))
    assert outcome.status == "done" and seen[0][0] == "10_small" and seen[-1][1] < seen[-1][2]
    folder = tmp_path / "outputs" / "qingmu" / "2026-01-05"
    assert sorted(p.name for p in folder.iterdir()) == ["10_small.html", "10_small.ipynb"]
    page = (folder / "10_small.html").read_text(encoding="utf-8")
    assert "<pre>4</pre>" in page and "noise" not in page and "horizon_days" in page and str(tmp_path) not in page


def test_a_failing_notebook_leaves_its_half_run_copy(make_notebook, tmp_path):
    outcome = run_job(job(make_notebook("1 + 1", "raise ValueError('too late')", "2 + 2"), tmp_path))
    assert (
        outcome.status == "failed" and "ValueError: too late" in outcome.message and "10_small.failed.ipynb" in outcome.message
    )
    folder = tmp_path / "outputs" / "qingmu" / "2026-01-05"
    assert [p.name for p in folder.iterdir()] == ["10_small.failed.ipynb"]


def test_data_that_cannot_answer_is_no_failure(make_notebook, tmp_path):
    source = "from tmall_nb.errors import NotEnoughData\nraise NotEnoughData('no orders here')"
    made = job(make_notebook(source), tmp_path)
    outcome = run_job(made)
    assert (outcome.status, outcome.message) == ("not_answered", "no orders here")
    assert Summary(((made, outcome),)).exit_code == 0 and Summary(((made, outcome),), strict=True).exit_code == 1


def test_a_dead_kernel_is_one_failure(make_notebook, tmp_path):
    outcome = run_job(job(make_notebook("import os; os._exit(3)"), tmp_path))
    assert outcome.status == "failed" and "died" in outcome.message


def test_a_wrong_parameter_starts_no_kernel(make_notebook, tmp_path):
    outcome = run_job(job(make_notebook("1"), tmp_path, parameters={"horizon_days": 900}))
    assert outcome.status == "failed" and "1 to 180" in outcome.message and outcome.seconds < 1


def double(item, progress):
    progress("x", item, 3)
    if item == 2:
        os._exit(1)
    return 2 * item


def test_a_process_that_dies_takes_only_its_own_item():
    seen = []
    done = dict(LocalProcesses(2).map_unordered(double, [1, 2, 3, 4], lambda *m: seen.append(m)))
    assert {k: v for k, v in done.items() if k != 2} == {1: 2, 3: 6, 4: 8} and isinstance(done[2], Exception)
    assert isinstance(local_executor(1), InProcess) and isinstance(local_executor(2), LocalProcesses)


def test_parameters_are_refused_before_anything_is_read(tmp_path):
    with pytest.raises(ParameterError, match="did you mean period_days"):
        report_shop("nobody", data_dir=str(tmp_path), outputs=str(tmp_path / "o"), notebooks="10", parameters=["period_day=3"])
    with pytest.raises(ParameterError, match="7 to 366"):
        report_shop("nobody", data_dir=str(tmp_path), outputs=str(tmp_path / "o"), notebooks="10", parameters=["period_days=3"])
    (tmp_path / "somebody").mkdir()
    with pytest.raises(ExportError, match="did you mean somebody"):
        report_shop("somebodi", data_dir=str(tmp_path), outputs=str(tmp_path / "o"), notebooks="10")
    assert not (tmp_path / "o").exists()


def test_shops_file_is_checked(tmp_path):
    path = tmp_path / "shops.toml"
    for text, message in (
        ("[shop.a]", "lists no shop"),
        ("x", "not a TOML"),
        ("langage = 'zh'\n[shops.a]", "did you mean language"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ExportError, match=message):
            run_batch(path)
    with pytest.raises(ExportError, match="No such file"):
        run_batch(tmp_path / "none.toml")


def test_a_shop_that_cannot_be_read_fails_alone(tmp_path):
    path = tmp_path / "shops.toml"
    path.write_text("notebooks = ['10']\n[shops.a]\n[shops.b]\n", encoding="utf-8")
    summary = run_batch(path, progress=False)
    assert summary.exit_code == 1 and [o.status for _, o in summary.outcomes] == ["failed", "failed"]
    assert "2 failed" in str(summary)
    assert "没有跑完" in (tmp_path / "outputs" / "index.html").read_text(encoding="utf-8")


def test_the_index_lists_shops_days_and_how_they_ended(tmp_path):
    for shop, day in (("qingmu", "2026-01-05"), ("qingmu", "2026-01-12"), ("<b>shop", "2026-01-05")):
        folder = tmp_path / shop / day
        folder.mkdir(parents=True)
        (folder / "10_x.html").write_text('<h1 id="top">怎么样？</h1>', encoding="utf-8")
        record = {"20_y": {"status": "not_answered", "message": "<i>no ads"}}
        (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")
    text = write_index(tmp_path).read_text(encoding="utf-8")
    assert (
        'href="qingmu/2026-01-12/10_x.html"' in text
        and "怎么样？" in text
        and "&lt;b&gt;shop" in text
        and "&lt;i&gt;no ads" in text
    )
    assert text.index("2026-01-12/10_x") < text.index("qingmu/2026-01-05/10_x")
    assert "还没有报告" in write_index(tmp_path / "empty").read_text(encoding="utf-8")


def test_names_of_pages():
    assert page_name("10_x", "zh") == "10_x.html" and page_name("10_x", "en") == "10_x.en.html"
    assert str(Summary(((Job("s", "", "n/10_x.ipynb", ""), Outcome("done", 1.0)),))).endswith(
        "1 done, 0 without enough data, 0 failed"
    )
