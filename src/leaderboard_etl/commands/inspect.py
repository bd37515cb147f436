"""`status` and `check`: show the state of a warehouse without changing it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from leaderboard_etl.commands.display import print_json, print_table
from leaderboard_etl.commands.parsing import Commands, add_command, add_json
from leaderboard_etl.errors import WarehouseError
from leaderboard_etl.printable import how_many
from leaderboard_etl.settings import Warehouse

if TYPE_CHECKING:
    from leaderboard_etl.raw.ledger import Ledger

_SHOWN_LOADS = 10
ALERT_HOURS = 36


def register(commands: Commands) -> None:
    """Registers `status` and `check`."""
    text = "what the warehouse holds and how the last runs ended"
    add_json(add_command(commands, "status", lambda options, warehouse: status(warehouse, as_json=options.json), text))
    text = "run every check of sql/checks on the published warehouse"
    add_json(add_command(commands, "check", lambda options, warehouse: check(warehouse, as_json=options.json), text))


def status(warehouse: Warehouse, *, as_json: bool) -> int:
    """Prints the last runs, how fresh each source is, sizes, and how many models are still to be asked for, from the
    ledger only.

    Returns exit code 3 if no run succeeded for 36 hours, for monitors that read exit codes.
    """
    from leaderboard_etl.commands.freshness import age, folder_bytes, next_expected_at, source_rows
    from leaderboard_etl.raw.ledger import Ledger

    ledger = Ledger(warehouse.raw)
    if ledger.last is None:
        raise WarehouseError(
            f"{warehouse.root} holds no load yet: start with `leaderboard-etl run -w {shlex.quote(str(warehouse.root))}`"
        )
    applied = [load for load in ledger.loads if load.is_applied and load.summary]
    last_good = max((load for load in ledger.loads if load.status != "failed"), key=lambda x: x.load_id, default=None)
    hours = _hours_since(last_good.as_of()) if last_good else None
    cards = _card_progress(warehouse, ledger)
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
    state: dict[str, Any] = {
        "warehouse": str(warehouse.root),
        "hub": ledger.last.endpoint,
        "database": str(warehouse.database),
        "database_bytes": warehouse.database.stat().st_size if warehouse.database.exists() else None,
        "raw_bytes": folder_bytes(warehouse.raw),
        "ledger_bytes": ledger.path.stat().st_size,
        "next_run_expected_at": next_expected_at(ledger.loads),
        "sources": source_rows(ledger.loads),
        "holds": applied[-1].summary if applied else {},
        "hours_since_last_run": hours,
        "is_overdue": hours is None or hours > ALERT_HOURS,
        "models_asked_for": cards.asked if cards else None,
        "models_not_asked_for_yet": cards.remaining if cards else None,
        "nights_to_ask_them": cards.nights if cards else None,
        "oldest_answer_at": cards.oldest_at if cards else None,
        "loads": loads,
    }
    if as_json:
        print_json(state)
        return 3 if state["is_overdue"] else 0
    print(f"{state['warehouse']}: fed by the Hub {state['hub']!r}")
    if state["database_bytes"] is not None:
        counts = (
            ", ".join(f"{name} {count:,}" for name, count in state["holds"].items()) or "no count: no night has run yet"
        )
        print(f"published: {state['database']} ({state['database_bytes'] / 1e6:.1f} MB); {counts}")
    else:
        print("nothing is published yet")
    raw, lines = state["raw_bytes"] / 1e6, state["ledger_bytes"] / 1e6
    print(
        f"raw: {raw:.1f} MB, its ledger {lines:.1f} MB; next run expected at {state['next_run_expected_at']:%Y-%m-%d %H:%M} UTC"
    )
    if state["is_overdue"]:
        last = (
            "no run has succeeded yet"
            if hours is None
            else f"the last run that did not fail is {how_many(hours, 'hour')} ago"
        )
        print(f"alert: {last}; nights are 24 hours apart")
    if cards is not None:
        print(cards.line)
    print_table(loads)
    print_table(
        [
            {
                "source": row["source"],
                "state": row["state"],
                "answered": age(row["answered_at"]),
                "news": age(row["news_at"]),
            }
            for row in state["sources"]
        ]
    )
    return 3 if state["is_overdue"] else 0


def check(warehouse: Warehouse, *, as_json: bool) -> int:
    """Runs the checks on the published file. Exit code 1 if a check of severity error finds rows. Warnings are shown;
    only the run that published them counts them as new or accepted."""
    from leaderboard_etl.target.opening import open_published
    from leaderboard_etl.warehouse.audit import run_checks

    with open_published(warehouse) as con:
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


@dataclass(frozen=True)
class _CardProgress:
    """Progress of the passes over the models. `nights` is null if no pass has asked for a model yet."""

    asked: int
    remaining: int
    nights: int | None
    calls: int
    oldest_at: str

    @property
    def line(self) -> str:
        since = f"the oldest current answer is of {self.oldest_at[:10]}"
        if not self.remaining:
            return f"model cards: all {how_many(self.asked, 'model')} asked for; {since}"
        pace = "the last run asked for none" if self.nights is None else f"about {how_many(self.nights, 'more night')}"
        pace += f" at its {how_many(self.calls, 'call')}" if self.nights is not None else ""
        return f"model cards: {how_many(self.asked, 'model')} asked for, {self.remaining:,} not yet, {pace}; {since}"


def _card_progress(warehouse: Warehouse, ledger: Ledger) -> _CardProgress | None:
    """The progress according to the ledger; null if no model was ever asked for.

    One call may answer for all models of an owner, so the pace is that of the last run that asked for new models.
    """
    from leaderboard_etl.landing.card_pass import ABSENT_PATH, INFO_PATH
    from leaderboard_etl.raw.ledger import read_changes
    from leaderboard_etl.raw.store import BlobStore
    from leaderboard_etl.raw.torn import is_torn
    from leaderboard_etl.sources.model_cards import SOURCE_ID

    answers: dict[str, str] = {}
    n_new, calls, remaining = 0, 0, 0
    loads = [load for load in ledger.loads if load.status != "failed"]
    with BlobStore(warehouse.raw, read_only=True) as store:
        if is_torn(ledger, store):
            loads.remove(ledger.loads[-1])  # the next run sets its line aside
        for entry in (s for load in loads for s in load.sources if s.source_id == SOURCE_ID):
            files = read_changes(store, entry).changed
            answers_of_load = {file.repo_id: file.fetched_at for file in files if file.path in (INFO_PATH, ABSENT_PATH)}
            if new := len(answers_of_load.keys() - answers.keys()):
                n_new, calls = new, entry.api_calls
            answers.update(answers_of_load)
            remaining = entry.remaining
    if not answers:
        return None
    nights = -(-remaining // n_new) if n_new else None
    return _CardProgress(len(answers), remaining, nights, calls, min(answers.values()))
