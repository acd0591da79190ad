"""A wheel, installed where there is no clone, carries notebooks, font, calendar and template, and runs a report."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_carries_what_the_package_reads(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    needed = {
        "tmall_nb/_notebooks/10_store_health.ipynb", "tmall_nb/_calendar/promotions.csv", "tmall_nb/glossary.csv",
        "tmall_nb/fonts/NotoSansCJKsc-Regular-GB2312.otf", "tmall_nb/fonts/OFL.txt", "tmall_nb/words/health.toml",
        "tmall_nb/report/template/page.html", "tmall_nb/report/template/page.css", "tmall_nb/report/template/page.js",
    }  # fmt: skip
    assert needed <= names, needed - names
    assert not [n for n in names if n.startswith(("tests/", "bench/", "data/", "outputs/"))]


def test_demo_runs_in_an_empty_folder_without_a_clone(wheel, tmp_path):
    """The dependencies are this environment's (their versions are pinned); the package itself comes from the wheel alone."""
    home = tmp_path / "clean"
    venv.create(home, with_pip=False, system_site_packages=False)
    bin_folder = home / ("Scripts" if os.name == "nt" else "bin")
    python = bin_folder / "python"
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip())
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    _borrow_dependencies(site)
    work = tmp_path / "empty"
    work.mkdir()
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    command = [python, "-m", "tmall_nb.cli", "demo", "--notebooks", "10"]
    run = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=300, env=environment)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (work / "outputs" / "index.html").exists() and "1 done" in run.stdout
    (page,) = (work / "outputs").glob("*/*/10_store_health.html")
    assert str(ROOT) not in page.read_text(encoding="utf-8")


def _borrow_dependencies(site):
    """Make this environment's packages importable there, without the editable copy of the package itself."""
    import sysconfig

    own = Path(sysconfig.get_path("purelib"))
    for entry in own.iterdir():
        editable = "tmall_nb" in entry.name or "editable" in entry.name or entry.suffix == ".pth"
        target = site / entry.name
        if not editable and not target.exists():
            target.symlink_to(entry, target_is_directory=entry.is_dir())
    spec = Path(sys.prefix) / "share" / "jupyter" / "kernels"
    assert spec.is_dir(), "ipykernel left no kernel here"
