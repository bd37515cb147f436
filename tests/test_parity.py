"""Parity computed by hand: three models, one benchmark, and the effect of the tolerance and the dates."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from leaderboard_etl.analysis.parity import headline_groups, majority, parity, sensitivity

AS_OF = date(2025, 12, 31)
Point = tuple[str, str, str, float, date | None]


def points(*rows: Point) -> pl.DataFrame:
    """Rows from (model, first letter of the openness, group, percent, release date)."""
    full = {"o": "open_weights", "p": "proprietary", "u": "unknown"}
    return pl.DataFrame(
        [(m, m.upper(), full[o], g, s, d) for m, o, g, s, d in rows],
        schema={
            "model_id": pl.String,
            "model": pl.String,
            "openness": pl.String,
            "comparable_group": pl.String,
            "score_pct": pl.Float64,
            "released_on": pl.Date,
        },
        orient="row",
    )


def groups(*names: str, headline: bool = True, through: date | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        [(name, headline, through, through) for name in names],
        schema={
            "comparable_group": pl.String,
            "is_headline": pl.Boolean,
            "observed_through_open_on": pl.Date,
            "observed_through_proprietary_on": pl.Date,
        },
        orient="row",
    )


def alive(policy: pl.DataFrame, *names: str) -> pl.DataFrame:
    """The groups, with both sides alive together to the day of the state in those named."""
    return policy.with_columns(
        compared_on=pl.lit(AS_OF), is_alive_together=pl.col("comparable_group").is_in(list(names))
    )


def one(frame: pl.DataFrame) -> dict[str, object]:
    assert frame.height == 1
    return frame.row(0, named=True)


THREE = points(
    ("alpha", "p", "mmlu", 88.7, date(2024, 5, 1)),
    ("beta", "o", "mmlu", 86.0, date(2024, 6, 1)),
    ("gamma", "o", "mmlu", 88.6, date(2024, 7, 1)),
)


def test_three_models_by_hand() -> None:
    row = one(parity(THREE, groups("mmlu"), AS_OF))
    assert (row["open_model_id"], row["open_model"], row["open_score_pct"]) == ("gamma", "GAMMA", 88.6)
    assert (row["open_released_on"], row["n_open"], row["n_proprietary"]) == (date(2024, 7, 1), 2, 1)
    assert (row["difference_pct"], row["tolerance_pct"], row["tolerance_source"]) == (-0.1, 1.0, "policy")
    assert (row["verdict"], row["strict_verdict"]) == ("matches", "trails")


@pytest.mark.parametrize(
    ("open_pct", "verdict", "strict"),
    [
        (87.6, "trails", "trails"),
        (87.7, "matches", "trails"),  # one point below 88.7, not 1.0000000000000142
        (88.7, "matches", "matches"),
        (89.7, "matches", "matches"),
        (89.8, "exceeds", "matches"),
    ],
)
def test_a_difference_equal_to_the_tolerance_is_a_match(open_pct: float, verdict: str, strict: str) -> None:
    world = points(("a", "p", "g", 88.7, date(2024, 1, 1)), ("b", "o", "g", open_pct, date(2024, 1, 1)))
    row = one(parity(world, groups("g"), AS_OF))
    assert (row["verdict"], row["strict_verdict"]) == (verdict, strict)


def test_two_standard_errors_wider_than_the_tolerance_make_a_match() -> None:
    world = points(("a", "p", "g", 80.0, date(2024, 1, 1)), ("b", "o", "g", 71.0, date(2024, 1, 1)))
    assert one(parity(world, groups("g"), AS_OF))["verdict"] == "trails"
    row = one(parity(world.with_columns(stderr_pct=pl.Series([3.0, 4.0])), groups("g"), AS_OF))
    assert (row["stderr_difference_pct"], row["tolerance_pct"]) == (5.0, 10.0)
    assert (row["verdict"], row["tolerance_source"], row["strict_verdict"]) == (
        "matches",
        "two_standard_errors",
        "trails",
    )


def test_one_unknown_standard_error_leaves_the_policy_tolerance() -> None:
    world = points(("a", "p", "g", 80.0, date(2024, 1, 1)), ("b", "o", "g", 71.0, date(2024, 1, 1)))
    row = one(parity(world.with_columns(stderr_pct=pl.Series([30.0, None])), groups("g"), AS_OF))
    assert (row["stderr_difference_pct"], row["tolerance_pct"], row["verdict"]) == (None, 1.0, "trails")


def test_policy_may_set_a_tolerance_of_its_own_for_a_group() -> None:
    policy = groups("mmlu").with_columns(match_tolerance_pct=pl.lit(0.05))
    assert one(parity(THREE, policy, AS_OF))["verdict"] == "trails"


def test_models_after_the_day_or_beyond_what_either_side_could_observe_take_no_part() -> None:
    assert one(parity(THREE, groups("mmlu"), date(2024, 6, 15)))["open_model_id"] == "beta"
    row = one(parity(THREE, groups("mmlu", through=date(2024, 6, 15)), AS_OF))
    assert (row["open_model_id"], row["compared_on"]) == ("beta", date(2024, 6, 15))
    assert row["observed_through_open_on"] == row["observed_through_proprietary_on"] == date(2024, 6, 15)
    only_one = groups("mmlu").with_columns(observed_through_proprietary_on=pl.lit(date(2024, 6, 15)))
    assert one(parity(THREE, only_one, AS_OF))["open_model_id"] == "beta"


def test_undated_models_are_counted_but_are_never_the_best() -> None:
    world = pl.concat([THREE, points(("delta", "o", "mmlu", 99.0, None))])
    row = one(parity(world, groups("mmlu"), AS_OF))
    assert (row["open_model_id"], row["n_open"], row["n_undated_open"], row["n_undated_proprietary"]) == (
        "gamma",
        2,
        1,
        0,
    )


def test_a_missing_side_is_not_measurable_and_its_count_is_zero() -> None:
    world = THREE.filter(openness="open_weights")
    unknown = points(("x", "u", "mmlu", 99.0, date(2024, 1, 1)))
    judged = parity(pl.concat([world, unknown]), groups("mmlu", "empty"), AS_OF)
    assert judged["verdict"].to_list() == judged["strict_verdict"].to_list() == ["not_measurable"] * 2
    assert judged.select("comparable_group", "n_open", "n_proprietary").rows() == [("empty", 0, 0), ("mmlu", 2, 0)]
    assert judged["difference_pct"].null_count() == 2


def test_of_equal_scores_the_earlier_model_is_named_whatever_the_row_order() -> None:
    tied = pl.concat([THREE, points(("aaa", "o", "mmlu", 88.6, date(2024, 8, 1)))])
    for frame in (tied, tied.reverse()):
        assert one(parity(frame, groups("mmlu"), AS_OF))["open_model_id"] == "gamma"


def test_the_majority_is_over_measurable_headline_groups() -> None:
    day = date(2024, 1, 1)
    scores = {"a": (90, 80), "b": (80.0, 80.5), "c": (60, 80), "d": (99, 80), "side": (99, 80)}
    world = points(
        *(("o", "o", group, float(opened), day) for group, (opened, _) in scores.items()),
        *(("p", "p", group, float(closed), day) for group, (_, closed) in scores.items() if group != "d"),
    )
    policy = pl.concat([groups("a", "b", "c", "d"), groups("side", headline=False)])
    assert one(majority(parity(world, alive(policy, "a", "b", "c", "d"), AS_OF))) == {
        "n_headline": 4,
        "n_measurable": 3,
        "n_match_or_exceed": 2,
        "n_match_or_exceed_strict": 1,
        "n_current": 3,
        "n_match_or_exceed_now": 2,
        "n_match_or_exceed_strict_now": 1,
        "is_majority": True,
        "is_majority_strict": False,
    }
    # A group that is not current leaves the numerator and the denominator.
    now = one(majority(parity(world, alive(policy, "b", "c"), AS_OF)))
    assert (now["n_measurable"], now["n_current"], now["n_match_or_exceed_now"]) == (3, 2, 1)
    assert (now["is_majority"], now["n_match_or_exceed"]) == (False, 2)


def judged(**sides: tuple[bool, bool]) -> pl.DataFrame:
    """Groups as `parity` has them, by name: is_alive_together and is_current."""
    return pl.DataFrame(
        [(name, *state) for name, state in sides.items()],
        schema=["comparable_group", "is_alive_together", "is_current"],
        orient="row",
    )


@pytest.mark.parametrize(
    ("states", "counted"),
    [
        ({"helm": (True, True), "vals": (True, True), "mixed": (True, True)}, ["helm", "vals"]),
        ({"helm": (False, False), "vals": (True, False), "mixed": (True, False)}, ["vals"]),
        # An evaluator that stopped does not silence what is reported today.
        ({"helm": (True, False), "vals": (False, False), "mixed": (True, True)}, ["mixed"]),
        ({"helm": (False, False), "vals": (False, False), "mixed": (False, False)}, ["mixed"]),
        ({"helm": (False, False), "vals": (False, False)}, ["helm", "vals"]),
    ],
)
def test_groups_of_one_evaluator_count_where_both_sides_are_alive_and_mixed_ones_elsewhere(
    states: dict[str, tuple[bool, bool]], counted: list[str]
) -> None:
    policy = pl.DataFrame(
        {
            "comparable_group": ["helm", "vals", "mixed", "aside"],
            "benchmark": "b",
            "is_headline": [True, True, True, False],
            "caveats": ["446 questions", None, "mixed_protocols", None],
        }
    )
    assert headline_groups(judged(**states, aside=(True, True)), policy) == counted


def test_half_is_not_a_majority_and_neither_is_nothing_measurable() -> None:
    day = date(2024, 1, 1)
    world = points(
        ("o", "o", "a", 90.0, day), ("p", "p", "a", 80.0, day), ("o", "o", "b", 50.0, day), ("p", "p", "b", 80.0, day)
    )
    assert one(majority(parity(world, alive(groups("a", "b"), "a", "b"), AS_OF)))["is_majority"] is False
    assert one(majority(parity(world.head(0), groups("a", "b"), AS_OF)))["is_majority"] is None


def test_what_may_be_said_of_now_needs_a_current_day_and_a_verdict_that_does_not_flip() -> None:
    day = date(2025, 12, 1)
    world = points(
        ("o", "o", "g", 78.0, day), ("p", "p", "g", 80.0, day), ("o", "o", "h", 50.0, day), ("p", "p", "h", 80.0, day)
    )
    policy = alive(groups("g", "h"), "g", "h")
    assert parity(world, policy, AS_OF)["verdict_now"].to_list() == ["depends", "trails"]  # 2.0 is within three points
    stopped = policy.with_columns(compared_on=pl.lit(date(2025, 8, 1)))
    assert parity(world.with_columns(released_on=date(2025, 8, 1)), stopped, AS_OF)["verdict_now"].to_list() == [
        "not_measurable_now",
        "not_measurable_now",
    ]


@pytest.mark.parametrize(("days", "is_current"), [(120, True), (121, False)])
def test_a_comparison_is_current_within_current_days_of_the_day_of_the_state(days: int, is_current: bool) -> None:
    day = AS_OF - timedelta(days=days)
    world = points(("o", "o", "g", 50.0, day), ("p", "p", "g", 80.0, day))
    policy = alive(groups("g"), "g").with_columns(compared_on=pl.lit(day))
    assert parity(world, policy, AS_OF)["is_current"].to_list() == [is_current]


def test_each_models_least_and_greatest_score_are_tried_and_the_range_is_told() -> None:
    day = date(2025, 12, 1)
    world = points(("o", "o", "g", 78.0, day), ("p", "p", "g", 85.0, day)).with_columns(
        lo_pct=pl.Series([70.0, 66.0]), median_pct=pl.Series([78.0, 76.0]), hi_pct=pl.Series([79.0, 86.0])
    )
    row = one(parity(world, alive(groups("g"), "g"), AS_OF))
    assert (row["difference_lo_pct"], row["difference_hi_pct"], row["verdict_now"]) == (-7.0, 4.0, "depends")
    tried = sensitivity(world, groups("g"), AS_OF)
    assert tried.group_by("chosen_value").agg(pl.col("difference_pct").first()).sort("chosen_value").rows() == [
        ("chosen", -7.0),
        ("greatest", -7.0),
        ("least", 4.0),
        ("median", 2.0),
    ]
    assert tried.height == 4 * 7
