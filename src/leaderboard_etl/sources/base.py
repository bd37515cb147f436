"""What a parser takes and returns: landed files, and frames with the columns of history.* and of ops.quarantine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import polars as pl

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.raw.ledger import Drift, FileVersion
from leaderboard_etl.sources.measured import Measured, joined, narrow

TARGETS = ("scores", "subtask_scores", "models", "model_bases", "parameter_claims", "submissions", "ratings", "prices")
_VALIDITY = ("load_id", "closed_load_id", "valid_from", "valid_to")
_PLACE = ("repo_type", "repo_id", "revision", "path", "blob_id")
_MOST_TEXT = 500
_RUN = {"precision": "unknown", "run_id": "n/a"}
# The values of key columns that a source does not state: no key is null but has_chat_template, a boolean.
UNSTATED = {
    "scores": {**_RUN, "setting": "n/a"},
    "subtask_scores": {**_RUN, "metric_filter": "none"},
    "models": {"precision": "n/a"},
    "model_bases": {"stated_in": "metadata"},
    "parameter_claims": {"precision": "n/a"},
    "submissions": {"precision": "unknown"},
    "ratings": {"setting": "n/a"},
    "prices": {"run_id": "n/a"},
    "quarantine": {},
}


@dataclass(frozen=True)
class SourceFile:
    """A landed file for a parser: which version of which file, and its bytes."""

    version: FileVersion
    content: bytes

    @property
    def where(self) -> str:
        """Path, repository and commit, for a message."""
        return f"{self.version.path} of {self.version.repo_id} at {self.version.revision[:12]}"


class RefusedError(ValueError):
    """A file or record that is refused; `rule` names the rule that it breaks."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule


def parsed_schema(target: str) -> dict[str, pl.DataType]:
    """Columns and dtypes of a parsed frame: those of the history table (quarantine: of ops.quarantine) without validity."""
    table = "ops.quarantine" if target == "quarantine" else f"history.{target}"
    return frame_schema(table, without=_VALIDITY)


@cache
def empty(target: str) -> pl.DataFrame:
    """A parsed frame without rows; it is shared, because frames are never changed in place."""
    return pl.DataFrame(schema=parsed_schema(target))


@cache
def _nothing_measured() -> Measured:
    return narrow(empty("subtask_scores"))


@dataclass
class Parsed:
    """The records that a source read from some files; every record read is in one of its frames.

    Frames have the columns of history.* without validity, quarantine those of ops.quarantine; subtask scores are kept narrow.
    `source_rows` counts table rows, or files if a file is a record; `rows_in` the records that the rules checked, null before
    they did.
    """

    scores: pl.DataFrame = field(default_factory=lambda: empty("scores"))
    subtask_scores: Measured = field(default_factory=_nothing_measured)
    models: pl.DataFrame = field(default_factory=lambda: empty("models"))
    model_bases: pl.DataFrame = field(default_factory=lambda: empty("model_bases"))
    parameter_claims: pl.DataFrame = field(default_factory=lambda: empty("parameter_claims"))
    submissions: pl.DataFrame = field(default_factory=lambda: empty("submissions"))
    ratings: pl.DataFrame = field(default_factory=lambda: empty("ratings"))
    prices: pl.DataFrame = field(default_factory=lambda: empty("prices"))
    quarantine: pl.DataFrame = field(default_factory=lambda: empty("quarantine"))
    source_rows: int = 0
    rows_in: int | None = None
    drift: list[Drift] = field(default_factory=list)

    def frame(self, target: str) -> pl.DataFrame:
        """The records of a target; subtask scores are written out."""
        frame = getattr(self, target)
        if isinstance(frame, Measured):
            return frame.wide()
        assert isinstance(frame, pl.DataFrame)
        return frame

    def put(self, target: str, frame: pl.DataFrame) -> None:
        """Replaces the records of a target."""
        setattr(self, target, narrow(frame) if target == "subtask_scores" else frame)

    def count(self, target: str) -> int:
        """The number of records of a target."""
        height: int = getattr(self, target).height
        return height


