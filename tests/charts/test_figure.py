"""Every chart: a caption, Chinese in the shipped font, two layouts, nothing left changed by drawing."""

import io
import re
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib import font_manager
from PIL import Image

from tmall_nb import charts
from tmall_nb.charts import style
from tmall_nb.charts.figure import NARROW, NARROW_DPI, Chart, wrap
from tmall_nb.charts.style import date_axis, finish, new_figure, percent_axis, shade, yuan_axis


@pytest.fixture
def chart():
    fig, (left, right) = new_figure("zh", columns=2)
    days = pd.date_range("2025-01-01", periods=90)
    left.plot(days, np.linspace(0, 123456, 90), label="支付金额")
    shade(left, "2025-02-01", "2025-02-05", "年货节")
    right.bar(["关键词推广", "精准人群推广", "全站推广"], [0.1, 0.2, 0.3])
    left.legend(ncols=3)
    date_axis(left, "zh")
    yuan_axis(left, "y", "zh")
    percent_axis(right, "y", "zh")
    return finish(fig, title="支付金额增加 12 万，主要来自访客数", subtitle="元，2025年1月至3月", alt="支付金额增加")


def size(picture):
    return Image.open(io.BytesIO(picture)).size


def test_chinese_needs_no_font_of_the_machine(chart):
    assert style.FONT.stat().st_size < 1.6e6 and (style.FONT.parent / "OFL.txt").exists()
    name = font_manager.FontProperties(fname=str(style.FONT)).get_name()
    assert font_manager.findfont(name, fallback_to_default=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a missing glyph warns
        chart.picture()


def test_every_character_of_the_catalogues_has_a_glyph():
    from matplotlib.ft2font import FT2Font

    from tmall_nb.fields import FIELDS
    from tmall_nb.words.catalogue import catalogue, stems

    known = set(FT2Font(str(style.FONT)).get_charmap())
    labels = [w for s in stems() for key in ("labels", "columns", "values") for w in catalogue(s)[key].values()]
    text = "".join(str(w[lang]) for w in labels for lang in ("zh", "en")) + "".join(f.zh + f.en for f in FIELDS.values())
    assert not {c for c in text if ord(c) not in known and c.isprintable()}


def test_a_phone_gets_its_own_layout(chart):
    before = (
        [ax.get_position(original=True).bounds for ax in chart.axes],
        chart.get_size_inches().tolist(),
        chart.texts[0].get_visible(),
    )
    wide, narrow = size(chart.picture()), size(chart.picture(narrow=True))
    assert wide[0] > wide[1] and narrow[1] > narrow[0]
    assert narrow[0] == pytest.approx(NARROW * NARROW_DPI, abs=2)
    after = (
        [ax.get_position(original=True).bounds for ax in chart.axes],
        chart.get_size_inches().tolist(),
        chart.texts[0].get_visible(),
    )
    assert after[1:] == before[1:]
    assert size(chart.picture()) == wide


def test_a_wide_legend_below_stays_below_on_a_phone(monkeypatch):
    fig, ax = new_figure("en", height=3.5)
    for k in range(6):
        ax.plot([0, 1], [k, k], label=f"a rather long label {k}")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4)
    places = []

    def look(self, dpi):
        renderer = self.canvas.get_renderer()
        boxes = ax.get_window_extent(renderer), ax.get_legend().get_window_extent(renderer), self.bbox
        places.append([box.frozen() for box in boxes])
        return b""

    monkeypatch.setattr(Chart, "_draw", look)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # no axes collapsed by a legend too wide for the page
        for narrow in (False, True, False):
            fig.picture(narrow=narrow)
    for plot, legend, page in places:
        assert page.x0 - 1 <= legend.x0 and legend.x1 <= page.x1 + 1 and legend.y0 >= page.y0 - 1
        assert plot.y0 - 60 < legend.y1 < plot.y0 and plot.height > 0.4 * page.height


def test_shown_as_a_figure_with_caption_and_alt_text(chart):
    shown = chart._repr_mimebundle_()
    html = shown["text/html"]
    assert shown["text/plain"] == "<Chart: 支付金额增加 12 万，主要来自访客数>"
    assert (
        html.startswith('<figure class="tn-chart">') and 'alt="支付金额增加"' in html and "<strong>支付金额增加 12 万" in html
    )
    assert len(re.findall(r"data:image/(?:webp|png);base64,", html)) == 2


def test_a_hostile_title_is_escaped():
    fig, _ = new_figure("en")
    html = finish(fig, title='<script>"x"</script>', alt='"><img src=x>')._repr_mimebundle_()["text/html"]
    assert "<script" not in html and "<img src=x" not in html


def test_a_file_holds_the_caption(chart):
    with_caption, without = io.BytesIO(), chart.picture()
    chart.savefig(with_caption, format="png", dpi=192)
    assert size(with_caption.getvalue())[1] > size(without)[1]


def test_text_breaks_where_its_language_allows():
    assert wrap("一二三四五六七八", 0.7, 12) == ["一二三四", "五六七八"]
    assert wrap("one two three", 0.9, 12) == ["one two", "three"]
    assert all(not line.startswith(("，", "。")) for line in wrap("支付金额增加，访客数增加。" * 5, 1.2, 12))


def test_axes_speak_the_language():
    for language, money, year in (("zh", "4万", "1月"), ("en", "40k", "Jan")):
        fig, ax = new_figure(language)
        ax.plot(pd.date_range("2024-01-01", periods=400), np.linspace(0, 1e5, 400))
        yuan_axis(ax, "y", language)
        date_axis(ax, language)
        finish(fig, title="x").picture()
        assert money in [t.get_text() for t in ax.get_yticklabels()]
        assert any(year in t.get_text() and "2025" in t.get_text() for t in ax.get_xticklabels())


def test_finish_takes_only_its_own_figures():
    from matplotlib.figure import Figure

    with pytest.raises(TypeError, match="new_figure"):
        finish(Figure(), title="x")


def test_every_registered_chart_exists_and_takes_a_language():
    import inspect

    for name in charts.__all__:
        function = getattr(charts, name)
        assert "language" in inspect.signature(function).parameters, name
        assert function.__doc__
    with pytest.raises(AttributeError, match="daily_sales"):
        charts.daily_sale  # noqa: B018


def test_palette_is_seven_colours_that_differ_in_grey():
    grey = sorted(0.299 * int(c[1:3], 16) + 0.587 * int(c[3:5], 16) + 0.114 * int(c[5:7], 16) for c in style.CATEGORIES)
    assert len(style.CATEGORIES) == len(style.HATCHES) == len(style.LINES) == 7
    assert min(b - a for a, b in pairwise(grey)) > 8
    assert isinstance(new_figure()[0], Chart)
