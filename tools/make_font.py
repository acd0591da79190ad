"""Make the subset of Noto Sans CJK SC that the charts use.

Usage: python tools/make_font.py NotoSansCJK-Regular.ttc

The collection comes from https://github.com/notofonts/noto-cjk (Debian: fonts-noto-cjk); needs ``fonttools``. Kept are the
characters of GB 2312 without kana, Cyrillic, bopomofo and box drawing, Latin with accents, the signs reports use, and
characters of names and goods that GB 2312 lacks.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = Path(__file__).parents[1] / "tmall_nb" / "fonts" / "NotoSansCJKsc-Regular-GB2312.otf"
LEFT_OUT = [(0x3041, 0x3130), (0x0400, 0x0460), (0x2500, 0x2580)]
SIGNS = (
    "–—…·•≤≥≠≈±×÷→←↑↓¥￥℃‰“”‘’「」『』【】《》〈〉、。，；：？！（）～%％▲▼◆■□●○✓✗−²³½∞∑√"
    "嘅咗佢們屌啰嗨喵萌晒靓镕堃喆玥珺祎祺翀铖昇煊炜燚垚淼鑫嫒"
)


def characters() -> str:
    """Return every character of the subset, in order."""
    found = {chr(c) for c in (*range(0x20, 0x7F), *range(0xA0, 0x180))} | set(SIGNS)
    for row in range(0xA1, 0xFE):
        for cell in range(0xA1, 0xFF):
            found |= set(bytes([row, cell]).decode("gb2312", errors="ignore"))
    return "".join(sorted(c for c in found if not any(low <= ord(c) < high for low, high in LEFT_OUT)))


def main() -> None:
    """Write the font named in ``TARGET``."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "characters.txt"
        text.write_text(characters(), encoding="utf-8")
        drop = "--drop-tables+=VORG,vhea,vmtx,GSUB,GPOS,BASE,DSIG"
        options = [
            "--font-number=2",
            f"--text-file={text}",
            f"--output-file={TARGET}",
            "--no-hinting",
            "--layout-features=",
            drop,
        ]
        subprocess.run([sys.executable, "-m", "fontTools.subset", sys.argv[1], *options, "--name-IDs=*"], check=True)
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
