"""The what-if panel keeps its figure, waits for the hand to rest, and stands still in a report."""

import asyncio

import pytest

from tmall_nb.charts.style import finish, new_figure
from tmall_nb.errors import ParameterError
from tmall_nb.explore.panel import DELAY, Panel, Slider


def draw(values, kept):
    if kept is None:
        kept, ax = new_figure("en")
        ax.plot([0, 1], [0, values["price"]])
    else:
        kept.axes[0].lines[0].set_ydata([0, values["price"]])
    return finish(kept, title=f"price {values['price']:g}")


@pytest.fixture
def panel():
    return Panel({"price": Slider("价格", 2, 0, 10, 0.5, "yuan2")}, draw, lambda v: f"<{v['price']}>", language="zh")


def test_the_same_figure_is_redrawn(panel):
    first, picture = panel._chart, panel._picture.value
    panel.set(price=5)
    assert panel._chart is first and panel._picture.value != picture and panel.redraws == 2 and panel.values == {"price": 5}


def test_many_moves_draw_once(panel):
    async def drag():
        for price in (3, 4, 5, 6):
            panel._controls["price"][0].value = price
        assert panel.redraws == 1
        await asyncio.sleep(3 * DELAY)

    asyncio.run(drag())
    assert panel.redraws == 2 and "price 6" in panel._title.value


def test_a_report_gets_a_chart_and_a_note(panel):
    shown = panel._repr_mimebundle_()
    assert 'class="tn-chart"' in shown["text/html"] and "JupyterLab" in shown["text/html"] and "&lt;2&gt;" in shown["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in shown and shown["text/plain"] == "价格 ¥2.00: <2>"


def test_impossible_values_are_refused(panel):
    with pytest.raises(ParameterError, match="0 to 10"):
        panel.set(price=11)
    with pytest.raises(ParameterError, match="one of price"):
        panel.set(cost=1)
    with pytest.raises(ParameterError):
        Slider("x", 2, 3, 10, 1)
