"""Batches are parsed on Dask workers as they are here: the same content, also where a worker is killed or a cluster is gone."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from faulty_hub import HubServer
from test_batches import result_file
from worlds import World, content, small_world, without_marts

from leaderboard_etl import cli, dask_runner, errors, pipeline
from leaderboard_etl.dask_runner import DaskRunner, batches_on
from leaderboard_etl.raw.ledger import FileState, Ledger
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.reading.batches import parse_batches, policy_in_force
from leaderboard_etl.reading.runners import Batch, runs_on
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sources.registry import SOURCES

pytestmark = pytest.mark.marts(False)
# What a load says of itself, apart from what it brought.
OF_THE_LOAD = ("ops.loads", "ops.build", "raw.")
N_MODELS = 60


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A Hub with many small result files, of which some are broken, and a warehouse that one process filled."""
    root = tmp_path_factory.mktemp("hub")
    (root / "hub").mkdir()
    with HubServer(root / "hub") as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr("leaderboard_etl.reading.batches._MOST_FILES_AT_ONCE", 4)
        world = small_world(root, server.url)
        for number in range(N_MODELS):
            path = f"datasets/open-llm-leaderboard/results/org/model-{number}/results_2024-07-01T00-00-00.000000.json"
            world.put(path, b"no JSON" if number % 9 == 0 else result_file(0.3 + number / 100))
        world.options = {"card_budget": 4}
        with without_marts():
            assert world.night(1).status in ("published", "degraded")
        yield world


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskRunner]:
    """Two workers of our own, as `--runner dask` starts them."""
    pytest.importorskip("prefect_dask")
    with DaskRunner("", tmp_path_factory.mktemp("prefect")) as fleet:
        yield fleet


def test_two_workers_share_the_files_and_give_the_same_content(hub: World, fleet: DaskRunner) -> None:
    here = content(hub.warehouse.database)
    assert hub.query("select count(*) > 3 from ops.quarantine where source_id = 'olb_v2_results'") == [(True,)]
    with runs_on(fleet):
        pipeline.rebuild(hub.warehouse)
    assert content(hub.warehouse.database) == here
    files = fleet.files_by_worker
    assert files.total() >= N_MODELS
    assert len(files) == 2
    assert min(files.values()) >= 0.3 * files.total(), fleet.summary


def test_a_night_loses_nothing_with_a_worker_that_is_killed_in_the_middle(
    hub: World, fleet: DaskRunner, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The jobs of the dead worker run on the other one."""
    fleet.files_by_worker.clear()
    killed: list[int] = []

    def with_a_murder(*batches: Any) -> Iterator[Batch]:
        for number, batch in enumerate(fleet(*batches)):
            if number == 3 and not killed:
                assert fleet.client is not None
                killed.append(min(fleet.client.run(os.getpid).values()))
                os.kill(killed[0], signal.SIGKILL)
            yield batch

    world = replace(hub, warehouse=Warehouse(tmp_path / "warehouse"))
    with runs_on(with_a_murder):
        outcome = world.night(1)
    assert outcome.status in ("published", "degraded"), outcome.message
    assert killed
    assert fleet.files_by_worker.total() >= N_MODELS
    assert "failed" not in capfd.readouterr().err
    assert _content(world) == _content(hub)


def test_a_cluster_that_does_not_answer_costs_one_line_and_nothing_else(
    hub: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("prefect_dask")
    here = _read(hub)
    monkeypatch.setattr(dask_runner, "_CONNECT_SECONDS", 1)
    with batches_on("dask:tcp://127.0.0.1:9", tmp_path / "prefect"):
        assert _read(hub) == here
    (line,) = capfd.readouterr().err.splitlines()
    assert "tcp://127.0.0.1:9 failed" in line
    assert "this process parses the rest" in line


def test_a_worker_with_other_code_parses_nothing(
    hub: World, fleet: DaskRunner, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    here = _read(hub)
    fleet.files_by_worker.clear()
    monkeypatch.setattr(dask_runner, "same_results", lambda: "leaderboard-etl 0")
    with runs_on(fleet):
        assert _read(hub) == here
    assert fleet.files_by_worker.total() == 0
    assert "this process has leaderboard-etl 0" in capfd.readouterr().err


@pytest.mark.parametrize(
    "error",
    [errors.SourceError("why"), errors.ContractError("why"), errors.PolicyError("why"), errors.WarehouseError("why")],
)
def test_an_error_of_a_worker_arrives_as_it_was_raised(error: errors.EtlError) -> None:
    sent = pickle.loads(pickle.dumps(error))
    assert (type(sent), str(sent)) == (type(error), str(error))


@pytest.mark.parametrize("runner", ["ray", "dask:", "dask:host:8786", "dask:tcp://", "threads:2", ""])
def test_another_name_of_a_runner_is_wrong_usage(runner: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "--offline", f"--runner={runner}", "-w", "nowhere"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def _content(world: World) -> dict[str, Any]:
    return content(world.warehouse.database, without=OF_THE_LOAD)


def _read(world: World) -> list[tuple[Any, ...]]:
    """The scores of the result files, parsed again."""
    with BlobStore(world.warehouse.raw, read_only=True) as store:
        state = FileState(store, Ledger(world.warehouse.raw).loads)
        source = SOURCES["olb_v2_results"]
        batches = parse_batches(source, state.of(source.source_id).values(), store, policy_in_force(store, state))
        return [row for _, parsed in batches for row in (*parsed.scores.rows(), *parsed.quarantine.rows())]
