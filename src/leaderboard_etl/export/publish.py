"""Publishes a snapshot as a dataset on the Hub: one configuration per table, a card, and a tag for its day."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

from leaderboard_etl.errors import UsageError
from leaderboard_etl.export.card import dataset_card
from leaderboard_etl.export.manifest import BUILD, MANIFEST, TOOL, build_facts, dumped
from leaderboard_etl.export.snapshot import make_snapshot
from leaderboard_etl.export.summary import absent
from leaderboard_etl.hub.transport import prepare_environment
from leaderboard_etl.hub.upload import Pushed, push_dataset
from leaderboard_etl.landing.head_start import FOLDER
from leaderboard_etl.options import SAMPLE
from leaderboard_etl.raw.ledger import Ledger
from leaderboard_etl.raw.pack import write_packs
from leaderboard_etl.raw.store import BlobStore
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.termination import scratch_folder

CARD = "README.md"


def publish_snapshot(
    warehouse: Warehouse, repo_id: str, endpoint: str, as_of: date | None, *, with_raw: bool = False
) -> Pushed:
    """Makes the dataset `repo_id` hold the snapshot, its card and build.json, with the tag `as-of-<day>`.

    `with_raw` adds packs of every file that was ever landed from the Hub. Publishing the same snapshot again makes no
    commit. Raises UsageError for the warehouse of a sample, and what make_snapshot and push_dataset raise.
    """
    prepare_environment(endpoint)
    files = make_snapshot(warehouse, as_of)
    manifest: dict[str, Any] = json.loads(files[MANIFEST])
    if manifest["hub"] == SAMPLE:
        raise UsageError(f"{warehouse.root} holds the bundled sample: it is for trying things out and is not published")
    files[CARD] = dataset_card(manifest, repo_id, endpoint)
    if with_raw:
        files |= _packs(warehouse)
    pushed = push_dataset(
        endpoint,
        repo_id,
        files,
        along={BUILD: dumped(build_facts(files[MANIFEST]))},
        listing=MANIFEST,
        is_ours=lambda listed: listed["tool"] == TOOL,
        message=f"Snapshot as of {manifest['as_of']}",
        tag=f"as-of-{manifest['as_of']}",
    )
    return replace(pushed, note="; ".join(filter(None, (pushed.note, *absent(manifest)))) or None)


def _packs(warehouse: Warehouse) -> dict[str, bytes]:
    with scratch_folder() as scratch, BlobStore(warehouse.raw, read_only=True) as store:
        paths = write_packs(store, Ledger(warehouse.raw).loads, scratch / "packs")
        return {f"{FOLDER}/{path.name}": path.read_bytes() for path in paths}
