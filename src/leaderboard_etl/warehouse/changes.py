"""What changed load by load, short enough to read: how much of each kind, and of each kind the rows that matter most.

The first load of a source brings thousands of models and scores. They are counted, and only what is_notable says is told.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb

# The kinds of mart.changes in the order in which they are told.
KINDS = (
    *("leader_new", "leader_gone", "verdict_flipped", "score_restated", "score_withdrawn", "model_new", "score_new"),
    *("size_changed", "license_changed", "name_resolved", "name_moved"),
)
MOST_TOLD = 10
_LOADS = """
    select
        l.load_id, l.kind, l.status, l.as_of_at, l.is_compared, l.code_version,
        l.code_version <> lag(l.code_version) over (order by l.load_id) as is_by_other_code
    from ops.loads as l
    semi join (from ops.load_sources where files_changed + files_gone > 0) as s on s.load_id = l.load_id
    where l.status in ('published', 'degraded')
    qualify l.load_id >= $since_load and l.as_of_at >= $since and l.as_of_at < $until
    order by l.as_of_at, l.load_id
"""
# Found once for the counts and for the rows. Load ids are written out, because DuckDB then skips what other loads brought.
_FOUND = """
    create or replace temp table changes_found as
    from mart.changes
    where load_id in ({loads}) and (license_id is not null or not $is_redistributable or {is_no_score})
"""
_IS_NO_SCORE = "(after_pct is null and before_pct is null and after_rating is null and before_rating is null)"
_COUNTS = """
    select load_id, coalesce(source_id, 'no source'), kind, count(*)::integer, bool_or(is_first_load)
    from changes_found
    group by all
    order by all
"""
_WITH_EDITIONS = "select source_id from core.sources where has_editions"
# Headline benchmarks first among the leaders, then the largest differences and the newest models.
_MOST_FIRST = """
    (c.kind = 'leader_new' and coalesce(g.is_headline, false)) desc, abs(c.difference_pct) desc nulls last,
    m.released_on desc nulls last, c.model_id, c.comparable_group, c.openness, c.variant_id, c.subject,
    c.source_id, c.before_text, c.after_text
"""
_ROWS = """
    select c.*, count(*) over of_kind as n_of_kind
    from changes_found as c
    left join core.models as m using (model_id)
    left join core.comparable_groups as g using (comparable_group)
    where c.is_notable or $has_all
    window of_kind as (partition by c.load_id, c.kind)
    qualify $has_all or row_number() over (
        of_kind order by {most_first}
    ) <= $most
    order by
        c.load_id, list_position($kinds, c.kind), {most_first}
"""


@dataclass(frozen=True)
class LoadChanges:
    """What one load changed. `counts` are (source_id, kind, number of changes, whether it is the source's first load); `rows` are
    rows of mart.changes in the order in which they are told, and `n_notable` says how many of each kind there would be.

    A new model counts once, with the source that mart.changes.source_id names. `with_editions` are the sources whose scores are
    of dated editions, of which core.scores has the newest. `is_compared` is that of ops.loads; `is_by_other_code`: other code
    made the load than the one before.
    """

    load_id: int
    kind: str
    status: str
    changed_at: datetime
    code_version: str
    is_compared: bool
    is_by_other_code: bool
    counts: list[tuple[str, str, int, bool]]
    rows: list[dict[str, Any]]
    n_notable: dict[str, int]
    with_editions: frozenset[str] = frozenset()


def load_changes(
    con: duckdb.DuckDBPyConnection,
    *,
    since: date | None = None,
    until: date | None = None,
    since_load_id: int = 0,
    newest: int | None = None,
    has_all: bool = False,
    is_redistributable: bool = False,
) -> list[LoadChanges]:
    """What the loads changed that brought news, oldest first: from the day `since` to the day `until`, UTC, both included, and
    only the `newest` of them; null: all.

    With `has_all` their rows are all changes, else the MOST_TOLD notable ones of each kind. With `is_redistributable` scores are
    left out whose source states no licence to pass them on.
    """
    bounds = {
        "since_load": since_load_id,
        "since": datetime.min if since is None else datetime.combine(since, datetime.min.time()),
        "until": datetime.max if until is None else datetime.combine(until, datetime.max.time()),
    }
    loads = con.execute(_LOADS, bounds).fetchall()
    loads = loads if newest is None else loads[-newest:]
    if not loads:
        return []
    load_ids = ", ".join(str(load[0]) for load in loads)
    con.execute(_FOUND.format(loads=load_ids, is_no_score=_IS_NO_SCORE), {"is_redistributable": is_redistributable})
    counts: dict[int, list[tuple[str, str, int, bool]]] = defaultdict(list)
    for load_id, *count in con.execute(_COUNTS).fetchall():
        counts[load_id].append((count[0], count[1], count[2], bool(count[3])))
    answer = con.execute(_ROWS.format(most_first=_MOST_FIRST), {"has_all": has_all, "most": MOST_TOLD, "kinds": KINDS})
    names = [name for name, *_ in answer.description or []]
    rows: dict[int, list[dict[str, Any]]] = defaultdict(list)
    n_notable: dict[int, dict[str, int]] = defaultdict(dict)
    for values in answer.fetchall():
        row = dict(zip(names, values, strict=True))
        n_notable[row["load_id"]][row["kind"]] = row.pop("n_of_kind")
        rows[row["load_id"]].append(row)
    con.execute("drop table changes_found")
    with_editions = frozenset(source_id for (source_id,) in con.execute(_WITH_EDITIONS).fetchall())
    return [
        LoadChanges(
            load_id,
            kind,
            status,
            at,
            code,
            is_compared,
            bool(is_other),
            counts[load_id],
            rows[load_id],
            n_notable[load_id],
            with_editions,
        )
        for load_id, kind, status, at, is_compared, code, is_other in loads
    ]
