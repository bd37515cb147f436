"""What the results of analyses were made from, so that a run computes again only what is made from something else.

A result is computed part by part, such as a comparable group. sql/inputs/<analysis>.sql says what each part is made from: it
returns the columns that name a part and `said`, the hash of a row; where the part is null, the row is an input of every part.
ops.analysis_inputs keeps a hash of these for the rows that the tables hold. Rows are hashed without regard to their order.

A table of an analysis is written whole and sorted. Of a kept view, which may have a million rows, only the rows that differ are
written, at its end. Either way a part that was left alone and one that was computed again hold the same rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

import duckdb
import polars as pl

from leaderboard_etl import engine
from leaderboard_etl.code_version import code_version
from leaderboard_etl.contracts.schema import Relation, frame_schema, kept_views, tables
from leaderboard_etl.memory import release_memory
from leaderboard_etl.settings import resource
from leaderboard_etl.warehouse.database import kept_tables

# Other versions of these may give other last digits.
_COMPUTING = ("duckdb", "numpy", "polars")
_SEPARATOR = " / "
# Between the hash of the inputs of every part and that of the inputs of one.
_OF_PART = " "
# A table of more values leaves so much room, when all of it is replaced, that a checkpoint in between is worth its time.
_MANY_VALUES = 500_000
# Where more of a kept view differs than this share, it is written whole, which sorts it again.
_MOST_CHANGED = 0.25
# Parts of a kept view that are made from more rows than this are not computed at once: DuckDB holds much of what it joins.
_MOST_AT_ONCE = 300_000
Part = tuple[str, ...]
Computed = dict[str, list[Part]]


@dataclass(frozen=True)
class Analysis:
    """The name of a query in sql/inputs, the tables that the analysis fills, and their columns that name a part; none: the
    whole is one part."""

    name: str
    tables: tuple[str, ...]
    part: tuple[str, ...] = ()


def refresh(
    con: duckdb.DuckDBPyConnection,
    analysis: Analysis,
    compute: Callable[[list[Part]], Mapping[str, pl.DataFrame]],
) -> list[Part]:
    """Brings the tables of an analysis up to date, and returns the parts that were computed: those whose inputs differ from what
    the tables hold.

    `compute` gets these parts and returns rows of the tables, of these parts alone.
    """
    now, _ = _hashes(con, analysis)
    stale, outdated = _compare(con, analysis, now)
    if not outdated:
        return []
    release_memory(con)
    frames = compute(stale)
    for table in analysis.tables:
        frame = frames[table]
        con.register("incoming", frame.select(pl.col(name).cast(dtype) for name, dtype in frame_schema(table).items()))
        _replace(con, table, "all", _is_one_of(_name(analysis.part), outdated), "from incoming")
        con.unregister("incoming")
    _remember(con, analysis, now, outdated)
    return stale


def is_stale(con: duckdb.DuckDBPyConnection, analysis: Analysis) -> bool:
    """Whether `refresh` would compute any part."""
    now, _ = _hashes(con, analysis)
    return bool(_compare(con, analysis, now)[0])


@dataclass(frozen=True)
class Held:
    """An attached database with the results of another day, to which ops.analysis_inputs belongs. `touched`: the only models of
    which core says something else there; null: not known, or more than these differ."""

    catalog: str
    touched: Sequence[str] | None = None


def refresh_view(
    con: duckdb.DuckDBPyConnection,
    view: Relation,
    order: str,
    held: Held | None = None,
    judged: Sequence[str] | None = None,
) -> list[Part]:
    """The same for a view that is kept as a table: its own query computes the rows. In the end it is a table.

    `judged` are the only models of which core says something else than what the table was made from; null: not known. Where each
    row follows from a model, only theirs are computed.
    With `held` it is a view of the rows there that are made from the same, which are most, and of a table of the others; where
    each row follows from a model, those of the models that are touched.
    """
    if held is not None and held.touched is not None and view.row_by is not None:
        is_touched = _is_one_of(view.row_by, held.touched)
        _show(con, view, held, f"select * from ({view.query}) where {is_touched}", f"not {is_touched}")
        return []
    analysis = Analysis(view.name.split(".")[1], (view.name,), view.kept_by or ())
    is_table = view.name in kept_tables(con)
    if not is_table and held is None:
        con.execute("delete from ops.analysis_inputs where analysis = ?", [analysis.name])
    now, n_rows = _hashes(con, analysis)
    stale, outdated = _compare(con, analysis, now)
    if is_table and not outdated:
        return []
    # A column and literals, which DuckDB tests before it groups.
    [column] = analysis.part or ("''",)
    whole = f"select * from ({view.query})"
    query = f"{whole} where {_is_one_of(column, stale)}" if len(stale) < len(now) else whole
    if is_table and view.row_by is not None and judged is not None and _is_same_for_every_part(con, analysis, now):
        of_judged = _is_one_of(view.row_by, judged)
        _write_difference(con, view.name, order, of_judged, f"{whole} where {of_judged}")
    elif is_table:
        _write_difference(con, view.name, order, _is_one_of(_name(analysis.part), outdated), query)
    elif held is not None:
        _show(con, view, held, query, _is_one_of(column, [part for part in now if part not in stale]))
    else:
        written = f"create table {view.name}_made as"
        for parts in _at_once(n_rows) if order.startswith(column) else [list(now)]:
            of_parts = f" where {_is_one_of(column, parts)}" if len(parts) < len(now) else ""
            con.execute(f"{written} {whole}{of_parts} order by {order}")
            written = f"insert into {view.name}_made"
        con.execute(f"drop view if exists {view.name}; alter table {view.name}_made rename to {analysis.name}")
        for comment in view.comments("table"):
            con.execute(comment)
    _remember(con, analysis, now, outdated)
    return stale


def condition_of_rows(table: str, readers: Set[str], held: Held | None) -> str:
    """The SQL condition for the rows of a table that are asked for, where only these relations are made from it: kept views of
    which each row follows from a model ask for the models that are touched."""
    columns = {view.row_by if (view := kept_views().get(name)) is not None else None for name in readers}
    if held is None or held.touched is None or len(columns) != 1 or (column := columns.pop()) is None:
        return "true"
    return _is_one_of(column, held.touched) if column in frame_schema(table) else "true"


def carry_results(
    con: duckdb.DuckDBPyConnection, catalog: str, needs: Set[str] | None = None, *, has_views: bool = True
) -> None:
    """Copies the results, null: all, else those among `needs`, and what they were made from, out of an attached database that the
    same code made; before the views of this one are created. The rows of kept views only with `has_views`."""
    for name, table in tables().items():
        if table.schema == "mart" and (needs is None or name in needs):
            con.execute(f"insert into {name} from {catalog}.{name}")
    for name, view in kept_views().items():
        if not has_views or (needs is not None and name not in needs):
            continue
        con.execute(f"create table {name} as from {catalog}.{name}")
        for comment in view.comments("table"):
            con.execute(comment)
    con.execute(f"insert into ops.analysis_inputs from {catalog}.ops.analysis_inputs")


def _hashes(con: duckdb.DuckDBPyConnection, analysis: Analysis) -> tuple[dict[Part, str], dict[Part, int]]:
    """The hash of the inputs of each part, and how many rows of it alone these are; in the order of the parts."""
    query = (resource("sql") / "inputs" / f"{analysis.name}.sql").read_text(encoding="utf-8")
    columns = "".join(f"{column}, " for column in analysis.part)
    rows = con.execute(
        f"select {columns}count(*), sum(said::hugeint)::varchar from ({query}) group by all order by all"
    ).fetchall()
    said: dict[Part, str] = {tuple(part): f"{count} {total}" for *part, count, total in rows}
    n_rows: dict[Part, int] = {tuple(part): count for *part, count, _ in rows if None not in part}
    everywhere = [said.pop(part) for part in list(said) if None in part]
    parts = said if analysis.part else {(): said.get((), "")}
    of_all = _digest(_made_by(), *everywhere)
    return {part: f"{of_all}{_OF_PART}{_digest(of_part)}" for part, of_part in parts.items()}, n_rows


def _at_once(n_rows: Mapping[Part, int]) -> Iterator[list[Part]]:
    """The parts in their order, as many together as are made from few enough rows; at least one."""
    together: list[Part] = []
    for part in n_rows:
        if together and sum(n_rows[each] for each in (*together, part)) > _MOST_AT_ONCE:
            yield together
            together = []
        together.append(part)
    yield together


@cache
def _made_by() -> str:
    """The code, and the packages that compute."""
    return " ".join([code_version(), *(f"{name} {version(name)}" for name in _COMPUTING)])


def _digest(*texts: str) -> str:
    return hashlib.blake2b("\0".join(texts).encode(), digest_size=16).hexdigest()


def _compare(
    con: duckdb.DuckDBPyConnection, analysis: Analysis, now: Mapping[Part, str]
) -> tuple[list[Part], list[str]]:
    """The parts to compute, and the names of those whose rows go: these, and parts that are no more."""
    before = _recorded(con, analysis)
    stale = [part for part, key in now.items() if before.get(_SEPARATOR.join(part)) != key]
    names = {_SEPARATOR.join(part) for part in now}
    return stale, [*(_SEPARATOR.join(part) for part in stale), *(name for name in before if name not in names)]


def _is_same_for_every_part(con: duckdb.DuckDBPyConnection, analysis: Analysis, now: Mapping[Part, str]) -> bool:
    """Whether what all parts are made from, the code among it, is what the tables were made from: only inputs of single parts
    differ."""
    return len({key.partition(_OF_PART)[0] for key in (*_recorded(con, analysis).values(), *now.values())}) == 1


def _recorded(con: duckdb.DuckDBPyConnection, analysis: Analysis) -> dict[str, str]:
    """The hash that the tables of an analysis were made from, by the name of a part."""
    return dict(
        con.execute("select part, input_hash from ops.analysis_inputs where analysis = ?", [analysis.name]).fetchall()
    )


def _replace(con: duckdb.DuckDBPyConnection, table: str, order: str, outdated: str, new: str) -> None:
    """Replaces the rows of a table for which the condition `outdated` holds by those of the query `new`, in the table's order."""
    con.execute(
        f"""
        create or replace temp table refreshed as
        select * from (
            select * from {table} where not {outdated}
            union all by name
            {new}
        )
        order by {order}
        """
    )
    _empty(con, table)
    con.execute(f"insert into {table} by name from refreshed; drop table refreshed")


