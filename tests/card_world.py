"""A small Hub of models, and repeated passes over it without a night around them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from faulty_hub import HubServer, Request, Response

from leaderboard_etl.hub.client import Hub
from leaderboard_etl.landing.cards import CardSync, sync_cards
from leaderboard_etl.landing.head_start import HeadStart
from leaderboard_etl.raw.ledger import FileVersion
from leaderboard_etl.raw.store import BlobStore

NOW = "2025-01-01T03:00:00.000000Z"


class Pass:
    """A Hub folder, a store, and the state after the passes so far. `fault` sees each request first, as the server's
    `intercept`."""

    def __init__(self, root: Path, server: HubServer, store: BlobStore) -> None:
        self.root, self.server, self.store = root, server, store
        self.known: dict[tuple[str, str, str], FileVersion] = {}
        self.cursor: dict[str, str] = {}
        self.official: set[str] = set()
        self.journal = root.parent / "pass.jsonl"
        self.fault: Callable[[Request], Response | None] = lambda request: None
        self.workers = 4
        self.head_start: HeadStart | None = None
        server.intercept = lambda request: self.fault(request)

    def put(self, name: str, text: str = "---\nlicense: mit\n---\n") -> None:
        file = self.root / "models" / name / "README.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def add(self, name: str, path: str, text: str) -> None:
        (self.root / "models" / name / path).write_text(text)

    def say(self, name: str, **fields: object) -> None:
        """Adds fields to the Hub's answer about a model."""
        file = self.root / "_api/models" / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(fields))

    def run(self, *names: str, budget: int = 100) -> CardSync:
        self.server.requests.clear()
        result = self.ask(*names, budget=budget)
        self.keep(result)
        return result

    def ask(self, *names: str, budget: int = 100) -> CardSync:
        """Runs one pass that is not recorded."""
        self.hub = Hub(self.server.url, first_wait_s=0.001, tries=3, workers=self.workers)
        return sync_cards(
            self.hub,
            self.store,
            self.known,
            names,
            journal=self.journal,
            official=self.official,
            cursor=self.cursor,
            budget=budget,
            now=NOW,
            head_start=self.head_start,
        )

    def keep(self, result: CardSync) -> None:
        """Records the result of a pass as a load would."""
        for repo_type, repo_id, path in result.changes.gone:
            self.known.pop((repo_type, repo_id, path), None)
        self.known |= {file.place: file for file in result.changes.changed}
        self.cursor = result.cursor

    def asked(self, part: str) -> int:
        return len([request for request in self.server.requests if part in request.target])


def changed(result: CardSync) -> list[tuple[str, str]]:
    return [(file.repo_id, file.path) for file in result.changes.changed]
