"""Judges the published columns of a leaderboard's table: of which era they are, and whether a flag means what its name says.

policy/column_eras.csv maps every known set of published columns to canonical ones. A file that no era explains is not
loaded. Sentinels, models with known flags (policy/flag_sentinels.csv), decide about the flags.
"""

from __future__ import annotations

import difflib

import polars as pl

from leaderboard_etl.errors import ContractError
from leaderboard_etl.raw.ledger import Drift
from leaderboard_etl.sources.base import SourceFile


def match_era(source_id: str, file: SourceFile, frame: pl.DataFrame, eras: pl.DataFrame) -> tuple[str, list[Drift]]:
    """The era whose columns the file has, and differences in columns that are not stored.

    Raises ContractError if a stored column is absent or has another type.
    """
    has = set(frame.columns)
    kinds: dict[str, dict[str, str]] = {}
    for era, name, kind in eras.select("era", "published_column", "kind").iter_rows():
        kinds.setdefault(era, {})[name] = kind
    nearest = min(kinds, key=lambda era: len(has ^ kinds[era].keys()))
    era_columns = kinds[nearest]
    extra = sorted(has - era_columns.keys())
    problems: list[str] = []
    unstored: list[str] = []
    for name, kind in era_columns.items():
        if name not in has:
            (unstored if kind == "ignored" else problems).append(_absent(name, kind, extra))
        elif not _fits(frame[name], kind):
            problems.append(f"{name!r} should be {kind} and is {frame[name].dtype}")
    if problems:
        raise ContractError(
            f"{file.where}: its columns match no known era; the nearest is {nearest!r}, but {'; '.join(problems)}."
            " It would be misread, so the last good table stays in force: add the era to policy/column_eras.csv"
        )
    drift = []
    if extra:
        message = f"columns that era {nearest!r} does not have, not loaded: {', '.join(map(repr, extra))}"
        drift.append(Drift(source_id, "unknown_columns", "columns", message))
    if unstored:
        message = f"columns of era {nearest!r} that are not stored: {'; '.join(unstored)}; all others were loaded"
        drift.append(Drift(source_id, "missing_columns", "columns", message))
    return nearest, drift


def _absent(name: str, kind: str, extra: list[str]) -> str:
    near = difflib.get_close_matches(name, extra, n=1, cutoff=0.6)
    return f"{name!r} ({kind}) is missing" + (f" (renamed to {near[0]!r}?)" if near else "")


def _fits(column: pl.Series, kind: str) -> bool:
    dtype = column.dtype
    if kind == "ignored" or column.null_count() == len(column):
        return True
    if kind == "number":
        return dtype.is_numeric()
    if kind == "flag" and dtype == pl.String:
        return bool(column.drop_nulls().str.to_lowercase().is_in(["true", "false", ""]).all())
    if kind == "flag":
        return dtype == pl.Boolean
    return dtype == pl.String or (kind == "date" and isinstance(dtype, pl.Date | pl.Datetime))


def polarity(
    source_id: str, flagged: pl.DataFrame, flag: str, sentinels: pl.DataFrame
) -> tuple[bool | None, list[Drift]]:
    """Whether true means yes, by the sentinels among the rows; null if they disagree or the rows have none."""
    if flagged.is_empty():
        return True, []
    of_table = sentinels.filter((pl.col("source_id") == source_id) & (pl.col("flag") == flag))
    votes = {
        name: value == (expected == "true")
        for name, value, expected in flagged.join(of_table.select("source_name", "expected"), on="source_name")
        .select("source_name", flag, "expected")
        .iter_rows()
    }
    n_true = int(flagged[flag].sum())
    if votes and flag != "is_available" and 2 * n_true != flagged.height:
        # Few models are merges, mixtures or flagged.
        votes["the share of true"] = 2 * n_true < flagged.height
    if votes and len(set(votes.values())) == 1:
        return next(iter(votes.values())), []
    against = [name for name, is_straight in votes.items() if not is_straight]
    why = (
        f"{len(against)} of {len(votes)} signs say that it is inverted: {', '.join(against[:3])}"
        if votes
        else "no sentinel"
    )
    message = f"it is not proved that true means yes ({why}): null for all rows; see policy/flag_sentinels.csv"
    return None, [Drift(source_id, "flag_polarity", flag, message)]
