"""`compare`: models side by side, with what each score was measured by and whether a difference is larger than its error."""

from __future__ import annotations

import argparse
from contextlib import closing
from typing import TYPE_CHECKING, Any

from leaderboard_etl.commands.display import plain, print_json, print_records, records
from leaderboard_etl.commands.explain import model_id_of
from leaderboard_etl.commands.hints import of_warehouse
from leaderboard_etl.commands.parsing import Commands, add_as_of, add_command, add_json
from leaderboard_etl.commands.story_text import numbered, print_references
from leaderboard_etl.errors import UsageError
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.sizes import in_words
from leaderboard_etl.warehouse.called import called_alike

if TYPE_CHECKING:
    import duckdb

_MOST_MODELS = 6
_FACTS = """
    select
        model_id, organization, openness, tuning, is_moe,
        round(params_total / 1e9, 2) as params_total_b, round(params_active / 1e9, 2) as params_active_b, params_method,
        coalesce(license_id, license_text) as license, license_class, released_on, released_on_method
    from core.models
    where list_contains($models, model_id)
"""
# A difference is larger than its error if it is more than two standard errors, which error_pct is, as everywhere in the marts.
_SCORES = """
    with chosen as (

        select
            comparable_group, model_id, score_pct, stderr_pct, lo_pct, hi_pct, n_shot, protocol, setting, reporter,
            reported_by, is_self_reported, source_url, score_source
        from mart.model_scaling
        where list_contains($models, model_id)

    ),

    first_model as (

        select * from chosen where model_id = $models[1]

    )

    select
        c.comparable_group,
        g.display_name as benchmark,
        c.model_id,
        round(c.score_pct, 2) as score_pct,
        round(c.lo_pct, 2) as lo_pct,
        round(c.hi_pct, 2) as hi_pct,
        round(c.score_pct - f.score_pct, 2) as difference_pct,
        case when f.model_id <> c.model_id then round(2 * sqrt(c.stderr_pct ** 2 + f.stderr_pct ** 2), 2) end as error_pct,
        case
            when f.model_id is null or f.model_id = c.model_id then null
            when c.stderr_pct is null or f.stderr_pct is null then 'no error is published'
            when abs(c.score_pct - f.score_pct) > 2 * sqrt(c.stderr_pct ** 2 + f.stderr_pct ** 2) then 'larger than its error'
            else 'within its error'
        end as difference_is,
        c.n_shot,
        c.protocol,
        c.setting,
        c.reporter,
        mart.self_reported(c.is_self_reported) as self_reported,
        -- Where the score does not say who measured, its source may say what it is.
        case when c.is_self_reported is null then w.meaning end as reported_by,
        coalesce(c.source_url, c.score_source) as source
    from chosen as c
    join core.comparable_groups as g using (comparable_group)
    left join first_model as f using (comparable_group)
    left join core.reporters as w on w.reported_by = c.reported_by
    order by g.is_headline desc, g.display_name, c.comparable_group, list_position($models, c.model_id)
"""


def register(commands: Commands) -> None:
    """Registers `compare`."""
    command = add_command(commands, "compare", _compare, "models side by side: sizes, licences, dates and scores")
    command.add_argument("models", nargs="+", metavar="MODEL", help="model ids or any names that a source uses, 2 to 6")
    command.add_argument("--common", action="store_true", help="only groups in which each of them has a score")
    add_as_of(command)
    add_json(command)


def _compare(options: argparse.Namespace, warehouse: Warehouse) -> int:
    """Prints facts, then for each comparable group the score of each model that has one, the difference to the first model, and
    where it came from.

    Raises UsageError for fewer than two models or more than six, and for a name that no source uses.
    """
    from leaderboard_etl.target.opening import made_by_this_code
    from leaderboard_etl.target.past import open_state

    with made_by_this_code(warehouse.database), closing(open_state(warehouse, options.as_of, "mart")) as con:
        named = {name: model_id_of(con, name) for name in options.models}
        models = list(dict.fromkeys(named.values()))
        alike = {name: others for name, model_id in named.items() if (others := called_alike(con, name, model_id))}
        if not 2 <= len(models) <= _MOST_MODELS:
            raise UsageError(f"compare takes 2 to {_MOST_MODELS} models; these are {len(models)}: {', '.join(models)}")
        facts = _rows(con, _FACTS, models)
        scores = _rows(con, _SCORES, models)
    facts.sort(key=lambda row: models.index(row["model_id"]))
    groups = [row["comparable_group"] for row in scores]
    if options.common:
        scores = [row for row in scores if groups.count(row["comparable_group"]) == len(models)]
    if options.json:
        print_json({"models": facts, "scores": scores})
        return 0
    print_records(
        [
            {"fact": name, **{row["model_id"]: plain(in_words(name, row[name])) or "unknown" for row in facts}}
            for name in facts[0]
            if name != "model_id" and any(row[name] is not None for row in facts)
        ],
        title="Facts",
    )
    for name, others in alike.items():
        print(f"called like {plain(name)!r}, and not shown: {', '.join(map(plain, others))}")
    references: dict[str, int] = {}
    lines = [_line(row, references) for row in scores]
    print_records(lines, title="Scores, and how far from the first model", below=("from",))
    if not scores:
        print("  no comparable group has a score of each" if options.common else "  none of them has a score")
    print_references(references, "Sources, and their pages")
    print()
    for model in models:
        print(f"where the values of {plain(model)} came from: {of_warehouse(warehouse, 'explain', model)}")
    return 0


def _line(row: dict[str, Any], references: dict[str, int]) -> dict[str, Any]:
    shots = None if row["n_shot"] is None else f"{row['n_shot']}-shot"
    setting = None if row["setting"] == "n/a" else row["setting"]
    others = None if row["lo_pct"] == row["hi_pct"] else f"other values {row['lo_pct']:g} to {row['hi_pct']:g}"
    error = "" if row["error_pct"] is None else f" ({row['error_pct']:.2f})"
    measured = row["self_reported"]
    if row["reported_by"] is not None:
        measured = f"who measured is not stated ({row['reported_by']})"
    sources = " ".join(numbered(text, references) for text in (row["reporter"], row["source"]) if text)
    return {
        "benchmark": row["benchmark"],
        "model": row["model_id"],
        "pct": f"{row['score_pct']:.2f}",
        "difference": "" if row["difference_is"] is None else f"{row['difference_pct']:+.2f}",
        "which is": row["difference_is"] and f"{row['difference_is']}{error}",
        "from": "; ".join(part for part in (measured, shots, row["protocol"], setting, others, sources) if part),
    }


def _rows(con: duckdb.DuckDBPyConnection, query: str, models: list[str]) -> list[dict[str, Any]]:
    return records(con.sql(query, params={"models": models}))
