"""Run notebooks on the demo shop and store the one output nbval compares.

Usage: python tools/renew_outputs.py notebooks/30_price_elasticity.ipynb [more.ipynb ...]

Every output is stripped but that of cells tagged ``keep_output``, which keep their execution count too (nbval refuses a
stored output without one). Run it after a change that is meant to change a number, and read the diff.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

KEPT_METADATA = ("tags",)


def renew(path: Path) -> None:
    """Execute ``path`` in its own folder and write it back stripped but for ``keep_output`` cells."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"c{index + 1:02d}"
        cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k in KEPT_METADATA}
        if cell["cell_type"] == "code":
            kept = "keep_output" in cell["metadata"].get("tags", [])
            cell["execution_count"] = cell["execution_count"] if kept else None
            cell["outputs"] = cell["outputs"] if kept else []
            for output in cell["outputs"]:
                output["metadata"] = {}
                if "execution_count" in output:
                    output["execution_count"] = cell["execution_count"]
    notebook["metadata"] = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.write(notebook, path)


def main() -> None:
    """Renew every notebook named on the command line."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for name in sys.argv[1:]:
        print(f"running {name}", flush=True)
        renew(Path(name))


if __name__ == "__main__":
    main()
