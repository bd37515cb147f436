"""`explain`: shows everything about one model, each value with the file, commit and place it came from."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from leaderboard_etl.commands.display import plain, print_json, print_records, records
from leaderboard_etl.commands.explain_mart import explain_mart
from leaderboard_etl.commands.parsing import Commands, add_as_of, add_command, add_json
from leaderboard_etl.commands.story_text import counted, readable
from leaderboard_etl.errors import UsageError
from leaderboard_etl.settings import Warehouse

if TYPE_CHECKING:
    import duckdb

_FACTS = (
    ("organization", "organization"),
    ("family", "family"),
    ("openness", "openness"),
    ("population", "population"),
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
_FILE = "concat_ws(' ', s.repo_id || '@' || s.revision[:12], s.path)"
_PLACE = f"concat_ws(' ', {_FILE}, s.locator)"
_SECTIONS = (
    ("names", "Names", ()),
    ("sizes", "Sizes: * is used", ("reason",)),
    ("licences", "Licence as stated: * is used", ()),
    ("dates", "Dates: * is the release date", ()),
    ("bases", "Made from", ()),
    ("derivatives", "Made from it, in this warehouse", ("examples",)),
    ("scores", "Scores: the marts use those marked *", ("because",)),
    ("ended", "Earlier scores", ()),
)
_NOT_WORTH_PRINTING = {("merge", False), ("flagged", False)}
_QUERIES = {
    "names": """
        select source_id as source, source_name as name, method
        from core.model_aliases
        where model_id = $model
        order by all
    """,
    "sizes": f"""
        select
            case when is_chosen then '*' else '' end as chosen, kind, method, params,
            case when is_disagreeing and is_doubtful then 'doubted' when is_disagreeing then 'disagrees'
                when is_doubtful then 'doubted' else '' end as state,
            round(disagreement_pct, 1) as off_pct, reason, {_FILE} as file, {_PLACE} as place,
            source_url as link
        from core.parameter_evidence as s
        where model_id = $model
        order by kind desc, is_chosen desc, is_doubtful, params is null, confidence desc, method, source_id, path, locator
    """,
    "licences": f"""
        select
            case when s.license_text = m.license_text then '*' else '' end as chosen,
            s.license_text as text, s.source_id as source, min_by({_FILE}, {_PLACE}) as file, min({_PLACE}) as place
        from history.models as s
        join core.model_aliases as a using (source_id, source_name)
        join core.models as m using (model_id)
        where m.model_id = $model and s.valid_to is null and s.license_text is not null
        group by all
        order by chosen desc, source, text
    """,
    "dates": f"""
        with said as (
            unpivot (
                select
                    source_id, source_name, repo_id, revision, path, locator, released_on_url,
                    released_on as reference, uploaded_on as hub_upload,
                    created_at::date as hub_created, submitted_on as leaderboard_submission
                from history.models
                where valid_to is null
            ) on reference, hub_upload, hub_created, leaderboard_submission into name kind value on_date
        )
        select
            case when m.released_on = s.on_date and m.released_on_method = s.kind then '*' else '' end as chosen,
            s.on_date as date, s.kind, s.source_id as source, min_by({_FILE}, {_PLACE}) as file, min({_PLACE}) as place,
            any_value(s.released_on_url) filter (where s.kind = 'reference') as link
        from said as s
        join core.model_aliases as a using (source_id, source_name)
        join core.models as m using (model_id)
        where m.model_id = $model
        group by all
        order by chosen desc, date, kind, source
    """,
    "bases": f"""
        select
            l.depth as steps, l.ancestor_id as base, l.relation,
            case when l.ancestor_is_known then 'yes' else 'no' end as in_this_warehouse,
            {_FILE} as file, {_PLACE} as place
        from mart.lineage as l
        left join core.model_bases as s
            on s.model_id = l.model_id and s.base_model_id = l.ancestor_id and l.depth = 1
        where l.model_id = $model and l.depth > 0
        order by l.depth, s.is_first desc, base
    """,
    "derivatives": """
        select
            m.base_model_relation as relation, count(*) as models, count(*) filter (where l.depth = 1) as directly,
            array_to_string(list(m.model_id order by m.model_id)[:3], ', ') as examples
        from mart.lineage as l
        join core.models as m using (model_id)
        where l.ancestor_id = $model and l.depth > 0
        group by all
        order by models desc, relation
    """,
    "scores": f"""
        select
            case when m.model_id is not null then '*' else '' end as used,
            s.variant_id as variant, s.score_raw as raw, s.score_unit as unit, s.score_pct as pct,
            s.score_norm_pct as norm_pct, s.n_shot, s.precision, s.reported_by as by,
            m.chosen_because as because, {_FILE} as file, {_PLACE} as place, s.source_url as link
        from core.scores as s
        left join mart.model_scaling as m
            on m.model_id = s.model_id
            and m.comparable_group = s.comparable_group
            and m.variant = s.variant_id
            and m.score_source
                = concat_ws(' ', s.source_id || ':', s.repo_id || '@' || s.revision[:12], s.path, s.locator)
        where s.model_id = $model and ($benchmark is null or $benchmark in (s.benchmark_id, s.variant_id))
        order by s.benchmark_id, s.variant_id, used desc, s.source_id, s.precision, s.run_id
    """,
    "ended": f"""
        select
            s.variant_id as variant, s.score_raw as raw, s.score_unit as unit, s.precision,
            s.valid_from::date as from_day, s.valid_to::date as to_day, {_FILE} as file, {_PLACE} as place
        from history.scores as s
        join core.model_aliases as a using (source_id, source_name)
        join core.benchmarks as b using (variant_id)
        where a.model_id = $model
            and s.valid_to is not null
            and ($benchmark is null or $benchmark in (b.benchmark_id, s.variant_id))
        order by s.variant_id, s.valid_from
    """,
}


def register(commands: Commands) -> None:
    """Registers `explain`."""
    command = add_command(commands, "explain", _explain, "where each value of one model came from")
    command.add_argument("model", nargs="?", help="a model id or any name that a source uses")
    command.add_argument("benchmark", nargs="?", help="only its scores of this benchmark")
    command.add_argument("--mart", metavar="NAME", help="instead of a model: rows of this mart, column by column")
    command.add_argument("--key", help="with --mart: a value that a row has in one of its text columns")
    add_as_of(command)
    add_json(command)


def _explain(options: argparse.Namespace, warehouse: Warehouse) -> int:
    if (options.model is None) == (options.mart is None) or (options.mart is None) != (options.key is None):
        raise UsageError("explain takes a model, or --mart NAME with --key KEY")
    arguments = {"as_of": options.as_of, "as_json": options.json}
    if options.mart is not None:
        return explain_mart(warehouse, options.mart, options.key, **arguments)
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
        facts_by_section = _facts_of(con, model_id, benchmark)
    if as_json:
        print_json(facts_by_section)
        return 0
    facts = facts_by_section["model"]
    print(f"{plain(facts['display_name'])}  ({plain(model_id)})")
    if benchmark is None:
        print_records(
            [
                {"fact": name, "value": counted(facts[column])}
                for name, column in _FACTS
                if facts[column] is not None and (name, facts[column]) not in _NOT_WORTH_PRINTING
            ]
        )
    references: dict[str, int] = {}
    for name, title, below in _SECTIONS:
        if facts_by_section.get(name):
            print_records(readable(facts_by_section[name], references), title=title, below=below)
    if references:
        print("\nFiles (repository@commit and path) and links")
        for text, number in references.items():
            print(f"  [{number}] {plain(text)}")
    return 0


def model_id_of(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """The id of the model that has a name, whatever its letter case. Raises UsageError for a name of none or of several."""
    ids = con.execute(
        """
        select distinct model_id from core.model_aliases where lower(source_name) = lower($name)
        union
        select model_id from core.models where lower(model_id) = lower($name) or lower(display_name) = lower($name)
        order by model_id
        """,
        {"name": name},
    ).fetchall()
    if len(ids) == 1:
        return str(ids[0][0])
    if ids:
        raise UsageError(f"{name!r} is several models: {', '.join(row[0] for row in ids)}")
    near = con.execute(
        "select model_id from core.models order by jaro_winkler_similarity(lower(model_id), lower($name)) desc limit 5",
        {"name": name},
    ).fetchall()
    raise UsageError(f"no model {name!r} in this warehouse; the nearest are: {', '.join(row[0] for row in near)}")


def _facts_of(con: duckdb.DuckDBPyConnection, model_id: str, benchmark: str | None) -> dict[str, Any]:
    section_names: Iterable[str] = _QUERIES if benchmark is None else ("scores", "ended")
    facts: dict[str, Any] = {
        "model": _rows(con, "select * from core.models where model_id = $model", {"model": model_id})[0]
    }
    for name in section_names:
        query = _QUERIES[name]
        values = {"model": model_id} | ({"benchmark": benchmark} if "$benchmark" in query else {})
        facts[name] = _rows(con, query, values)
    if benchmark is None and facts["model"]["license_text"] and not any(row["chosen"] for row in facts["licences"]):
        policy = {"source": "policy", "place": "leaderboard-etl policy model_licenses.csv"}
        facts["licences"].insert(0, {"chosen": "*", "text": facts["model"]["license_text"], **policy})
    if benchmark is not None and not facts["scores"] and not facts["ended"]:
        has = "select distinct benchmark_id from core.scores where model_id = $model order by all"
        benchmarks = ", ".join(row["benchmark_id"] for row in _rows(con, has, {"model": model_id}))
        raise UsageError(f"{model_id} has no score of {benchmark!r}; it has: {benchmarks or 'none'}")
    return facts


def _rows(con: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    return records(con.sql(query, params=values))
