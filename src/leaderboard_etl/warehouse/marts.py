"""mart: the results of the analyses of core, as tables that ad-hoc SQL can read. What is made from equal rows stays (results)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import duckdb
import polars as pl
from threadpoolctl import threadpool_limits

from leaderboard_etl.analysis.capability import fit_capability, index_gap
from leaderboard_etl.analysis.chinchilla import law_optima, read_laws, tokens_per_parameter
from leaderboard_etl.analysis.dense_equivalent import dense_equivalents
from leaderboard_etl.analysis.density import capability_density, density_frontier, size_to_reach
from leaderboard_etl.analysis.lag_summary import lag_summary
from leaderboard_etl.analysis.lags import daily_lags, gap_lags
from leaderboard_etl.analysis.parity import CHOICES, CURRENT_DAYS, headline_groups, majority, parity, sensitivity
from leaderboard_etl.analysis.prices import price_to_reach
from leaderboard_etl.analysis.scaling import compute_fits, fit_bands, scaling_fits
from leaderboard_etl.analysis.self_report import self_report_gap
from leaderboard_etl.contracts.schema import kept_views
from leaderboard_etl.memory import release_memory
from leaderboard_etl.policy import Policy
from leaderboard_etl.warehouse.answers import Answers
from leaderboard_etl.warehouse.claims import judged_claims
from leaderboard_etl.warehouse.history import policy_texts
from leaderboard_etl.warehouse.results import Analysis, Computed, Part, refresh, refresh_view

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
        end as populations
    from mart.model_scaling as p
    join core.models as m using (model_id)
    join memberships as s using (model_id)
    left join ({_FAMILIES}) as f using (model_id)
    join core.benchmarks as b on b.variant_id = p.variant
    order by p.comparable_group, p.model_id
"""
_SCORES = f"""
    select
        s.model_id, s.benchmark_id, s.comparable_group, s.variant_id, s.reported_by, s.is_verified, s.score_pct, f.family
    from core.scores as s
    left join ({_FAMILIES}) as f using (model_id)
"""
# In what order the rows of a kept view are: what is asked for together stands together.
_ORDER = {"mart.model_scaling": "comparable_group, model_id", "mart.lineage": "model_id, depth, ancestor_id"}
_BY_GROUP = ("population", "comparable_group")
CLAIMS = Analysis("paper_claims", ("mart.paper_claims",))
Frames = Mapping[str, pl.DataFrame]


def build_marts(con: duckdb.DuckDBPyConnection, as_of: date) -> Computed:
    """Brings the mart tables up to date with core, as of the end of a day; kept views become tables.

    What is made from the same rows by the same code stays as it is (warehouse.results). Returns the parts that were computed, by
    analysis.
    """
    con.execute(f"set variable as_of = date '{as_of}'")
    computed = keep_views(con)
    con.execute(f"create or replace temp table points as {_POINTS}")
    con.execute("create or replace temp table sides as from mart.gap_sides order by all")
    policy = Policy(policy_texts(con))
    # The matrices are small: threads would only wait for each other, for minutes if other programs need the processors.
    with threadpool_limits(limits=1, user_api="blas"):
        for analysis, compute in _analyses(con, policy, as_of):
            computed[analysis.name] = refresh(con, analysis, compute)
    computed[CLAIMS.name] = refresh(con, CLAIMS, lambda _: {CLAIMS.tables[0]: judged_claims(con, policy, as_of)})
    con.execute("drop table points; drop table sides")
    release_memory(con)
    return computed


def keep_views(con: duckdb.DuckDBPyConnection) -> Computed:
    """The same for the kept views alone."""
    return {
        view.name.split(".")[1]: refresh_view(con, view, _ORDER.get(view.name, "all")) for view in kept_views().values()
    }


