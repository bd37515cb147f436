"""mart: the results of the analyses of core, as tables that ad-hoc SQL can read. Rebuilt whole."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from datetime import date

import duckdb
import polars as pl
from threadpoolctl import threadpool_limits

from leaderboard_etl.analysis.capability import fit_capability, index_gap
from leaderboard_etl.analysis.chinchilla import law_optima, read_laws, tokens_per_parameter
from leaderboard_etl.analysis.dense_equivalent import dense_equivalents
from leaderboard_etl.analysis.density import capability_density, density_frontier, size_to_reach
from leaderboard_etl.analysis.lag_summary import lag_summary
from leaderboard_etl.analysis.lags import daily_lags, gap_lags
from leaderboard_etl.analysis.parity import CURRENT_DAYS, headline_groups, majority, parity, sensitivity
from leaderboard_etl.analysis.prices import price_to_reach
from leaderboard_etl.analysis.scaling import compute_fits, fit_bands, scaling_fits
from leaderboard_etl.analysis.self_report import self_report_gap
from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.memory import release_memory
from leaderboard_etl.policy import Policy
from leaderboard_etl.warehouse.answers import Answers
from leaderboard_etl.warehouse.claims import judge_claims
from leaderboard_etl.warehouse.history import policy_texts

# The view mart.populations says who takes part; in addition, dense models alone give the curve for mixtures of experts.
POPULATIONS = ("official", "official_base", "fine_tune", "merge", "flagged", "unflagged", "all")
DENSE = "official_dense"
_SIZED = ("official", "all")
ANSWERS = Answers()
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
_POINTS = f"""
    select
        -- The place of a score changes with every commit of its repository, and does not matter here.
        p.* exclude (score_source, source_url, chosen_because), f.family, m.training_tokens, b.random_baseline, b.score_ceiling
    from mart.model_scaling as p
    join core.models as m using (model_id)
    left join ({_FAMILIES}) as f using (model_id)
    join core.benchmarks as b on b.variant_id = p.variant
    order by p.comparable_group, p.model_id
"""


def build_marts(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Fills the empty mart tables from core and the views of it, as of the end of a day."""
    policy = Policy(policy_texts(con))
    points: pl.DataFrame = con.sql(_POINTS).pl()
    groups: pl.DataFrame = con.sql(
        "select *, benchmark_id as benchmark from core.comparable_groups order by comparable_group"
    ).pl()
    members: pl.DataFrame = con.sql("from mart.populations").pl()
    sides: pl.DataFrame = con.sql("from mart.gap_sides").pl()
    current = con.execute("select value from core.rules where rule = 'current_days'").fetchall()
    release_memory(con)
    # The matrices are small: threads would only wait for each other, for minutes if other programs need the processors.
    with threadpool_limits(limits=1, user_api="blas"):
        for table, frame in analyses(points, members, groups, sides, as_of, int(current[0][0])).items():
            _insert(con, table, frame)
    prices: pl.DataFrame = con.sql("from core.prices").pl()
    for name in _SIZED:
        ours = points.join(members.filter(population=name), on="model_id", how="semi")
        _insert(con, "mart.price_to_reach", price_to_reach(ours, prices).with_columns(pl.lit(name).alias("population")))
    scores = con.sql(
        "select s.model_id, s.benchmark_id, s.comparable_group, s.variant_id, s.reported_by, s.is_verified, s.score_pct,"
        " f.family"
        f" from core.scores as s left join ({_FAMILIES}) as f using (model_id)"
    ).pl()
    _insert(con, "mart.self_report_gap", self_report_gap(scores))
    models = con.sql("select model_id, params_total, params_active, is_moe, training_tokens from core.models").pl()
    laws = read_laws(policy)
    _insert(con, "mart.tokens_per_parameter", tokens_per_parameter(models, laws))
    described = policy.frame("scaling_laws").select("law_id", "source_url", "note")
    _insert(con, "mart.scaling_laws", law_optima(laws).join(described, on="law_id"))
    # A load older than this file does not have it.
    if "article_table" in policy.texts:
        printed = policy.frame("article_table")
        if "n_shot" not in printed.columns:  # nor, if it is younger than the file, the shots
            printed = printed.with_columns(pl.lit(None).alias("n_shot"))
        _insert(con, "mart.article_table", printed)
    judge_claims(con, policy, as_of)


