"""`status` and `check`: the state of a warehouse, without changing it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from leaderboard_etl.commands.display import print_json, print_table
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.settings import Warehouse

_SHOWN_LOADS = 10
ALERT_HOURS = 36


def status(warehouse: Warehouse, *, as_json: bool) -> int:
    """The last runs by the ledger, what was published, and how much is still to be asked. Reads no table."""
    from leaderboard_etl.raw.ledger import Ledger

    ledger = Ledger(warehouse.raw)
    if ledger.last is None:
        raise WarehouseError(
            f"{warehouse.root} holds no load yet: start with `leaderboard-etl run -w {warehouse.root}`"
        )
    applied = [load for load in ledger.loads if load.is_applied and load.summary]
    last_good = max((load for load in ledger.loads if load.status != "failed"), key=lambda x: x.load_id, default=None)
    hours = _hours_since(last_good.as_of()) if last_good else None
    asked = next((s for load in reversed(ledger.loads) for s in load.sources if s.source_id == "model_cards"), None)
    loads = [
        {
            "load": load.load_id,
            "started (UTC)": f"{load.as_of():%Y-%m-%d %H:%M}",
            "status": load.status,
            "sources with news": sum(bool(source.changes_blob) for source in load.sources),
            "API calls": sum(source.api_calls for source in load.sources),
            "files": sum(source.file_calls for source in load.sources),
            "message": load.message or "",
        }
        for load in ledger.loads[-_SHOWN_LOADS:]
    ]
    found: dict[str, Any] = {
        "warehouse": str(warehouse.root),
        "hub": ledger.last.endpoint,
        "database": str(warehouse.database),
        "database_bytes": warehouse.database.stat().st_size if warehouse.database.exists() else None,
        "holds": applied[-1].summary if applied else {},
        "hours_since_last_run": hours,
        "is_overdue": hours is None or hours > ALERT_HOURS,
        "models_not_asked_for_yet": asked.remaining if asked else None,
        "nights_to_ask_them": _nights(asked.remaining, asked.api_calls) if asked else None,
        "loads": loads,
    }
    if as_json:
        print_json(found)
        return 0
    print(f"{found['warehouse']}: fed by the Hub {found['hub']!r}")
    if found["database_bytes"] is not None:
        held = ", ".join(f"{name} {count:,}" for name, count in found["holds"].items())
        print(f"published: {found['database']} ({found['database_bytes'] / 1e6:.1f} MB); {held}")
    else:
        print("nothing is published yet")
    if found["is_overdue"]:
        print(f"alert: the last run that did not fail is {hours} hours ago; nights are 24")
    if asked and asked.remaining:
        print(f"model cards: {asked.remaining:,} models not asked for yet, about {found['nights_to_ask_them']} nights")
    print_table(loads)
    return 0


def check(warehouse: Warehouse, *, as_json: bool) -> int:
    """Runs the checks on the published file. Exit code 1 if one of severity error finds rows; standing warnings
    are shown, and counted as new or not by the run that published them."""
    from leaderboard_etl.warehouse.audit import run_checks
    from leaderboard_etl.warehouse.database import open_published

    with open_published(warehouse.database) as con:
        findings = run_checks(con)
    rows: list[dict[str, Any]] = [
        {
            "check": finding.check.name,
            "severity": finding.check.severity,
            "rows": finding.n_rows,
            "what it looks for": finding.check.description,
            "examples": finding.examples[:3] if finding.n_rows else [],
        }
        for finding in findings
    ]
    if as_json:
        print_json(rows)
    else:
        print_table([{**row, "examples": str(row["examples"][0])[:160] if row["examples"] else ""} for row in rows])
    return 1 if any(finding.is_error for finding in findings) else 0


def _hours_since(moment: datetime) -> int:
    return int((datetime.now(UTC).replace(tzinfo=None) - moment).total_seconds() // 3600)


def _nights(remaining: int, calls_a_night: int) -> int:
    return 0 if not remaining else -(-remaining // max(calls_a_night, 1))
