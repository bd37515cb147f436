"""The charts for print as SVG and PNG: Altair specifications, rendered by vl-convert without a browser or a network."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import vl_convert

from leaderboard_etl.export.figures.ecosystem import community_velocity, license_classes, moe_efficiency
from leaderboard_etl.export.figures.gap import open_closed_lags, open_gap
from leaderboard_etl.export.figures.scaling import model_scaling
from leaderboard_etl.export.figures.style import Chart

_CHARTS = (model_scaling, open_gap, open_closed_lags, moe_efficiency, community_velocity, license_classes)
_VEGA_LITE = "6.4"
# 720 pixels at three dots per pixel are 7.2 inches at 300 dots per inch.
_SCALE, _PPI = 3, 72
_NO_FONTS = Path(__file__).with_name("no_fonts.conf")


def figures(con: duckdb.DuckDBPyConnection) -> dict[str, bytes]:
    """Each figure as `<name>.svg` and `<name>.png`; figures without data in the warehouse are left out.

    With the same package versions the same state gives the same bytes.
    """
    files = {}
    for draw in _CHARTS:
        chart = draw(con)
        if chart is not None:
            svg = as_svg(chart)
            files[f"{draw.__name__}.svg"] = svg.encode("utf-8")
            with _own_font():
                files[f"{draw.__name__}.png"] = vl_convert.svg_to_png(svg, scale=_SCALE, ppi=_PPI)
    return files


def as_svg(chart: Chart) -> str:
    """A chart as SVG text."""
    with _own_font():
        svg: str = vl_convert.vegalite_to_svg(chart.to_dict(), vl_version=_VEGA_LITE)
    return svg


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
