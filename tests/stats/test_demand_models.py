"""Parts of the demand model: moments equal direct fits, the future is not read, bounds are completed, lifts are drawn."""

from dataclasses import replace

import numpy as np
import pytest

from tmall_nb.stats.demand.censor import expected_above
from tmall_nb.stats.demand.dates import _same_date
from tmall_nb.stats.demand.events import event_runs, fit_lift, shrink_lift
from tmall_nb.stats.demand.features import build_features, past_misses
from tmall_nb.stats.demand.light import design, light_origins
from tmall_nb.stats.demand.loglinear import is_busy, log_origins
from tmall_nb.stats.demand.model import fit_demand
from tmall_nb.stats.demand.panel import Panel, Settings


def panel_of(mean=200.0, series=8, length=300, horizon=14, seed=0):
    rng = np.random.default_rng(seed)
    promotion = np.repeat(rng.random((series, (length + horizon) // 7 + 1)) < 0.25, 7, axis=1)[:, : length + horizon]
    weekday = np.exp(0.2 * np.sin(2 * np.pi * np.arange(length + horizon) / 7))
    base = mean * np.exp(rng.normal(0, 0.5, series))
    rate = base[:, None] * weekday * np.where(promotion, 1.6, 1.0)
    units = rng.poisson(rate).astype(float)
    panel = Panel(
        units[:, :length], np.zeros((series, length), bool), promotion[..., None].astype("float32"), ("promotion",), None,
        np.zeros(promotion.shape, bool), np.zeros((0, length + horizon), bool), np.arange(series) % 2, 19_000, Settings.of("D"),
    )  # fmt: skip
    return panel, rate[:, length:]


def scrambled(panel, origin):
    """The panel with other units from ``origin`` on."""
    units = panel.units.copy()
    units[:, origin:] = 3.0 * units[:, origin:] + 7.0
    return replace(panel, units=units)


def test_moments_carried_forward_equal_a_fit_from_the_start():
    panel, _ = panel_of()
    x = design(panel)
    carried = log_origins(panel, x, np.array([120, 180, 260, 300]), 14).dated[-1]
    direct = log_origins(panel, x, np.array([300]), 14).dated[0]
    np.testing.assert_allclose(carried, direct, rtol=1e-5)


FIRST = np.datetime64("1970-01-01") + 19_000


def column(year, date):
    """Column of ``date`` ("12-14") of a year in a panel of ``panel_of``."""
    return int((np.datetime64(f"{year}-{date}") - FIRST).astype(int))


def with_busy_dates(length, factors):
    """A panel of 700 or 1,065 days from January 2022 in which the numbered columns sell ``factors`` times as much."""
    panel, _ = panel_of(length=length, horizon=28)
    units = panel.units.copy()
    for day, factor in factors.items():
        units[:, day] *= factor
    return replace(panel, units=units)


def comes_again(panel, start):
    """Dated by plain forecast of the days from column ``start`` on."""
    told = log_origins(panel, design(panel), np.array([panel.length]), 28)
    ratio = told.dated[0].sum(axis=0) / told.plain[0].sum(axis=0)
    return ratio[start - panel.length :]


CASES = [(700, (2022,), True), (1065, (2022, 2023), True), (1065, (2023,), False), (700, (), False)]


@pytest.mark.parametrize(("length", "years", "lifted"), CASES)
def test_a_year_end_comes_again_unless_the_year_before_lacked_it(length, years, lifted):
    panel = with_busy_dates(length, {column(y, "12-14") + day: 1.5 for y in years for day in range(10)})
    ratio = comes_again(panel, column(2023 if length == 700 else 2024, "12-14"))[3:7].mean()
    assert (1.25 < ratio < 1.6) if lifted else (0.93 < ratio < 1.07)


@pytest.mark.parametrize(("length", "years", "lifted"), CASES)
def test_a_single_date_comes_again_on_its_date_and_not_on_its_neighbours(length, years, lifted):
    factors = {column(y, date): f for y in years for date, f in (("12-14", 2.0), ("12-15", 0.5))}
    told = comes_again(with_busy_dates(length, factors), column(2023 if length == 700 else 2024, "12-13"))
    before, first, second, after = told[:4]
    if lifted:
        assert 1.6 < first < 2.2 and 0.45 < second < 0.65
    else:
        assert 0.93 < first < 1.07 and 0.93 < second < 1.07
    assert 0.85 < before < 1.15 and 0.85 < after < 1.15


@pytest.mark.parametrize("model", ["auto", "light"])
def test_every_model_is_told_of_a_single_date(model):
    panels = (with_busy_dates(700, {column(2022, "12-14"): 3.0}), with_busy_dates(700, {}))
    told, usual = (fit_demand(panel, model=model).units.sum(axis=0) for panel in panels)
    place = column(2023, "12-14") - 700
    assert 2.3 < (told / usual)[place] < 3.3
    assert np.abs(np.delete(told / usual, place) - 1).max() < 0.12


def test_series_that_differ_on_a_date_differ_again_and_alike_ones_do_not():
    panel = with_busy_dates(700, {column(2022, "12-14"): 2.0})
    units = panel.units.copy()
    units[::2, column(2022, "12-14")] *= 2.0
    place = column(2023, "12-14") - 700
    apart, alike = (
        log_origins(p, design(p), np.array([700]), 28).day[0, :, place] for p in (replace(panel, units=units), panel)
    )
    assert apart[::2].mean() - apart[1::2].mean() == pytest.approx(np.log(2), abs=0.12)
    assert alike.std() < 0.05


def test_the_same_date_of_a_leap_year():
    first = int((np.datetime64("2024-02-28") - np.datetime64("1970-01-01")).astype(int))
    columns = _same_date(first, 400, 1)
    days = np.datetime64("2024-02-28") + columns[:3]
    assert [str(d) for d in days] == ["2023-02-28", "2023-02-28", "2023-03-01"]
    assert columns[366] == 0 and str(np.datetime64("2024-02-28") + 367) == "2025-03-01" and columns[367] == 2


@pytest.mark.parametrize("mean", [200.0, 2.0])
def test_a_forecast_reads_nothing_after_its_origin(mean):
    panel, _ = panel_of(mean)
    origins = np.array([200, 240])
    told, other = (light_origins(p, origins, 14) for p in (panel, scrambled(panel, 240)))
    np.testing.assert_allclose(told, other, rtol=1e-6)


def test_features_read_nothing_after_their_origin():
    panel, _ = panel_of()
    origins = np.array([200, 214, 228])
    light = light_origins(panel, origins, 14)
    (x, level), (other, other_level) = (build_features(p, origins, 14, light) for p in (panel, scrambled(panel, 228)))
    np.testing.assert_allclose(x, other, rtol=1e-6)
    np.testing.assert_allclose(level, other_level)


def test_past_misses_are_the_mean_log_errors_before_the_origin():
    panel, _ = panel_of()
    origins = np.array([200, 210])
    light = light_origins(panel, origins, 14)
    slow = np.log(panel.units[3, 200:210]) - np.log(light[0, 3, :10])
    assert past_misses(panel, origins, light)[1, 3, 0] == pytest.approx(slow.mean(), rel=1e-4)
    assert np.isnan(past_misses(panel, origins, light)[0]).all()


def test_the_regression_knows_promotions_and_weekdays():
    panel, rate = panel_of()
    told = light_origins(panel, np.array([panel.length]), 14)[0]
    assert np.abs(told / rate - 1).mean() < 0.05


def test_counts_keep_their_mean_in_logs():
    panel, rate = panel_of(mean=40.0, series=40)
    assert is_busy(panel)
    told = light_origins(panel, np.array([panel.length]), 14)[0]
    assert told.sum() == pytest.approx(rate.sum(), rel=0.02)


def test_slow_items_are_not_busy():
    assert not is_busy(panel_of(mean=2.0)[0])


@pytest.mark.parametrize(("mean", "bound"), [(5.0, 4.0), (3.0, 6.0), (12.0, 8.0)])
def test_expected_demand_above_a_bound_equals_simulation(mean, bound):
    draws = np.random.default_rng(1).poisson(mean, 400_000)
    assert expected_above(np.array([mean]), np.array([bound]))[0] == pytest.approx(draws[draws >= bound].mean(), rel=0.01)


def test_lifts_are_drawn_to_their_category_by_how_little_they_are_known():
    logs = np.array([[2.0, 2.2, 0.2, 2.1, 0.1, 0.0]])
    variances = np.array([[0.01, 0.01, 2.0, 0.01, 0.01, 0.01]])
    drawn, _ = shrink_lift(logs, variances, np.array([0, 0, 0, 0, 1, 1]))
    assert drawn[2] > 0.8 and abs(drawn[0] - 2.0) < 0.3 and drawn[4] < 0.7


def test_the_mean_of_a_rare_campaign_is_about_right_over_worlds():
    """Lifts change from year to year; the next sum is met on average."""
    ratios = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        base = np.full((120, 730), 4.0) * np.exp(rng.normal(0, 0.7, 120))[:, None]
        on = np.zeros(730, bool)
        on[[200, 201, 564, 565]] = True
        lift = np.exp(rng.normal(1.5, 0.3, 120)[:, None] + rng.normal(0, 0.35, (120, 3)))
        runs = event_runs(on)
        units = rng.poisson(base).astype(float)
        for year, (a, b) in enumerate(runs):
            units[:, a:b] = rng.poisson(base[:, a:b] * lift[:, [year]])
        told = fit_lift(units, base, runs, np.zeros(120, int)).factor(np.arange(2))
        ratios.append((base[:, :2] * told).sum() / (base[:, :2] * lift[:, [2]]).sum())
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.06)


def test_fit_demand_is_never_negative_and_ordered():
    fit = fit_demand(panel_of(mean=1.0)[0], model="light")
    assert (fit.units >= 0).all() and (np.diff(fit.quantiles, axis=0) >= -1e-9).all()
