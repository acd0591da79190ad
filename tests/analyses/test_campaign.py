"""Lift: truth covered, borrowed demand, money, doubts in words, and every refusal."""

import numpy as np
import pandas as pd
import pytest

import tmall_nb as tn

START, END = pd.Timestamp("2024-10-01"), pd.Timestamp("2024-10-04")


def world(seed, *, lift=1.0, loading=(1.0, 1.0), dip=0.15, controls=6, length=330):
    rng = np.random.default_rng(seed)
    days = pd.date_range("2024-01-01", periods=length)
    market, own = np.zeros(length), np.zeros(length)
    for t in range(1, length):
        market[t] = 0.8 * market[t - 1] + rng.normal(0, 0.08)
    platform = np.zeros(length)
    events = [days[k] for k in (80, 81, 140, 141, 200, 201)]
    platform[[80, 81, 140, 141, 200, 201]] = 0.4
    sale = np.asarray((days >= START) & (days <= END))
    after = np.asarray((days > END) & (days <= END + pd.Timedelta(days=10)))
    platform[sale] = 0.4
    base = np.exp(5 + market + platform + own)
    with_it = base * np.exp(np.log1p(lift) * sale - dip * after)
    frame = pd.DataFrame({"date": days, "paid_units": rng.poisson(with_it)})
    for k in range(controls):
        frame[f"c{k}"] = rng.poisson(np.exp(4.8 + rng.uniform(*loading) * (market + platform) + rng.normal(0, 0.05, length)))
    return frame, events, float((with_it - base)[sale].sum()), float((with_it - base).sum())


def measure(frame, events=(), **options):
    names = [c for c in frame if c.startswith("c")]
    given = {"start": START, "end": END, "outcome": "paid_units", "controls": names, "events": events} | options
    return tn.measure_uplift(frame, **given)


def test_interval_covers_truth_and_before_after_overstates():
    covered, errors, naive = [], [], []
    for seed in range(20):
        frame, events, gross, net = world(seed)
        rows = measure(frame, events).table.set_index("kind")
        covered += [rows.low["gross"] <= gross <= rows.high["gross"], rows.low["net"] <= net <= rows.high["net"]]
        errors.append(rows.effect["gross"] / gross - 1)
        naive.append(rows.effect["before_after"] / gross - 1)
    assert np.mean(covered) >= 0.85
    assert abs(np.mean(errors)) < 0.05 and np.mean(naive) > 0.2


def test_net_is_below_gross_where_demand_was_borrowed():
    frame, events, _, _ = world(3, dip=0.4)
    effect = measure(frame, events).effect.set_index("kind").effect
    assert effect["net"] < effect["gross"]


def test_no_effect_is_not_called_one():
    clear = 0
    for seed in range(12):
        frame, events, _, _ = world(seed, lift=0.0, dip=0.0)
        gross = measure(frame, events).effect.set_index("kind").loc["gross"]
        clear += gross.low > 0 or gross.high < 0
    assert clear <= 2


def test_scaling_money_scales_the_effect():
    frame, events, _, _ = world(5)
    frame = frame.assign(paid_amount=frame["paid_units"] * 57.3)
    one = measure(frame, events, outcome="paid_amount").effect
    ten = measure(frame.assign(paid_amount=frame["paid_amount"] * 10), events, outcome="paid_amount").effect
    np.testing.assert_allclose(ten.effect, 10 * one.effect, rtol=1e-3)


def test_shuffled_rows_change_nothing():
    frame, events, _, _ = world(6)
    mixed = frame.sample(frac=1, random_state=0)
    pd.testing.assert_frame_equal(measure(frame, events).effect, measure(mixed, events).effect)


def test_controls_that_react_less_are_flagged():
    flags = []
    for seed in range(6):
        frame, events, _, _ = world(seed, loading=(0.4, 0.8))
        flags.append("controls_react_less" in {f.key for f in measure(frame, events).findings})
    assert np.mean(flags) >= 0.7


def test_promoted_control_is_flagged():
    frame, events, _, _ = world(7)
    frame.loc[frame["date"].between(START, END), "c0"] *= 4
    result = measure(frame, events)
    assert result.controls.set_index("control").verdict["c0"] == "promoted"
    assert "controls_promoted" in {f.key for f in result.findings}


def test_without_controls_says_so_and_learns_from_earlier_events():
    frame, events, gross, _ = world(8)
    result = measure(frame, events, controls=[])
    assert "uplift_no_controls" in {f.key for f in result.findings}
    row = result.effect.set_index("kind").loc["gross"]
    assert row.low <= gross <= row.high


