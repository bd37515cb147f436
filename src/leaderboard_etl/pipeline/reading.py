"""From raw into frames: what is new is parsed, and held back if it cannot be believed."""

from __future__ import annotations

from collections.abc import Sequence

from leaderboard_etl.errors import EtlError, first_line
from leaderboard_etl.pipeline.brake import brake
from leaderboard_etl.pipeline.night import Night
from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.ledger import Changes, Drift, FileVersion
from leaderboard_etl.sources.base import Parsed, concat, empty
from leaderboard_etl.sources.registry import POLICY_SOURCE, SOURCES
from leaderboard_etl.warehouse.fold import parse_batches


def read_source(night: Night, source_id: str) -> None:
    """Parses what is new, and holds the source at its last good state if the news cannot be believed."""
    entry, changes = night.entries.get(source_id), night.changes.get(source_id, Changes())
    # A source of thousands of questions may have failed with most of them, and keep what arrived.
    if entry is None or (entry.state == "failed" and not changes):
        return
    has_new_policy = bool(night.changes.get(POLICY_SOURCE))
    files = list(changes.changed)
    if has_new_policy:
        current = dict(night.state.of(source_id))
        current.update({file.place: file for file in changes.changed})
        gone = {tuple(place) for place in changes.gone}
        files = [file for place, file in current.items() if place not in gone]
    if not files and not changes:
        return
    try:
        parsed = _read_in_batches(night, source_id, files)
    except EtlError as error:
        _hold(night, source_id, [Drift(source_id, "unreadable", "files", first_line(error), is_held=True)])
        return
    drift = [*parsed.drift, *_brake(night, source_id, parsed, changes)]
    if any(finding.is_held for finding in drift):
        if not _is_accepted(night, source_id):
            _hold(night, source_id, drift)
            return
        drift = [Drift(d.source_id, "accepted", d.subject, f"let in by --accept: {d.message}") for d in drift]
    entry.drift = [*entry.drift, *drift]
    night.parsed[source_id] = parsed


def _read_in_batches(night: Night, source_id: str, files: list[FileVersion]) -> Parsed:
    """What the files say; of more than fits in memory without the subtasks, which are read again when they are folded."""
    parts: list[Parsed] = []
    for _, part in parse_batches(SOURCES[source_id], files, night.store, read_policy()):
        parts.append(part)
        if len(parts) > 1:
            night.partly_read.add(source_id)
            parts[-2].subtask_scores = parts[-1].subtask_scores = empty("subtask_scores")
    parsed = concat(parts) if parts else Parsed(rows_in=0)
    parsed.drift = _one_a_subject(parsed.drift)
    return parsed


def _one_a_subject(drift: Sequence[Drift]) -> list[Drift]:
    """What several batches found of one subject as one finding, in their words."""
    found: dict[tuple[str, str, str], list[Drift]] = {}
    for finding in drift:
        found.setdefault((finding.source_id, finding.kind, finding.subject), []).append(finding)
    return [
        Drift(*subject, "; ".join(dict.fromkeys(each.message for each in same)), any(each.is_held for each in same))
        for subject, same in found.items()
    ]


def _hold(night: Night, source_id: str, drift: list[Drift]) -> None:
    """Takes the source's news back: it stays at its last good state, and the same head is looked at again next time."""
    entry = night.entries[source_id]
    held = [finding.message for finding in drift if finding.is_held]
    night.changes[source_id] = Changes()
    entry.state, entry.message, entry.changes_blob = "held", "; ".join(held), None
    entry.drift = [*entry.drift, *drift]


def _is_accepted(night: Night, source_id: str) -> bool:
    revision = night.entries[source_id].revision or ""
    for accepted in night.options.accept:
        name, _, wanted = accepted.partition("@")
        if name == source_id and len(wanted) >= 7 and revision.startswith(wanted):
            return True
    return False


def _brake(night: Night, source_id: str, parsed: Parsed, changes: Changes) -> list[Drift]:
    """Compares what was read with what is believed of the same files; cards and curated rows change one by one."""
    if not SOURCES[source_id].repo_id:
        return []
    places = [file.place for file in changes.changed] + [(place[0], place[1], place[2]) for place in changes.gone]
    before = night.believed.scores_at(source_id, places)
    return brake(source_id, before, parsed.scores) if before is not None else []
