"""Writes what a run did and what the warehouse holds into a text file in the OpenMetrics format, for a monitor.

Only gauges and counters are used, so that collectors of the older Prometheus format can read the file as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leaderboard_etl.errors import EtlError, UsageError
from leaderboard_etl.raw.ledger import Ledger, Load
from leaderboard_etl.raw.store import STORE_NAME
from leaderboard_etl.report import EXIT_CODES
from leaderboard_etl.settings import DATABASE_NAME, Warehouse

if TYPE_CHECKING:
    from prometheus_client import Metric

_PREFIX = "leaderboard_etl"
_LEDGER_NAME = "ledger.jsonl"  # a ledger that cannot be read still has a size
_ROWS = {"rows in": "in", "stored": "stored", "quarantined": "quarantined", "new": "new", "ended": "ended"}


def expect_metrics_file(file: Path, warehouse: Warehouse) -> None:
    """Raises UsageError if `file` cannot be replaced, is one of the warehouse's own files (under any name), or lies
    where the warehouse writes files."""
    resolved = file.resolve()
    if resolved.exists() and not resolved.is_file():
        raise UsageError(f"--metrics {file} is not a regular file: give the path of a file to write")
    root = warehouse.root.resolve()
    is_inside = resolved.is_relative_to(root)
    parts_below = resolved.relative_to(root).parts if is_inside else ("",)
    reserved_names = (warehouse.raw.name, warehouse.prefect.name, warehouse.exports.name, warehouse.lock.name)
    is_reserved = is_inside and (
        not parts_below or parts_below[0] in reserved_names or parts_below[0].startswith(f"{Path(DATABASE_NAME).stem}.")
    )
    own = (warehouse.database, warehouse.raw / STORE_NAME, warehouse.raw / _LEDGER_NAME)
    if is_reserved or (resolved.exists() and any(path.exists() and path.samefile(resolved) for path in own)):
        raise UsageError(f"--metrics {file} is one of the warehouse's own files or is among them: choose another path")


def write_metrics(file: Path, outcome: Mapping[str, Any], warehouse: Warehouse) -> str | None:
    """Writes the metrics of a run that ended as `outcome` (`report.as_json` or `report.refusal`), by replacing the
    whole file.

    Returns null, or the reason why the file could not be written.
    """
    partial = file.resolve().with_name(f".{file.name}.{os.getpid()}.part")
    try:
        expect_metrics_file(file, warehouse)
        try:
            partial.write_bytes(metrics_text(outcome, warehouse, datetime.now(UTC)))
            partial.replace(file.resolve())
        finally:
            partial.unlink(missing_ok=True)
    except (OSError, EtlError) as error:
        return f"the metrics of this run were not written to {file}: {getattr(error, 'strerror', None) or error}"
    return None


def metrics_text(outcome: Mapping[str, Any], warehouse: Warehouse, now: datetime) -> bytes:
    """The metrics in the OpenMetrics format. Values that are unknown, because the ledger cannot be read or nothing was
    published, are left out. `now` is the time of writing, with a time zone."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.openmetrics.exposition import generate_latest
    from prometheus_client.registry import Collector

    class RunCollector(Collector):
        def collect(self) -> Iterator[Metric]:
            yield from _run_metrics(outcome, now)
            yield from _ledger_metrics(_loads(warehouse), now)
            yield from _file_metrics(warehouse)

    registry = CollectorRegistry()
    registry.register(RunCollector())
    text: bytes = generate_latest(registry)  # type: ignore[no-untyped-call]
    return text


def _loads(warehouse: Warehouse) -> list[Load]:
    try:
        return Ledger(warehouse.raw).loads
    except (EtlError, OSError):
        return []


def _run_metrics(outcome: Mapping[str, Any], now: datetime) -> Iterator[Metric]:
    from prometheus_client.metrics_core import GaugeMetricFamily

    status = GaugeMetricFamily(
        f"{_PREFIX}_run_status", "1 for how the last run ended, 0 for the others.", labels=["status"]
    )
    for name in EXIT_CODES:
        status.add_metric([name], float(name == outcome["status"]))
    yield status
    yield _seconds_gauge("run_finished_timestamp", "When the last run ended, as Unix time.", now.timestamp())
    if "seconds" in outcome:
        yield _seconds_gauge("run_duration", "How long the last run took.", outcome["seconds"])
    rows = GaugeMetricFamily(
        f"{_PREFIX}_run_rows", "Rows of a source in the last run, by what became of them.", labels=["source", "kind"]
    )
    for row in outcome.get("rows", []):
        for column, kind in _ROWS.items():
            rows.add_metric([row["source"], kind], row[column])
    yield rows


def _ledger_metrics(loads: list[Load], now: datetime) -> Iterator[Metric]:
    from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

    successful_at = [load.as_of().replace(tzinfo=UTC) for load in loads if load.status != "failed"]
    if successful_at:
        last = max(successful_at)
        yield _seconds_gauge(
            "last_success_timestamp", "When the newest run began that did not fail, as Unix time.", last.timestamp()
        )
        yield _seconds_gauge(
            "last_success_age", "The same as an age when this file was written.", max(0.0, (now - last).total_seconds())
        )
    api = CounterMetricFamily(
        f"{_PREFIX}_api_calls", "API calls to the Hub in all loads of the ledger.", labels=["source"]
    )
    files = CounterMetricFamily(
        f"{_PREFIX}_file_calls", "Calls for files of the Hub in all loads of the ledger.", labels=["source"]
    )
    entries = [entry for load in loads for entry in load.sources]
    for source_id in sorted({entry.source_id for entry in entries}):
        of_source = [entry for entry in entries if entry.source_id == source_id]
        api.add_metric([source_id], sum(entry.api_calls for entry in of_source))
        files.add_metric([source_id], sum(entry.file_calls for entry in of_source))
    yield api
    yield files
    last_summary = next((load.summary for load in reversed(loads) if load.is_applied and load.summary), {})
    if "quarantine" in last_summary:
        yield GaugeMetricFamily(f"{_PREFIX}_quarantined_records", "Records in quarantine.", last_summary["quarantine"])


def _file_metrics(warehouse: Warehouse) -> Iterator[Metric]:
    from prometheus_client.metrics_core import GaugeMetricFamily

    sizes = GaugeMetricFamily(
        f"{_PREFIX}_file_size_bytes", "Sizes of the warehouse's files.", labels=["file"], unit="bytes"
    )
    for path in (warehouse.database, warehouse.raw / STORE_NAME, warehouse.raw / _LEDGER_NAME):
        with suppress(OSError):
            sizes.add_metric([path.name], path.stat().st_size)
    yield sizes


def _seconds_gauge(name: str, text: str, value: float) -> Metric:
    from prometheus_client.metrics_core import GaugeMetricFamily

    return GaugeMetricFamily(f"{_PREFIX}_{name}_seconds", text, value, unit="seconds")
