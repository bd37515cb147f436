"""`diff` tells exactly what changed between two snapshots."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import World, v2_row

from leaderboard_etl.cli import main
from leaderboard_etl.errors import UsageError
from leaderboard_etl.export.difference import _difference, snapshot_difference
from leaderboard_etl.export.folder import write_snapshot
from leaderboard_etl.export.tables import Export

LAGS = Export("lags.csv", (), ("group", "threshold"), has_blank_keys=True)
KEYS = st.tuples(st.sampled_from("ab"), st.sampled_from([None, 50.0, 80.0]))
TABLES = st.dictionaries(KEYS, st.one_of(st.none(), st.floats(0, 1)), max_size=6)


def frame(cells: dict[tuple[str, float | None], float | None]) -> pl.DataFrame:
    rows = [(group, threshold, value) for (group, threshold), value in cells.items()]
    return pl.DataFrame(rows, {"group": pl.String, "threshold": pl.Float64, "lag_days": pl.Float64}, orient="row")


def named(key: tuple[str, float | None]) -> dict[str, str | float | None]:
    return {"group": key[0], "threshold": key[1]}


@given(before=TABLES, after=TABLES)
def test_a_row_is_gone_new_changed_or_equal(
    before: dict[tuple[str, float | None], float | None], after: dict[tuple[str, float | None], float | None]
) -> None:
    found = _difference(LAGS, frame(before), frame(after))
    assert sorted(map(str, found.gone)) == sorted(str(named(key)) for key in before.keys() - after.keys())
    assert sorted(map(str, found.new)) == sorted(str(named(key)) for key in after.keys() - before.keys())
    changed = {key for key in before.keys() & after.keys() if before[key] != after[key]}
    assert sorted(str(key) for key, _ in found.changed) == sorted(str(named(key)) for key in changed)
    assert found.is_none == (not changed and before.keys() == after.keys())


def test_rows_that_one_key_names_are_paired_in_their_order() -> None:
    twice = pl.DataFrame({"group": ["a", "a"], "threshold": [None, None], "lag_days": [1.0, 2.0]})
    once = pl.DataFrame({"group": ["a"], "threshold": [None], "lag_days": [1.0]})
    found = _difference(LAGS, twice, once)
    assert (len(found.gone), found.new, found.changed) == (1, [], [])


def test_columns_that_other_code_wrote_are_named_and_not_compared() -> None:
    before = frame({("a", None): 1.0})
    found = _difference(LAGS, before, before.with_columns(note=pl.lit("x")))
    assert (found.other_columns, found.gone, found.new, found.changed) == (("note",), [], [], [])
    assert not found.is_none


def test_a_table_of_other_code_without_its_key_is_compared_row_by_row() -> None:
    before, after = frame({("a", None): 1.0, ("b", None): 2.0}), frame({("a", None): 1.0, ("b", None): 3.0})
    found = _difference(LAGS, before.drop("group"), after)
    assert found.other_columns == ("group",) and found.changed == []
    assert found.gone == [{"threshold": None, "lag_days": 2.0}] and found.new == [{"threshold": None, "lag_days": 3.0}]


def test_two_snapshots_around_a_night_with_news(
    published: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, after = str(tmp_path / "before"), str(tmp_path / "after")
    write_snapshot(published.warehouse, Path(before), None)
    assert main(["diff", before, before]) == 0
    assert capsys.readouterr().out == "the tables are equal\n"
    published.put_v2(*[v2_row(f"org/model-{n}b", 0.9) for n in range(1, 31)], v2_row("org/added-3b", 0.5))
    published.night(2)
    write_snapshot(published.warehouse, Path(after), None)
    assert main(["diff", before, after, "--table", "community_velocity"]) == 3
    shown = capsys.readouterr().out
    assert "~ olb_v2 table_rows 2024-07-01: " in shown and "submissions 32 -> 33" in shown
    assert main(["diff", before, after, "--json"]) == 3
    tables = {each["table"] for each in json.loads(capsys.readouterr().out)}
    assert {"community_velocity", "claims"} <= tables


def test_a_folder_that_is_no_snapshot_or_has_a_damaged_table_is_named(standing: World, tmp_path: Path) -> None:
    sound = tmp_path / "sound"
    write_snapshot(standing.warehouse, sound, None)
    with pytest.raises(UsageError, match="is not a snapshot"):
        snapshot_difference(sound, tmp_path)
    (sound / "parquet" / "claims.parquet").write_bytes(b"no table")
    with pytest.raises(UsageError, match=r"claims\.parquet cannot be read .* says what is damaged"):
        snapshot_difference(sound, sound)
