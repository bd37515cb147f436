"""`quarantine`: shows the quarantined records and their places, and parses them again."""

from __future__ import annotations

import argparse
import io
import re
from typing import Any

from leaderboard_etl.commands.display import print_json, print_table, records
from leaderboard_etl.commands.hints import of_warehouse
from leaderboard_etl.commands.parsing import Commands, add_command, add_json
from leaderboard_etl.errors import UsageError
from leaderboard_etl.printable import how_many, visible
from leaderboard_etl.settings import Warehouse

# A record keeps its id in every load, because the id depends only on the text and its place.
_RECORD = "md5(concat_ws('|', source_id, target, rule, repo_type, repo_id, path, locator, offending_text))[:10]"
_CONTEXT_BYTES = 300
# Matches the rows of a table, numbered from 0; the reference files use another form.
_ROW = re.compile(r"row (\d+)(?:,|$)")


def register(commands: Commands) -> None:
    """Registers `quarantine`."""
    command = add_command(commands, "quarantine", quarantine, "records that were refused, and why")
    command.add_argument(
        "action",
        choices=("list", "show", "replay"),
        help="list: what is in quarantine now; show: one complete record; replay: read its files again, after a fix",
    )
    command.add_argument("record", nargs="?", help="for show: the record's id, as list prints it, or its first letters")
    command.add_argument("--source", help="only this source")
    command.add_argument("--rule", help="only this rule")
    command.add_argument("--limit", type=int, default=50, help="at most this many rows (default: %(default)s)")
    add_json(command)


