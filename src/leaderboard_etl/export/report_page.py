"""Writes report.html: one page to read after a night; it loads nothing from elsewhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from leaderboard_etl.export.figures import ALT_TEXTS
from leaderboard_etl.settings import resource
from leaderboard_etl.warehouse.changes import load_changes
from leaderboard_etl.warehouse.changes_text import sentence, told

_TEMPLATE = "report.html.jinja"
_MISSING = "–"


def report_page(con: duckdb.DuckDBPyConnection, drawn: Mapping[str, bytes]) -> bytes:
    """The page of this state: what the last load changed, the gap, the scaling, claims, coverage and quarantine.

    `drawn` are the files of figures(con); the page shows two of them, where they are there.

    Each section shows the result of a query of sql/report; the same state gives the same bytes. Text from data is
    escaped, so markup in it is shown as text.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"decimals": _decimals, "count": _count, "day": _day, "shown": _cell_text}
    queries = {file.stem: file for file in sorted((resource("sql") / "report").glob("*.sql"))}
    load = _rows(con, queries.pop("load"))
    # The other queries read this variable.
    con.execute("set variable last_load_id = ?", [load[0]["load_id"] if load else None])
    sections = {name: _rows(con, file) for name, file in queries.items()}
    pictures = {name: _picture(drawn, name) for name in ("open_gap", "model_scaling")}
    changes = load_changes(con, since_load_id=load[0]["load_id"]) if load else []
    # Verdicts and restated scores have tables of their own.
    told_changes = [
        (heading, [(sentence(row), _web(row["source_url"])) for row in rows], n_more)
        for each in changes
        for heading, rows, n_more in told(each)
        if rows[0]["kind"] not in ("verdict_flipped", "score_restated")
    ]
    page = environment.get_template(_TEMPLATE).render(
        load=load,
        **sections,
        pictures=pictures,
        told_changes=told_changes,
        is_compared=all(each.is_compared for each in changes),
    )
    return page.encode("utf-8")


def _web(address: str | None) -> str | None:
    """An address that a reader may follow; None for any other."""
    return address if address and address.startswith(("https://", "http://")) else None


def _rows(con: duckdb.DuckDBPyConnection, file: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = con.sql(file.read_text(encoding="utf-8")).pl().to_dicts()
    return rows


def _picture(drawn: Mapping[str, bytes], name: str) -> dict[str, str] | None:
    """A figure as a data address that holds its SVG, and its description; None if there is no such figure."""
    svg = drawn.get(f"{name}.svg")
    if svg is None:
        return None
    encoded = base64.b64encode(svg).decode("ascii")
    return {"address": f"data:image/svg+xml;base64,{encoded}", "description": json.loads(drawn[ALT_TEXTS])[name]}


def _decimals(value: float | None, n: int = 1, *, sign: bool = False) -> str:
    if value is None:
        return _MISSING
    return f"{value:{'+' if sign else ''}.{n}f}"


def _count(value: int | None) -> str:
    return _MISSING if value is None else f"{value:,}"


def _day(value: Any) -> str:
    return _MISSING if value is None else f"{value:%Y-%m-%d}"


def _cell_text(value: object) -> str:
    return _MISSING if value is None or value == "" else str(value)
