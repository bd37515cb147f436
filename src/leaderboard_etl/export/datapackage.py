"""Writes datapackage.json, which describes the folder as a Data Package (https://datapackage.org) for other tools."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from leaderboard_etl.export.citing import TITLE, license_entries
from leaderboard_etl.export.manifest import TYPES, dumped
from leaderboard_etl.export.tables import Export, Selection

DESCRIPTOR = "datapackage.json"
_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mdx": "text/mdx",
    ".md": "text/markdown",
    ".tex": "application/x-tex",
    ".bib": "application/x-bibtex",
    ".cff": "application/yaml",
    ".xml": "application/atom+xml",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".pdf": "application/pdf",
}


def datapackage(
    answers: Mapping[Export, Selection], files: Mapping[str, bytes], day: date, citations: list[dict[str, Any]]
) -> bytes:
    """The descriptor of a snapshot: tables with their keys and the meaning, type and vocabulary of each column, other files with
    size and hash.

    `answers` are the tables, `files` the bytes by name, and `citations` the rows of core.citations.
    """
    tables = {export.name: (export, answer.shown) for export, answer in answers.items()}
    return dumped(
        {
            "name": "leaderboard-etl-snapshot",
            "title": TITLE,
            "description": "Scores, sizes, gaps and lags of open-weights and proprietary language models, with the place"
            f" that each value came from: the state at the end of {day}, UTC. What was left out, and why, is in"
            " manifest.json.",
            "version": day.isoformat(),
            # Of the whole there is no one licence: these cover the sources that they name, and no other.
            "licenses": license_entries(citations),
            "sources": [_source(row) for row in citations],
            "resources": [
                _file(name, content) | (_table(*tables[name]) if name in tables else {"type": "file"})
                for name, content in files.items()
            ],
        }
    )


def media_type(name: str) -> str:
    """The media type of a snapshot file, from its suffix."""
    return _MEDIA_TYPES[Path(name).suffix]


def _source(row: Mapping[str, Any]) -> dict[str, Any]:
    """A work, with its licence as stated and whether anyone may pass its values on."""
    return {
        "title": row["citation"],
        "path": row["source_url"],
        "license": row["license"],
        "is_redistributable": row.get("license_id") is not None,
    }


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
    described = {column.name: column for column in columns}
    fields = []
    for name, dtype in frame.schema.items():
        constraints: dict[str, Any] = {"required": True} if name in export.plotted else {}
        if described[name].allowed:
            constraints["enum"] = list(described[name].allowed)
        fields.append(
            {
                "name": name,
                "type": TYPES[dtype.base_type()][1],
                "description": described[name].comment,
                **({"constraints": constraints} if constraints else {}),
            }
        )
    # A key with blanks names a row as well, but is no primary key.
    key = {} if export.has_blank_keys else {"primaryKey": list(export.key)}
    return {"type": "table", "description": description, "encoding": "utf-8", "schema": {"fields": fields, **key}}
