"""The models of one comparable group as the two sides of a lag: which models were observed, and by when.

`points` are rows of one population, with the columns of mart.model_scaling and `family`. Rows without a release date or
a score, or of unknown openness, are left out. If the family is null, the organization replaces it. The optional column
`is_self_reported` says whether the vendor measured; without it, a `reported_by` that starts with 'vendor' says so.

`groups` has one row per wanted group: comparable_group, benchmark, observed_through_open_on,
observed_through_proprietary_on (last day on which a new model could have been observed; null: as_of),
match_tolerance_pct (null: 1.0), perhaps compared_on (last day on which both sides had a new model; null: the earlier of the
two days). Models released after their side's day, or after as_of, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from leaderboard_etl.analysis.lag_estimators import UNIT, Ints, Side
from leaderboard_etl.analysis.survival import Bools, Floats

DEFAULT_TOLERANCE_PCT = 1.0
EPOCH = date(1970, 1, 1)  # days are counted from it


@dataclass(frozen=True)
class Models:
    """One side's observed models in order of release, the best of a day first: one array for each fact, because a group is
    looked at without each of its families.

    `days` are release dates, days since 1970; `families` are indexes in the names of Group.families.
    """

    model_ids: NDArray[np.object_]
    names: NDArray[np.object_]
    days: Ints
    scores_pct: Floats
    families: Ints
    is_self_reported: Bools

    def __len__(self) -> int:
        return len(self.days)

    def keep(self, is_kept: Bools) -> Models:
        """Only those of which the array says so."""
        return Models(
            self.model_ids[is_kept],
            self.names[is_kept],
            self.days[is_kept],
            self.scores_pct[is_kept],
            self.families[is_kept],
            self.is_self_reported[is_kept],
        )


@dataclass(frozen=True)
class Group:
    """One group's observed models; `families` are the names of the families of all of them, sorted."""

    comparable_group: str
    benchmark: str
    tolerance_pct: float
    families: tuple[str, ...]
    closed: Models
    open_: Models
    closed_until: date
    open_until: date
    compared_on: date

    @cached_property
    def family_numbers(self) -> tuple[Ints, Ints]:
        """The families of the models of both sides, numbered from 0 in the order of their names."""
        families = np.concatenate([self.closed.families, self.open_.families])
        numbers = np.unique(families, return_inverse=True)[1]
        return numbers[: len(self.closed)], numbers[len(self.closed) :]

    @cached_property
    def n_families(self) -> int:
        return 1 + max((int(side.max()) for side in self.family_numbers if side.size), default=-1)

    @cached_property
    def refusal_reason(self) -> str | None:
        """Why nothing can be measured; None if it can."""
        return self._refusal_reason(date.max)

    @cached_property
    def comparison_refusal_reason(self) -> str | None:
        """Why the frontiers of both sides cannot be compared as wholes; None if they can."""
        return self._refusal_reason(self.compared_on)

    def _refusal_reason(self, until: date) -> str | None:
        """Why nothing can be measured of the models up to a day: a side whose first one is later has none."""
        sides = (("proprietary", self.closed), ("open", self.open_))
        absent = [name for name, side in sides if not len(side) or side.days[0] > _number(until)]
        return f"not measurable: {', '.join(f'n {name} = 0' for name in absent)}" if absent else None

    @cached_property
    def whole(self) -> tuple[Side, Side]:
        """The proprietary and the open side with all families: one resample."""
        return self.sides(np.ones((1, self.n_families), dtype=np.bool_))

    def sides(self, chosen: Bools) -> tuple[Side, Side]:
        """The proprietary and the open side for each choice of families (choices, families)."""
        closed, open_ = (
            Side(
                days=models.days,
                levels=np.rint(models.scores_pct * UNIT).astype(np.int64),
                masks=chosen[:, numbers],
                until=_number(until),
            )
            for models, numbers, until in zip(
                (self.closed, self.open_), self.family_numbers, (self.closed_until, self.open_until), strict=True
            )
        )
        return closed, open_

    def compared(self, sides: tuple[Side, Side]) -> tuple[Side, Side]:
        """The sides up to the day on which both can be compared."""
        closed, open_ = (side.up_to(_number(self.compared_on)) for side in sides)
        return closed, open_

    def without(self, family: int) -> Group:
        """The group without the models of a family, an index in `families`."""
        return self._keep(lambda models: models.families != family)

    def measured(self) -> Group:
        """The group with only the models whose vendor did not report the score."""
        return self._keep(lambda models: ~models.is_self_reported)

    def _keep(self, condition: Callable[[Models], Bools]) -> Group:
        closed, open_ = (side.keep(condition(side)) for side in (self.closed, self.open_))
        return replace(self, closed=closed, open_=open_)


def read_groups(points: pl.DataFrame, groups: pl.DataFrame, as_of: date) -> Iterator[Group]:
    """Each wanted group in order of its name, including groups without a model. The order of the input rows does not
    matter."""
    self_report_column = "is_self_reported" if "is_self_reported" in points.columns else None
    # One plan: for the few points of most groups a step of its own takes longer than its work.
    models = (
        points.lazy()
        .filter(pl.col("score_pct").is_finite(), pl.col("released_on") <= as_of)
        .select(
            *("comparable_group", "openness", "model_id", "model", "released_on", "score_pct"),
            pl.coalesce("family", pl.col("organization") + " (no family named)", "model_id").alias("family"),
            (pl.col(self_report_column) if self_report_column else pl.col("reported_by").str.starts_with("vendor"))
            .fill_null(False)
            .alias("is_self_reported"),
        )
        .sort("released_on", "score_pct", "model_id", descending=[False, True, False])
        .collect()
    )
    for wanted in groups.sort("comparable_group").iter_rows(named=True):
        here = models.filter(pl.col("comparable_group") == wanted["comparable_group"])
        closed_until = min(as_of, wanted["observed_through_proprietary_on"] or as_of)
        open_until = min(as_of, wanted["observed_through_open_on"] or as_of)
        tolerance_pct = wanted["match_tolerance_pct"]
        families = sorted(set(here["family"]))
        both = _models(here, families)
        openness = here["openness"].to_numpy()
        yield Group(
            comparable_group=wanted["comparable_group"],
            benchmark=wanted["benchmark"],
            tolerance_pct=DEFAULT_TOLERANCE_PCT if tolerance_pct is None else float(tolerance_pct),
            families=tuple(families),
            closed=both.keep((openness == "proprietary") & (both.days <= _number(closed_until))),
            open_=both.keep((openness == "open_weights") & (both.days <= _number(open_until))),
            closed_until=closed_until,
            open_until=open_until,
            compared_on=min(closed_until, open_until, wanted.get("compared_on") or as_of),
        )


def _models(rows: pl.DataFrame, families: list[str]) -> Models:
    """The models of both sides."""
    number = {name: at for at, name in enumerate(families)}
    return Models(
        model_ids=rows["model_id"].to_numpy(),
        names=rows["model"].to_numpy(),
        days=rows["released_on"].to_physical().to_numpy().astype(np.int64),
        scores_pct=rows["score_pct"].to_numpy(),
        families=np.array([number[name] for name in rows["family"]], dtype=np.int64),
        is_self_reported=rows["is_self_reported"].to_numpy(),
    )


def _number(day: date) -> int:
    """A day as days since 1970."""
    return (day - EPOCH).days