def _analyses(
    con: duckdb.DuckDBPyConnection, policy: Policy, as_of: date
) -> Iterator[tuple[Analysis, Callable[[list[Part]], Frames]]]:
    """Each analysis but that of the claims, and what computes parts of it. An analysis may read the tables of those before it."""
    given = _Lazy(con, as_of)

    def table(name: str, condition: str = "true") -> pl.DataFrame:
        frame: pl.DataFrame = con.sql(f"from {name} where {condition}").pl()
        return frame

    yield (
        Analysis("lags", ("mart.gap_lag", "mart.gap_lag_daily", "mart.gap_lag_summary"), _BY_GROUP),
        lambda parts: given.read.lags(parts),
    )
    yield Analysis("fits", ("mart.scaling_fit",), _BY_GROUP), lambda parts: given.read.fits(parts)
    yield Analysis("bands", ("mart.scaling_band",), _BY_GROUP), lambda parts: given.read.bands(parts)
    yield (
        Analysis("capability", ("mart.capability_index", "mart.capability_items", "mart.capability_gap")),
        lambda _: given.read.capability(),
    )
    yield (
        Analysis("parity", ("mart.parity", "mart.parity_sensitivity", "mart.parity_majority")),
        lambda _: given.read.parity(),
    )
    yield (
        Analysis("density", ("mart.capability_density",), ("comparable_group",)),
        lambda parts: given.read.density(parts, table("mart.scaling_fit", f"population = '{DENSE}'")),
    )
    yield (
        Analysis("density_frontier", ("mart.density_frontier",)),
        lambda _: given.read.density_frontier(table("mart.capability_density")),
    )
    yield Analysis("dense_equivalent", ("mart.dense_equivalent",)), lambda _: given.read.dense_equivalent()
    yield Analysis("size_to_reach", ("mart.size_to_reach",), _BY_GROUP), lambda parts: given.read.size_to_reach(parts)
    yield (
        Analysis("price_to_reach", ("mart.price_to_reach",), ("population",)),
        lambda parts: given.read.price_to_reach(parts, table("core.prices")),
    )
    yield (
        Analysis("self_report_gap", ("mart.self_report_gap",), ("benchmark_id",)),
        lambda parts: {
            "mart.self_report_gap": self_report_gap(
                con.sql(_SCORES).pl().filter(pl.col("benchmark_id").is_in([benchmark for (benchmark,) in parts]))
            )
        },
    )
    yield (
        Analysis("training", ("mart.tokens_per_parameter", "mart.scaling_laws")),
        lambda _: _training(con, policy),
    )
    # A load older than this file does not have it.
    if "article_table" in policy.texts:
        frame = policy.frame("article_table")
        if "n_shot" not in frame.columns:  # nor, if it is younger than the file, the shots
            frame = frame.with_columns(pl.lit(None).alias("n_shot"))
        yield Analysis("article_table", ("mart.article_table",)), lambda _: {"mart.article_table": frame}


class _Lazy:
    """What the analyses are given, read when one of them computes anything."""

    def __init__(self, con: duckdb.DuckDBPyConnection, as_of: date) -> None:
        self._con, self._as_of = con, as_of

    @cached_property
    def read(self) -> Given:
        con = self._con
        points: pl.DataFrame = con.sql("select * exclude (populations) from points").pl()
        groups: pl.DataFrame = con.sql(
            "select *, benchmark_id as benchmark from core.comparable_groups order by comparable_group"
        ).pl()
        members: pl.DataFrame = con.sql("from mart.populations").pl()
        sides: pl.DataFrame = con.sql("from sides").pl()
        current = con.execute("select value from core.rules where rule = 'current_days'").fetchall()
        release_memory(con)
        return Given(points, members, groups, sides, self._as_of, int(current[0][0]))


