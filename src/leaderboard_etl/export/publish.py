"""Publishes a snapshot on the Hub: as a dataset with one configuration per table, a card, and a tag for its day; its explorer as
a static Space."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec

from leaderboard_etl.errors import HubError, UsageError
from leaderboard_etl.export.card import dataset_card, space_card
from leaderboard_etl.export.citing import CITATION, LICENSES
from leaderboard_etl.export.explorer import SITE, is_of_explorer, issue_form, site_file
from leaderboard_etl.export.manifest import BUILD, MANIFEST, README, TOOL, build_facts, dumped, file_facts
from leaderboard_etl.export.snapshot import make_snapshot
from leaderboard_etl.export.summary import absent
from leaderboard_etl.hub import loop
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.hub.transport import prepare_environment
from leaderboard_etl.hub.upload import Pushed, push
from leaderboard_etl.landing.head_start import FOLDER
from leaderboard_etl.options import SAMPLE
from leaderboard_etl.raw.chain import read_lines
from leaderboard_etl.raw.lock import run_lock
from leaderboard_etl.raw.mirror import raw_of
from leaderboard_etl.raw.pack import write_packs
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.termination import scratch_folder

_PACKED = f"{FOLDER}/packs.json"
_MOST_PACKED_BYTES = 64 << 10


def genuine_snapshot(
    warehouse: Warehouse, as_of: date | None, *, with_pictures: bool | None = None, is_redistributable: bool = False
) -> dict[str, bytes]:
    """The files of make_snapshot, to be published. Raises what make_snapshot raises, and UsageError for the warehouse of a
    sample."""
    files = make_snapshot(warehouse, as_of, with_pictures=with_pictures, is_redistributable=is_redistributable)
    if _manifest(files)["hub"] == SAMPLE:
        raise UsageError(f"{warehouse.root} holds the bundled sample: it is for trying things out and is not published")
    return files


def publish_snapshot(
    snapshot: Mapping[str, bytes],
    warehouse: Warehouse,
    repo_id: str,
    endpoint: str,
    *,
    with_raw: bool = False,
    raw: str | None = None,
) -> Pushed:
    """Makes the dataset `repo_id` hold a snapshot of the warehouse, its card and build.json, with the tag `as-of-<day>`.

    `with_raw` adds packs of every file that was ever landed from the Hub: new packs only, of what the dataset does not have
    yet. Their bytes come from the store at the URL `raw`; null: from the warehouse's folder. All of it is one commit;
    publishing the same snapshot again makes none.

    Raises what push raises.
    """
    prepare_environment(endpoint)
    manifest = _manifest(snapshot)
    files = {**snapshot, README: dataset_card(manifest, repo_id, endpoint)}
    if with_raw:
        files |= _new_packs(warehouse, raw, endpoint, repo_id)
    pushed = push(
        endpoint,
        "dataset",
        repo_id,
        files,
        along={BUILD: dumped(build_facts(files[MANIFEST], files[README]))},
        listing=MANIFEST,
        is_ours=_is_ours,
        message=f"Snapshot as of {manifest['as_of']}",
        tag=f"as-of-{manifest['as_of']}",
    )
    return replace(pushed, note="; ".join(filter(None, (pushed.note, *absent(manifest)))) or None)


def publish_explorer(snapshot: Mapping[str, bytes], repo_id: str, endpoint: str) -> Pushed:
    """Makes the static Space `repo_id` hold the explorer of a snapshot, with the licences of its data, how to cite it, and a
    manifest of these files. Publishing the same again makes no commit.

    Raises what push raises.
    """
    prepare_environment(endpoint)
    manifest = _manifest(snapshot)
    files = {
        name: content for name, content in snapshot.items() if is_of_explorer(name) or name in (LICENSES, CITATION)
    }
    discussions = f"{endpoint}/spaces/{repo_id}/discussions/new"
    files[SITE] = site_file(issue_form(), discussions, embedded_by=endpoint)
    files[README] = space_card(manifest)
    told = ("tool", "as_of", "hub", "code_version", "export_version", "load_ids", "is_redistributable")
    facts = {name: file_facts(content) for name, content in files.items()}
    files[MANIFEST] = dumped({"format": "explorer", **{name: manifest[name] for name in told}, "files": facts})
    message = f"Explorer as of {manifest['as_of']}"
    return push(
        endpoint, "space", repo_id, files, along={}, listing=MANIFEST, is_ours=_is_ours, message=message, tag=None
    )


def _manifest(snapshot: Mapping[str, bytes]) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(snapshot[MANIFEST])
    return manifest


def _is_ours(listed: Any) -> bool:
    return bool(listed["tool"] == TOOL)


class _Packed(msgspec.Struct):
    """raw/packs.json of a dataset: how many packs it has, and the last load of which they hold everything, by its line."""

    n_packs: int
    load_id: int
    line_sha256: str


def _new_packs(warehouse: Warehouse, raw: str | None, endpoint: str, repo_id: str) -> dict[str, bytes]:
    """The packs that the dataset lacks, and the file that says what its packs hold. A dataset that was packed from another
    ledger gets everything again."""
    with (
        run_lock(warehouse.lock),
        raw_of(warehouse, raw, read_only=True) as (store, ledger),
        scratch_folder() as scratch,
    ):
        lines = [hashlib.sha256(line.content).hexdigest() for line in read_lines(ledger.path.read_bytes())[0]]
        before = _packed_before(endpoint, repo_id)
        if not 0 < before.load_id <= len(lines) or lines[before.load_id - 1] != before.line_sha256:
            before = _Packed(0, 0, "")
        packed, loads = ledger.loads[: before.load_id], ledger.loads[before.load_id :]
        paths = write_packs(store, loads, scratch / "packs", packed=packed, first=before.n_packs + 1)
        if not paths:
            return {}
        now = _Packed(before.n_packs + len(paths), len(lines), lines[-1])
        packs = {f"{FOLDER}/{path.name}": path.read_bytes() for path in paths}
        return packs | {_PACKED: msgspec.json.encode(now)}


def _packed_before(endpoint: str, repo_id: str) -> _Packed:
    from huggingface_hub import get_token

    hub = Hub(endpoint, get_token())
    try:
        head = hub.head("dataset", repo_id)
        found = loop.run(hub.fetch_named("dataset", repo_id, head, _PACKED, _MOST_PACKED_BYTES))
        return _Packed(0, 0, "") if found is None else msgspec.json.decode(found[1], type=_Packed)
    except (HubError, msgspec.MsgspecError):
        return _Packed(0, 0, "")  # if the Hub does not answer, the push says so
