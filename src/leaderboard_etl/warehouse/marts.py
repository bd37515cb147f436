"""mart: the results of the analyses of core, as tables that ad-hoc SQL can read. What is made from equal rows stays (results)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from datetime import date
from functools import cached_property

import duckdb
import polars as pl
from threadpoolctl import threadpool_limits

from leaderboard_etl import engine
from leaderboard_etl.analysis.chinchilla import law_optima, read_laws, tokens_per_parameter
from leaderboard_etl.analysis.density import FRONTIER_COLUMNS
from leaderboard_etl.analysis.readable import Readable
from leaderboard_etl.analysis.self_report import REFERENCE, VENDOR_KINDS, self_report_gap
from leaderboard_etl.contracts.schema import kept_views
from leaderboard_etl.memory import has_room_for_a_process, release_memory
from leaderboard_etl.policy import Policy
from leaderboard_etl.warehouse.analyses import ANSWERS, COLUMNS, DENSE, Frames, Given
from leaderboard_etl.warehouse.claims import judged_claims
from leaderboard_etl.warehouse.history import policy_texts
from leaderboard_etl.warehouse.needs import TABLES_OF
from leaderboard_etl.warehouse.results import Analysis, Computed, Held, Part, is_stale, refresh, refresh_view

# A fine-tune shares data and recipe with its base, whoever made it, so resampling draws them together. Of a merge whose nearest
# ancestors with a family differ no family is known.
_FAMILIES = """
    select model_id, any_value(family) as family
    from (
        select l.model_id, m.family
        from mart.lineage as l
        join core.models as m on m.model_id = l.ancestor_id
        where m.family is not null
        qualify l.depth = min(l.depth) over (partition by l.model_id)
    )
    group by model_id
    having count(distinct family) = 1
"""
# The points of every chart, with what the analyses need beside them, and the populations in which each takes part.
_POINTS = f"""
    with memberships as (
        select model_id, list(population order by population) as populations from mart.populations group by model_id
    )
    select
        -- The place of a score changes with every commit of its repository, and does not matter here.
        p.* exclude (score_source, source_url, chosen_because), f.family, m.training_tokens, b.random_baseline, b.score_ceiling,
        case
            when list_contains(s.populations, 'official') and (not p.is_moe or p.params_active_b = p.params_b)
                then list_append(s.populations, '{DENSE}')
            else s.populations
        end as populations,
        -- What is said of a model's size against its score; several analyses are made from nothing else (sql/inputs).
        hash(
            p.comparable_group, p.model_id, p.model, p.benchmark, p.openness, p.released_on, f.family, p.organization,
            p.score_pct, p.score_norm_pct, p.params_b, p.params_active_b, p.is_moe
        ) as said_of_size
    from mart.model_scaling as p
    join core.models as m using (model_id)
    join memberships as s using (model_id)
    left join ({_FAMILIES}) as f using (model_id)
    join core.benchmarks as b on b.variant_id = p.variant
"""
# Of the models that somebody reported a score of; a score of another is compared with nothing.
_SCORES = f"""
    select
        s.model_id, s.benchmark_id, s.comparable_group, s.variant_id, s.reported_by, s.is_verified, s.score_pct, f.family,
        -- A setting that policy does not know says nothing that two sides could share.
        case when e.effort_rank >= 0 or e.has_tools then (e.has_tools, e.effort_rank, e.budget_tokens)::varchar end
            as stated_setting,
        dense_rank() over (
            order by mart.precedence(
                w.chart_rank, s.is_verified, b.n_shot, s.precision, e.has_tools, e.effort_rank, e.budget_tokens, s.evaluated_on
            )
        ) as place
    from core.scores as s
    join core.benchmarks as b using (variant_id)
    left join core.reporters as w using (reported_by)
    left join core.settings as e using (setting)
    semi join (
        from core.scores where reported_by in ({", ".join(f"'{kind}'" for kind in (*VENDOR_KINDS, REFERENCE))})
    ) as r on r.model_id = s.model_id and r.benchmark_id = s.benchmark_id
    left join ({_FAMILIES}) as f using (model_id)
"""
# A withdrawal that is announced for a later day has not happened.
_PRICES = """
    select * replace (case when withdrawn_on <= getvariable('as_of') then withdrawn_on end as withdrawn_on)
    from core.prices
