"""Small notebooks that run in a second, and pages made from notebooks that never ran."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

PARAMETERS = """shop_id: str = "qingmu"  # folder name of the shop
data_dir: str = "../data/demo"  # folder that holds the shop's folder
language: str = "zh"  # zh or en
output_dir: str | None = None  # where the result is saved
horizon_days: int = 28  # 1–180 days
level: float = 0.95  # 0-1
plot: bool = True  # draw it?"""


def tagged(cell, *tags):
    cell["metadata"]["tags"] = list(tags)
    return cell


@pytest.fixture
def make_notebook(tmp_path):
    def make(*sources, name="10_small", prose="# 问题\n给谁看。"):
        cells = [tagged(new_markdown_cell(prose), "lang-zh"), tagged(new_markdown_cell("# Question\nFor whom."), "lang-en")]
        cells += [tagged(new_code_cell(PARAMETERS), "parameters"), *(new_code_cell(s) for s in sources)]
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(new_notebook(cells=cells), path)
        return path

    return make


@pytest.fixture
def executed(tmp_path):
    """An executed notebook from (source, outputs) pairs; an output is a mimebundle or a ready output."""

    def make(*cells, prose="# 问题\n给谁看。\n\n第二段。"):
        made = [tagged(new_markdown_cell(prose), "lang-zh"), tagged(new_markdown_cell("# Question\nFor whom."), "lang-en")]
        for source, outputs in cells:
            cell = new_code_cell(source)
            cell["outputs"] = [
                o if "output_type" in o else new_output("execute_result", data=o, execution_count=1) for o in outputs
            ]
            made.append(cell)
        path = tmp_path / "executed.ipynb"
        path.write_text(json.dumps(new_notebook(cells=made)), encoding="utf-8")
        return path

    return make
