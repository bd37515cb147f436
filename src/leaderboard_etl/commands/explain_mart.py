"""`explain --mart`: a row of a mart, each value with the file, commit and row that it came from, and what lost against it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from leaderboard_etl.commands.display import cut, plain, print_json, print_records, records
from leaderboard_etl.commands.evidence import OF_ROWS, QUERIES, SECTIONS, evidence_rows, read_model
from leaderboard_etl.commands.hints import of_warehouse
from leaderboard_etl.commands.story_text import place_of, print_references, readable
from leaderboard_etl.contracts.schema import views
from leaderboard_etl.errors import UsageError
from leaderboard_etl.printable import how_many
from leaderboard_etl.settings import Warehouse, resource
from leaderboard_etl.sizes import in_words

if TYPE_CHECKING:
    import duckdb

_POPULATION = "official"
# The day of a row: the first of these that the mart has, else its first date.
_DAYS = ("day", "month", "compared_on", "reached_on", "published_on", "as_of_on", "closed_released_on", "released_on")
_ROLES = re.compile(r"(?:(open|closed|proprietary)_)?model_id")
# Which evidence a column needs, by words of its name.
_NEEDED = {
    "scores": re.compile(r"pct|score|capability"),
    "sizes": re.compile(r"params"),
    "licences": re.compile(r"license"),
    "dates": re.compile(r"released_on|release_year|reached_on|since_on"),
    "bases": re.compile(r"relation"),
    "ratings": re.compile(r"rating"),
    "prices": re.compile(r"usd"),
}
# The columns of evidence that state such a value: what else a row has, as the number of shots, may equal it by chance.
_STATED_IN = {
    "scores": ("raw", "pct", "norm_pct"),
    "sizes": ("params", "method"),
    "licences": ("text",),
    "dates": ("date", "kind"),
    "bases": ("relation",),
    "ratings": ("rating",),
    "prices": ("usd_per_mtok",),
}
_TITLES = {
    **{name: title for name, title, _ in SECTIONS},
    "ratings": "Ratings: * is used",
    "prices": "Prices: * is used",
    "points": "Scores of the group and the population",
}
_BELOW = {name: below for name, _, below in SECTIONS}
# Lines of a section without --all, the used one first.
_MOST_LINES = 6


@dataclass(frozen=True)
class _Section:
    """Evidence for values of a row: of one model, which a column names, or (null) of all models that the row is made from."""

    name: str
    role: str
    model_id: str | None
    rows: list[dict[str, Any]]

    @property
    def title(self) -> str:
        return f"{self.model_id or ''} {_TITLES[self.name]}".strip()


def explain_mart(
    warehouse: Warehouse, mart: str, keys: Sequence[str], *, as_of: date | None, as_json: bool, is_whole: bool
) -> int:
    """Prints the newest row of `mart` in the default population that has each of `keys` in a text column, ignoring letter case:
    its values with the places that they came from, and what lost against these.

    `is_whole`: every row, every line, and what each column means. Raises UsageError with all names if the mart is unknown, and
    if no row has the keys.
    """
    from leaderboard_etl.target.past import open_state

    with open_state(warehouse, as_of, "mart") as con:
        name = mart.removeprefix("mart.")
        columns = _columns(con, name)
        rows = _rows(con, name, columns, keys)
        chosen, of_which = (rows, "") if is_whole else _newest(rows, columns)
        explained = [(row, list(_evidence(con, row))) for row in chosen]
    if as_json:
        print_json([_as_json(row, sections, columns) for row, sections in explained])
        return 0
    references: dict[str, int] = {}
    for row, sections in explained:
        lines = [
            {
                "column": column,
                "value": plain(in_words(column, value) if is_whole else cut(in_words(column, value))),
                "from": _from(column, value, sections, references),
                "meaning": columns[column][1],
            }
            for column, value in row.items()
            if is_whole or value is not None
        ]
        if not is_whole:
            lines = [{name: line[name] for name in ("column", "value", "from")} for line in lines]
        print_records(lines, title=f"mart.{name}{of_which}", below=("meaning",) if is_whole else ())
        for section in sections:
            _print_section(section, references, None if is_whole else _MOST_LINES)
        if not any(section.rows for section in sections):
            made_from = ", ".join(_relations(name, row)) or "what a run reads"
            print(f"\nIt is computed from {made_from}: no value is of one file alone")
    print_references(references)
    if len(rows) > len(chosen):
        narrow = "" if len(keys) > 1 else "; a second --key narrows them"
        print(f"\nall {how_many(len(rows), 'row')}, and what the columns mean: --all{narrow}")
    elif not is_whole:
        print("\nwhat the columns mean: --all")
    for model in sorted({section.model_id for _, sections in explained for section in sections if section.model_id})[
        :3
    ]:
        print(f"all of {plain(model)}: {of_warehouse(warehouse, 'explain', plain(model))}")
    return 0


def _print_section(section: _Section, references: dict[str, int], most: int | None) -> None:
    if not section.rows:
        return
    print_records(readable(section.rows, references, most), title=section.title, below=_BELOW.get(section.name, ()))
    n_lines = len(readable(section.rows, {}))
    if most is not None and n_lines > most:
        print(f"  … and {n_lines - most:,} more")


def _newest(rows: list[dict[str, Any]], columns: dict[str, tuple[str, str]]) -> tuple[list[dict[str, Any]], str]:
    """The newest of the rows in the default population, if any is in it, and of which it is the newest, in words."""
    of_population = [row for row in rows if row.get("population") == _POPULATION]
    asked = of_population or rows
    dates = [name for name, (kind, _) in columns.items() if kind == "DATE"]
    day = next((name for name in (*_DAYS, *dates) if name in dates), None)
    if len(asked) == 1 or day is None:
        # The row about most: any size, any era.
        chosen, word = max(asked, key=lambda row: sum(value == "all" for value in row.values())), "one"
    else:
        chosen, word = max(asked, key=lambda row: row[day] or date.min), f"the newest by {day}"
    if len(asked) == 1:
        return [chosen], f", {_POPULATION}" if of_population and len(rows) > 1 else ""
    return [chosen], f", {word} of {how_many(len(asked), 'row')}" + (f", {_POPULATION}" if of_population else "")


def _evidence(con: duckdb.DuckDBPyConnection, row: dict[str, Any]) -> Iterator[_Section]:
    """What the values of a row rest on: of each model that it names or, if it names none, of the models of its group."""
    group = row.get("variant") or row.get("comparable_group") or row.get("benchmark")
    named = {role: row[role] for role in row if _ROLES.fullmatch(role) and row[role] is not None}
    needed = [name for name, pattern in _NEEDED.items() if any(pattern.search(column) for column in row)]
    if "ratings" in needed:  # a share in percent is computed from these
        needed = [name for name in needed if name != "scores"]
    for role, model_id in named.items():
        read_model(con, model_id)
        for name in needed:
            rows = list(_of_model(con, name, row, model_id, group))
            if name == "scores" and group is None:
                rows = [each for each in rows if each["used"]]
            yield _Section(name, role, model_id, rows)
    if not named and row.get("comparable_group") is not None:
        values = {name: row.get(name) for name in ("comparable_group", "openness", "population")}
        if values["openness"] not in ("open_weights", "proprietary"):
            values["openness"] = None
        if str(values["population"]).startswith(
            f"{_POPULATION}_"
        ):  # a part of it, of which mart.populations may know nothing
            values["population"] = _POPULATION
        yield _Section("points", "", None, evidence_rows(con, OF_ROWS["points"], values))


def _of_model(
    con: duckdb.DuckDBPyConnection, name: str, row: dict[str, Any], model_id: str, group: str | None
) -> list[dict[str, Any]]:
    query = QUERIES.get(name) or OF_ROWS[name]
    day = next(
        (
            row[column]
            for column in ("published_on", "priced_through_on", "priced_on", "day", "month")
            if row.get(column)
        ),
        None,
    )
    values = {"model": model_id, "benchmark": group, "board": row.get("board"), "day": day}
    values["usd"] = next((row[column] for column in row if "usd" in column), None)
    return evidence_rows(con, query, {key: value for key, value in values.items() if f"${key}" in query})


def _from(column: str, value: object, sections: Sequence[_Section], references: dict[str, int]) -> str:
    """The place of the used evidence that states this value; empty: it is computed, or a name."""
    kind = next((name for name, pattern in _NEEDED.items() if pattern.search(column)), None)
    for section in sections:
        prefix = section.role.removesuffix("model_id")
        if section.name != kind or not column.startswith(prefix) or value is None:
            continue
        for stated in section.rows:
            is_used = stated.get("used") or stated.get("chosen")
            if is_used and any(_is_same(value, stated[name]) for name in _STATED_IN[section.name]):
                return place_of(stated, references)
    return ""


def _is_same(value: Any, stated: Any) -> bool:
    """Whether evidence states a value: a number also where it is counted in billions."""
    if isinstance(value, bool) or isinstance(stated, bool):
        return False
    if isinstance(value, int | float) and isinstance(stated, int | float):
        return any(math.isclose(value * scale, stated, rel_tol=1e-9) for scale in (1, 1e9))
    return bool(value == stated)


def _as_json(row: dict[str, Any], sections: Sequence[_Section], columns: dict[str, tuple[str, str]]) -> dict[str, Any]:
    evidence = [
        {"model_id": section.model_id, "of": section.name, "rows": section.rows} for section in sections if section.rows
    ]
    return {
        "values": {column: {"value": row[column], "meaning": columns[column][1]} for column in row},
        "evidence": evidence,
    }


def _relations(name: str, row: dict[str, Any]) -> list[str]:
    """The tables and views that a row is computed from: those of its own query if it has one, else those that the mart reads."""
    view, inputs = views().get(f"mart.{name}"), resource("sql") / "inputs" / f"{name}.sql"
    text = row.get("evidence_query") or (view.sql if view is not None else "")
    if not text and inputs.exists():
        text = inputs.read_text(encoding="utf-8")
    code = re.sub(r"--.*", "", text)
    return sorted(set(re.findall(r"\b(?:core|mart|history|ops)\.[a-z_]+\b(?!\()", code)) - {f"mart.{name}"})


def _columns(con: duckdb.DuckDBPyConnection, name: str) -> dict[str, tuple[str, str]]:
    """The type and the meaning of every column of a mart."""
    columns = con.execute(
        "select column_name, data_type, comment from duckdb_columns()"
        " where schema_name = 'mart' and table_name = $name order by column_index",
        {"name": name},
    ).fetchall()
    if columns:
        return {column: (kind, meaning or "") for column, kind, meaning in columns}
    names = con.execute("select distinct table_name from duckdb_columns() where schema_name = 'mart' order by all")
    raise UsageError(f"no mart {name!r}; there are: {', '.join(row[0] for row in names.fetchall())}")


def _rows(
    con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, tuple[str, str]], keys: Sequence[str]
) -> list[dict[str, Any]]:
    texts = [f'lower("{column}")' for column, (kind, _) in columns.items() if kind == "VARCHAR"]
    rows: list[dict[str, Any]] = []
    if texts:
        has_each = " and ".join(f"lower(${number}) in ({', '.join(texts)})" for number in range(1, len(keys) + 1))
        values = {str(number): key for number, key in enumerate(keys, 1)}
        rows = records(con.sql(f'from mart."{name}" where {has_each} order by all', params=values))
    if not rows:
        said = " and ".join(repr(key) for key in keys)
        raise UsageError(f"no row of mart.{name} has {said} in a text column")
    return rows
