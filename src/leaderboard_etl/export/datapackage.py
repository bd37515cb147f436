"""Writes datapackage.json, which describes the folder as a Data Package (https://datapackage.org) for other tools."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from leaderboard_etl.export.manifest import TYPES, dumped
from leaderboard_etl.export.tables import EXPORTS, Export

DESCRIPTOR = "datapackage.json"
_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".html": "text/html",
    ".mdx": "text/mdx",
    ".tex": "application/x-tex",
    ".bib": "application/x-bibtex",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


def datapackage(
    frames: Mapping[str, pl.DataFrame], files: Mapping[str, bytes], day: date, sources: list[dict[str, Any]]
) -> bytes:
    """The descriptor of a snapshot: tables with the meaning and type of each column, other files with size and hash.

    `frames` are the rows by stem, `files` the bytes by name, and `sources` the rows of core.citations.
    """
    tables = {export.name: export for export in EXPORTS}
    return dumped(
        {
            "name": "leaderboard-etl-snapshot",
            "title": "Scores of open and proprietary language models",
            "description": "Scores, sizes, gaps and lags of open-weights and proprietary language models, with the place"
            f" that each value came from: the state at the end of {day}, UTC. What was left out, and why, is in"
            " manifest.json.",
            "version": day.isoformat(),
            "sources": [
                {"title": f"{row['citation']} ({row['license']})", "path": row["source_url"]} for row in sources
            ],
            "resources": [
                _file(name, content)
                | (_table(tables[name], frames[tables[name].stem]) if name in tables else {"type": "file"})
                for name, content in files.items()
            ],
        }
    )


def media_type(name: str) -> str:
    """The media type of a snapshot file, from its suffix."""
    return _MEDIA_TYPES[Path(name).suffix]


def _file(name: str, content: bytes) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "name": name.lower().replace("/", "-").replace("_", "-").replace(".", "-"),
        "path": name,
        "scheme": "file",
        "format": Path(name).suffix.removeprefix("."),
        "mediatype": media_type(name),
    }
    # frictionless does not count the bytes of a JSON table and would report any stated count as damage.
    if facts["format"] != "json":
        facts |= {"hash": f"sha256:{hashlib.sha256(content).hexdigest()}", "bytes": len(content)}
    return facts


def _table(export: Export, frame: pl.DataFrame) -> dict[str, Any]:
    description, columns = export.describe()
    meanings = {column.name: column.comment for column in columns}
    fields = [
        {
            "name": name,
            "type": TYPES[dtype.base_type()][1],
            "description": meanings[name],
            **({"constraints": {"required": True}} if name in export.plotted else {}),
        }
        for name, dtype in frame.schema.items()
    ]
    return {"type": "table", "description": description, "encoding": "utf-8", "schema": {"fields": fields}}