def quarantine(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Runs the requested action."""
    if options.action == "replay":
        return _replay(warehouse, as_json=options.json)
    if options.action == "show":
        if not options.record:
            raise UsageError("show needs the id of a record: `leaderboard-etl quarantine list` prints them")
        return _show(warehouse, options.record.lower(), as_json=options.json)
    return _list(warehouse, source=options.source, rule=options.rule, limit=options.limit, as_json=options.json)


def _list(warehouse: Warehouse, *, source: str | None, rule: str | None, limit: int, as_json: bool) -> int:
    """Prints the records in quarantine, newest first, with the offending text and its place."""
    from leaderboard_etl.target.opening import open_published

    where = "valid_to is null and ($source is null or source_id = $source) and ($rule is null or rule = $rule)"
    values = {"source": source, "rule": rule}
    with open_published(warehouse) as con:
        counted = con.execute(f"select count(*) from ops.quarantine where {where}", values).fetchall()
        rules = records(
            con.sql(
                "select source_id as source, rule, count(*) as records, min(left(reason, 140)) as 'what it means, for one'"
                f" from ops.quarantine where {where} group by all order by records desc, source, rule",
                params=values,
            )
        )
        rows = records(
            con.sql(
                f"""
            select
                {_RECORD} as record, source_id, rule, source_name, offending_text, reason, repo_id, path, locator,
                revision, valid_from
            from ops.quarantine
            where {where}
            order by load_id desc, source_id, rule, source_name, path, locator
            limit $limit
            """,
                params={**values, "limit": limit},
            )
        )
    if as_json:
        print_json(rows)
        return 0
    count = counted[0][0]
    print(f"{how_many(count, 'record')} {'is' if count == 1 else 'are'} in quarantine")
    print_table(rules)
    if count > len(rows):
        print(f"the newest {len(rows)} of them, more with --limit:")
    print_table(
        [
            {
                "id": row["record"],
                "source, rule": f"{row['source_id']} {row['rule']}",
                "text": _cut(row["offending_text"], 56),
                "place": _tail(f"{row['path']}, {row['locator']}", 80),
                "since": f"{row['valid_from']:%Y-%m-%d}",
            }
            for row in rows
        ]
    )
    if rows:
        print(f"the whole of one: {of_warehouse(warehouse, 'quarantine', 'show', rows[0]['record'])}")
        print(f"after a fix: {of_warehouse(warehouse, 'quarantine', 'replay')}")
    return 0


def _show(warehouse: Warehouse, record: str, *, as_json: bool) -> int:
    """Prints one complete record and, if the offending text is found in the landed file, the text around it."""
    from leaderboard_etl.target.opening import open_published

    with open_published(warehouse) as con:
        rows = records(
            con.sql(
                f"select {_RECORD} as record, * from ops.quarantine where valid_to is null and starts_with({_RECORD}, $record)"
                " order by record limit 2",
                params={"record": record},
            )
        )
    if not rows:
        raise UsageError(f"no record {record!r} is in quarantine: `leaderboard-etl quarantine list` prints the ids")
    if len({row["record"] for row in rows}) > 1:
        raise UsageError(f"{record!r} is the beginning of several ids; give more of it")
    row = rows[0]
    row["around_it"] = _around(warehouse, row)
    if as_json:
        print_json(row)
        return 0
    width = max(len(name) for name in row)
    for name, value in row.items():
        if value is not None:
            text = str(value).replace("\n", "\n" + " " * (width + 2))
            print(f"{name:<{width}}  {visible(text)}")
    return 0


def _around(warehouse: Warehouse, row: dict[str, Any]) -> str | None:
    """The content of the landed file at the record's place: the row of the table, or the bytes around the offending
    text; null if the file holds the text in another form."""
    from leaderboard_etl.raw.store import BlobStore

    with BlobStore(warehouse.raw, read_only=True) as store:
        content = store.get(row["blob_id"])
    if numbered := _ROW.match(row["locator"]):
        return _row(content, str(row["path"]), int(numbered[1]))
    offending_bytes = str(row["offending_text"] or "").encode("utf-8", "replace")
    # The text may occur in the file several times; the right one follows the name of its task.
    begin = max(0, max(content.find(f'"{key}"'.encode()) for key in _keys(row["locator"])))
    at = content.find(offending_bytes, begin) if offending_bytes else -1
    if at < 0:
        return None
    return content[max(0, at - _CONTEXT_BYTES) : at + len(offending_bytes) + _CONTEXT_BYTES].decode("utf-8", "replace")


def _keys(locator: str) -> list[str]:
    """The parts of a key path `results.<task>.<metric>` that may be the task's name, which may contain dots."""
    parts = locator.split(".")[1:]
    return [".".join(parts[:n]) for n in range(1, len(parts) + 1)] or [locator]


def _row(content: bytes, path: str, number: int) -> str | None:
    """A row of a table, each cell with its column's name; null if the file has no such row."""
    import polars as pl

    try:
        if path.endswith(".parquet"):
            rows = pl.read_parquet(io.BytesIO(content)).slice(number, 1)
        else:
            rows = pl.read_csv(io.BytesIO(content), infer_schema=False, truncate_ragged_lines=True).slice(number, 1)
    except pl.exceptions.PolarsError:
        return None
    cells = rows.to_dicts()
    return "\n".join(f"{name}: {value}" for name, value in cells[0].items()) if cells else None


def _cut(text: str, most: int) -> str:
    """A text short enough for a line; a cut text ends with an ellipsis."""
    return text if len(text) <= most else text[: most - 1] + "…"


def _tail(text: str, most: int) -> str:
    """A place short enough for a line; it keeps the end, which identifies the place better than the beginning."""
    return text if len(text) <= most else "…" + text[1 - most :]


def _replay(warehouse: Warehouse, *, as_json: bool) -> int:
    """Parses the files of all quarantined records again and publishes the result."""
    from leaderboard_etl import report
    from leaderboard_etl.pipeline import replay
    from leaderboard_etl.target.opening import open_published

    with open_published(warehouse) as con:
        before = con.execute("select count(*) from ops.quarantine where valid_to is null").fetchall()[0][0]
    outcome = replay(warehouse)
    with open_published(warehouse) as con:
        after = con.execute("select count(*) from ops.quarantine where valid_to is null").fetchall()[0][0]
    stored = sum(counts["rows_added"] for counts in outcome.counts.values())
    if as_json:
        print_json({**report.as_json(outcome), "quarantined_before": before, "quarantined_after": after})
    else:
        print(f"records in quarantine: {before:,} before, {after:,} now; new rows: {stored:,}; {outcome.status}")
        if outcome.message:
            print(outcome.message)
    return report.EXIT_CODES.get(outcome.status, 1)
