"""Make docs/images/report.png: the top of the store health report of the demo shop, in headless Chromium.

Usage: python tools/report_picture.py outputs/qingmu/<day>/10_store_health.html

The shipped font stands in where the machine has no Chinese font.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "images" / "report.png"
WIDTH, HEIGHT = 1180, 1160


def main() -> None:
    """Take the picture of the page named on the command line."""
    browser = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
    if len(sys.argv) != 2 or browser is None:
        sys.exit(__doc__ if browser else "no Chromium on this machine")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "fonts.conf"
        config.write_text(
            '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
            f"<dir>{ROOT / 'tmall_nb' / 'fonts'}</dir><dir>/usr/share/fonts</dir>"
            f"<cachedir>{folder}/cache</cachedir></fontconfig>"
        )
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/profile"]
        size = [f"--window-size={WIDTH},{HEIGHT}", f"--screenshot={TARGET}"]
        environment = {**os.environ, "FONTCONFIG_FILE": str(config)}
        page = Path(sys.argv[1]).resolve().as_uri()
        subprocess.run([browser, *flags, *size, page], check=True, capture_output=True, env=environment)
    _shrink()
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")


def _shrink() -> None:
    from PIL import Image

    image = Image.open(TARGET).convert("RGB")
    image.quantize(64, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(TARGET, optimize=True)


if __name__ == "__main__":
    main()
