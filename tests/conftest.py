"""Fixtures that several test files use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from worlds import OTHER_FILES, World, v1_row, v2_row

from leaderboard_etl.sample.server import HubServer, Request, Response
from leaderboard_etl.settings import Warehouse

# How fast a machine is says nothing about the code: no deadline, and no complaint that making inputs takes long.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@dataclass
class Faults:
    """Answers to send instead of the Hub's: path fragment to Response."""

    answers: dict[str, Response] = field(default_factory=dict)

    def __call__(self, request: Request) -> Response | None:
        return next((answer for part, answer in self.answers.items() if part in request.path), None)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def server(tmp_path: Path, faults: Faults) -> Iterator[HubServer]:
    (tmp_path / "hub").mkdir()
    with HubServer(tmp_path / "hub", intercept=faults) as server:
        yield server


@pytest.fixture
def world(tmp_path: Path, server: HubServer) -> World:
    """Both tables with thirty models each, so that a tenth is a number of rows."""
    world = World(tmp_path / "hub", server.url, Warehouse(tmp_path / "warehouse"))
    for path, content in OTHER_FILES.items():
        world.put(path, content)
    world.put_v2(*[v2_row(f"org/model-{n}b", 0.3 + n / 100) for n in range(1, 31)])
    world.put_v1(*[v1_row(f"org/model-{n}b", 30.0 + n) for n in range(1, 31)])
    return world
