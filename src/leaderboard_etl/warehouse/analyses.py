"""What the analyses are given, and the analyses themselves, over all populations: frames in, rows of the mart tables out."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from leaderboard_etl.analysis.capability import CapabilityFit, fit_capability, index_gap
from leaderboard_etl.analysis.dense_equivalent import dense_equivalents
from leaderboard_etl.analysis.density import capability_density, density_frontier, size_to_reach
from leaderboard_etl.analysis.lag_groups import read_groups
from leaderboard_etl.analysis.lag_summary import lag_summary
from leaderboard_etl.analysis.lags import daily_lags, gap_lags
from leaderboard_etl.analysis.parity import CURRENT_DAYS, compare, headline_groups, majority, parity, sensitivity
from leaderboard_etl.analysis.prices import price_to_reach
from leaderboard_etl.analysis.readable import Readable
from leaderboard_etl.analysis.scaling import all_fits, fit_bands
from leaderboard_etl.warehouse.answers import Answers
from leaderboard_etl.warehouse.results import Part

# The view mart.populations says who takes part; in addition, dense models alone give the curve for mixtures of experts.
POPULATIONS = ("official", "official_base", "fine_tune", "merge", "flagged", "unflagged", "all")
DENSE = "official_dense"
# What the analyses ask of a point; of each other column, a million points would take 10 to 40 MB.
COLUMNS = (
    *("comparable_group", "benchmark", "model_id", "model", "organization", "family", "openness", "released_on"),
    *("score_pct", "score_norm_pct", "stderr_pct", "lo_pct", "median_pct", "hi_pct", "is_self_reported"),
    *("params_b", "params_active_b", "is_moe", "training_tokens", "random_baseline", "score_ceiling"),
)
# And what lags ask of a group.
_ASKED_BY_LAGS = (
    *("comparable_group", "benchmark", "match_tolerance_pct"),
    *("observed_through_open_on", "observed_through_proprietary_on", "compared_on"),
)
# So many points take some thirty megabytes; parity makes five frames of them.
_POINTS_AT_ONCE = 100_000
# A fit of 5,700 points takes 0.7 seconds, one of 47,000 three; a second process takes 1 second until it begins.
_POINTS_WORTH_A_PROCESS = 10_000
# What is made of more points is not kept: at 60,000 result files it would be 80 MB, and nobody asks for it again.
_MOST_POINTS_OF_AN_ANSWER = 20_000
ANSWERS = Answers()
Frames = Mapping[str, pl.DataFrame]
T = TypeVar("T")


@dataclass(frozen=True)
class Given:
    """What the analyses are made from, and the analyses: each gives rows of its tables, of the wanted parts alone.

    points: COLUMNS of mart.model_scaling, and of what belongs to its models and benchmarks, in the order of group and model.
    members and sides: the rows of mart.populations and mart.gap_sides. groups: those of core.comparable_groups, with benchmark.
    readable: which lines a size is read off.

    Lags and fits are computed group by group, so that a score of one group leaves the others as they are.
    """

    points: pl.DataFrame
    members: pl.DataFrame
    groups: pl.DataFrame
    sides: pl.DataFrame
    as_of: date
    readable: Readable
    current_days: int = CURRENT_DAYS

    def of(self, population: str) -> pl.DataFrame:
        """The points of a population, in the order of groups and models."""
        return self._of(self._marked, population)

    @cached_property
    def observed(self) -> dict[str, pl.DataFrame]:
        """The groups as each population observes them."""
        return {name: _observed(self.groups, self.sides.filter(population=name)) for name in POPULATIONS}

    @cached_property
    def _marked(self) -> pl.DataFrame:
        """The points with a column for each population, whether it has the model: a copy for each would need the memory of
        several times the points."""
        of = {
            name: pl.col("model_id").is_in(self.members.filter(population=name)["model_id"].implode())
            for name in POPULATIONS
        }
        is_dense = pl.col("is_moe").not_() | (pl.col("params_active_b") == pl.col("params_b"))
        marked = self.points.with_columns(**of)
        return marked.with_columns((pl.col("official") & is_dense.fill_null(False)).alias(DENSE))

    @cached_property
    def _places(self) -> dict[str, tuple[int, int]]:
        """Where the points of each group begin, and how many there are."""
        runs = self._marked.select(pl.col("comparable_group").rle()).unnest("comparable_group")
        return dict(zip(runs["value"], zip(runs["len"].cum_sum() - runs["len"], runs["len"], strict=True), strict=True))

    def rows(self, population: str, group: str) -> pl.DataFrame:
        """The points of one population in one group."""
        return self._of(self._marked.slice(*self._places.get(group, (0, 0))), population)

    def portions(self, population: str) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """The points of one population and the groups as it observes them, some groups at a time, so that what is made of a
        portion does not grow with the warehouse. Each group is in one portion, with all its points."""
        groups = self.observed[population]
        begun: tuple[int, str | None] = 0, None
        for group, (first, n_rows) in self._places.items():
            if first + n_rows - begun[0] > _POINTS_AT_ONCE:
                yield self._portion(population, groups, begun, (first + n_rows, group))
                begun = first + n_rows, group
        yield self._portion(population, groups, begun, (self._marked.height, None))

    def _portion(
        self, population: str, groups: pl.DataFrame, begun: tuple[int, str | None], ended: tuple[int, str | None]
    ) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows, and the groups, after those at which the one before ended."""
        (first, after), (end, last) = begun, ended
        if after is not None:
            groups = groups.filter(pl.col("comparable_group") > after)
        if last is not None:
            groups = groups.filter(pl.col("comparable_group") <= last)
        return self._of(self._marked.slice(first, end - first), population), groups

    def _of(self, marked: pl.DataFrame, population: str) -> pl.DataFrame:
        """Those of the rows that are of a population; all of them are not copied."""
        if marked[population].all():
            return marked.select(self.points.columns)
        return marked.lazy().filter(population).select(self.points.columns).collect()

    def lags(self, parts: Iterable[Part]) -> Frames:
        groups = {
            (name, group["comparable_group"][0]): group
            for name, observed in self.observed.items()
            for group in observed.select(_ASKED_BY_LAGS).partition_by("comparable_group", maintain_order=True)
        }
        wanted = [part for part in parts if part in groups]

        found = [
            (
                part[0],
                ANSWERS.of("lags", _lags, self.rows(*part), groups[part], _observed_through(groups[part], self.as_of)),
            )
            for part in wanted
        ] or [("", _lags(self.points.clear(), self.groups.clear(), self.as_of))]
        names = [name for name, _ in found]
        gaps, days, summaries = (
            _each_named(frames, names) for frames in zip(*(answer for _, answer in found), strict=True)
        )
        return {"mart.gap_lag": gaps, "mart.gap_lag_daily": days, "mart.gap_lag_summary": summaries}

    def fits(self, parts: Iterable[Part]) -> Frames:
        return {"mart.scaling_fit": self._each_fit(_fits, parts)}

    def bands(self, parts: Iterable[Part]) -> Frames:
        return {"mart.scaling_band": self._each_fit(_bands, parts)}

    def capability(self) -> Frames:
        fitted = ANSWERS.of(*self._capability)
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

    def capability_ahead(self) -> AbstractContextManager[None]:
        """Within the block a second process fits the capabilities, where that takes longer than to start one."""
        question, fit, points = self._capability
        is_long = points.height >= _POINTS_WORTH_A_PROCESS
        return ANSWERS.ahead(question, fit, points) if is_long else nullcontext()

    @property
    def _capability(self) -> tuple[str, Callable[..., CapabilityFit], pl.DataFrame]:
        return "capability", _capability, self.of("official")

    def parity(self) -> Frames:
        tried, judged = {}, {}
        for name in POPULATIONS:
            found = [_shared(_parity, *portion, self.as_of, self.current_days) for portion in self.portions(name)]
            tried[name], judged[name] = (pl.concat(frames) for frames in zip(*found, strict=True))
        headline = headline_groups(judged["official"], self.groups)
        counted = pl.col("comparable_group").is_in(headline)
        judged = {name: rows.with_columns(is_headline=counted) for name, rows in judged.items()}
        return {
            "mart.parity": _of_all(judged),
            "mart.parity_sensitivity": _of_all(tried).with_columns(is_headline=counted),
            "mart.parity_majority": _of_all({name: majority(rows) for name, rows in judged.items()}),
        }

    def density(self, parts: Iterable[Part], dense_fits: pl.DataFrame) -> Frames:
        """dense_fits: the rows of mart.scaling_fit of the population official_dense."""
        frames = [
            capability_density(self.rows("official", group), dense_fits, self.readable) for (group,) in sorted(parts)
        ]
        frames = frames or [capability_density(self.points.clear(), dense_fits, self.readable)]
        return {"mart.capability_density": pl.concat(frames)}

    def density_frontier(self, density: pl.DataFrame) -> Frames:
        """density: FRONTIER_COLUMNS of the rows of mart.capability_density."""
        return {"mart.density_frontier": density_frontier(density, seed=_seed(self.of("official")))}

    def dense_equivalent(self) -> Frames:
        found = ANSWERS.of("dense_equivalents", _dense_equivalents, self.of("official"), self.of(DENSE), self.readable)
        return {"mart.dense_equivalent": found}

    def size_to_reach(self, parts: Iterable[Part]) -> Frames:
        # The groups of a population at once: they do not touch each other.
        wanted = {name: [group for population, group in parts if population == name] for name in (*POPULATIONS, DENSE)}
        frames = [
            _answer(size_to_reach, self.of(name).filter(pl.col("comparable_group").is_in(groups)), population=name)
            for name, groups in wanted.items()
        ]
        return {"mart.size_to_reach": pl.concat(frames)}

    def price_to_reach(self, parts: Iterable[Part], prices: pl.DataFrame) -> Frames:
        frames = [_answer(price_to_reach, self.of(name), prices, population=name) for (name,) in parts]
        return {"mart.price_to_reach": pl.concat(frames or [_named(price_to_reach(self.points.clear(), prices), "")])}

    def _each_fit(self, analyse: Callable[..., pl.DataFrame], parts: Iterable[Part]) -> pl.DataFrame:
        found = [(part[0], _shared(analyse, self.rows(*part))) for part in parts]
        found = found or [("", analyse(self.points.clear()))]
        return _each_named([frame for _, frame in found], [name for name, _ in found])


