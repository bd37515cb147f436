"""What loads changed in words: lines for a terminal, Markdown, and JSON. warehouse.changes finds it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from leaderboard_etl.printable import how_many, one_line
from leaderboard_etl.sizes import size_method
from leaderboard_etl.warehouse.changes import KINDS, LoadChanges

# A noun for one change of each kind, and the heading of several.
_WORDS = {
    "leader_new": ("new leader", "New leaders"),
    "leader_gone": ("side without a leader", "Sides without a leader now"),
    "verdict_flipped": ("flipped verdict", "Claims of the article whose verdict flipped"),
    "score_restated": ("restated score", "Restated scores"),
    "score_withdrawn": ("withdrawn score", "Withdrawn scores"),
    "model_new": ("new model", "New models"),
    "score_new": ("new score", "New scores"),
    "size_changed": ("changed size", "Sizes that changed"),
    "license_changed": ("changed licence", "Licences that changed"),
    "name_resolved": ("resolved name", "Names resolved"),
    "name_moved": ("moved name", "Names that mean another model now"),
}
_EDITIONS = " in all dated editions (core.scores has the newest of each model)"
_NEW_MODELS = (
    "in all: each new model counts once, though several sources may name it: with one that scores it, else rates, lists, prices"
    " or describes it"
)
_SIDES = {"open_weights": "open", "proprietary": "proprietary"}


def headline(load: LoadChanges) -> str:
    """Which load it is, in one line."""
    by_code = ", by other code than the load before" if load.is_by_other_code else ""
    return f"load {load.load_id} of {load.changed_at:%Y-%m-%d %H:%M} UTC, {load.kind}{by_code}"


def counted(load: LoadChanges) -> list[str]:
    """How much each source changed, one line each; of several with new models their sum, and which source it is that counts one;
    and one line if leaders, sizes, licences and names were not compared."""
    by_source: dict[str, list[tuple[str, int, bool]]] = defaultdict(list)
    for source_id, kind, n, is_first in sorted(load.counts, key=lambda each: (each[0], KINDS.index(each[1]))):
        by_source[source_id].append((kind, n, is_first))
    lines = []
    for source_id, changes in by_source.items():
        first = " (its first load)" if any(is_first for *_, is_first in changes) else ""
        parts = []
        for kind, n, _ in changes:
            editions = _EDITIONS if kind == "score_new" and source_id in load.with_editions else ""
            parts.append(how_many(n, _WORDS[kind][0]) + editions)
        lines.append(f"{source_id}: {', '.join(parts)}{first}")
    new_models = [n for _, kind, n, _ in load.counts if kind == "model_new"]
    if len(new_models) > 1:
        lines.append(f"{how_many(sum(new_models), _WORDS['model_new'][0])} {_NEW_MODELS}")
    if not load.is_compared:
        lines.append(
            "leaders, sizes, licences and names were not compared in this load: whether they changed cannot be known"
        )
    return lines or ["nothing that is listed here"]


def told(load: LoadChanges) -> Iterator[tuple[str, Sequence[dict[str, Any]], int]]:
    """(heading, rows, how many more there are) of each kind that the load has."""
    for kind in KINDS:
        rows = [row for row in load.rows if row["kind"] == kind]
        if rows:
            yield _WORDS[kind][1], rows, load.n_notable[kind] - len(rows)


def lines(load: LoadChanges, *, has_links: bool = True) -> list[str]:
    """A load for a terminal: which it is, how much changed, and the rows told, with their links below, indented."""
    told_lines = [headline(load), *(f"  {line}" for line in counted(load))]
    for heading, rows, n_more in told(load):
        told_lines.append(f"  {heading}")
        for row in rows:
            told_lines.append(f"    {sentence(row)}")
            if has_links and row["source_url"]:
                told_lines.append(f"      {one_line(row['source_url'])}")
        if n_more:
            told_lines.append(f"    and {n_more:,} more of note")
    return told_lines


def markdown(load: LoadChanges, level: int = 2) -> str:
    """The same as Markdown, under a heading of a level. Text from data is escaped, so that it makes no link and no markup."""
    head = _escaped(headline(load))
    parts = [f"{'#' * level} {head[:1].upper()}{head[1:]}", ""]
    parts += [f"- {_escaped(line)}" for line in counted(load)]
    for heading, rows, n_more in told(load):
        parts += ["", f"{'#' * (level + 1)} {heading}", ""]
        for row in rows:
            link = f" ([source](<{_address(row['source_url'])}>))" if _address(row["source_url"]) else ""
            parts.append(f"- {_escaped(sentence(row))}{link}")
        if n_more:
            parts.append(f"- and {n_more:,} more of note")
    return "\n".join(parts) + "\n"


def as_json(load: LoadChanges) -> dict[str, Any]:
    """The same for programs."""
    return {
        "load_id": load.load_id,
        "kind": load.kind,
        "status": load.status,
        "changed_at": load.changed_at.isoformat(),
        "code_version": load.code_version,
        "is_by_other_code": load.is_by_other_code,
        "is_compared": load.is_compared,
        "counts": [
            {"source_id": source_id, "kind": kind, "n": n, "is_first_load": is_first}
            | {"has_editions": source_id in load.with_editions}
            for source_id, kind, n, is_first in load.counts
        ],
        "n_notable": load.n_notable,
        "changes": [
            {**row, "changed_at": row["changed_at"].isoformat(), "sentence": sentence(row)} for row in load.rows
        ],
    }


def sentence(row: dict[str, Any]) -> str:
    """A row of mart.changes in one line, without its link."""
    return one_line(_SENTENCES[row["kind"]](row))


def _leader(row: dict[str, Any]) -> str:
    side = f"{row['comparable_group']}, {_SIDES.get(row['openness'], row['openness'])}"
    now = f"{row['after_text']} with {_score(row, 'after')}" if row["after_text"] else "nobody"
    before = f"before {row['before_text']} with {_score(row, 'before')}" if row["before_text"] else "nobody before"
    return f"{side}: {now}, {before}"


def _score_change(row: dict[str, Any]) -> str:
    if row["kind"] == "score_restated":
        what = f"{_score(row, 'after')}, before {_score(row, 'before')} ({row['difference_pct']:+.2f} points)"
    else:
        what = _score(row, "after") if row["kind"] == "score_new" else f"{_score(row, 'before')} is no longer stated"
    return f"{row['model_id'] or 'no known model'}, {row['variant_id']}: {what}; {row['source_id']}: {row['subject']}"


def _model(row: dict[str, Any]) -> str:
    facts = ", ".join(
        fact for fact in (row["organization"], _SIDES.get(row["openness"] or ""), row["source_id"]) if fact
    )
    return f"{row['model_id']} ({facts})"


def _size(row: dict[str, Any]) -> str:
    before, after = (
        "unknown"
        if row[f"{when}_params"] is None
        else f"{row[f'{when}_params'] / 1e9:.4g}B ({size_method(row[f'{when}_text'])})"
        for when in ("before", "after")
    )
    return f"{row['model_id']}: {row['subject']} {after}, before {before}"


def _before_and_after(row: dict[str, Any]) -> str:
    return f"{row['model_id'] or row['subject']}: {row['after_text']}, before {row['before_text']}"


def _name(row: dict[str, Any]) -> str:
    return f"{row['subject']} means {row['after_text'] or 'no known model'}, before {row['before_text'] or 'no known model'}"


def _score(row: dict[str, Any], when: str) -> str:
    if row[f"{when}_rating"] is not None:
        return f"{row[f'{when}_rating']:.0f} rating points"
    return "no score" if row[f"{when}_pct"] is None else f"{row[f'{when}_pct']:.2f} %"


_SENTENCES = {
    "leader_new": _leader,
    "leader_gone": _leader,
    "verdict_flipped": _before_and_after,
    "score_restated": _score_change,
    "score_withdrawn": _score_change,
    "model_new": _model,
    "score_new": _score_change,
    "size_changed": _size,
    "license_changed": _before_and_after,
    "name_resolved": _name,
    "name_moved": _name,
}


def _escaped(text: str) -> str:
    """Text that Markdown shows as it is: also addresses and names behind an @, of which some readers make links."""
    shown = re.sub(r"([\\`*_\[\]<>|&~])", r"\\\1", text)
    return shown.replace("://", "&#58;//").replace("www.", "www&#46;").replace("@", "&#64;")


def _address(url: str | None) -> str | None:
    """A link that a reader may follow; null for none, and for what is no address of the web."""
    return url if url and re.fullmatch(r"https?://[^\s<>]+", url) else None
