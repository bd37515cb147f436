"""Lands the leaderboards that the Hub shows for benchmark datasets: which models published results, and which official
benchmarks are new."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from leaderboard_etl.errors import HubError
from leaderboard_etl.hub.answers import GatedRepoError, HubLimitedError, NoHubError, canonical
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.raw.blob_ids import sha256_id
from leaderboard_etl.raw.ledger import FileVersion, Place
from leaderboard_etl.raw.store import BlobStore

BOARD_PATH = "@api/leaderboard.json"
_FIELDS = ("modelId", "filename")


@dataclass
class BoardSync:
    """The answers about benchmarks.

    `models` are all models that a leaderboard names, including those landed before. `unknown` are official benchmarks
    that are not in policy. `gated` are benchmarks whose terms must be accepted first. `failures` are all other errors.
    `stopped` says why the remaining benchmarks were not asked for; null if all were.
    """

    changed: list[FileVersion] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    gated: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    stopped: str | None = None
    has_failed: bool = False

    @property
    def message(self) -> str | None:
        """One line for the report; null if every question was answered."""
        lines = [
            f"{name} is gated: accept its terms on the Hub and set HF_TOKEN, to see who reports" for name in self.gated
        ]
        if self.failures:
            failed = f"{len(self.failures)} questions about benchmarks failed and are asked again next time"
            lines.append(f"{failed}, e.g. {self.failures[0]}")
        return "; ".join([*lines, *filter(None, [self.stopped])]) or None


def sync_boards(
    hub: Hub,
    store: BlobStore,
    in_ledger: Mapping[Place, FileVersion],
    datasets: Sequence[str],
    *,
    judged: Collection[str],
    now: str,
) -> BoardSync:
    """Lands the leaderboards of `datasets` that changed. `judged` are all datasets in policy.

    A benchmark that fails does not affect the others, and the models that it named before are kept. Raises NoHubError.
    """
    sync = BoardSync()
    for dataset_id in datasets:
        try:
            board = hub.dataset_leaderboard(dataset_id)
        except NoHubError:
            raise
        except HubError as error:
            _add_failure(sync, dataset_id, error)
            before = in_ledger.get(("api", dataset_id, BOARD_PATH))
            sync.models += [] if before is None else _models(json.loads(store.get(before.blob_id)))
            continue
        # Ranks and avatars change every night; only the models and their files matter here.
        kept = [{key: value for key, value in entry.items() if key in _FIELDS} for entry in board]
        body = canonical(sorted(kept, key=str))
        file = FileVersion("api", dataset_id, BOARD_PATH, "unknown", sha256_id(body), len(body), now)
        sync.models += _models(kept)
        if file.place not in in_ledger or in_ledger[file.place].blob_id != file.blob_id:
            store.put(file.blob_id, body)
            sync.changed.append(file)
    sync.has_failed = 2 * len(sync.failures) > len(datasets)
    try:
        official = hub.official_benchmarks()
    except NoHubError:
        raise
    except HubLimitedError as error:
        sync.stopped = str(error)
    except HubError as error:
        sync.failures.append(str(error))
    else:
        seen = {name.lower() for name in judged}
        sync.unknown = sorted(name for name in official if name.lower() not in seen)
    return sync


def _add_failure(sync: BoardSync, dataset_id: str, error: HubError) -> None:
    if isinstance(error, HubLimitedError):
        sync.stopped = str(error)
    elif isinstance(error, GatedRepoError) or error.status == 403:
        sync.gated.append(dataset_id)
    elif error.status not in (401, 404):  # a dataset without a leaderboard, or one that is gone
        sync.failures.append(str(error))


def _models(board: Sequence[Mapping[str, Any]]) -> list[str]:
    return [entry["modelId"] for entry in board if isinstance(entry.get("modelId"), str)]
