"""The notebook contract: skeleton, limits, language pairs and stored outputs (docs/explanation/notebooks.md)."""

import ast
import inspect
import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
COMMON = ("shop_id", "data_dir", "language", "output_dir")

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=[p.stem for p in NOTEBOOKS])


def read(path):
    return nbformat.read(path, as_version=4)


def tags(cell):
    return set(cell["metadata"].get("tags", []))


def code_cells(path):
    return [c for c in read(path).cells if c["cell_type"] == "code"]


def code_lines(cell):
    return [line for line in cell["source"].splitlines() if line.strip() and not line.strip().startswith("#")]


def body_cells(path):
    return [c for c in code_cells(path) if not tags(c) & {"parameters"}]


def test_code_is_short(path):
    counts = [len(code_lines(c)) for c in body_cells(path)]
    assert sum(len(code_lines(c)) for c in code_cells(path)) <= 40
    assert sorted(counts)[len(counts) // 2] <= 2
    assert max(counts) <= 8


def test_code_calls_and_does_not_compute(path):
    for cell in code_cells(path):
        assert not re.search(r"^\s*[%!]", cell["source"], re.MULTILINE), "magics"
        for node in ast.walk(ast.parse(cell["source"])):
            assert not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.For | ast.While | ast.Lambda), ast.unparse(node)
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert {a.name.split(".")[0] for a in node.names} == {"tmall_nb"} or node.module.startswith("tmall_nb")
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not re.match(r"(/|[A-Za-z]:\\|~)", node.value), f"absolute path {node.value}"


def test_parameters_are_annotated_plain_and_explained(path):
    (cell,) = [c for c in code_cells(path) if "parameters" in tags(c)]
    names = []
    for line in code_lines(cell):
        assert re.fullmatch(r"\w+: (str|int|float|bool)( \| None)? = [^#]+  # .+", line), line
        names.append(line.split(":")[0])
    assert tuple(names[:4]) == COMMON
    assert len(set(names) - set(COMMON) - {"start", "end"}) <= 4


def test_parameter_defaults_equal_the_functions_own(path):
    """A default is written once, in the function; the cell shows the same value."""
    import tmall_nb as tn

    (cell,) = [c for c in code_cells(path) if "parameters" in tags(c)]
    shown = {line.split(":")[0]: ast.literal_eval(line.split(" = ")[1].split("  #")[0]) for line in code_lines(cell)}
    for body in body_cells(path):
        for node in ast.walk(ast.parse(body["source"])):
            if not (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "tn"
            ):
                continue
            function = getattr(tn, node.func.attr)
            signature = inspect.signature(function).parameters
            for keyword in node.keywords:
                assert keyword.arg in signature, f"tn.{node.func.attr} has no parameter {keyword.arg}"
                default = signature[keyword.arg].default
                if isinstance(keyword.value, ast.Name) and keyword.value.id in shown and keyword.value.id not in COMMON:
                    given = shown[keyword.value.id]
                    assert default is inspect.Parameter.empty or default == given, (
                        f"{keyword.arg}: {default!r} against {given!r}"
                    )


def test_prose_comes_in_pairs_and_says_enough(path):
    cells = read(path).cells
    prose = [c for c in cells if c["cell_type"] == "markdown"]
    languages = [next(iter(tags(c) & {"lang-zh", "lang-en"}), None) for c in prose]
    assert languages == ["lang-zh", "lang-en"] * (len(prose) // 2)
    for index, cell in enumerate(cells):
        if "lang-zh" in tags(cell):
            assert "lang-en" in tags(cells[index + 1])
    lines = sum(len(code_lines(c)) for c in body_cells(path))
    chinese = sum(
        len(re.findall(r"[一-鿿]", c["source"])) for c, lang in zip(prose, languages, strict=True) if lang == "lang-zh"
    )
    english = sum(
        len(re.findall(r"[A-Za-z]+", c["source"])) for c, lang in zip(prose, languages, strict=True) if lang == "lang-en"
    )
    assert chinese >= 15 * lines, f"{chinese} Chinese characters for {lines} code lines"
    assert english >= 10 * lines, f"{english} English words for {lines} code lines"


def test_every_chart_follows_prose(path):
    cells = read(path).cells
    for index, cell in enumerate(cells):
        if cell["cell_type"] == "code" and "tn.charts." in cell["source"]:
            assert cells[index - 1]["cell_type"] == "markdown", cell["source"]
            assert len(code_lines(cell)) == 1, cell["source"]


def test_outputs_are_stripped_but_for_the_compared_cell(path):
    kept = [c for c in code_cells(path) if "keep_output" in tags(c)]
    assert len(kept) == 1 and "nbval-check-output" in tags(kept[0])
    assert kept[0]["outputs"] and kept[0]["execution_count"], "run tools/renew_outputs.py"
    for cell in code_cells(path):
        if "keep_output" not in tags(cell):
            assert not cell["outputs"] and cell["execution_count"] is None


def test_last_code_cell_saves(path):
    last = code_cells(path)[-1]["source"]
    assert last.startswith("tn.save(") and "output_dir" in last
