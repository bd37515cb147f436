"""The snapshot flow: exports a state into a folder named after its day, verifies it, and keeps its figures with the
run."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from leaderboard_etl import orchestration
from leaderboard_etl.days import named_day
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.export import summary
from leaderboard_etl.export.datapackage import media_type
from leaderboard_etl.export.folder import write_snapshot
from leaderboard_etl.export.publish import genuine_snapshot, publish_snapshot
from leaderboard_etl.export.verify import verify_snapshot
from leaderboard_etl.options import hub_address
from leaderboard_etl.settings import Warehouse

_MOST_BYTES = 400_000  # the largest figure kept with the run, because the Prefect server's database holds it


@task(cache_policy=NO_CACHE, persist_result=False)
def export(warehouse: Warehouse, out: str | None, day: date | None, with_database: bool) -> tuple[Path, dict[str, Any]]:
    """Writes the snapshot, by default into exports/<day> of the warehouse; returns the folder and its manifest."""
    manifest = write_snapshot(warehouse, Path(out) if out else None, day, with_database=with_database)
    return Path(out) if out else warehouse.exports / manifest["as_of"], manifest


@task(cache_policy=NO_CACHE, persist_result=False)
def verify(warehouse: Warehouse, folder: Path) -> None:
    """Raises WarehouseError if the folder is not what its manifest says."""
    bad = [f"{file.name}: {file.problem}" for file in verify_snapshot(warehouse, folder)[0] if file.problem]
    if bad:
        raise WarehouseError(f"{folder} is not what its manifest says: {'; '.join(bad)}")


@task(cache_policy=NO_CACHE, persist_result=False)
def publish(warehouse: Warehouse, repo: str, day: date | None) -> None:
    """Publishes the snapshot on the Hub of HF_ENDPOINT, with HF_TOKEN."""
    publish_snapshot(genuine_snapshot(warehouse, day), warehouse, repo, hub_address(None))


@flow(name="snapshot", log_prints=False)
def snapshot(
    warehouse: str = "warehouse",
    out: str | None = None,
    as_of: str | None = None,
    with_database: bool = False,
    repo: str | None = None,
) -> dict[str, Any]:
    """Exports the published state, or the state of a day (YYYY-MM-DD, today or yesterday) or of a tag `as-of-<day>`; with
    `repo` it is published on the Hub as well."""
    opened = Warehouse(Path(warehouse))
    day = named_day(as_of.removeprefix("as-of-")) if as_of else None
    folder, manifest = export(opened, out, day, with_database)
    verify(opened, folder)
    orchestration.markdown_artifact("snapshot", summary.markdown(manifest, folder))
    for figure in sorted(path for path in (folder / "figures").glob("*") if path.stat().st_size <= _MOST_BYTES):
        key = figure.name.replace(".", "-").replace("_", "-").lower()
        orchestration.image_artifact(key, figure.read_bytes(), media_type(figure.name), f"as of {manifest['as_of']}")
    if repo:
        publish(opened, repo, day)
    return {"folder": str(folder), "as_of": manifest["as_of"]}
