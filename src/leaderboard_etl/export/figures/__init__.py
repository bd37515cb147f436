"""The charts for print as SVG, PNG and PDF: Altair specifications, rendered by vl-convert without a browser or a network."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

import duckdb
import vl_convert

from leaderboard_etl.export.figures.ecosystem import community_velocity, license_classes, moe_efficiency
from leaderboard_etl.export.figures.gap import gap_by_benchmark, open_closed_lags, open_gap
from leaderboard_etl.export.figures.pdf import ordered
from leaderboard_etl.export.figures.scaling import model_scaling
from leaderboard_etl.export.figures.style import Chart

_CHARTS = (
    *(model_scaling, open_gap, gap_by_benchmark, open_closed_lags),
    *(moe_efficiency, community_velocity, license_classes),
)
ALT_TEXTS = "alt_texts.json"
_VEGA_LITE = "6.4"
# 720 pixels at three dots per pixel are 7.2 inches at 300 dots per inch.
_SCALE, _PPI = 3, 72
_NO_FONTS = Path(__file__).with_name("no_fonts.conf")


def figures(con: duckdb.DuckDBPyConnection) -> dict[str, bytes]:
    """Each figure as `<name>.svg`, `<name>.png` and `<name>.pdf`, and what they show in words as ALT_TEXTS; figures without data
    in the warehouse are left out.

    With the same package versions the same state gives the same bytes.
    """
    files, texts = {}, {}
    for draw in _CHARTS:
        chart = draw(con)
        if chart is not None:
            name, svg = draw.__name__, as_svg(chart)
            texts[name] = chart.description
            with _own_font():
                files[f"{name}.svg"] = svg.encode("utf-8")
                files[f"{name}.png"] = vl_convert.svg_to_png(svg, scale=_SCALE, ppi=_PPI)
                files[f"{name}.pdf"] = ordered(vl_convert.svg_to_pdf(svg))
    files[ALT_TEXTS] = (json.dumps(texts, ensure_ascii=False, indent=2) + "\n").encode("utf-8")
    return files


def as_svg(chart: Chart) -> str:
    """A chart as SVG text, which says its title and what it shows to programs that read pages aloud."""
    with _own_font():
        svg: str = vl_convert.vegalite_to_svg(chart.to_dict(), vl_version=_VEGA_LITE)
    start = svg.index(">") + 1
    root = svg[: start - 1] + ' role="img">'
    return f"{root}<title>{escape(chart.title.text)}</title><desc>{escape(chart.description)}</desc>{svg[start:]}"


@contextmanager
def _own_font() -> Iterator[None]:
    """Within the block vl-convert has only the font that it contains: it looks for the machine's fonts when it draws first, and
    another version of the same font there would give other pixels."""
    before = os.environ.get("FONTCONFIG_FILE")
    os.environ["FONTCONFIG_FILE"] = str(_NO_FONTS)
    try:
        yield
    finally:
        os.environ.pop("FONTCONFIG_FILE")
        if before is not None:
            os.environ["FONTCONFIG_FILE"] = before
