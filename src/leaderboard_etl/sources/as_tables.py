"""The descriptions of the sources as the rows of core.sources, core.collections, core.citations and core.reporters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import polars as pl

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.sources.description import Source, Work
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.sources.reporters import REPORTERS


def described(sources: Mapping[str, Source] = SOURCES) -> dict[str, pl.DataFrame]:
    """Frames by the name of their table, sorted by key."""
    ordered = [sources[source_id] for source_id in sorted(sources)]
    rows_by_table: dict[str, Iterable[Mapping[str, Any]]] = {
        "core.sources": [_source_row(source) for source in ordered],
        "core.citations": [row for source in ordered for row in _citation_rows(source)],
        "core.collections": [row for source in ordered for row in _collection_rows(source)],
        "core.reporters": [asdict(reporter) for reporter in REPORTERS],
    }
    return {table: pl.DataFrame(list(rows), schema=frame_schema(table)) for table, rows in rows_by_table.items()}


def _source_row(source: Source) -> dict[str, Any]:
    ranks = {f"{kind}_rank": rank for kind, rank in asdict(source.trust).items()}
    others = (name for name in frame_schema("core.sources") if name not in ranks)
    return {name: getattr(source, name) for name in others} | ranks | {"repo_id": source.repo_id or None}


def _collection_rows(source: Source) -> list[dict[str, Any]]:
    parts = sorted(source.collections, key=lambda part: part.collection_id)
    names = frame_schema("core.collections", without=("source_id",))
    return [{"source_id": source.source_id} | {name: getattr(part, name) for name in names} for part in parts]


def _citation_rows(source: Source) -> list[dict[str, Any]]:
    works: list[tuple[str | None, Work]] = [(work.part, work) for work in source.works]
    works += [(part.collection_id, work) for part in source.collections for work in part.works]
    names = frame_schema("core.citations", without=("source_id", "collection_id"))
    rows = [
        {"source_id": source.source_id, "collection_id": part} | {name: getattr(work, name) for name in names}
        for part, work in works
    ]
    return sorted(rows, key=lambda row: (row["collection_id"] or "", row["citation"]))
