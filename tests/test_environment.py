"""environment.yml, pyproject.toml and requirements.lock name the same packages."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
CONDA_NAMES = {"duckdb": "python-duckdb", "matplotlib": "matplotlib-base", "dask[distributed]": "distributed"}


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def split(requirement):
    name, floor = re.fullmatch(r"([\w.\-\[\]]+)>=([\w.]+)", requirement).groups()
    return name, floor


def wanted():
    p = project()
    lists = [p["project"]["dependencies"], *p["project"]["optional-dependencies"].values(), p["dependency-groups"]["dev"]]
    return dict(split(r) for group in lists for r in group)


def test_environment_yml_equals_pyproject():
    lines = (ROOT / "environment.yml").read_text(encoding="utf-8").splitlines()
    listed = dict(split(m[1]) for line in lines if (m := re.match(r"\s+- ([\w.\-\[\]]+>=[\w.]+)", line)))
    python = listed.pop("python")
    assert f">={python}" == project()["project"]["requires-python"]
    assert listed == {CONDA_NAMES.get(name, name): floor for name, floor in wanted().items()}


def test_every_requirement_is_locked_with_a_hash_and_no_index_address():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([\w.\-]+)==", lock, re.MULTILINE))
    assert {re.sub(r"\[.*", "", name).lower() for name in wanted()} <= locked
    assert lock.count("--hash=sha256:") >= len(locked)
    assert "://" not in lock
