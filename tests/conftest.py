"""Shared fixtures: the folder of real data sets and the demo shop with its truth."""

import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: tests beside other work would wait for each other's threads

import pytest

ROOT = Path(__file__).parent.parent
REAL_DATA = Path(os.environ.get("TMALL_NB_REAL_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def real_data():
    """The folder of real data sets; tests that need it are skipped where it is not there."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"{REAL_DATA} is not here; set TMALL_NB_REAL_DATA to the folder of real data sets")
    return REAL_DATA


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory):
    """The folder of the default demo shop (seed 7, small), its truth.json beside the files."""
    from tmall_nb.demo import make_shop

    return make_shop(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="session")
def demo_shop(demo_folder):
    """The default demo shop, loaded."""
    import tmall_nb as tn

    return tn.load_shop(demo_folder.parent, demo_folder.name)


@pytest.fixture(scope="session")
def demo_truth(demo_folder):
    """What is true of the default demo shop."""
    from tmall_nb.demo import read_truth

    return read_truth(demo_folder)