"""
# In what order the rows of a kept view are: what is asked for together stands together.
_ORDER = {"mart.model_scaling": "comparable_group, model_id", "mart.lineage": "model_id, depth, ancestor_id"}
# Rows of kept views are asked for model by model only of so many.
_MOST_JUDGED = 2_000
_BY_GROUP = ("population", "comparable_group")
CLAIMS = Analysis("paper_claims", ("mart.paper_claims",))


def build_marts(
    con: duckdb.DuckDBPyConnection,
    as_of: date,
    needs: Set[str] | None = None,
    held: Held | None = None,
    judged: pl.DataFrame | None = None,
    *,
    is_new: bool = False,
) -> Computed:
    """Brings the mart tables up to date with core, as of the end of a day; kept views become tables. Null: all; else those among
    `needs`, with what they are made from (needs.needed_by). `judged` is what update_core has returned since
    then; null: not known.

    What is made from the same rows by the same code stays as it is (warehouse.results), of kept views also where `held` has the
    rows. Returns the parts that were computed, by analysis. In a file that `is_new`, much was made before the analyses: another
    thread writes it out while they compute, if there is memory for both.
    """
    con.execute(f"set variable as_of = date '{as_of}'")
    computed = keep_views(con, needs, held, judged)
    if needs is not None and needs.isdisjoint(itertools.chain(*TABLES_OF.values())):
        return computed
    if needs is None or "mart.gap_sides" in needs:
        con.execute(f"create or replace temp table points as {_POINTS}")
        con.execute("create or replace temp table sides as from mart.gap_sides order by all")
    policy = Policy(policy_texts(con))
    if is_new and has_room_for_a_process(con):
        con.commit().begin()
        with engine.writing_out(con):
            computed |= _analyse(con, policy, as_of, needs)
            con.commit()
        con.begin()
    else:
        computed |= _analyse(con, policy, as_of, needs)
    if needs is None:
        release_memory(con)  # what the analyses freed, before the claims read many tables
        computed[CLAIMS.name] = refresh(con, CLAIMS, lambda _: {CLAIMS.tables[0]: judged_claims(con, policy, as_of)})
    con.execute("drop table if exists points; drop table if exists sides")
    release_memory(con)
    return computed


def keep_views(
    con: duckdb.DuckDBPyConnection,
    needs: Set[str] | None = None,
    held: Held | None = None,
    judged: pl.DataFrame | None = None,
) -> Computed:
    """The same for the kept views alone."""
    models = None if judged is None or judged.height > _MOST_JUDGED else judged["model_id"].to_list()
    return {
        name.split(".")[1]: refresh_view(con, view, _ORDER.get(name, "all"), held, models)
        for name, view in kept_views().items()
        if needs is None or name in needs
    }


def _analyse(con: duckdb.DuckDBPyConnection, policy: Policy, as_of: date, needs: Set[str] | None) -> Computed:
    """The same for all analyses but that of the claims. What they are given, most of what a process holds, goes with the call."""
    given = _Lazy(con, as_of)
    wanted = [
        (analysis, compute)
        for analysis, compute in _analyses(con, policy, given)
        if needs is None or not needs.isdisjoint(analysis.tables)
    ]
    begun = _longest_ahead(con, given, {analysis for analysis, _ in wanted})
    # The matrices are small: threads would only wait for each other, for minutes if other programs need the processors.
    with threadpool_limits(limits=1, user_api="blas"), begun as ahead:
        # What a second process is at comes last; what this one computes comes before the frames that hold more.
        wanted.sort(key=lambda each: each[0] in ahead)
        return {analysis.name: refresh(con, analysis, compute) for analysis, compute in wanted}


def _analysis(name: str, part: tuple[str, ...] = ()) -> Analysis:
    return Analysis(name, TABLES_OF[name], part)


CAPABILITY = _analysis("capability")


@contextmanager
def _longest_ahead(con: duckdb.DuckDBPyConnection, given: _Lazy, wanted: Set[Analysis]) -> Iterator[Set[Analysis]]:
    """Within the block a second process computes the analysis that takes longest, which needs no table of another, if others are
    wanted as well. Gives what it computes."""
    if wanted > {CAPABILITY} and has_room_for_a_process(con) and is_stale(con, CAPABILITY):
        with given.read.capability_ahead():
            yield {CAPABILITY}
    else:
        yield set()


def _analyses(
    con: duckdb.DuckDBPyConnection, policy: Policy, given: _Lazy
) -> Iterator[tuple[Analysis, Callable[[list[Part]], Frames]]]:
    """Each analysis but that of the claims, and what computes parts of it. An analysis may read the tables of those before it."""

    def table(name: str, condition: str = "true", columns: Sequence[str] = ("*",)) -> pl.DataFrame:
        frame: pl.DataFrame = con.sql(f"select {', '.join(columns)} from {name} where {condition}").pl()
        return frame

    # These do not need the points, which are held from the first analysis of them to the last, or from here for a second process.
    yield (
        _analysis("self_report_gap", ("benchmark_id",)),
        lambda parts: {
            "mart.self_report_gap": ANSWERS.of(
                "self_report_gap",
                self_report_gap,
                con.sql(_SCORES).pl().filter(pl.col("benchmark_id").is_in([benchmark for (benchmark,) in parts])),
            )
        },
    )
    yield (
        _analysis("training"),
        lambda _: _training(con, policy),
    )
    yield (
        _analysis("lags", _BY_GROUP),
        lambda parts: given.read.lags(parts),
    )
    yield _analysis("fits", _BY_GROUP), lambda parts: given.read.fits(parts)
    yield _analysis("bands", _BY_GROUP), lambda parts: given.read.bands(parts)
    yield CAPABILITY, lambda _: given.read.capability()
    yield (
        _analysis("parity"),
        lambda _: given.read.parity(),
    )
    yield (
        _analysis("density", ("comparable_group",)),
        lambda parts: given.read.density(parts, table("mart.scaling_fit", f"population = '{DENSE}'")),
    )
    yield (
        _analysis("density_frontier"),
        lambda _: given.read.density_frontier(table("mart.capability_density", columns=FRONTIER_COLUMNS)),
    )
    yield _analysis("dense_equivalent"), lambda _: given.read.dense_equivalent()
    yield _analysis("size_to_reach", _BY_GROUP), lambda parts: given.read.size_to_reach(parts)
    yield (
        _analysis("price_to_reach", ("population",)),
        lambda parts: given.read.price_to_reach(parts, con.sql(_PRICES).pl()),
    )
    # A load older than this file does not have it.
    if "article_table" in policy.texts:
        frame = policy.frame("article_table", added=("n_shot",))
        yield _analysis("article_table"), lambda _: {"mart.article_table": frame}


class _Lazy:
    """What the analyses are given, read when one of them computes anything."""

    def __init__(self, con: duckdb.DuckDBPyConnection, as_of: date) -> None:
        self._con, self._as_of = con, as_of

    @cached_property
    def read(self) -> Given:
        con = self._con
        points = _points(con)
        groups: pl.DataFrame = con.sql(
            "select *, benchmark_id as benchmark from core.comparable_groups order by comparable_group"
        ).pl()
        members: pl.DataFrame = con.sql("from mart.populations").pl()
        sides: pl.DataFrame = con.sql("from sides").pl()
        rules = dict(con.execute("select rule, value from core.rules").fetchall())
        release_memory(con)
        readable = Readable(int(rules["line_least_families"]), rules["read_off_least_r2"])
        return Given(points, members, groups, sides, self._as_of, readable, int(rules["current_days"]))


def _points(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """COLUMNS of the points, in the order of group and model. They are read group by group, and a text that many points have is
    held once: as DuckDB hands them over, every point has its own, which takes more memory than all else."""
    query = f"select {', '.join(COLUMNS)} from points"
    held_once = pl.col(pl.String).cast(pl.Categorical)
    groups = con.execute("select distinct comparable_group from points order by 1").fetchall()
    frames: list[pl.DataFrame] = [
        con.sql(f"{query} where comparable_group = ?", params=group).pl().sort("model_id").with_columns(held_once)
        for group in groups
    ]
    points: pl.DataFrame = pl.concat(frames or [con.sql(query).pl().with_columns(held_once)])
    return points.with_columns(pl.col(pl.Categorical).cast(pl.String))


def _training(con: duckdb.DuckDBPyConnection, policy: Policy) -> Frames:
    models = con.sql("select model_id, params_total, params_active, is_moe, training_tokens from core.models").pl()
    laws = read_laws(policy)
    described = policy.frame("scaling_laws").select("law_id", "source_url", "note")
    return {
        "mart.tokens_per_parameter": tokens_per_parameter(models, laws),
        "mart.scaling_laws": law_optima(laws).join(described, on="law_id"),
    }