def analyses(
    points: pl.DataFrame,
    members: pl.DataFrame,
    groups: pl.DataFrame,
    sides: pl.DataFrame,
    as_of: date,
    current_days: int = CURRENT_DAYS,
) -> dict[str, pl.DataFrame]:
    """The frames of the mart tables that depend only on points: rows of mart.model_scaling with family, training tokens,
    baseline and ceiling. members and sides: the rows of mart.populations and mart.gap_sides.

    Lags and fits are computed group by group, so that a score of one group leaves the others as they are.
    """
    points = points.sort("comparable_group", "model_id")
    of = {name: points.join(members.filter(population=name), on="model_id", how="semi") for name in POPULATIONS}
    is_dense = pl.col("is_moe").not_() | (pl.col("params_active_b") == pl.col("params_b"))
    of[DENSE] = of["official"].filter(is_dense)
    observed = {name: _observed(groups, sides.filter(population=name)) for name in POPULATIONS}

    def each(names: Iterable[str], analyse: Callable[..., pl.DataFrame], *more: object) -> pl.DataFrame:
        # Equal populations, as in a small warehouse, share one answer.
        return pl.concat(
            [
                ANSWERS.of(analyse.__name__, analyse, of[name], *more).with_columns(pl.lit(name).alias("population"))
                for name in names
            ]
        )

    def each_lag(analyse: Callable[..., pl.DataFrame]) -> pl.DataFrame:
        return pl.concat(
            [
                ANSWERS.of(
                    analyse.__name__,
                    analyse,
                    rows.filter(comparable_group=group["comparable_group"][0]),
                    group,
                    _observed_through(group, as_of),
                ).with_columns(pl.lit(name).alias("population"))
                for name, rows in of.items()
                if name in POPULATIONS
                for group in _censored(observed[name]).partition_by("comparable_group", maintain_order=True)
            ]
        )

    def each_fit(names: Iterable[str], analyse: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
        return pl.concat(
            [
                ANSWERS.of(analyse.__name__, analyse, rows).with_columns(pl.lit(name).alias("population"))
                for name in names
                for rows in of[name].partition_by("comparable_group", maintain_order=True) or [of[name]]
            ]
        )

    def each_judged(judge: Callable[..., pl.DataFrame], **more: int) -> pl.DataFrame:
        return pl.concat(
            [
                judge(of[name], observed[name], as_of, **more).with_columns(pl.lit(name).alias("population"))
                for name in POPULATIONS
            ]
        )

    fits = each_fit(of, _fits)
    density = capability_density(of["official"], fits.filter(pl.col("population") == DENSE))
    capability = ANSWERS.of("fit_capability", fit_capability, of["official"])
    headline = observed["official"].filter("is_headline")
    judged = each_judged(parity, current_days=current_days)
    counted = pl.col("comparable_group").is_in(headline_groups(judged.filter(population="official"), groups))
    judged = judged.with_columns(is_headline=counted)
    return {
        "mart.gap_lag": each_lag(gap_lags),
        "mart.gap_lag_daily": each_lag(daily_lags),
        "mart.gap_lag_summary": each_lag(_lag_summary),
        "mart.scaling_fit": fits,
        "mart.scaling_band": each_fit(("official",), _bands),
        "mart.capability_index": capability.index,
        "mart.capability_items": capability.items,
        "mart.capability_gap": index_gap(
            capability,
            as_of,
            observed_through_open_on=_last(headline, "open_newest_on"),
            observed_through_proprietary_on=_last(headline, "proprietary_newest_on"),
        ),
        "mart.parity": judged,
        "mart.parity_sensitivity": each_judged(sensitivity).with_columns(is_headline=counted),
        "mart.parity_majority": pl.concat(
            [
                majority(judged.filter(pl.col("population") == name)).with_columns(pl.lit(name).alias("population"))
                for name in POPULATIONS
            ]
        ),
        "mart.capability_density": density,
        "mart.dense_equivalent": ANSWERS.of("dense_equivalents", _dense_equivalents, of["official"], of[DENSE]),
        "mart.density_frontier": density_frontier(density, seed=_seed(of["official"])),
        "mart.size_to_reach": each(_SIZED, size_to_reach),
    }


def _observed_through(group: pl.DataFrame, as_of: date) -> date:
    """The last day that matters for a group's lags: days after both sides were last observed change nothing."""
    days = [group["observed_through_open_on"][0], group["observed_through_proprietary_on"][0]]
    return as_of if None in days else min(as_of, max(days))


def _fits(rows: pl.DataFrame) -> pl.DataFrame:
    seed = _seed(rows)
    return pl.concat([scaling_fits(rows, seed=seed), compute_fits(rows, seed=seed, draws=200)])


def _bands(rows: pl.DataFrame) -> pl.DataFrame:
    return fit_bands(rows, seed=_seed(rows))


def _lag_summary(rows: pl.DataFrame, groups: pl.DataFrame, as_of: date) -> pl.DataFrame:
    return lag_summary(rows, groups, as_of, seed=_seed(rows))


def _dense_equivalents(rows: pl.DataFrame, dense: pl.DataFrame) -> pl.DataFrame:
    return dense_equivalents(rows, dense, seed=_seed(rows))


def _seed(rows: pl.DataFrame) -> int:
    """The same rows give the same draws, on any machine and in any later run, whatever else is in the warehouse."""
    return zlib.crc32(rows.select("model_id", "comparable_group", "score_pct", "params_b").write_csv().encode())


def _observed(groups: pl.DataFrame, sides: pl.DataFrame) -> pl.DataFrame:
    """The groups with the days in mart.gap_sides of one population instead of those in policy."""
    days = ["observed_through_open_on", "observed_through_proprietary_on"]
    days_of_sides = sides.drop("population")
    return groups.join(
        days_of_sides, on="comparable_group", how="left", suffix="_of_side", maintain_order="left"
    ).with_columns(pl.coalesce(f"{day}_of_side", day).alias(day) for day in days)


def _censored(groups: pl.DataFrame) -> pl.DataFrame:
    """The columns of the groups that the lags need: both sides end on the day on which they can be compared."""
    days = ["observed_through_open_on", "observed_through_proprietary_on"]
    return groups.select(
        *("comparable_group", "benchmark", "match_tolerance_pct"),
        *(pl.coalesce("compared_on", day).alias(day) for day in days),
    )


def _last(groups: pl.DataFrame, column: str) -> date | None:
    """The last of the days; null if there is none."""
    last = groups[column].max()
    return last if isinstance(last, date) else None


def _insert(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    schema = frame_schema(table)
    rows = frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    con.register("incoming", rows.sort(pl.all(), nulls_last=True))
    con.execute(f"insert into {table} select * from incoming")
    con.unregister("incoming")
