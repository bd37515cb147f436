"""A pass over the models in progress: the files already in the ledger, and the changes that the pass made."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from leaderboard_etl.landing.asking import Asking
from leaderboard_etl.landing.head_start import HeadStart
from leaderboard_etl.landing.journal import Journal
from leaderboard_etl.raw.ledger import Changes, FileVersion, Place
from leaderboard_etl.raw.store import BlobStore

INFO_PATH = "@api/model_info.json"
# Records that the Hub did not show a model. Its last answer stays beside it and stays valid.
ABSENT_PATH = "@api/absent.json"
CONFIG_PATH = "config.json"
INDEX_PATHS = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
RESULT_FILE = re.compile(r"\.eval_results/[^/]+\.ya?ml")
_PAIR = (CONFIG_PATH, *INDEX_PATHS)
# Landed bytes are synced after this many changes; after a killed pass at most these are fetched again.
_FLUSH_EVERY = 256


@dataclass
class CardPass:
    """A pass in progress.

    `in_ledger` are the files in the ledger; `changed` and `gone` are the changes of this pass, or of a killed pass before
    it. `head_start` may already hold some files. `refused` are files too large to be read, `unlisted` are models
    missing from their owner's list, and `named` are models that were asked for by name and not found.
    """

    asking: Asking
    store: BlobStore
    journal: Journal
    in_ledger: Mapping[Place, FileVersion]
    now: str
    head_start: HeadStart | None = None
    changed: dict[Place, FileVersion] = field(default_factory=dict)
    gone: set[Place] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    not_found: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        pending = self.journal.read(self.store, self.in_ledger)
        self.changed = {file.place: file for file in pending.changed}
        self.gone = set(pending.gone)
        self._n_unflushed = 0

    def current(self, repo_type: str, name: str, path: str) -> FileVersion | None:
        """The newest landed version of a file, from this pass or before; null if it was never landed or is gone."""
        place = (repo_type, name, path)
        return self.changed.get(place) or (None if place in self.gone else self.in_ledger.get(place))

    def is_seen(self, name: str) -> bool:
        """Whether the Hub ever answered about a model. The answer that it does not show the model counts too."""
        return any(self.current("api", name, path) is not None for path in (INFO_PATH, ABSENT_PATH))

    def put(self, repo_type: str, name: str, path: str, revision: str, blob_id: str, content: bytes) -> None:
        """Lands a new version of a file."""
        file = FileVersion(repo_type, name, path, revision, blob_id, len(content), self.now)
        self.store.put(blob_id, content)
        self.changed[file.place] = file
        self.gone.discard(file.place)
        self._journal_change(Changes([file]))

    def drop(self, repo_type: str, name: str, path: str) -> None:
        """Marks a file as gone, if there is a current version."""
        if self.current(repo_type, name, path) is None:
            return
        place = (repo_type, name, path)
        self.changed.pop(place, None)
        if place in self.in_ledger:
            self.gone.add(place)
        self._journal_change(Changes([], [place]))

    def changes(self) -> Changes:
        """All changes, sorted. If a weight index or its config.json changed, both are listed, because one explains the
        other."""
        models = {place[1] for place in {*self.changed, *self.gone} if place[0] == "model" and place[2] in _PAIR}
        versions = dict(self.changed)
        for name in models:
            pair = {("model", name, path): self.current("model", name, path) for path in _PAIR}
            if any(pair[place] is not None or place in self.gone for place in pair if place[2] != CONFIG_PATH):
                versions.update({place: file for place, file in pair.items() if file is not None})
        return Changes(sorted(versions.values()), sorted(self.gone))

    @cached_property
    def landed_results(self) -> dict[str, list[str]]:
        """The landed files of evaluation results by model. Computed once, because every model of a pass needs its
        own."""
        paths: dict[str, list[str]] = defaultdict(list)
        for repo_type, repo_id, path in {**self.in_ledger, **self.changed}:
            if repo_type == "model" and RESULT_FILE.fullmatch(path):
                paths[repo_id].append(path)
        return dict(paths)

    def _journal_change(self, change: Changes) -> None:
        self.journal.add(change)
        self._n_unflushed += 1
        if self._n_unflushed >= _FLUSH_EVERY:
            self.store.flush()
            self._n_unflushed = 0
