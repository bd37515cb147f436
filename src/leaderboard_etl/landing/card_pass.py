"""A pass over the models in progress: what is on record, and what the pass added."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from leaderboard_etl.landing.asking import Asking
from leaderboard_etl.landing.head_start import HeadStart
from leaderboard_etl.landing.journal import Journal, Place
from leaderboard_etl.raw.ledger import Changes, FileVersion
from leaderboard_etl.raw.store import BlobStore

INFO_PATH = "@api/model_info.json"
# Our own record that the Hub did not show a model, beside its last answer, which stays believed.
ABSENT_PATH = "@api/absent.json"
CONFIG_PATH = "config.json"
INDEX_PATHS = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
RESULT_FILE = re.compile(r"\.eval_results/[^/]+\.ya?ml")
_PAIR = (CONFIG_PATH, *INDEX_PATHS)
# Landed bytes are synced after so many changes: at most these are fetched again after a killed pass.
_FLUSH_EVERY = 256


@dataclass
class CardPass:
    """A pass in progress. `known` are the files on record, `changed` and `gone` what this pass, or a killed one before it, added;
    `head_start` may hold a file's bytes already; `refused` are files too large to be read, `unlisted` models that their
    owner's list lacked, `named` those not found by their name either."""

    asking: Asking
    store: BlobStore
    journal: Journal
    known: Mapping[Place, FileVersion]
    now: str
    head_start: HeadStart | None = None
    changed: dict[Place, FileVersion] = field(default_factory=dict)
    gone: set[Place] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    named: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        pending = self.journal.read(self.store, self.known)
        self.changed = {file.place: file for file in pending.changed}
        self.gone = set(pending.gone)
        self._unsafe = 0

    def current(self, repo_type: str, name: str, path: str) -> FileVersion | None:
        """The newest landed version of a file, before or in this pass; null: it was never landed, or is gone."""
        place = (repo_type, name, path)
        return self.changed.get(place) or (None if place in self.gone else self.known.get(place))

    def is_seen(self, name: str) -> bool:
        """Whether the Hub ever answered about a model, including that it does not show it."""
        return any(self.current("api", name, path) is not None for path in (INFO_PATH, ABSENT_PATH))

    def put(self, repo_type: str, name: str, path: str, revision: str, blob_id: str, content: bytes) -> None:
        """Lands a new version of a file."""
        file = FileVersion(repo_type, name, path, revision, blob_id, len(content), self.now)
        self.store.put(blob_id, content)
        self.changed[file.place] = file
        self.gone.discard(file.place)
        self._note(Changes([file]))

    def drop(self, repo_type: str, name: str, path: str) -> None:
        """Removes a file from the record, if it is there."""
        if self.current(repo_type, name, path) is None:
            return
        place = (repo_type, name, path)
        self.changed.pop(place, None)
        if place in self.known:
            self.gone.add(place)
        self._note(Changes([], [place]))

    def changes(self) -> Changes:
        """All changes, in order. A weight index and its config.json are listed together if one of them changed,
        because one explains the bytes of the other."""
        touched = {place[1] for place in {*self.changed, *self.gone} if place[0] == "model" and place[2] in _PAIR}
        versions = dict(self.changed)
        for name in touched:
            pair = {("model", name, path): self.current("model", name, path) for path in _PAIR}
            if any(pair[place] is not None or place in self.gone for place in pair if place[2] != CONFIG_PATH):
                versions.update({place: file for place, file in pair.items() if file is not None})
        return Changes(sorted(versions.values()), sorted(self.gone))

    @cached_property
    def known_results(self) -> dict[str, list[str]]:
        """Files of evaluation results landed before, by model: collected once, because every model of a pass asks for its own."""
        paths: dict[str, list[str]] = defaultdict(list)
        for repo_type, repo_id, path in {**self.known, **self.changed}:
            if repo_type == "model" and RESULT_FILE.fullmatch(path):
                paths[repo_id].append(path)
        return dict(paths)

    def _note(self, change: Changes) -> None:
        self.journal.add(change)
        self._unsafe += 1
        if self._unsafe >= _FLUSH_EVERY:
            self.store.flush()
            self._unsafe = 0
