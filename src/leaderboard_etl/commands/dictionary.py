"""`tables`: the meaning of every table, view and column, from the comments of sql/, which are also in the database."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from leaderboard_etl.commands.display import print_json, print_table
from leaderboard_etl.commands.parsing import Commands, add_command, add_json
from leaderboard_etl.errors import UsageError

if TYPE_CHECKING:
    from leaderboard_etl.contracts.schema import Relation


def register(commands: Commands) -> None:
    """Registers `tables`."""
    command = add_command(
        commands,
        "tables",
        lambda options, _: tables(options.name, as_json=options.json),
        "the dictionary: every table and view, or the columns of one",
    )
    command.add_argument("name", nargs="?", help="a table or view, e.g. mart.gap_lag")
    add_json(command)


def tables(name: str | None, *, as_json: bool) -> int:
    """Prints all relations, one per line, or the columns of one. Raises UsageError for an unknown name."""
    if name is not None:
        return _print_columns(columns_of(name), as_json=as_json)
    rows = overview()
    if as_json:
        print_json(rows)
    else:
        print_table(rows)
        print(
            "history, core and mart also as of a day, in `sql`: from core.scores_as_of('2025-01-31'), and so on by name"
        )
    return 0


def overview() -> list[dict[str, Any]]:
    """Every relation in a sentence."""
    return [
        {"name": relation.name, "kind": relation.kind, "columns": len(relation.columns), "what it is": _brief(relation)}
        for _, relation in sorted(_relations().items())
    ]


def columns_of(name: str) -> dict[str, Any]:
    """One relation, with the meaning of each column. Raises UsageError for an unknown name."""
    relation = _named(name, _relations())
    rows = [
        # A view's column has no declared type; its query decides it.
        {
            "column": column.name,
            "type": column.sql_type or None,
            "is_required": column.is_required,
            "meaning": column.comment,
        }
        for column in relation.columns
    ]
    return {"name": relation.name, "kind": relation.kind, "comment": relation.comment, "columns": rows}


def _relations() -> dict[str, Relation]:
    from leaderboard_etl.contracts import schema

    return {**schema.tables(), **schema.views(), **_policy_relations()}


def _policy_relations() -> dict[str, Relation]:
    """The policy CSVs as tables policy.<name>."""
    from leaderboard_etl.contracts.schema import Column, Relation
    from leaderboard_etl.policy.schema import PolicyColumn, policy_tables

    def meaning(column: PolicyColumn) -> str:
        sentences = [column.comment]
        if column.allowed:
            sentences.append(f"One of {', '.join(column.allowed)}")
        if column.refers_to:
            sentences.append(f"A row of policy.{column.refers_to[0]}")
        return ". ".join(sentences)

    return {
        f"policy.{table.name}": Relation(
            f"policy.{table.name}",
            "policy CSV",
            table.comment,
            tuple(Column(c.name, c.sql_type, c.is_required, meaning(c)) for c in table.columns),
            "",
            table.file,
        )
        for table in policy_tables().values()
    }


def _brief(relation: Relation) -> str:
    """The beginning of a relation's comment, up to its grain; the rest is printed with its columns."""
    up_to_grain = re.match(r".*?One row.*?\.(?= |$)", relation.comment)
    return up_to_grain[0] if up_to_grain else relation.comment


def _named(name: str, relations: dict[str, Relation]) -> Relation:
    """The relation with that name; the name may lack its schema."""
    matching = [relation for full, relation in relations.items() if name in (full, full.partition(".")[2])]
    if len(matching) == 1:
        return matching[0]
    near = [relation.name for relation in matching] or difflib.get_close_matches(name, relations, n=3, cutoff=0.4)
    raise UsageError(f"no table or view {name!r}" + (f"; perhaps {' or '.join(near)}" if near else ""))


def _print_columns(relation: dict[str, Any], *, as_json: bool) -> int:
    if as_json:
        print_json(relation)
        return 0
    print(f"{relation['name']} ({relation['kind']}). {relation['comment']}")
    columns = ("column", "meaning") if relation["kind"] == "view" else ("column", "type", "meaning")
    print_table([{key: row[key] for key in columns} for row in relation["columns"]])
    return 0
