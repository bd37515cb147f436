"""Collects records as a parser finds them, one by one, and makes frames of them once at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from leaderboard_etl.raw.ledger import Drift
from leaderboard_etl.sources.base import (
    TARGETS,
    Parsed,
    SourceFile,
    parsed_frame,
    parsed_schema,
    place,
    refusal,
    refusals,
)


class Records:
    """The records of the files of one source.

    Every record has its source, its file and its place there. `facts` are columns of the target's history table, without
    validity; missing ones are null, or as base.UNSTATED says if they belong to the key. With `by_repository` a record without a
    model name is about the repository of its file.
    """

    def __init__(self, source_id: str, *, by_repository: bool = False) -> None:
        self._source_id = source_id
        self._by_repository = by_repository
        self._rows: dict[str, list[dict[str, Any]]] = {target: [] for target in TARGETS}
        self._refused: list[dict[str, object]] = []

    def add(
        self, target: str, file: SourceFile, locator: str, *, source_name: str | None = None, **facts: object
    ) -> None:
        """Adds one record of `target`, at the place `locator` of `file`."""
        name = self._name(file, source_name)
        row = {"source_id": self._source_id, "source_name": name, **place(file.version), "locator": locator}
        self._rows[target].append(row | facts)

    def score(self, file: SourceFile, locator: str, *, source_name: str | None = None, **facts: object) -> None:
        """Adds a score."""
        self.add("scores", file, locator, source_name=source_name, **facts)

    def model(self, file: SourceFile, locator: str, *, source_name: str | None = None, **facts: object) -> None:
        """Adds a statement about a model."""
        self.add("models", file, locator, source_name=source_name, **facts)

    def base(self, file: SourceFile, locator: str, **facts: Any) -> None:
        """Adds a model from which the model of the file was made."""
        self.add("model_bases", file, locator, **facts)

    def size(
        self,
        file: SourceFile,
        locator: str,
        *,
        method: str,
        params: int | None,
        reason: str | None = None,
        kind: str = "total",
        **facts: Any,
    ) -> None:
        """Adds a statement about a model's size, or the `reason` why the size is unknown."""
        self.add("parameter_claims", file, locator, kind=kind, method=method, params=params, reason=reason, **facts)

    def refuse(
        self,
        file: SourceFile,
        rule: str,
        reason: str,
        text: object,
        locator: str = "file",
        target: str = "file",
        *,
        source_name: str | None = None,
    ) -> None:
        """Quarantines one record. `text` is the part that a person needs to see, `target` the table of the record."""
        row = refusal(
            self._source_id,
            file.version,
            target=target,
            rule=rule,
            reason=reason,
            text=text,
            locator=locator,
            source_name=self._name(file, source_name),
        )
        self._refused.append(row)

    def parsed(self, source_rows: int, drift: Sequence[Drift] = ()) -> Parsed:
        """All records as frames. `source_rows` counts table rows, or files if a file is a record."""
        parsed = Parsed(source_rows=source_rows, drift=list(drift), quarantine=refusals(self._refused))
        for target, rows in self._rows.items():
            if rows:
                frame = pl.DataFrame(rows, schema_overrides=parsed_schema(target), infer_schema_length=None)
                parsed.put(target, parsed_frame(target, frame))
        return parsed

    def _name(self, file: SourceFile, source_name: str | None) -> str | None:
        return file.version.repo_id if source_name is None and self._by_repository else source_name