def _write_difference(con: duckdb.DuckDBPyConnection, table: str, order: str, outdated: str, new: str) -> None:
    """The same for a large table: where few of its rows differ, only they are written, after the others."""
    # Equal rows are told apart by a number.
    said = "hash(r) as said, row_number() over (partition by hash(r)) as nth"
    con.execute(f"create or replace temp table made as select *, {said} from ({new}) as r")
    con.execute(
        f"create or replace temp table held as select {engine.ROW_ID} as row_id, {said} from {table} as r where {outdated}"
    )
    come = "select * exclude (said, nth) from made anti join held using (said, nth)"
    [(n_come, n_held)] = con.execute(
        f"select (select count(*) from ({come})), (select count(*) from {table})"
    ).fetchall()
    if n_come > _MOST_CHANGED * n_held:
        _replace(con, table, order, outdated, "select * exclude (said, nth) from made")
    else:
        con.execute(
            f"delete from {table} where {engine.ROW_ID} in (select row_id from held anti join made using (said, nth))"
        )
        con.execute(f"insert into {table} by name {come} order by {order}")
    con.execute("drop table made; drop table held")


def _empty(con: duckdb.DuckDBPyConnection, table: str) -> None:
    """Deletes the rows of a table that is filled again at once."""
    n_columns = len(con.execute(f"describe {table}").fetchall())
    [(n_deleted,)] = con.execute(f"delete from {table}").fetchall()
    if n_deleted * n_columns > _MANY_VALUES:
        engine.write_out(con)


