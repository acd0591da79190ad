"""The page: answer first, one language, nothing fetched, hostile text inert, much smaller than the stock template's."""

import base64
import hashlib
import re

import pandas as pd
import pytest

from tmall_nb.analyses.result import Finding
from tmall_nb.charts.style import finish, new_figure
from tmall_nb.report.clean import clean
from tmall_nb.report.html import Facts, export_html
from tmall_nb.words import cards, say, show

FACTS = Facts(shop="qingmu", made_on="2026-01-05", start="2025-01-01", end="2025-12-31")
HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(2)><a href="javascript:alert(3)">x</a>'


def page(notebook, tmp_path, language="zh"):
    return export_html(notebook, tmp_path / "page.html", language=language, facts=FACTS).read_text(encoding="utf-8")


def html(shown):
    return {"text/html": shown._repr_html_(), "text/plain": repr(shown)}


@pytest.fixture
def report(executed):
    fig, ax = new_figure()
    ax.plot([1, 2])
    finish(fig, title="消息", alt="消息")
    frame = pd.DataFrame({"metric": ["paid_amount"], "value": [1.0], "change": [0.1], "low": [0.05], "high": [0.2]})
    return executed(
        ("tn.show(frame)", [html(show(frame, "zh"))]),
        ("tn.charts.daily_sales(result)", [fig._repr_mimebundle_()]),
        ("tn.cards(frame)", [html(cards(frame, "zh"))]),
        ("tn.say(findings)", [html(say([Finding("alarms_none", "good", {"days": 28})]))]),
    )


def test_the_answer_comes_first_then_the_cards(report, tmp_path):
    text = page(report, tmp_path)
    body = text[text.index("<main>") :]
    order = [
        body.index(mark)
        for mark in ("<h1", 'class="tn-answer"', 'class="tn-cards"', 'class="tn-table"', 'id="chart-daily_sales"')
    ]
    assert order == sorted(order)
    assert 'href="#chart-daily_sales"' in body  # the finding points to its chart


def test_evidence_without_its_chart_is_no_link(executed, tmp_path):
    notebook = executed(("tn.say(f)", [html(say([Finding("alarms_none", "good", {"days": 28})]))]))
    text = page(notebook, tmp_path)
    assert "data-evidence" not in text and "tn-link" not in text[text.index("<main>") :]


def test_one_language_is_on_the_page(report, tmp_path):
    assert "给谁看" in page(report, tmp_path) and "For whom" not in page(report, tmp_path)
    assert "For whom" in page(report, tmp_path, "en") and "给谁看" not in page(report, tmp_path, "en")


def test_nothing_is_fetched_and_the_policy_admits_only_its_own_script(report, tmp_path):
    text = page(report, tmp_path)
    assert not re.search(r"(?:src|href|srcset)=\"(?:https?:)?//", text) and "url(" not in text and "@import" not in text
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    for tag in ("script", "style"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert f"'sha256-{base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()}'" in policy
    assert not re.search(r"<[^>]+\s(?:style|on\w+)=", text)


def test_standard_error_and_bare_objects_stay_out(executed, tmp_path):
    notebook = executed(
        ("a", [{"output_type": "stream", "name": "stderr", "text": "SECRET warning"}]),
        ("b", [{"output_type": "stream", "name": "stdout", "text": "said <b>"}]),
        ("tn.save(result, output_dir)", [{"text/plain": "saved: SECRET"}]),
        (
            "c",
            [
                {"text/plain": "None"},
                {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "SECRET box"},
            ],
        ),
    )
    text = page(notebook, tmp_path)
    assert "SECRET" not in text and "said &lt;b&gt;" in text


def test_hostile_output_and_prose_are_inert(executed, tmp_path):
    notebook = executed(("x", [{"text/html": HOSTILE}, {"text/plain": HOSTILE}]), prose=f"# {HOSTILE}\n{HOSTILE}")
    text = page(notebook, tmp_path)
    tags = re.findall(r"<[^<>]*>", text[text.index("<main>") :])
    assert text.count("<script") == 1 and not [t for t in tags if "onerror" in t or "javascript" in t or "alert" in t]


@pytest.mark.parametrize(
    ("dirty", "tidy"),
    [
        ("<b>x", "<b>x</b>"),
        ("a</div>b", "ab"),
        ("<style>p{}</style><svg><script>x</script><path d='M0 0' onclick=x></svg>", '<svg><path d="M0 0"></svg>'),
        ("<iframe src=//x><p>in</p></iframe>out", "out"),
        ('<img src="https://x/y.png" alt="a">', '<img alt="a">'),
        ('<img src="data:image/svg+xml;base64,AAAA">', "<img>"),
        ('<a href=" javascript:x">t</a>', '<a rel="noopener noreferrer">t</a>'),
        ("<p style='position:fixed' class=k>t &lt;b&gt;</p>", '<p class="k">t &lt;b&gt;</p>'),
        ("<scr<script>ipt>alert(1)</script>", "ipt&gt;alert(1)"),
        ("<textarea><b>x</textarea>y", "y"),
        ("<!-- <b> --><em>z</em>", "<em>z</em>"),
    ],
)
def test_the_allow_list(dirty, tidy):
    assert clean(dirty) == tidy


def test_clean_is_idempotent(report, tmp_path):
    text = page(report, tmp_path)
    body = text[text.index("<main>") : text.index("</main>")]
    assert clean(clean(body)) == clean(body)


def test_the_frame_of_coverage_stands_at_the_end(executed, tmp_path):
    frame = pd.DataFrame({
        "table": ["orders", "ads"], "report": ["订单报表", "广告"], "role": ["required", "useful"], "found": [True, False],
        "rows": [10, 0], "start": pd.to_datetime(["2025-01-01", None]), "where": ["千牛", "万相台"],
    })  # fmt: skip
    notebook = executed(('shop = tn.load_shop(a, b)\nshop.coverage(needs="x")', [{"text/html": frame._repr_html_()}]))
    text = page(notebook, tmp_path)
    end = text[text.index('id="data"') :]
    assert "订单报表" in end and "必需" in end and "2025-01-01" in end and "dataframe" not in text


def test_a_page_is_at_most_two_fifths_of_the_stock_template(report, tmp_path):
    import nbformat
    from nbconvert import HTMLExporter

    stock, _ = HTMLExporter(template_name="lab").from_notebook_node(nbformat.read(report, as_version=4))
    assert len(page(report, tmp_path)) <= 0.4 * len(stock)


def test_nothing_half_written_stays(report, tmp_path):
    page(report, tmp_path)
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]