@dataclass(frozen=True)
class Given:
    """What the analyses are made from, and the analyses: each gives rows of its tables, of the wanted parts alone.

    points: rows of mart.model_scaling with family, training tokens, baseline and ceiling. members and sides: the rows of
    mart.populations and mart.gap_sides. groups: those of core.comparable_groups, with benchmark.

    Lags and fits are computed group by group, so that a score of one group leaves the others as they are.
    """

    points: pl.DataFrame
    members: pl.DataFrame
    groups: pl.DataFrame
    sides: pl.DataFrame
    as_of: date
    current_days: int = CURRENT_DAYS

    @cached_property
    def of(self) -> dict[str, pl.DataFrame]:
        """The points of each population, in the order of groups and models."""
        points = self.points.sort("comparable_group", "model_id")
        of = {
            name: points.join(self.members.filter(population=name), on="model_id", how="semi") for name in POPULATIONS
        }
        is_dense = pl.col("is_moe").not_() | (pl.col("params_active_b") == pl.col("params_b"))
        return of | {DENSE: of["official"].filter(is_dense)}

    @cached_property
    def observed(self) -> dict[str, pl.DataFrame]:
        """The groups as each population observes them."""
        return {name: _observed(self.groups, self.sides.filter(population=name)) for name in POPULATIONS}

    @cached_property
    def _by_group(self) -> dict[str, dict[str, pl.DataFrame]]:
        return {
            name: {str(part): rows for (part,), rows in of.partition_by("comparable_group", as_dict=True).items()}
            for name, of in self.of.items()
        }

    def parts(self, names: Iterable[str]) -> list[Part]:
        """Every group of these populations."""
        groups = self.groups["comparable_group"].to_list()
        return [(name, group) for name in names for group in groups]

    def rows(self, population: str, group: str) -> pl.DataFrame:
        """The points of one population in one group."""
        return self._by_group[population].get(group, self.points.clear())

    def lags(self, parts: Iterable[Part]) -> Frames:
        groups = {
            (name, group["comparable_group"][0]): group
            for name, observed in self.observed.items()
            for group in _censored(observed).partition_by("comparable_group", maintain_order=True)
        }
        wanted = [part for part in parts if part in groups]

        def each(analyse: Callable[..., pl.DataFrame]) -> pl.DataFrame:
            frames = [
                _answer(
                    analyse,
                    self.rows(*part),
                    groups[part],
                    _observed_through(groups[part], self.as_of),
                    population=part[0],
                )
                for part in wanted
            ]
            return (
                pl.concat(frames)
                if frames
                else _named(analyse(self.points.clear(), self.groups.clear(), self.as_of), "")
            )

        return {
            "mart.gap_lag": each(gap_lags),
            "mart.gap_lag_daily": each(daily_lags),
            "mart.gap_lag_summary": each(_lag_summary),
        }

    def fits(self, parts: Iterable[Part]) -> Frames:
        return {"mart.scaling_fit": self._each_fit(_fits, parts)}

    def bands(self, parts: Iterable[Part]) -> Frames:
        return {"mart.scaling_band": self._each_fit(_bands, parts)}

    def capability(self) -> Frames:
        fitted = ANSWERS.of("fit_capability", fit_capability, self.of["official"])
        headline = self.observed["official"].filter("is_headline")
        return {
            "mart.capability_index": fitted.index,
            "mart.capability_items": fitted.items,
            "mart.capability_gap": index_gap(
                fitted,
                self.as_of,
                observed_through_open_on=_last(headline, "open_newest_on"),
                observed_through_proprietary_on=_last(headline, "proprietary_newest_on"),
            ),
        }

    def parity(self) -> Frames:
        # All populations at once, each group of each as a group of its own: a ninth of the questions.
        needed = {"comparable_group", "model_id", "model", "openness", "released_on", "stderr_pct", *CHOICES.values()}
        narrow = [column for column in self.points.columns if column in needed]
        points = pl.concat([_apart(self.of[name].select(narrow), name) for name in POPULATIONS])
        groups = pl.concat([_apart(self.observed[name], name) for name in POPULATIONS])
        tried = sensitivity(points, groups, self.as_of)
        judged = _together(parity(points, groups, self.as_of, current_days=self.current_days, tried=tried))
        headline = headline_groups(judged.filter(population="official"), self.groups)
        counted = pl.col("comparable_group").is_in(headline)
        judged = judged.with_columns(is_headline=counted)
        return {
            "mart.parity": judged,
            "mart.parity_sensitivity": _together(tried).with_columns(is_headline=counted),
            "mart.parity_majority": pl.concat(
                [_named(majority(judged.filter(pl.col("population") == name)), name) for name in POPULATIONS]
            ),
        }

    def density(self, parts: Iterable[Part], dense_fits: pl.DataFrame) -> Frames:
        """dense_fits: the rows of mart.scaling_fit of the population official_dense."""
        official = self.of["official"].filter(pl.col("comparable_group").is_in([group for (group,) in parts]))
        return {"mart.capability_density": capability_density(official, dense_fits)}

    def density_frontier(self, density: pl.DataFrame) -> Frames:
        """density: the rows of mart.capability_density."""
        return {"mart.density_frontier": density_frontier(density, seed=_seed(self.of["official"]))}

    def dense_equivalent(self) -> Frames:
        found = ANSWERS.of("dense_equivalents", _dense_equivalents, self.of["official"], self.of[DENSE])
        return {"mart.dense_equivalent": found}

    def size_to_reach(self, parts: Iterable[Part]) -> Frames:
        frames = [_named(size_to_reach(self.rows(*part)), part[0]) for part in parts]
        return {"mart.size_to_reach": pl.concat(frames or [_named(size_to_reach(self.points.clear()), "")])}

    def price_to_reach(self, parts: Iterable[Part], prices: pl.DataFrame) -> Frames:
        frames = [_named(price_to_reach(self.of[name], prices), name) for (name,) in parts]
        return {"mart.price_to_reach": pl.concat(frames or [_named(price_to_reach(self.points.clear(), prices), "")])}

    def _each_fit(self, analyse: Callable[..., pl.DataFrame], parts: Iterable[Part]) -> pl.DataFrame:
        frames = [_answer(analyse, self.rows(*part), population=part[0]) for part in parts]
        return pl.concat(frames or [_named(analyse(self.points.clear()), "")])


def _answer(analyse: Callable[..., pl.DataFrame], *inputs: object, population: str) -> pl.DataFrame:
    """Equal populations, as in a small warehouse, share one answer."""
    return _named(ANSWERS.of(analyse.__name__, analyse, *inputs), population)


def _named(rows: pl.DataFrame, population: str) -> pl.DataFrame:
    return rows.with_columns(pl.lit(population).alias("population"))


def _apart(rows: pl.DataFrame, population: str) -> pl.DataFrame:
    """The rows with the population in the name of their group."""
    return rows.with_columns(pl.format("{}\n{}", pl.lit(population), "comparable_group").alias("comparable_group"))


def _together(rows: pl.DataFrame) -> pl.DataFrame:
    """The population and the group as columns again."""
    name = pl.col("comparable_group").str.split_exact("\n", 1)
    return rows.with_columns(population=name.struct[0], comparable_group=name.struct[1])


def _training(con: duckdb.DuckDBPyConnection, policy: Policy) -> Frames:
    models = con.sql("select model_id, params_total, params_active, is_moe, training_tokens from core.models").pl()
    laws = read_laws(policy)
    described = policy.frame("scaling_laws").select("law_id", "source_url", "note")
    return {
        "mart.tokens_per_parameter": tokens_per_parameter(models, laws),
        "mart.scaling_laws": law_optima(laws).join(described, on="law_id"),
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