def test_few_days_are_flagged_and_five_are_refused():
    frame, _, _, _ = world(9)
    short = frame[frame["date"] >= START - pd.Timedelta(days=40)]
    assert "uplift_few_days" in {f.key for f in measure(short).findings}
    with pytest.raises(tn.NotEnoughData, match="5 usable days"):
        measure(frame[frame["date"] >= START - pd.Timedelta(days=5)])


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"start": "2023-01-01", "end": "2023-01-03"}, "inside the data"),
        ({"end": "2024-09-01"}, "not before start"),
        ({"pre_dip_days": -1}, "0-90 days"),
        ({"controls": "c0"}, "list of columns"),
        ({"level": 95}, "fraction"),
        ({"start": "no day"}, "a day"),
    ],
)
def test_impossible_parameters_are_refused(options, match):
    frame, _, _, _ = world(1)
    with pytest.raises(tn.ParameterError, match=match):
        measure(frame, **options)


def test_bad_frames_are_refused():
    frame, _, _, _ = world(1)
    with pytest.raises(tn.ExportError, match=r"nothing is missing|is missing"):
        measure(frame, outcome="nothing")
    with pytest.raises(tn.ExportError, match="stands twice"):
        measure(pd.concat([frame, frame.tail(1)]))
    with pytest.raises(tn.ExportError, match="negative"):
        measure(frame.assign(paid_units=-frame["paid_units"]))
    with pytest.raises(tn.NotEnoughData, match="zero on every day"):
        measure(frame.assign(paid_units=0))


def test_missing_days_are_not_zero():
    frame, events, gross, _ = world(10)
    holes = frame[~frame["date"].between("2024-06-01", "2024-06-20")]
    row = measure(holes, events).effect.set_index("kind").loc["gross"]
    assert row.low <= gross <= row.high


def test_synthetic_control_refuses_gaps_and_unknown_units():
    panel = pd.DataFrame([(f"u{k}", t, 10.0 + k + t) for k in range(5) for t in range(12)], columns=["unit", "date", "outcome"])
    assert tn.synthetic_control(panel, treated="u2", start=8).weights.weight.sum() == pytest.approx(1)
    with pytest.raises(tn.ExportError, match="no value"):
        tn.synthetic_control(panel.iloc[:-1], treated="u2", start=8)
    with pytest.raises(tn.ParameterError, match="units of the panel"):
        tn.synthetic_control(panel, treated="nobody", start=8)
    with pytest.raises(tn.ParameterError, match="inside"):
        tn.synthetic_control(panel, treated="u2", start=99)


def test_platform_traffic_without_an_earlier_event_is_said_and_widens(monkeypatch):
    frame, events, _, _ = world(11)
    told, untold = measure(frame, events), measure(frame)
    assert "platform_share_unknown" in {f.key for f in untold.findings}
    assert "platform_share_unknown" not in {f.key for f in told.findings} and told.diagnostics["taught"].iloc[0]
    monkeypatch.setattr("tmall_nb.stats.uplift.model.UNTAUGHT_SD", 0.0)
    narrow, wide = (r.effect["high"].iloc[0] - r.effect["low"].iloc[0] for r in (measure(frame), untold))
    assert wide > 1.03 * narrow


def test_one_control_and_few_orders_are_said():
    frame, events, gross, _ = world(12)
    alone = measure(frame, events, controls=["c0"])
    assert "uplift_one_control" in {f.key for f in alone.findings}
    row = alone.effect.set_index("kind").loc["gross"]
    assert row.low <= gross <= row.high
    rng = np.random.default_rng(0)
    thin = frame.assign(paid_units=rng.binomial(frame["paid_units"], 0.01))
    assert "uplift_few_orders" in {f.key for f in measure(thin, events).findings}


def test_noisier_counts_widen_the_interval():
    frame, events, _, _ = world(13)
    rng = np.random.default_rng(1)
    noisy = frame.assign(paid_units=rng.poisson(frame["paid_units"] * rng.gamma(12, 1 / 12, len(frame))))
    calm, wild = measure(frame, events), measure(noisy, events)
    assert wild.diagnostics["count_noise"].iloc[0] > 0.15 > calm.diagnostics["count_noise"].iloc[0]
    low, high = (r.effect["high"].iloc[0] - r.effect["low"].iloc[0] for r in (calm, wild))
    assert high > 1.5 * low


def test_an_event_inside_the_window_is_set_aside_and_counted():
    frame, events, _, _ = world(14)
    result = measure(frame, [*events, END + pd.Timedelta(days=2)])
    assert {a.reason: a.rows for a in result.method.set_aside}["event_in_window"] == 1
