"""Finds keys that are in two files of one source: in two tables of a repository or in two folders of a model, often on
two days.

Within one batch the source rules keep the first record. This module compares a batch with the open rows of other files.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import duckdb
import polars as pl

from leaderboard_etl.sources.base import Parsed
from leaderboard_etl.sources.rules import KEYS, repeated
from leaderboard_etl.warehouse.history import history_table

Place = tuple[str, str, str]
_PLACE = ["repo_type", "repo_id", "path"]
# The key of the other targets contains the file.
_ACROSS_FILES = tuple(target for target, key in KEYS.items() if "path" not in key)


def without_repeats(
    con: duckdb.DuckDBPyConnection,
    source_id: str,
    parsed: Parsed,
    read: Sequence[Sequence[str]],
    unread: Collection[Place],
) -> Parsed:
    """Moves every record of `parsed` into quarantine whose key is in an open row of another file.

    `parsed` was read from the files at the places `read`. Open rows of the places `unread`, which the same load reads
    later, do not count.
    """
    kept = replace(parsed)
    con.register("passed_over", pl.DataFrame([*read, *unread], schema=_PLACE, orient="row"))
    for target in _ACROSS_FILES:
        frame = parsed.frame(target)
        if frame.is_empty():
            continue
        elsewhere = _keys_elsewhere(con, target, source_id, frame)
        if elsewhere.is_empty():
            continue
        repeats = frame.join(elsewhere, on=elsewhere.columns, how="semi", nulls_equal=True)
        setattr(kept, target, frame.join(elsewhere, on=elsewhere.columns, how="anti", nulls_equal=True))
        kept.quarantine = pl.concat([kept.quarantine, repeated(repeats, target, "of another file")])
    con.unregister("passed_over")
    return kept


def _keys_elsewhere(con: duckdb.DuckDBPyConnection, target: str, source_id: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The keys in open rows of other files, for the models of the frame."""
    con.register("read_now", frame.select("source_name", "run_id").unique())
    keys: pl.DataFrame = con.sql(
        f"""
        select distinct {", ".join(KEYS[target])}
        from {history_table(target)}
        semi join read_now using (source_name, run_id)
        anti join passed_over using (repo_type, repo_id, path)
        where valid_to is null and source_id = ?
        """,
        params=[source_id],
    ).pl()
    con.unregister("read_now")
    return keys
