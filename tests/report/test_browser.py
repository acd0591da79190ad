"""A report in headless Chromium with the network blocked: no request, no console error, Chinese rendered, desktop and phone."""

import http.server
import io
import os
import re
import shutil
import subprocess
import threading
from html import escape
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import tmall_nb as tn
from tmall_nb.charts.style import FONT
from tmall_nb.report.html import Facts, export_html

CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-extensions", "--disable-default-apps", "--enable-logging=stderr",
]  # fmt: skip


class Counter(http.server.BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self):
        self.asked.append(self.path)
        self.send_error(404)

    do_CONNECT = do_POST = do_GET  # noqa: N815

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def proxy():
    """Every request of the browser ends here and is counted."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def executed_cells(result):
    chart = tn.charts.daily_sales(result)
    shown = [tn.say(result.findings), tn.cards(result.table, days=result.days), tn.show(result.table)]
    hostile = '<img src="http://evil.example/x.png"><script src="http://evil.example/x.js"></script>'
    return [
        ("tn.say(r)", [{"text/html": shown[0]._repr_html_()}]),
        ("tn.cards(r)", [{"text/html": shown[1]._repr_html_()}]),
        ("tn.show(r)", [{"text/html": shown[2]._repr_html_()}]),
        ("tn.charts.daily_sales(r)", [chart._repr_mimebundle_()]),
        ("x", [{"text/html": hostile}]),
    ]


@pytest.fixture
def page(executed, tmp_path):
    rng = np.random.default_rng(0)
    days = pd.DataFrame(
        {"date": pd.date_range("2025-01-01", periods=120), "visitors": rng.poisson(1000, 120), "buyers": rng.poisson(30, 120)}
    )
    days["paid_amount"] = days["buyers"] * 100.0
    days["paid_orders"] = days["buyers"]
    notebook = executed(*executed_cells(tn.review_health(days)), prose="# 店铺最近怎么样？\n先看结论。\n")
    return export_html(notebook, tmp_path / "page.html", language="zh", facts=Facts(shop="qingmu", made_on="2026-01-05"))


def browse(target, tmp_path, proxy, *arguments):
    """Run the browser with the shipped font as its only Chinese one and the counter as its only way out."""
    config = tmp_path / "fonts.conf"
    config.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{FONT.parent}</dir><dir>/usr/share/fonts</dir><cachedir>{tmp_path}/cache</cachedir></fontconfig>"
    )
    command = [
        CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path}/profile", f"--proxy-server=http://127.0.0.1:{proxy.server_port}",
        "--proxy-bypass-list=<-loopback>", *arguments, Path(target).as_uri(),
    ]  # fmt: skip
    run = subprocess.run(
        command, capture_output=True, timeout=90, env={**os.environ, "FONTCONFIG_FILE": str(config), "LANG": "C.UTF-8"}
    )
    return run.stdout.decode("utf-8", "replace"), run.stderr.decode("utf-8", "replace")


def screenshot(target, tmp_path, proxy, width, height=2400):
    shot = tmp_path / f"shot{width}.png"
    _, log = browse(target, tmp_path, proxy, f"--window-size={width},{height}", f"--screenshot={shot}")
    return Image.open(io.BytesIO(shot.read_bytes())).convert("L"), log


@pytest.mark.parametrize("width", [1280, 390])
def test_a_report_is_drawn_without_a_request_or_a_console_error(page, tmp_path, proxy, width):
    Counter.asked.clear()
    image, log = screenshot(page, tmp_path, proxy, width)
    own = [path for path in Counter.asked if "evil.example" in path or path.startswith("/")]
    assert not own, own
    assert "CONSOLE" not in log, re.findall(r".*CONSOLE.*", log)
    pixels = np.asarray(image)
    assert pixels.shape[1] == width
    assert (pixels[:, : width // 2] < 128).mean() > 0.01 and (pixels > 250).mean() > 0.5


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page(page, tmp_path, proxy, width):
    """Measured in an inner frame, which is as narrow as a phone; a headless window has a least width."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text(encoding="utf-8"))
    probe = "document.title = document.querySelector('iframe').contentDocument.documentElement.scrollWidth"
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<title></title><iframe style="width:{width}px;height:900px;border:0" onload="{probe}" '
        f'srcdoc="{escape(text)}"></iframe>',
        encoding="utf-8",
    )
    shown, _ = browse(frame, tmp_path, proxy, "--window-size=1400,900", "--dump-dom")
    assert int(re.search(r"<title>(\d+)</title>", shown)[1]) <= width


def test_chinese_is_rendered_and_not_as_boxes(page, tmp_path, proxy):
    """The heading's characters differ from each other; a missing glyph draws the same box for each."""
    probe = tmp_path / "glyphs.html"
    probe.write_text(
        '<meta charset="utf-8"><body style="margin:0;font:60px sans-serif;background:#fff">'
        + "".join(f'<div style="position:absolute;top:0;left:{k * 80}px">{c}</div>' for k, c in enumerate("店铺怎么样")),
        encoding="utf-8",
    )
    image, _ = screenshot(probe, tmp_path, proxy, 600, 400)
    pixels = np.asarray(image)[:110]
    glyphs = [pixels[:, k * 80 : k * 80 + 70] for k in range(5)]
    assert all((g < 128).sum() > 100 for g in glyphs)
    assert all((glyphs[0] != g).mean() > 0.02 for g in glyphs[1:])


def test_a_page_that_breaks_the_rules_would_be_noticed(tmp_path, proxy):
    Counter.asked.clear()
    bad = tmp_path / "bad.html"
    bad.write_text('<img src="http://evil.example/x.png"><script>console.error("CONSOLE broken")</script>', encoding="utf-8")
    _, log = screenshot(bad, tmp_path, proxy, 800, 200)
    assert any("evil.example" in path for path in Counter.asked) and "CONSOLE" in log
