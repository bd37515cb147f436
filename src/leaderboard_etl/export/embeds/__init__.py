"""The charts for the article's template: self-contained HTML fragments that read the exported CSV files in the browser."""

from __future__ import annotations

import re
from pathlib import Path

_FOLDER = Path(__file__).parent


def embeds() -> dict[str, bytes]:
    """Each embed by file name. An embed must be one file, so what they share is put into each where a marker names it.

    Selectors of common.css begin with `.chart`, which becomes the embed's own class: embeds on one page stay apart.
    """
    script, style = (_read(_FOLDER / name) for name in ("common.js", "common.css"))
    made = {}
    for file in sorted(_FOLDER.glob("d3-*.html")):
        own_style = re.sub(r"\.chart\b", f".{file.stem}", style)
        text = _read(file).replace("/* common.css */\n", own_style).replace("/* common.js */\n", script)
        made[file.name] = text.encode("utf-8")
    return made


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")
