"""Nine bad addresses of each kind: what a night loses and what it keeps.

    PYTHONPATH=tests .venv/bin/python -m reliability.addresses [--kind NAME]... [--mixed]

Each night is a real run over HTTP into an empty warehouse. Three tables, three lists of an owner's models and three
model cards fail, always and in the same way; with --mixed the nine fail in nine different ways in one night. The
promise is that the night publishes and loses only the failing models, owners and sources. Prints a table; exit code 1
if a promise was broken.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from faulty_hub import HubServer, Request, Response
from worlds import World, small_world, v1_row

from leaderboard_etl.hub.client import Hub
from leaderboard_etl.raw.ledger import Place

Fault = Callable[[Request, Response], Response]

# Each of them is the only file of its source.
TABLES = {
    "olb_v2_contents": "open-llm-leaderboard/contents",
    "arena": "lmarena-ai/chatbot-arena-leaderboard",
    "bigcode": "bigcode/bigcode-models-leaderboard",
}
LISTED = ("listed1", "listed2", "listed3")
CARDS = ("card1/a", "card2/a", "card3/a")
OWNERS = (*LISTED, "card1", "card2", "card3", "good1", "good2")


@cache
def _bomb() -> bytes:
    return gzip.compress(bytes(80 << 20), 1)


KINDS: dict[str, Fault] = {
    "reset": lambda request, good: Response(reset=True),
    "cut": lambda request, good: replace(good, status=200, body=good.body + b" ", truncate_to=len(good.body) // 2),
    "hang": lambda request, good: Response(hang_seconds=60),
    "trickle": lambda request, good: replace(good, status=200, body=b" " * 10_000, trickle_seconds=0.02),
    "wrong bytes": lambda request, good: replace(good, status=200, body=bytes(byte ^ 0xFF for byte in good.body)),
    "500": lambda request, good: Response(500),
    "redirect loop": lambda request, good: Response(307, {"Location": request.target}),
    "endless body": lambda request, good: Response(200, {}, b" " * 65_536, endless=True),
    "gzip bomb": lambda request, good: Response(200, {"Content-Encoding": "gzip"}, _bomb()),
}


@dataclass
class BadAddresses:
    """An `intercept` of a HubServer. `kinds` maps the address of a table, owner or card to its fault; `hit` are those
    that were requested."""

    kinds: dict[str, str]
    server: HubServer | None = None
    hit: set[str] = field(default_factory=set)

    def __call__(self, request: Request) -> Response | None:
        target = next((target for target in self.kinds if _is_at(request, target)), None)
        if target is None or self.server is None:
            return None
        self.hit.add(target)
        return KINDS[self.kinds[target]](request, self.server.answer(request))


def _is_at(request: Request, target: str) -> bool:
    if target in TABLES:
        return TABLES[target] in request.path and request.path.endswith((".parquet", ".csv"))
    if target in LISTED:
        return request.first("author") == target or request.path.startswith(f"/api/models/{target}/")
    return target in request.path and request.path.endswith("README.md")


@dataclass(frozen=True)
class Result:
    """The result of a night: its status, the files in raw, and the content of the sources and models that did not
    fail."""

    status: str
    seconds: float
    files: set[Place]
    rows: set[tuple[Any, ...]]


def make_world(folder: Path, hub: str) -> World:
    """Tables that name two models of each owner, and these models with their cards."""
    world = small_world(folder, hub)
    names = [f"{owner}/{model}" for owner in OWNERS for model in "ab"]
    world.put_v1(*[v1_row(name, 40.0 + number) for number, name in enumerate(names)])
    for name in names:
        world.put_model(name, b"---\nlicense: mit\n---\nA model.\n", tags=["license:mit"])
    return world


class _ImpatientHub(Hub):
    """A Hub client that waits seconds instead of minutes."""

    def __init__(self, endpoint: str, *, tries: int, **given: Any) -> None:
        super().__init__(endpoint, timeout_s=3, least_bytes_per_s=2000, first_wait_s=0.01, tries=tries, **given)


@contextmanager
def bad_world(folder: Path, kinds: dict[str, str], *, tries: int = 2) -> Iterator[World]:
    """The world, served with these bad addresses. The block must request every one of them."""
    (folder / "hub").mkdir(parents=True)
    bad = BadAddresses(kinds)
    impatient = patch("leaderboard_etl.pipeline.night.Hub", partial(_ImpatientHub, tries=tries))
    with HubServer(folder / "hub", intercept=bad) as bad.server, impatient:
        yield make_world(folder, bad.server.url)
    assert bad.hit == set(kinds), "some of the bad addresses were not asked for"


def run_night(folder: Path, kinds: dict[str, str]) -> Result:
    """One night into an empty warehouse, with these bad addresses."""
    with bad_world(folder, kinds) as world:
        begun = time.monotonic()
        outcome = world.night(1)
        seconds = time.monotonic() - begun
    if not world.warehouse.database.exists():
        return Result(outcome.status, seconds, set(), set())
    # The other models are named only by failing tables, and so may not be asked for.
    asked = "repo_type <> 'project' and not (repo_type in ('api', 'model') and repo_id like 'org/%')"
    files = set(world.query(f"select repo_type, repo_id, path from raw.files where {asked}"))
    rows = set(world.query("select source_id, source_name, variant_id, score_raw from core.scores"))
    return Result(outcome.status, seconds, files, rows)


def lost(clean: Result, night: Result, kinds: dict[str, str]) -> tuple[int, list[str]]:
    """What a night lost compared with the clean one: how much of what failed, and everything else by name."""
    hit, others = 0, []
    for repo_type, repo_id, path in clean.files - night.files:
        is_hit = any(
            (target in TABLES and repo_id == TABLES[target])
            or (target in LISTED and repo_id.split("/")[0] == target)
            or (target in CARDS and repo_id == target)
            for target in kinds
        )
        hit += is_hit
        others += [] if is_hit else [f"{repo_type} {repo_id} {path}"]
    gone = {row for row in clean.rows - night.rows if row[0] not in kinds}
    others += [" ".join(map(str, row)) for row in gone]
    return hit, others


def _line(*cells: object) -> str:
    widths = (14, 6, 10, 8, 15, 16, 15)
    return " ".join(f"{cell!s:>{width}}" for cell, width in zip(cells, widths, strict=True))


def main(arguments: Sequence[str]) -> int:
    """Runs a clean night and one for each kind of fault; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this kind")
    parser.add_argument("--mixed", action="store_true", help="all kinds in one night")
    options = parser.parse_args(arguments)
    targets = [*TABLES, *LISTED, *CARDS]
    plans = {kind: dict.fromkeys(targets, kind) for kind in options.kind or KINDS}
    if options.mixed:
        plans = {"mixed": dict(zip(targets, KINDS, strict=True))}
    is_kept = True
    with tempfile.TemporaryDirectory() as scratch:
        clean = run_night(Path(scratch) / "clean", {})
        print(_line("kind", "tried", "status", "seconds", "files survived", "lost of the hit", "lost of others"))
        for number, (name, kinds) in enumerate(plans.items()):
            night = run_night(Path(scratch) / str(number), kinds)
            hit, others = lost(clean, night, kinds)
            survived = f"{len(clean.files & night.files)} of {len(clean.files)}"
            told = (len(kinds), night.status, f"{night.seconds:.1f}", survived, hit, len(others))
            print(_line(name, *told), flush=True)
            for other in others[:5]:
                print(f"    lost: {other}")
            is_kept &= not others and night.status in ("published", "degraded")
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