def _remember(
    con: duckdb.DuckDBPyConnection, analysis: Analysis, now: Mapping[Part, str], outdated: Sequence[str]
) -> None:
    con.execute(
        "delete from ops.analysis_inputs where analysis = ? and list_contains(?, part)", [analysis.name, list(outdated)]
    )
    keys = {name: key for part, key in now.items() if (name := _SEPARATOR.join(part)) in set(outdated)}
    con.execute(
        "insert into ops.analysis_inputs select ?, unnest(?::varchar[]), unnest(?::varchar[])",
        [analysis.name, list(keys), list(keys.values())],
    )


def _show(con: duckdb.DuckDBPyConnection, view: Relation, held: Held, query: str, stays: str) -> None:
    """Makes the view one of the rows that a query gives and of those in `held` that a condition leaves."""
    made = f"main.made_{view.name.split('.')[1]}"
    con.execute(
        f"create table {made} as {query};"
        f" create or replace view {view.name} as from {made} union all from {held.catalog}.{view.name} where {stays}"
    )


def _is_one_of(column: str, values: Sequence[str | Part]) -> str:
    """The SQL condition that a column has one of some texts, or names one of some parts."""
    texts = (value if isinstance(value, str) else _SEPARATOR.join(value) for value in values)
    literals = ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
    return f"({column} in ({literals}))" if values else "(false)"


def _name(part: Part) -> str:
    """The name of a part in SQL."""
    return f"concat_ws('{_SEPARATOR}', {', '.join(part)})" if part else "''"
