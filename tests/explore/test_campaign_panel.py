"""The target simulator keeps its figure and says what the sliders bring."""

import tmall_nb as tn
from tmall_nb.explore import what_if_campaign


def test_more_traffic_sells_more_and_is_less_likely(demo_shop):
    panel = what_if_campaign(tn.plan_campaign(demo_shop), language="en")
    before, figure = panel._words.value, panel._chart
    panel.set(visitors=panel._sliders["visitors"].high)
    assert panel._chart is figure and panel._words.value != before and "CNY" in panel._words.value