def parsed_frame(target: str, frame: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """`frame` with exactly the parsed columns in order; missing columns are null, or as UNSTATED says."""
    schema, unstated = parsed_schema(target), UNSTATED[target]
    frame = frame.lazy().collect()
    columns = [
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(unstated.get(name), dtype).alias(name)
        for name, dtype in schema.items()
    ]
    return frame.select(columns)


def concat(parts: Sequence[Parsed]) -> Parsed:
    """Several results as one."""
    if len(parts) == 1:
        return parts[0]
    rows_in = [p.rows_in for p in parts if p.rows_in is not None]
    whole = Parsed(
        source_rows=sum(p.source_rows for p in parts),
        rows_in=sum(rows_in) if rows_in else None,
        drift=[d for p in parts for d in p.drift],
    )
    for target in (*TARGETS, "quarantine"):
        frames = [getattr(p, target) for p in parts]
        if frames:
            setattr(whole, target, joined(frames) if target == "subtask_scores" else pl.concat(frames))
    return whole


def place(version: FileVersion) -> dict[str, str]:
    """The provenance columns of a file, as literals for `with_columns`."""
    return {name: getattr(version, name) for name in _PLACE}


def place_columns(version: FileVersion) -> list[pl.Expr]:
    """The provenance columns of a file, as expressions."""
    return [pl.lit(value, pl.String).alias(name) for name, value in place(version).items()]


def refusal(
    source_id: str,
    version: FileVersion,
    *,
    target: str,
    rule: str,
    reason: str,
    text: object,
    locator: str,
    source_name: str | None = None,
) -> dict[str, object]:
    """One quarantined record, as a row for `refusals`."""
    return {
        "source_id": source_id,
        "target": target,
        "source_name": None if source_name is None else source_name[:_MOST_TEXT],
        "rule": rule,
        "reason": reason,
        "offending_text": _excerpt(text),
        "locator": locator[:_MOST_TEXT],
        **place(version),
    }


def refusals(rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Quarantined records as one parsed quarantine frame, because a frame per record would cost more than the record."""
    return parsed_frame("quarantine", pl.DataFrame(rows, infer_schema_length=None)) if rows else empty("quarantine")


def refused_rows(
    rows: pl.DataFrame, target: str, *, rule: str | pl.Expr, reason: str | pl.Expr, text: pl.Expr
) -> pl.DataFrame:
    """Rows of a frame that break a rule, with their place, as one parsed quarantine frame; `text` is what they say."""
    if rows.is_empty():
        return empty("quarantine")
    return parsed_frame(
        "quarantine",
        rows.with_columns(
            pl.lit(target).alias("target"),
            (pl.lit(rule) if isinstance(rule, str) else rule).alias("rule"),
            (pl.lit(reason) if isinstance(reason, str) else reason).alias("reason"),
            text.str.slice(0, _MOST_TEXT).alias("offending_text"),
            pl.col("source_name").str.slice(0, _MOST_TEXT),
        ),
    )


def refuse(source_id: str, version: FileVersion, **fields: Any) -> pl.DataFrame:
    """One quarantined record, as a parsed quarantine frame of one row; `fields` are those of `refusal`."""
    return refusals([refusal(source_id, version, **fields)])


def refused_file(source_id: str, file: SourceFile, rule: str, reason: str) -> Parsed:
    """A file that cannot be read at all, as one quarantined record that shows its beginning."""
    refused = refuse(
        source_id, file.version, target="file", rule=rule, reason=reason, text=file.content[:_MOST_TEXT], locator="file"
    )
    return Parsed(quarantine=refused, source_rows=1)


def _excerpt(text: object) -> str:
    visible_text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return visible_text.encode("utf-8", "replace").decode("utf-8")[:_MOST_TEXT]
