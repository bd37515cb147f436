"""What is collected while a model repository's files are read: rows of history.*, and what had to be refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from leaderboard_etl.sources.base import Parsed, SourceFile, place, refusal, refusals, stage, staged_schema
from leaderboard_etl.sources.front_matter import strings

SOURCE_ID = "model_cards"

Row = dict[str, Any]


@dataclass
class Records:
    """Rows as they are found; frames are made once at the end."""

    scores: list[Row] = field(default_factory=list)
    models: list[Row] = field(default_factory=list)
    parameter_claims: list[Row] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)

    def refuse(
        self, file: SourceFile, rule: str, reason: str, text: object, locator: str, target: str = "file"
    ) -> None:
        """Quarantines one record of `file`."""
        row = refusal(
            SOURCE_ID,
            file.version,
            target=target,
            rule=rule,
            reason=reason,
            text=text,
            locator=locator,
            source_name=file.version.repo_id,
        )
        self.quarantine.append(row)

    def score(self, file: SourceFile, locator: str, **facts: object) -> None:
        """Adds what a vendor says of its own model's score, in a run of unknown setting."""
        unknown = {"precision": "unknown", "has_chat_template": "unknown", "run_id": "n/a"}
        self.scores.append({**_base(file), **unknown, "locator": locator, **facts})

    def model(self, file: SourceFile, locator: str, **facts: object) -> None:
        """Adds a statement about the model."""
        self.models.append({**_base(file), "precision": "n/a", "locator": locator, **facts})

    def size(
        self,
        file: SourceFile,
        method: str,
        params: int | None,
        reason: str | None,
        locator: str,
        *,
        kind: str = "total",
    ) -> None:
        """Adds a statement about the model's size, or why there is none."""
        claim = {"kind": kind, "method": method, "params": params, "reason": reason}
        self.parameter_claims.append({**_base(file), "precision": "n/a", "locator": locator, **claim})

    def parsed(self, source_rows: int) -> Parsed:
        """Everything as frames."""
        parsed = Parsed(source_rows=source_rows)
        for target in ("scores", "models", "parameter_claims"):
            if rows := getattr(self, target):
                frame = pl.DataFrame(rows, schema_overrides=staged_schema(target), infer_schema_length=None)
                setattr(parsed, target, stage(target, frame))
        parsed.quarantine = refusals(self.quarantine)
        return parsed


def mapping(value: object) -> Mapping[str, Any]:
    """`value` where it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def license_text(card: Mapping[str, Any]) -> str | None:
    """The licence of a card's metadata; where it is only 'other', the name that the card gives it."""
    stated = next(iter(strings(card.get("license"))), None)
    name = next(iter(strings(card.get("license_name"))), None)
    return name if name and stated in (None, "other") else stated


def base_model(card: Mapping[str, Any]) -> str | None:
    """The first base model of a card's metadata; null where it names none."""
    return next(iter(strings(card.get("base_model"))), None)


def _base(file: SourceFile) -> Row:
    return {"source_id": SOURCE_ID, "source_name": file.version.repo_id, **place(file.version)}