def _shared(analyse: Callable[..., T], points: pl.DataFrame, *others: object) -> T:
    """What is made of the points: equal populations, as in a small warehouse, share one answer."""
    if points.height > _MOST_POINTS_OF_AN_ANSWER:
        return analyse(points, *others)
    return ANSWERS.of(analyse.__name__, analyse, points, *others)


def _answer(analyse: Callable[..., pl.DataFrame], *inputs: Any, population: str) -> pl.DataFrame:
    return _named(_shared(analyse, *inputs), population)


def _named(rows: pl.DataFrame, population: str) -> pl.DataFrame:
    return rows.with_columns(pl.lit(population).alias("population"))


def _each_named(frames: Sequence[pl.DataFrame], populations: Sequence[str]) -> pl.DataFrame:
    """All rows, each with the population of its frame: of small frames, to name each takes longer than to make it."""
    frame_of_row = np.repeat(np.arange(len(frames)), [frame.height for frame in frames])
    return pl.concat(frames).with_columns(pl.Series("population", populations, pl.String)[frame_of_row])


def _of_all(rows: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The rows of all populations, by name."""
    return pl.concat([_named(of_one, name) for name, of_one in rows.items()])


def _observed_through(group: pl.DataFrame, as_of: date) -> date:
    """The last day that matters for a group's lags: days after both sides were last observed change nothing."""
    days = [group["observed_through_open_on"][0], group["observed_through_proprietary_on"][0]]
    return as_of if None in days else min(as_of, max(days))


def _capability(rows: pl.DataFrame) -> CapabilityFit:
    # As for the other analyses (marts.build_marts): a second process has no such limit of its own.
    with threadpool_limits(limits=1, user_api="blas"):
        return fit_capability(rows)


def _fits(rows: pl.DataFrame) -> pl.DataFrame:
    return all_fits(rows, seed=_seed(rows))


def _bands(rows: pl.DataFrame) -> pl.DataFrame:
    return fit_bands(rows, seed=_seed(rows))


def _lags(rows: pl.DataFrame, groups: pl.DataFrame, as_of: date) -> tuple[pl.DataFrame, ...]:
    """Every single lag, every day's lag, and their summary, of groups that are read once."""
    read = list(read_groups(rows, groups, as_of))
    return gap_lags(read), daily_lags(read), lag_summary(read, seed=_seed(rows))


def _parity(
    rows: pl.DataFrame, groups: pl.DataFrame, as_of: date, current_days: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The judgements under other choices, and the judgements, of groups that are compared once."""
    compared = compare(rows, groups, as_of)
    return (
        sensitivity(rows, groups, as_of, compared=compared),
        parity(rows, groups, as_of, current_days=current_days, compared=compared),
    )


def _dense_equivalents(rows: pl.DataFrame, dense: pl.DataFrame, readable: Readable) -> pl.DataFrame:
    return dense_equivalents(rows, dense, readable, seed=_seed(rows))


def _seed(rows: pl.DataFrame) -> int:
    """The same rows give the same draws, on any machine and in any later run, whatever else is in the warehouse."""
    columns = ("model_id", "comparable_group", "score_pct", "params_b")
    seed = zlib.crc32(f"{','.join(columns)}\n".encode())
    for some in rows.iter_slices(_POINTS_AT_ONCE):
        seed = zlib.crc32(some.select(columns).write_csv(include_header=False).encode(), seed)
    return seed


def _observed(groups: pl.DataFrame, sides: pl.DataFrame) -> pl.DataFrame:
    """The groups with the days in mart.gap_sides of one population instead of those in policy."""
    days = ["observed_through_open_on", "observed_through_proprietary_on"]
    days_of_sides = sides.drop("population")
    return groups.join(
        days_of_sides, on="comparable_group", how="left", suffix="_of_side", maintain_order="left"
    ).with_columns(pl.coalesce(f"{day}_of_side", day).alias(day) for day in days)


def _last(groups: pl.DataFrame, column: str) -> date | None:
    """The last of the days; null if there is none."""
    last = groups[column].max()
    return last if isinstance(last, date) else None
