"""The progress of a run, and the state that a run out of time leaves."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from faulty_hub import HubServer
from worlds import World, story

from leaderboard_etl import pipeline, report
from leaderboard_etl.commands.progress import Fetching, bars, log_lines
from leaderboard_etl.options import Options

pytestmark = pytest.mark.marts(False)

SOURCE = "olb_v1_results"
CLOCK = datetime(2025, 1, 1, 3, 14, 5)


def test_a_line_shows_done_total_rate_and_expected_end() -> None:
    state = Fetching(SOURCE, lambda: 0.0, begun_s=1000.0)
    assert state.line(1060.0, CLOCK) == "03:14:05 olb_v1_results: 0 of 0"
    state.count(3_000, 9_000)
    # The first 3,000 files took 300 s, so the remaining 6,000 will take 600 s.
    assert state.line(1300.0, CLOCK) == ("03:14:05 olb_v1_results: 3,000 of 9,000, 10.0 a second, done at about 03:24")


def test_a_line_shows_the_wait_for_the_hubs_limit() -> None:
    state = Fetching(SOURCE, lambda: 211.6, begun_s=1000.0, done=1, total=2)
    assert state.line(1001.0, CLOCK).endswith(", waiting 212 s for the Hub's limit")


@pytest.mark.parametrize("show", [log_lines, bars])
def test_progress_is_shown_while_nothing_arrives(show: Callable[..., object]) -> None:
    told, out = threading.Event(), io.StringIO()

    def waits_s() -> float:
        told.set()
        return 7.0

    more = {"every_s": 0.01} if show is log_lines else {}
    with show(SOURCE, waits_s, file=out, **more) as count:  # type: ignore[attr-defined]
        count(2, 40)
        assert told.wait(30)
    assert "waiting 7 s" in out.getvalue()
    assert SOURCE in out.getvalue() and "2" in out.getvalue() and "40" in out.getvalue()


def test_a_source_with_nothing_to_fetch_prints_nothing() -> None:
    for show, more in ((log_lines, {"every_s": 0.001}), (bars, {})):
        out = io.StringIO()
        with show(SOURCE, lambda: 0.0, file=out, **more):
            time.sleep(0.02)
        assert SOURCE not in out.getvalue()


def test_a_run_out_of_time_publishes_what_it_has_and_the_next_one_continues(world: World, server: HubServer) -> None:
    folder = "datasets/open-llm-leaderboard-old/results"
    for number in range(200):
        body = {"results": {"harness|arc:challenge|25": {"acc_norm": number / 400}}, "config_general": {}}
        world.put(f"{folder}/org/model-{number}/results_2023-10-01T00-00-00.000000.json", json.dumps(body).encode())
    nights: list[pipeline.Night] = []

    @contextmanager
    def until_ten(source_id: str, waits_s: Callable[[], float]) -> Iterator[Callable[[int, int], None]]:
        def count(done: int, total: int) -> None:
            if source_id == SOURCE and done == 10:
                nights[-1].hub.deadline = time.monotonic()

        assert waits_s() == 0
        yield count

    def tell(night: pipeline.Night) -> pipeline.Ending:
        nights.append(night)
        return story()(night)

    options = Options(
        world.warehouse,
        world.hub,
        world.endpoint,
        started_at=datetime(2025, 1, 1, 3),
        card_budget=0,
        progress=until_ten,
    )
    outcome = pipeline.run_night(options, tell)
    assert outcome.status == "degraded" and outcome.load is not None
    entry = outcome.load.source(SOURCE)
    assert entry is not None and entry.state == "failed" and 0 < entry.remaining <= 191
    told = [note for note in report.notes(outcome) if note.startswith(SOURCE)]
    assert len(told) == 1 and told[0].startswith(f"{SOURCE}: {entry.remaining} of 201 new files")
    assert "--deadline" in told[0] and "kept" in told[0]
    [[n_scores]] = world.query("select count(*) from core.scores")
    assert n_scores > 0

    server.requests.clear()
    world.night(2, card_budget=0)
    asked = [
        path for path in (request.path for request in server.requests) if "old/results" in path and "/results_" in path
    ]
    assert len(asked) == entry.remaining
    assert world.query(f"select count(*) from raw.files where source_id = '{SOURCE}'") == [(201,)]


def test_if_the_deadline_passes_during_the_tables_the_models_are_reported_as_not_asked(
    world: World, server: HubServer
) -> None:
    nights: list[pipeline.Night] = []

    @contextmanager
    def over(source_id: str, waits_s: Callable[[], float]) -> Iterator[Callable[[int, int], None]]:
        def count(done: int, total: int) -> None:
            nights[-1].hub.deadline = time.monotonic()

        yield count

    def tell(night: pipeline.Night) -> pipeline.Ending:
        nights.append(night)
        return story()(night)

    options = Options(world.warehouse, world.hub, world.endpoint, started_at=datetime(2025, 1, 1, 3), progress=over)
    outcome = pipeline.run_night(options, tell)
    paths = [request.path for request in server.requests]
    assert not [path for path in paths if "/api/models" in path or path.endswith("/leaderboard")]
    assert outcome.load is not None and outcome.status in ("published", "degraded")
    entry = outcome.load.source("model_cards")
    assert entry is not None and (entry.state, entry.remaining > 0) == ("unchanged", True)
    told = [note for note in report.notes(outcome) if note.startswith("model_cards")]
    assert "--deadline" in told[0] and f"{entry.remaining} models not asked for yet" in told[1]
    [told_of_results] = [note for note in report.notes(outcome) if note.startswith("eval_results")]
    assert "--deadline" in told_of_results and "failed" not in told_of_results
    results = outcome.load.source("eval_results")
    assert results is not None and results.state == "unchanged"
