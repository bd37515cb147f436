"""What a run reports when it ends: to a person, to a machine, and to Prefect's artifacts."""

from __future__ import annotations

from typing import Any

import msgspec

from leaderboard_etl.errors import UsageError
from leaderboard_etl.pipeline import Outcome
from leaderboard_etl.printable import how_many, one_line
from leaderboard_etl.termination import EXIT_CODE, Terminated
from leaderboard_etl.warehouse import changes_text

EXIT_CODES = {"published": 0, "no_news": 0, "degraded": 3, "failed": 1}
_HEADLINES = {
    "published": "published",
    "degraded": "published, but degraded",
    "no_news": "no news: the published warehouse stays as it is",
    "failed": "failed: nothing was published",
}


def headline(outcome: Outcome) -> str:
    """The result of the run in one line."""
    headline_text = _HEADLINES.get(outcome.status, outcome.status)
    if outcome.status == "degraded" and not outcome.counts:
        headline_text = "no news, but degraded: the published warehouse stays as it is"
    text = f"{headline_text} ({outcome.seconds:.1f} s)"
    return text if outcome.message is None else one_line(f"{text}: {outcome.message}")


def load_rows(outcome: Outcome) -> list[dict[str, Any]]:
    """One row per source: what it gave to this load."""
    if outcome.load is None:
        return []
    counts = outcome.counts
    return [
        {
            "source": entry.source_id,
            "state": entry.state,
            "revision": (entry.revision or "")[:12],
            "API calls": entry.api_calls,
            "files": entry.file_calls,
            "rows in": counts.get(entry.source_id, {}).get("rows_in", 0),
            "stored": counts.get(entry.source_id, {}).get("rows_stored", 0),
            "quarantined": counts.get(entry.source_id, {}).get("rows_quarantined", 0),
            "new": counts.get(entry.source_id, {}).get("rows_added", 0),
            "ended": counts.get(entry.source_id, {}).get("rows_closed", 0),
        }
        for entry in outcome.load.sources
    ]


def notes(outcome: Outcome) -> list[str]:
    """What a person should know besides the table: failures, drift, new warnings, models still to be asked."""
    lines = list(outcome.notes)
    for entry in outcome.load.sources if outcome.load else []:
        if entry.message:
            lines.append(f"{entry.source_id}: {entry.message}")
        if entry.remaining and entry.state != "failed":  # else its message says what is left
            lines.append(
                f"{entry.source_id}: {how_many(entry.remaining, 'model')} not asked for yet; the next runs go on there"
            )
        lines.extend(f"drift in {d.source_id}, {d.subject}: {d.message}" for d in entry.drift if not d.is_held)
    for finding in outcome.findings:
        if finding.n_rows:
            new = f", {finding.n_new} of them new" if finding.n_new else ", none of them new"
            lines.append(
                f"check {finding.check.name}: {how_many(finding.n_rows, 'row')} ({finding.check.description}){new}"
            )
    return [one_line(line) for line in lines]


def markdown(outcome: Outcome) -> str:
    """The report as Markdown, for Prefect and for a file."""
    rows = load_rows(outcome)
    lines = [f"# {headline(outcome)}", ""]
    if rows:
        lines += ["| " + " | ".join(rows[0]) + " |", "|" + " --- |" * len(rows[0])]
        lines += ["| " + " | ".join(_cell(value) for value in row.values()) + " |" for row in rows]
    lines += ["", *(f"- {_cell(note)}" for note in notes(outcome))]
    for changes in outcome.changes:
        lines += ["", changes_text.markdown(changes)]
    if outcome.load is not None and outcome.load.summary:
        held = ", ".join(f"{name} {count:,}" for name, count in outcome.load.summary.items())
        lines += ["", f"The warehouse holds: {held}."]
    return "\n".join(lines) + "\n"


def as_json(outcome: Outcome) -> dict[str, Any]:
    """The same for machines."""
    return {
        "status": outcome.status,
        "exit_code": EXIT_CODES.get(outcome.status, 1),
        "message": outcome.message,
        "headline": headline(outcome),
        "rows": load_rows(outcome),
        "notes": notes(outcome),
        "changed": [line for each in outcome.changes for line in changes_text.lines(each, has_links=False)],
        "changes": [changes_text.as_json(each) for each in outcome.changes],
        "warehouse": str(outcome.options.warehouse.root),
        "database": outcome.options.warehouse.published_name,
        "seconds": round(outcome.seconds, 3),
        "load": msgspec.to_builtins(outcome.load),
        "counts": outcome.counts,
        "checks": [
            {
                "check": f.check.name,
                "severity": f.check.severity,
                "rows": f.n_rows,
                "new": f.n_new,
                "accepted": f.n_accepted,
                "examples": f.examples,
            }
            for f in outcome.findings
        ],
    }


def refusal(error: Exception | Terminated) -> dict[str, Any]:
    """The same for a run that an error or SIGTERM ended before there was an outcome, in the keys that both have."""
    text = one_line(" ".join(str(error).split()) or type(error).__name__)
    is_terminated = isinstance(error, Terminated)
    return {
        "status": "failed",
        "exit_code": EXIT_CODE if is_terminated else 2 if isinstance(error, UsageError) else 1,
        "message": text,
        "headline": f"failed: {text}" if is_terminated else f"failed before it began: {text}",
    }


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
