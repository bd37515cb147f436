"""Whether the best open model matches or exceeds the best proprietary one, benchmark by benchmark, on one day.

The day is the last on which both sides had a new model with a score: later models of one side do not count against a side that
stopped. A statement about now needs both sides alive, and that day close to the day of the state.

Two models match if they differ by no more than the larger of two standard errors of the difference and a tolerance of
policy; otherwise one exceeds and the other trails. The strict answer, without a tolerance, is given as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

DEFAULT_TOLERANCE_PCT = 1.0
CURRENT_DAYS = 120
TOLERANCES_PCT = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
# Which of several scores represents a model, and its column in the points.
CHOICES = {"chosen": "score_pct", "least": "lo_pct", "median": "median_pct", "greatest": "hi_pct"}
DECIMALS = 6  # 88.7 - 87.7 must be 1, so that a difference equal to the tolerance is a match

_SIDES = {"open": "open_weights", "proprietary": "proprietary"}
_OF_BEST = ["model_id", "model", "score_pct", "stderr_pct", "released_on"]


def parity(
    points: pl.DataFrame,
    groups: pl.DataFrame,
    as_of: date,
    *,
    current_days: int = CURRENT_DAYS,
    compared: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """One row per comparable group of `groups`, also for groups without a score.

    points: one row per model and comparable group with the columns of mart.model_scaling, of the population wanted;
    stderr_pct (standard error, points) and the columns of CHOICES are used where they are there. groups: comparable_group,
    is_headline, observed_through_open_on, observed_through_proprietary_on (null: not limited), perhaps match_tolerance_pct
    (points; null or absent: 1.0) and columns of mart.gap_sides: compared_on (null or absent: not limited),
    is_alive_together (null or absent: unknown), the newest model of each side and its date. Points of other groups
    are ignored. compared: what `compare` says of the same, where it is known already.

    Only models released on or before compared_on take part: the earliest of as_of, the group's compared_on and the two
    observed-through dates. A side's best model is the one with the highest score_pct; of equals the earliest released, then
    the first by id.
    Columns: comparable_group, is_headline, compared_on; for each side <side>_model_id, _model, _score_pct, _stderr_pct,
    _released_on (null: no model), n_<side>, n_undated_<side> (models left out because no release date is known),
    observed_through_<side>_on, <side>_newest_model and <side>_newest_on; difference_pct (open minus proprietary, points;
    null: a side is missing); stderr_difference_pct (null: not known for both); tolerance_pct and tolerance_source (policy or
    two_standard_errors); verdict (matches, exceeds, trails, not_measurable); strict_verdict (matches: open is equal or
    above; trails; not_measurable); is_alive_together; is_current (alive together, and compared_on at most current_days
    before as_of); difference_lo_pct and difference_hi_pct (least and greatest difference over CHOICES); verdict_now (the
    verdict; depends where matching or exceeding flips over CHOICES and TOLERANCES_PCT; not_measurable_now where it is not
    current).
    """
    compared = compare(points, groups, as_of) if compared is None else compared
    ranges = (
        sensitivity(points, groups, as_of, compared=compared)
        .group_by("comparable_group")
        .agg(
            difference_lo_pct=pl.col("difference_pct").min(),
            difference_hi_pct=pl.col("difference_pct").max(),
            is_flipping=pl.col("is_match_or_exceed").n_unique() > 1,
        )
    )
    is_current = (
        pl.col("is_alive_together").fill_null(False)
        & ((pl.lit(as_of) - pl.col("compared_on")).dt.total_days() <= current_days)
        & pl.col("difference_pct").is_not_null()
    )
    return (
        compared.filter(chosen_value="chosen")
        .join(ranges, on="comparable_group", how="left")
        .with_columns(verdict=_verdict(), strict_verdict=_strict_verdict(), is_current=is_current)
        .with_columns(
            verdict_now=pl.when(pl.col("verdict") == "not_measurable")
            .then(pl.lit("not_measurable"))
            .when(~pl.col("is_current"))
            .then(pl.lit("not_measurable_now"))
            .when(pl.col("is_flipping"))
            .then(pl.lit("depends"))
            .otherwise(pl.col("verdict"))
        )
        .select(_COLUMNS)
        .sort("comparable_group")
    )


def sensitivity(
    points: pl.DataFrame, groups: pl.DataFrame, as_of: date, *, compared: pl.DataFrame | None = None
) -> pl.DataFrame:
    """One row per group with both sides, choice of score and tolerance: the question of `parity`, asked again.

    Columns: comparable_group, is_headline, chosen_value (a key of CHOICES: which score represents each model; a choice
    whose column the points lack is left out), tolerance_pct (of TOLERANCES_PCT), open_model, proprietary_model,
    difference_pct (points), is_match_or_exceed (above, or below by no more than the larger of the tolerance and two standard
    errors). compared: as for `parity`.
    """
    allowed = pl.max_horizontal("tolerance_pct", pl.col("stderr_difference_pct") * 2)
    return (
        (compare(points, groups, as_of) if compared is None else compared)
        .filter(pl.col("difference_pct").is_not_null())
        .drop("tolerance_pct")
        .join(pl.DataFrame({"tolerance_pct": TOLERANCES_PCT}), how="cross")
        .with_columns(is_match_or_exceed=pl.col("difference_pct") >= -allowed)
        .select(_SENSITIVITY)
        .sort("comparable_group", "chosen_value", "tolerance_pct")
    )


def compare(points: pl.DataFrame, groups: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """What `parity` and `sensitivity` are read from, given the same: one row per group and choice of score, with the best of
    both sides where that score represents each model, their difference and what is allowed.

    All choices go through the same few steps, because a step costs more than the rows of most groups.
    """
    judged = _judged(groups, as_of)
    choices = {choice: column for choice, column in CHOICES.items() if column in points.columns}
    frame = judged.join(pl.DataFrame({"chosen_value": list(choices)}), how="cross")
    best = _best(points, judged, choices)
    for side, openness in _SIDES.items():
        of_side = best.filter(openness=openness).select(
            *("comparable_group", "chosen_value"),
            pl.col("n", "n_undated").name.suffix(f"_{side}"),
            pl.col(_OF_BEST).name.prefix(f"{side}_"),
        )
        frame = frame.join(of_side, on=["comparable_group", "chosen_value"], how="left")
    difference = (pl.col("open_score_pct") - pl.col("proprietary_score_pct")).round(DECIMALS)
    stderr = (pl.col("open_stderr_pct") ** 2 + pl.col("proprietary_stderr_pct") ** 2).sqrt()
    return frame.with_columns(
        pl.col("^n_.*$").fill_null(0), difference_pct=difference, stderr_difference_pct=stderr.round(DECIMALS)
    ).with_columns(
        tolerance_pct=pl.max_horizontal("match_tolerance_pct", pl.col("stderr_difference_pct") * 2),
        tolerance_source=pl.when(pl.col("stderr_difference_pct") * 2 > pl.col("match_tolerance_pct"))
        .then(pl.lit("two_standard_errors"))
        .otherwise(pl.lit("policy")),
    )


def headline_groups(judged: pl.DataFrame, groups: pl.DataFrame) -> list[str]:
    """The groups that count for the majority, out of the frame of `parity` of the main population: of each benchmark those
    of one evaluator with both sides alive, else the mixed ones, which otherwise stand beside them.

    groups: comparable_group, benchmark, is_headline (policy: others never count) and caveats, perhaps. What is current comes
    before what is not: a group of one evaluator that stopped in 2024 does not silence reports of today. A benchmark without any
    group alive keeps its mixed ones, so that it is counted as not measurable; without such, all.
    """
    is_mixed = (pl.col("caveats") if "caveats" in groups.columns else pl.lit(None, pl.String)).str.starts_with("mixed_")
    ranked = (
        groups.filter("is_headline")
        .select("comparable_group", "benchmark", is_mixed=is_mixed.fill_null(False))
        .join(judged.select("comparable_group", "is_alive_together", "is_current"), on="comparable_group")
        .with_columns(
            rank=pl.when(pl.col("is_current"))
            .then(pl.col("is_mixed").cast(pl.Int8))
            .when(pl.col("is_alive_together").fill_null(False) & ~pl.col("is_mixed"))
            .then(2)
            .when("is_mixed")
            .then(3)
            .otherwise(4)
        )
    )
    best = ranked.filter(pl.col("rank") == pl.col("rank").min().over("benchmark"))
    return sorted(best["comparable_group"])


def majority(judged: pl.DataFrame) -> pl.DataFrame:
    """One row over the headline groups in the frame of `parity`.

    Columns: n_headline; n_measurable (both sides have a model); n_match_or_exceed and n_match_or_exceed_strict of these,
    each on its own day; n_current (current ones), n_match_or_exceed_now and n_match_or_exceed_strict_now of these;
    is_majority and is_majority_strict (more than half of the current ones; null: none is current).
    """
    headline = judged.filter(pl.col("is_headline"))
    is_match, is_strict = pl.col("verdict").is_in(["matches", "exceeds"]), pl.col("strict_verdict") == "matches"
    counts = headline.select(
        n_headline=pl.len().cast(pl.Int64),
        n_measurable=(pl.col("verdict") != "not_measurable").sum().cast(pl.Int64),
        n_match_or_exceed=is_match.sum().cast(pl.Int64),
        n_match_or_exceed_strict=is_strict.sum().cast(pl.Int64),
        n_current=pl.col("is_current").sum().cast(pl.Int64),
        n_match_or_exceed_now=(is_match & pl.col("is_current")).sum().cast(pl.Int64),
        n_match_or_exceed_strict_now=(is_strict & pl.col("is_current")).sum().cast(pl.Int64),
    )
    return counts.with_columns(
        is_majority=_more_than_half("n_match_or_exceed_now"),
        is_majority_strict=_more_than_half("n_match_or_exceed_strict_now"),
    )


def _judged(groups: pl.DataFrame, as_of: date) -> pl.DataFrame:
    def optional(name: str, dtype: type[pl.DataType]) -> pl.Expr:
        return (pl.col(name) if name in groups.columns else pl.lit(None)).cast(dtype).alias(name)

    through = ["observed_through_open_on", "observed_through_proprietary_on"]
    return groups.select(
        "comparable_group",
        "is_headline",
        pl.col(through).cast(pl.Date),
        *(optional(f"{side}_newest_model", pl.String) for side in _SIDES),
        *(optional(f"{side}_newest_on", pl.Date) for side in _SIDES),
        optional("is_alive_together", pl.Boolean),
        compared_on=pl.min_horizontal(
            pl.lit(as_of), optional("compared_on", pl.Date), *(pl.col(name).cast(pl.Date) for name in through)
        ),
        match_tolerance_pct=optional("match_tolerance_pct", pl.Float64).fill_null(DEFAULT_TOLERANCE_PCT),
    )


def _best(points: pl.DataFrame, judged: pl.DataFrame, choices: Mapping[str, str]) -> pl.DataFrame:
    """The best model of each side in each group by each choice, how many took part, and how many have no date."""
    keys = ["comparable_group", "openness"]
    stderr = pl.col("stderr_pct") if "stderr_pct" in points.columns else pl.lit(None)
    scores = {choice: pl.col(column).cast(pl.Float64).fill_nan(None) for choice, column in choices.items()}
    scored = (
        points.filter(pl.col("openness").is_in(list(_SIDES.values())))
        .join(judged.select("comparable_group", "compared_on"), on="comparable_group")
        .select(
            *(*keys, "model_id", "model", "released_on"),
            stderr_pct=stderr.cast(pl.Float64).fill_nan(None),
            takes_part=pl.col("released_on") <= pl.col("compared_on"),
            **scores,
        )
    )
    greatest = scored.filter("takes_part").group_by(keys).agg(pl.col(list(choices)).max().name.suffix("_greatest"))
    leading = scored.filter("takes_part").join(greatest, on=keys)
    counted = scored.group_by(keys).agg(
        expression.cast(pl.Int64).alias(f"{choice}_{what}")
        for choice in choices
        for what, expression in (
            ("n", (pl.col("takes_part") & pl.col(choice).is_not_null()).sum()),
            ("n_undated", (pl.col("released_on").is_null() & pl.col(choice).is_not_null()).sum()),
        )
    )
    return pl.concat(
        counted.filter(pl.any_horizontal(pl.col(f"{choice}_n", f"{choice}_n_undated") > 0))
        .select(*keys, n=f"{choice}_n", n_undated=f"{choice}_n_undated", chosen_value=pl.lit(choice))
        .join(
            leading.filter(pl.col(choice) == pl.col(f"{choice}_greatest"))
            .sort("released_on", "model_id")
            .unique(keys, keep="first", maintain_order=True)
            .select(*keys, "model_id", "model", "stderr_pct", "released_on", score_pct=choice),
            on=keys,
            how="left",
        )
        for choice in choices
    )


def _verdict() -> pl.Expr:
    difference, tolerance = pl.col("difference_pct"), pl.col("tolerance_pct")
    return (
        pl.when(difference.is_null())
        .then(pl.lit("not_measurable"))
        .when(difference.abs() <= tolerance)
        .then(pl.lit("matches"))
        .when(difference > 0)
        .then(pl.lit("exceeds"))
        .otherwise(pl.lit("trails"))
    )


def _strict_verdict() -> pl.Expr:
    return (
        pl.when(pl.col("difference_pct").is_null())
        .then(pl.lit("not_measurable"))
        .when(pl.col("difference_pct") >= 0)
        .then(pl.lit("matches"))
        .otherwise(pl.lit("trails"))
    )


def _more_than_half(count: str) -> pl.Expr:
    return pl.when(pl.col("n_current") > 0).then(2 * pl.col(count) > pl.col("n_current"))


_COLUMNS = [
    *("comparable_group", "is_headline", "compared_on"),
    *(
        name
        for side in _SIDES
        for name in (
            *(f"{side}_{column}" for column in _OF_BEST),
            *(f"n_{side}", f"n_undated_{side}", f"observed_through_{side}_on"),
        )
    ),
    *("difference_pct", "stderr_difference_pct", "tolerance_pct", "tolerance_source", "verdict", "strict_verdict"),
    *(f"{side}_newest_{what}" for side in _SIDES for what in ("model", "on")),
    *("is_alive_together", "is_current", "difference_lo_pct", "difference_hi_pct", "verdict_now"),
]
_SENSITIVITY = [
    *("comparable_group", "is_headline", "chosen_value", "tolerance_pct", "open_model", "proprietary_model"),
    *("difference_pct", "is_match_or_exceed"),
]
