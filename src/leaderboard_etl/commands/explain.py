"""`explain`: shows everything about one model, each value with the file, commit and place it came from."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from leaderboard_etl.commands.display import plain, print_json, print_records
from leaderboard_etl.commands.evidence import QUERIES, RULE_OF_SCORES, SECTIONS, evidence_rows, read_model
from leaderboard_etl.commands.explain_mart import explain_mart
from leaderboard_etl.commands.hints import of_warehouse
from leaderboard_etl.commands.parsing import Commands, add_as_of, add_command, add_json
from leaderboard_etl.commands.story_text import counted, print_references, readable
from leaderboard_etl.errors import UsageError
from leaderboard_etl.hyphens import plain_hyphens
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sizes import in_words
from leaderboard_etl.warehouse.called import called_alike, folded, models_called, releases_called

if TYPE_CHECKING:
    import duckdb

_FACTS = (
    ("organization", "organization"),
    ("family", "family"),
    ("openness", "openness"),
    ("population", "population"),
    ("no language model because", "not_language_reason"),
    ("tuning", "tuning"),
    ("architecture", "architecture"),
    ("mixture of experts", "is_moe"),
    ("total parameters", "params_total"),
    ("active parameters", "params_active"),
    ("size known from", "params_method"),
    ("size unknown because", "params_reason"),
    ("active size unknown because", "params_active_reason"),
    ("licence", "license_text"),
    ("licence id", "license_id"),
    ("licence class", "license_class"),
    ("licence unknown because", "license_reason"),
    ("released on", "released_on"),
    ("date known from", "released_on_method"),
    ("base model", "base_model_id"),
    ("relation to it", "base_model_relation"),
    ("training tokens", "training_tokens"),
    ("merge", "is_merge"),
    ("flagged", "is_flagged"),
    ("visible on the Hub", "is_available"),
)
_NOT_WORTH_PRINTING = {("merge", False), ("flagged", False)}


def register(commands: Commands) -> None:
    """Registers `explain`."""
    command = add_command(commands, "explain", _explain, "where each value of one model came from")
    command.add_argument("model", nargs="?", help="a model id or any name that a source uses")
    command.add_argument("benchmark", nargs="?", help="only its scores of this benchmark")
    command.add_argument("--mart", metavar="NAME", help="instead of a model: the newest row of this mart with KEY")
    command.add_argument(
        "--key", action="append", help="with --mart: a value that a row has in one of its text columns; again for more"
    )
    command.add_argument(
        "--all", action="store_true", help="with --mart: every row with KEY, all that was stated, and what columns mean"
    )
    add_as_of(command)
    add_json(command)


def _explain(options: argparse.Namespace, warehouse: Warehouse) -> int:
    if (options.model is None) == (options.mart is None) or (options.mart is None) != (options.key is None):
        raise UsageError("explain takes a model, or --mart NAME with --key KEY")
    if options.all and options.mart is None:
        raise UsageError("--all belongs to --mart: explain of a model shows all")
    arguments = {"as_of": options.as_of, "as_json": options.json}
    if options.mart is not None:
        return explain_mart(warehouse, options.mart, options.key, **arguments, is_whole=options.all)
    return explain(warehouse, options.model, options.benchmark, **arguments)


def explain(warehouse: Warehouse, model: str, benchmark: str | None, *, as_of: date | None, as_json: bool) -> int:
    """Prints names, facts, sizes with all evidence, licence, dates, lineage, and scores with the reason why the marts
    use them.

    With `benchmark`, a benchmark or variant id, it prints only the scores of that benchmark. Raises UsageError with the
    nearest names if no source uses the name, and with the available benchmarks if the model has no score of
    `benchmark`.
    """
    from leaderboard_etl.target.opening import made_by_this_code
    from leaderboard_etl.target.past import open_state

    with made_by_this_code(warehouse.database), open_state(warehouse, as_of, "mart") as con:
        model_id = model_id_of(con, model)
        others = called_alike(con, model, model_id)
        try:
            facts_by_section = facts_of(con, model_id, benchmark)
        except UsageError as error:
            alike = f"; called alike: {', '.join(others)}" if others else ""
            raise UsageError(f"{error}{alike}") from error
    if as_json:
        print_json(facts_by_section)
        return 0
    facts = facts_by_section["model"]
    print(f"{plain(facts['display_name'])}  ({plain(model_id)})")
    if others:
        print(f"called alike, and not shown: {', '.join(map(plain, others))}")
    if benchmark is None:
        print_records(
            [
                {"fact": name, "value": counted(in_words(column, facts[column]))}
                for name, column in _FACTS
                if facts[column] is not None and (name, facts[column]) not in _NOT_WORTH_PRINTING
            ]
        )
    references: dict[str, int] = {}
    for name, title, below in SECTIONS:
        if facts_by_section.get(name):
            print_records(readable(facts_by_section[name], references), title=title, below=below)
        if name == "scores" and any(row["because"] for row in facts_by_section[name]):
            print(f"  {RULE_OF_SCORES}")
    print_references(references)
    if benchmark is None:
        print(f"\nwhat the facts mean: {of_warehouse(warehouse, 'tables', 'core.models')}")
    return 0


def model_id_of(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """The id of the model that has a name, by the rules of models_called, or of the one official release that it is short for.
    Raises UsageError for a name of none or of several."""
    ids = models_called(con, [name]).get(name) or releases_called(con, [name]).get(name, [])
    if len(ids) == 1:
        return ids[0]
    if ids:
        raise UsageError(f"{name!r} is several models, so give one of these: {', '.join(ids)}")
    typed = plain_hyphens(name)
    near = con.execute(
        f"""
        with named as (

            select
                *,
                lower(model_id) as small_id,
                -- Few are folded: what holds the name has its letters in their order.
                case when small_id like lower($letters) then contains({folded("small_id")}, {folded("$name")}) else false end
                    as is_within
            from core.models

        )

        select model_id
        from named
        order by
            is_within desc,
            -- Thousands are made from a model that people name, and called like it.
            is_within and population = 'official' desc,
            greatest(
                jaro_winkler_similarity(small_id, lower($name)),
                jaro_winkler_similarity(split_part(small_id, '/', -1), lower($name))
            ) desc,
            model_id
        limit 5
        """,
        {"name": typed, "letters": "%".join(["", *re.sub("[ _/-]", "", typed), ""])},
    ).fetchall()
    raise UsageError(f"no model {name!r} in this warehouse; the nearest are: {', '.join(row[0] for row in near)}")


def facts_of(con: duckdb.DuckDBPyConnection, model_id: str, benchmark: str | None) -> dict[str, Any]:
    """Its facts under 'model', and a list of rows for each section of the story; with `benchmark`, in any spelling of its id, its
    group's or variant's, only those of its scores. Raises UsageError with the available benchmarks if it has no score of that
    one."""
    if benchmark is not None:
        benchmark = _benchmark_id(con, benchmark)
    read_model(con, model_id)
    section_names: Iterable[str] = QUERIES if benchmark is None else ("scores", "ended")
    facts: dict[str, Any] = {
        "model": evidence_rows(con, "select * from core.models where model_id = $model", {"model": model_id})[0]
    }
    for name in section_names:
        query = QUERIES[name]
        asked = {"model": model_id, "benchmark": benchmark}
        values = {key: value for key, value in asked.items() if f"${key}" in query}
        facts[name] = evidence_rows(con, query, values)
    if benchmark is None and facts["model"]["license_text"] and not any(row["chosen"] for row in facts["licences"]):
        policy = {"source": "policy", "place": "policy/model_licenses.csv"}
        facts["licences"].insert(0, {"chosen": "*", "text": facts["model"]["license_text"], **policy})
    if benchmark is not None and not facts["scores"] and not facts["ended"]:
        has = "select distinct benchmark_id, comparable_group from core.scores where model_id = $model order by all"
        there = evidence_rows(con, has, {"model": model_id})
        begun = re.sub(r"[ _/-]", "", benchmark.lower())
        groups = [
            row["comparable_group"] for row in there if row["comparable_group"].replace("_", "").startswith(begun)
        ]
        known = groups or list(dict.fromkeys(row["benchmark_id"] for row in there))
        raise UsageError(f"{model_id} has no score of {benchmark!r}; it has: {', '.join(known) or 'none'}")
    return facts


def _benchmark_id(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """The id of a benchmark, group or variant that is written like the name, or the name itself."""
    rows = con.execute(
        f"""
        select id
        from (
            select benchmark_id as id, 1 as rank from core.benchmarks
            union
            select comparable_group, 2 from core.benchmarks
            union
            select variant_id, 3 from core.benchmarks
        )
        where {folded("id")} = {folded("$name")}
        order by rank
        limit 1
        """,
        {"name": plain_hyphens(name)},
    ).fetchall()
    return str(rows[0][0]) if rows else name
