"""Ads pooled over a batch: which shops enter, what the jobs are told, and what the page then says."""

import dataclasses
import json

import numpy as np
import pytest

import tmall_nb as tn
from tmall_nb.analyses.media_mix import read_pooled, save_pooled
from tmall_nb.demo import make_shops
from tmall_nb.errors import ExportError
from tmall_nb.report.batch import run_batch
from tmall_nb.report.jobs import Job
from tmall_nb.report.pool import POOL_FILE, pool_ads
from tmall_nb.report.run import choose_notebooks
from tmall_nb.stats.media_mix import Pooled

SHOPS = ("qingmu", "suji", "yuanju")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("shops")
    assert tuple(make_shops(target, shops=3)) == SHOPS
    return target


def jobs(folder, *shops):
    return [Job(shop, str(folder), str(path), str(folder / "o")) for shop in shops for path in choose_notebooks("10,22")]


@pytest.fixture(scope="module")
def pooled(folder):
    """The jobs of three shops after pooling, and what was said."""
    return pool_ads(jobs(folder, *SHOPS), folder / "out")


def test_three_shops_are_pooled_and_only_notebooks_on_ads_are_told(folder, pooled):
    told, note = pooled
    path = folder / "out" / POOL_FILE
    assert {j.parameters.get("pooled_file") for j in told if j.name.startswith("22")} == {str(path)}
    assert not any(j.parameters for j in told if j.name.startswith("10"))
    held = json.loads(path.read_text(encoding="utf-8"))
    assert set(held["shops"]) == {3} and len(held["names"]) == len(held["log_roas"]) == len(held["spread"])
    assert all(shop in note for shop in SHOPS) and f"{held['between']:.2f}" in note


def test_a_job_with_a_file_of_its_own_keeps_it(folder):
    own = [dataclasses.replace(j, parameters={"pooled_file": "mine.json"}) for j in jobs(folder, *SHOPS) if "22" in j.name]
    told, note = pool_ads(own, folder / "none")
    assert told == own and "not pooled, 0 shops" in note and not (folder / "none").exists()


def test_two_shops_say_nothing_about_each_other(folder):
    asked = jobs(folder, *SHOPS[:2])
    told, note = pool_ads(asked, folder / "none")
    assert told == asked and "not pooled, 2 shops" in note


def test_the_page_says_whether_the_others_were_used(folder, pooled, tmp_path):
    shop, path = tn.load_shop(folder, "suji"), folder / "out" / POOL_FILE
    alone, found = tn.fit_media_mix(shop), read_pooled(path)
    files = {key: tmp_path / f"{key}.json" for key in ("mix_pooled", "mix_pool_unlike")}
    save_pooled(dataclasses.replace(found, between=0.3), files["mix_pooled"])
    save_pooled(dataclasses.replace(found, between=0.8), files["mix_pool_unlike"])
    mixes = {key: tn.fit_media_mix(shop, beliefs=tn.Beliefs(pooled=str(file))) for key, file in files.items()}
    for key, mix in mixes.items():
        assert key in {f.key for f in mix.findings}
    np.testing.assert_array_equal(mixes["mix_pool_unlike"].fit.plain.mode, alone.fit.plain.mode)
    assert not np.allclose(mixes["mix_pooled"].table["roas"], alone.table["roas"], rtol=1e-3)


def test_pooled_returns_survive_their_file(tmp_path):
    pooled = Pooled(("a", "b"), np.array([0.1, 0.2]), np.array([0.3, 0.4]), np.array([3, 4]), 0.37)
    back = read_pooled(save_pooled(pooled, tmp_path / "new" / "p.json"))
    assert back.names == pooled.names and back.between == pooled.between
    np.testing.assert_array_equal([back.log_roas, back.spread, back.shops], [pooled.log_roas, pooled.spread, pooled.shops])


@pytest.mark.parametrize(("text", "match"), [(None, "pool_ads"), ("{}", "no pooled"), ("[1]", "no pooled"), ("x", "no pooled")])
def test_a_file_that_holds_something_else_is_refused(tmp_path, text, match):
    path = tmp_path / "p.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ExportError, match=match):
        read_pooled(path)


def test_pool_ads_is_for_the_whole_batch(tmp_path):
    path = tmp_path / "shops.toml"
    for text, match in (("pool_ads = 1\n[shops.a]", "true or false"), ("[shops.a]\npool_ads = true", "pool_ads in")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ExportError, match=match):
            run_batch(path)
