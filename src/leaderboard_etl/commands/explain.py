"""`explain`: the whole story of one model on a screen, each value with the file, commit and place it came from."""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb

from leaderboard_etl.commands.display import plain, print_json, print_table
from leaderboard_etl.errors import UsageError
from leaderboard_etl.settings import Warehouse

_FACTS = (
    ("organization", "organization"),
    ("family", "family"),
    ("openness", "openness"),
    ("licence", "license_text"),
    ("licence class", "license_class"),
    ("released on", "released_on"),
    ("known from", "released_on_method"),
    ("total parameters", "params_total"),
    ("active parameters", "params_active"),
    ("size known from", "params_method"),
    ("size unknown because", "params_reason"),
    ("mixture of experts", "is_moe"),
    ("architecture", "architecture"),
    ("tuning", "tuning"),
    ("base model", "base_model_id"),
    ("population", "population"),
    ("flagged", "is_flagged"),
    ("merge", "is_merge"),
    ("visible on the Hub", "is_available"),
)


def explain(warehouse: Warehouse, model: str, benchmark: str | None, *, as_of: date | None, as_json: bool) -> int:
    """Prints names, facts, sizes with every evidence, scores with their places, and which ones the marts use.

    Raises UsageError for a name that no source uses, with the nearest ones.
    """
    from leaderboard_etl.warehouse.database import open_published

    with open_published(warehouse.database, as_of=as_of) as con:
        model_id = _find(con, model)
        story = _story(con, model_id, benchmark)
    if as_json:
        print_json(story)
        return 0
    facts = story["model"]
    print(f"{facts['display_name']}  ({model_id})")
    print_table(
        [{"fact": name, "value": _shown(facts[column])} for name, column in _FACTS if facts[column] is not None]
    )
    print_table(story["names"], title="Names")
    print_table(story["sizes"], title="Sizes: the chosen one and every other statement")
    print_table(story["scores"], title="Scores: those that the marts use are marked *")
    print_table(story["ended"], title="Believed earlier")
    return 0


def _find(con: duckdb.DuckDBPyConnection, name: str) -> str:
    found = con.execute(
        """
        select distinct model_id from core.model_aliases where lower(source_name) = lower($name)
        union
        select model_id from core.models where lower(model_id) = lower($name) or lower(display_name) = lower($name)
        order by model_id
        """,
        {"name": name},
    ).fetchall()
    if len(found) == 1:
        return str(found[0][0])
    if found:
        raise UsageError(f"{name!r} is several models: {', '.join(row[0] for row in found)}")
    near = con.execute(
        "select model_id from core.models order by jaro_winkler_similarity(lower(model_id), lower($name)) desc limit 5",
        {"name": name},
    ).fetchall()
    raise UsageError(f"no model {name!r} in this warehouse; the nearest are: {', '.join(row[0] for row in near)}")


def _story(con: duckdb.DuckDBPyConnection, model_id: str, benchmark: str | None) -> dict[str, Any]:
    values = {"model": model_id, "benchmark": benchmark}
    place = "concat_ws(' ', s.repo_id || '@' || s.revision[:12], s.path, s.locator) as place"
    return {
        "model": _rows(con, "select * from core.models where model_id = $model", {"model": model_id})[0],
        "names": _rows(
            con,
            "select source_id as source, source_name as name, method from core.model_aliases where model_id = $model"
            " order by all",
            {"model": model_id},
        ),
        "sizes": _rows(
            con,
            f"""
            select
                case when is_chosen then '*' else '' end as chosen,
                kind, method, params, reason, round(disagreement_pct, 1) as off_pct, {place}
            from core.parameter_evidence as s
            where model_id = $model
            order by kind desc, is_chosen desc, confidence desc, method, source_id, path
            """,
            {"model": model_id},
        ),
        "scores": _rows(
            con,
            f"""
            select
                case when m.model_id is not null then '*' else '' end as used,
                s.variant_id as variant, s.score_raw as raw, s.score_unit as unit, s.score_pct as pct,
                s.score_norm_pct as norm_pct, s.n_shot, s.precision, s.reported_by as by, {place}
            from core.scores as s
            left join mart.model_scaling as m
                on m.model_id = s.model_id
                and m.comparable_group = s.comparable_group
                and m.score_source
                    = concat_ws(' ', s.source_id || ':', s.repo_id || '@' || s.revision[:12], s.path, s.locator)
            where s.model_id = $model and ($benchmark is null or $benchmark in (s.benchmark_id, s.variant_id))
            order by s.benchmark_id, s.variant_id, used desc, s.source_id, s.precision, s.run_id
            """,
            values,
        ),
        "ended": _rows(
            con,
            f"""
            select
                s.variant_id as variant, s.score_raw as raw, s.precision, s.valid_from, s.valid_to, {place}
            from history.scores as s
            join core.model_aliases as a using (source_id, source_name)
            join core.benchmarks as b using (variant_id)
            where a.model_id = $model
                and s.valid_to is not null
                and ($benchmark is null or $benchmark in (b.benchmark_id, s.variant_id))
            order by s.variant_id, s.valid_from
            """,
            values,
        ),
    }


def _rows(con: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = con.sql(query, params=values).pl().to_dicts()
    return rows


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return plain(value)
