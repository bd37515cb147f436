"""Parsed content is kept on disk until it is folded, and no file is parsed twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from polars.testing import assert_frame_equal
from test_batches import result_file
from worlds import World, v2_row

from leaderboard_etl import pipeline
from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.blob_ids import sha256_id
from leaderboard_etl.raw.ledger import FileVersion
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.reading import batches, runners
from leaderboard_etl.reading.batches import parse_batches
from leaderboard_etl.reading.kept import Kept, Shelf
from leaderboard_etl.sources.base import TARGETS, SourceFile
from leaderboard_etl.sources.registry import SOURCES

RESULTS = SOURCES["olb_v2_results"]


@pytest.fixture
def parsed_files(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[str, str]]:
    """How often each file was parsed, by source id and path; a batch holds the files of one model."""
    counted: Counter[tuple[str, str]] = Counter()
    parse = runners._parse

    def counting(source: Any, files: Sequence[SourceFile], policy: Any) -> Any:
        counted.update((source.source_id, file.version.path) for file in files)
        return parse(source, files, policy)

    monkeypatch.setattr(runners, "_parse", counting)
    monkeypatch.setattr(batches, "_MOST_FILES_AT_ONCE", 1)
    return counted


@pytest.mark.marts(False)
def test_a_night_parses_each_file_once_however_many_batches_it_takes(
    world: World, parsed_files: Counter[tuple[str, str]]
) -> None:
    world.put_v2(v2_row("org/one", 0.5))
    for model in ("one", "two"):
        path = f"org/{model}/results_2024-07-01T00-00-00.000000.json"
        world.put(f"datasets/open-llm-leaderboard/results/{path}", result_file(0.3))
    outcome = world.night(1, card_budget=0)
    assert outcome.status in ("published", "degraded"), outcome.message
    assert {source_id for source_id, _ in parsed_files} >= {"olb_v2_contents", "olb_v2_results", "reference"}
    assert set(parsed_files.values()) == {1}
    assert world.query("select count(*) from core.scores where source_id = 'olb_v2_results'") == [(2,)]
    parsed_files.clear()
    pipeline.rebuild(world.warehouse)
    assert set(parsed_files.values()) == {1}


def test_kept_content_can_be_read_any_number_of_times(tmp_path: Path, parsed_files: Counter[tuple[str, str]]) -> None:
    folder = tmp_path / "warehouse"
    folder.mkdir()
    with BlobStore(tmp_path / "raw") as store:
        files = []
        for model in ("one", "two"):
            content = result_file(0.3)
            store.put(sha256_id(content), content)
            path = f"org/{model}/results_2024-07-01T00-00-00.000000.json"
            version = ("dataset", RESULTS.repo_id, path, "c" * 40, sha256_id(content), len(content))
            files.append(FileVersion(*version, "2025-01-01T00:00:00Z"))
        read = list(parse_batches(RESULTS, files, store, read_policy()))
    shelf = Shelf(folder)
    kept = Kept(shelf, files, read)
    # A killed run leaves nothing, because the file has no name.
    assert list(folder.iterdir()) == []
    for _ in range(2):
        again = list(kept)
        assert [places for places, _ in again] == [places for places, _ in read]
        for (_, one), (_, other) in zip(again, read, strict=True):
            assert (one.source_rows, one.rows_in) == (other.source_rows, other.rows_in)
            for target in (*TARGETS, "quarantine"):
                assert_frame_equal(one.frame(target), other.frame(target))
    assert kept.frame("scores", "source_name")["source_name"].to_list() == ["org/one", "org/two"]
    assert kept.frame("submissions", "source_name").height == 0
    shelf.close()
