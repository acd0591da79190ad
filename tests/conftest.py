"""Shared fixtures: the folder of real data sets and the demo shop with its truth."""

import os
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):  # before numpy: work side by side waits for each other's threads
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
import pytest  # noqa: E402

ROOT = Path(__file__).parent.parent
REAL_DATA = Path(os.environ.get("TMALL_NB_REAL_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def real_data():
    """The folder of real data sets; tests that need it are skipped where it is not there."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"{REAL_DATA} is not here; set TMALL_NB_REAL_DATA to the folder of real data sets")
    return REAL_DATA


@pytest.fixture(scope="session")
def planned_prices():
    """Elasticities and price plan of nine items cut by a fifth in some weeks, true elasticities from -1.2 to -3.6."""
    import tmall_nb as tn

    rng = np.random.default_rng(12)
    days = pd.date_range("2025-01-01", periods=260)
    frames = []
    for k in range(9):
        price = np.where(rng.random(38) < 0.4, 79.9, 99.9).repeat(7)[:260]
        units = rng.poisson(10 * (price / 90) ** (-1.2 - 0.3 * k))
        frames.append(
            pd.DataFrame({"item_id": f"i{k}", "date": days, "paid_units": units, "price_yuan": price, "unit_cost": 45.0})
        )
    rows = pd.concat(frames, ignore_index=True)
    price = tn.estimate_elasticity(rows)
    return price, tn.plan_prices(rows, price)


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
