"""The tables of the analyses: written by a night, per population, and the same after every rebuild."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import duckdb
import polars as pl
import pytest
from worlds import World, v1_row

from leaderboard_etl import pipeline
from leaderboard_etl.analysis.lag_groups import read_groups
from leaderboard_etl.analysis.lags import gap_lags
from leaderboard_etl.analysis.readable import Readable
from leaderboard_etl.contracts.schema import frame_schema, tables, views
from leaderboard_etl.policy import Policy, read_policy
from leaderboard_etl.warehouse.analyses import ANSWERS, DENSE, POPULATIONS, Given
from leaderboard_etl.warehouse.core import insert_descriptions, insert_rules
from leaderboard_etl.warehouse.marts import _FAMILIES, build_marts
from leaderboard_etl.warehouse.needs import needed_by

DAY = date(2026, 1, 1)
GROUPS = pl.DataFrame(
    {
        "comparable_group": ["g"],
        "benchmark": ["b"],
        "is_headline": [True],
        "observed_through_open_on": [DAY],
        "observed_through_proprietary_on": [DAY],
        "match_tolerance_pct": [1.0],
    }
)


# No side stopped: both go to the day of policy.
SIDES = pl.DataFrame(
    schema={
        "population": pl.String,
        "comparable_group": pl.String,
        **{f"{side}_newest_model": pl.String for side in ("open", "proprietary")},
        **{f"{side}_newest_on": pl.Date for side in ("open", "proprietary")},
        **{f"observed_through_{side}_on": pl.Date for side in ("open", "proprietary")},
        "compared_on": pl.Date,
        "is_alive_together": pl.Boolean,
    }
)


def point(model: str, openness: str, day: int, score: float, **more: object) -> dict[str, object]:
    row: dict[str, object] = {
        "model_id": model,
        "model": model,
        "organization": model,
        "family": model,
        "openness": openness,
        "population": "official",
        "benchmark": "b",
        "variant": "v",
        "comparable_group": "g",
        "tuning": "base",
        "score_pct": score,
        "score_norm_pct": score,
        "params_b": 7.0,
        "params_active_b": 7.0,
        "is_moe": False,
        "released_on": date(2024, 1, 1) + timedelta(days=day),
        "reported_by": "reference",
        "is_self_reported": False,
        "training_tokens": 1e12,
        "random_baseline": 0.25,
        "score_ceiling": 1.0,
    }
    return row | more


WORLD = [
    point("closed", "proprietary", 0, 60.0),
    point("open", "open_weights", 100, 61.0),
    point("tuned", "open_weights", 10, 70.0, population="fine_tune"),
    point("cheat", "open_weights", 1, 90.0, population="flagged"),
]


MEMBERS = pl.DataFrame(
    [
        ("official", ["closed", "open"]),
        ("official_base", ["closed", "open"]),
        ("fine_tune", ["closed", "tuned"]),
        ("merge", ["closed"]),
        ("flagged", ["closed", "cheat"]),
        ("unflagged", ["closed", "open", "tuned"]),
        ("all", ["closed", "open", "tuned", "cheat"]),
    ],
    schema=["population", "model_id"],
    orient="row",
).explode("model_id")


def parts(given: Given, populations: Sequence[str]) -> list[tuple[str, ...]]:
    """Every group of these populations."""
    return [(name, group) for name in populations for group in given.groups["comparable_group"]]


def analyses(points: pl.DataFrame, groups: pl.DataFrame, as_of: date) -> dict[str, pl.DataFrame]:
    """The tables of all analyses that depend on the points alone."""
    given = Given(points.sort("comparable_group", "model_id"), MEMBERS, groups, SIDES, as_of, Readable(8, 0.25))
    found = {
        **given.lags(parts(given, POPULATIONS)),
        **given.fits(parts(given, (*POPULATIONS, DENSE))),
        **given.bands(parts(given, ("official",))),
        **given.capability(),
        **given.parity(),
        **given.dense_equivalent(),
        **given.size_to_reach(parts(given, ("official", "all"))),
    }
    density = given.density(
        [(group,) for group in groups["comparable_group"]], found["mart.scaling_fit"].filter(population=DENSE)
    )
    return {**found, **density, **given.density_frontier(density["mart.capability_density"])}


def test_parity_of_many_groups_is_the_same_a_portion_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"g{number}" for number in range(7)]
    points = pl.concat(
        pl.DataFrame(WORLD).with_columns(pl.col("score_pct") + at, comparable_group=pl.lit(name))
        for at, name in enumerate(names[1:6])
    )
    groups = pl.concat([GROUPS.with_columns(comparable_group=pl.lit(name)) for name in names])
    sides = pl.concat([SIDES.with_columns(comparable_group=pl.lit(name)) for name in names])

    def judged() -> dict[str, pl.DataFrame]:
        given = Given(points.sort("comparable_group", "model_id"), MEMBERS, groups, sides, DAY, Readable(8, 0.25))
        assert sum(rows.height for rows, _ in given.portions("all")) == points.height
        return dict(given.parity())

    whole = judged()
    monkeypatch.setattr("leaderboard_etl.warehouse.analyses._POINTS_AT_ONCE", 5)
    portioned = judged()
    assert whole["mart.parity"].height == len(names) * len(POPULATIONS)
    for name, rows in whole.items():
        assert portioned[name].equals(rows), name


def frames(rows: list[dict[str, object]]) -> dict[str, pl.DataFrame]:
    return analyses(pl.DataFrame(rows), GROUPS, DAY)


def lag_of(found: dict[str, pl.DataFrame], population: str) -> list[float | None]:
    rows = found["mart.gap_lag"].filter(
        (pl.col("population") == population) & (pl.col("estimator") == "catch_up") & (pl.col("tolerance_pct") == 0)
    )
    return rows["lag_days"].to_list()


def test_the_population_decides_the_lag_and_each_population_has_its_rows() -> None:
    found = frames(WORLD)
    assert lag_of(found, "official") == [100.0]
    assert lag_of(found, "fine_tune") == [10.0]
    assert lag_of(found, "unflagged") == [10.0]
    assert lag_of(found, "flagged") == [1.0]
    assert lag_of(found, "merge") == []
    assert lag_of(found, "all") == [1.0]


def test_parity_by_hand_on_a_world_of_two() -> None:
    row = frames(WORLD)["mart.parity"].filter(pl.col("population") == "official").row(0, named=True)
    assert (row["difference_pct"], row["verdict"], row["open_model_id"]) == (1.0, "matches", "open")


def test_the_order_of_the_points_changes_nothing() -> None:
    one, other = frames(WORLD), frames(WORLD[::-1])
    assert all(one[name].sort(pl.all()).equals(other[name].sort(pl.all())) for name in one)


def test_every_frame_fills_every_column_of_its_table() -> None:
    for name, frame in frames(WORLD).items():
        assert set(frame_schema(name)) <= set(frame.columns), name


def test_a_rebuild_from_raw_gives_the_same_analyses(published: World) -> None:
    names = [name for name, table in tables().items() if table.schema == "mart"]
    before = {name: published.query(f"from {name} order by all") for name in names}
    pipeline.rebuild(published.warehouse)
    assert {name: published.query(f"from {name} order by all") for name in names} == before
    assert {row[0] for row in published.query("select distinct population from mart.parity")} == set(POPULATIONS)


def test_the_analyses_have_the_same_populations_as_the_view(published: World) -> None:
    listed = next(c.allowed for c in views()["mart.populations"].columns if c.name == "population")
    assert listed == tuple(POPULATIONS)
    assert {row[0] for row in published.query("select distinct population from mart.populations")} <= set(POPULATIONS)


def test_a_model_that_uses_all_its_parameters_is_dense_whatever_a_tables_flag_says(world: World) -> None:
    # policy/reference_models has both sizes of Yi-34B; the v1 table, whose flags are inverted, marks it as a mixture.
    flagged = [v1_row("01-ai/Yi-34B", MoE=False), v1_row("org/unknown-34b", MoE=False, Architecture="OwnForCausalLM")]
    world.put_v1(*flagged, *[v1_row(f"org/dense-{n}b") for n in range(1, 5)])
    world.night(1)
    rows = world.query("select model_id, is_moe from core.models where model_id in ('01-ai/Yi-34B', 'org/unknown-34b')")
    assert dict(rows) == {"01-ai/Yi-34B": False, "org/unknown-34b": True}


def test_a_model_is_of_the_family_of_its_nearest_bases_that_have_one_if_they_agree(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    con = empty
    rows: list[tuple[str, list[str], str | None]] = [
        ("a/base", [], "A"),
        ("b/tune", ["a/base"], None),
        ("c/tune of tune", ["b/tune"], None),
        ("d/alone", [], None),
        ("e/other base", [], "E"),
        ("f/merge", ["b/tune", "c/tune of tune"], None),
        ("g/merge", ["a/base", "e/other base"], None),
        ("h/merge", ["a/base", "d/alone"], None),
    ]
    for model, bases, family in rows:
        con.execute(
            "insert into core.models by name select ? as model_id, ? as family, 'm' as display_name, 'o' as organization,"
            " 'open_weights' as openness, 'x' as license_class, true as is_official, 'official' as population",
            [model, family],
        )
        for base in bases:
            con.execute(
                "insert into core.model_bases select ?, ?, 'merge', true, 's', 'n', 'r', 'c', 'p', 'l'", [model, base]
            )
    found = con.sql(_FAMILIES).fetchall()
    assert dict(found) == {
        "a/base": "A", "b/tune": "A", "c/tune of tune": "A", "e/other base": "E", "f/merge": "A", "h/merge": "A",
    }  # fmt: skip


def test_a_changed_score_leaves_the_lags_and_fits_of_other_groups_and_populations_as_they_are() -> None:
    two = GROUPS.vstack(GROUPS.with_columns(comparable_group=pl.lit("h")))
    other = [row | {"comparable_group": "h", "model_id": f"{row['model_id']}"} for row in WORLD]

    def worked_out(rows: list[dict[str, object]]) -> int:
        before = ANSWERS.n_computed
        analyses(pl.DataFrame(rows), two, DAY)
        return ANSWERS.n_computed - before

    assert worked_out([*WORLD, *other]) > 0
    assert worked_out([*WORLD, *other]) == 0
    restated = [row | {"score_pct": 71.0} if row["model_id"] == "tuned" else row for row in WORLD]
    lags, fits, of_populations = 3, 1, 2
    changed = [name for name in POPULATIONS if "tuned" in MEMBERS.filter(population=name)["model_id"]]
    assert 0 < worked_out([*restated, *other]) <= len(changed) * (lags + fits + of_populations)


def test_a_day_after_both_sides_were_last_observed_changes_no_lag() -> None:
    rows = pl.DataFrame(WORLD)
    then, later = (analyses(rows, GROUPS, DAY + timedelta(days=days)) for days in (0, 400))
    for table in ("mart.gap_lag", "mart.gap_lag_daily", "mart.gap_lag_summary"):
        assert then[table].equals(later[table])
    direct = gap_lags(read_groups(rows, GROUPS, DAY + timedelta(days=400)))
    assert direct.height > 0
    assert (
        later["mart.gap_lag"].filter(population="all").drop("population").sort(pl.all()).equals(direct.sort(pl.all()))
    )


@pytest.mark.parametrize("has_one_later", [False, True])
def test_the_gap_of_a_vendor_that_stopped_reporting_freezes_in_every_mart_and_claim_and_never_turns(
    empty: duckdb.DuckDBPyConnection, has_one_later: bool
) -> None:
    models = [(f"closed-{n}", "proprietary", 30 * n, 80.0 + n) for n in range(6)]
    models += [(f"open-{n}", "open_weights", 15 + 30 * n, min(70.0 + n, 99.0)) for n in range(30)]
    if has_one_later:
        models.append(("closed-late", "proprietary", 150 + 365, 86.0))
    con, policy = empty, read_policy()
    insert_descriptions(con)
    insert_rules(con, policy)
    con.register("benchmarks", policy.benchmarks)
    con.register("groups", policy.frame("comparable_groups"))
    con.execute("insert into core.benchmarks from benchmarks")
    con.execute("insert into core.comparable_groups from groups where comparable_group = 'mmlu_reported'")
    for name, text in policy.texts.items():
        con.execute(
            "insert into history.policy_files by name"
            " select ? as name, 'b' as blob_id, ? as content, 1 as load_id, now() as valid_from",
            [name, text.decode()],
        )
    for name, openness, day, pct in models:
        con.execute(
            "insert into core.models by name select $1 as model_id, $1 as display_name, 'o' as organization, $2 as openness,"
            " 'unknown' as license_class, true as is_official, 'official' as population,"
            " (date '2023-01-01' + $3::integer) as released_on",
            [name, openness, day],
        )
        con.execute(
            "insert into core.scores by name select $1 as model_id, 'mmlu' as benchmark_id, 'mmlu_reported' as variant_id,"
            " 'mmlu_reported' as comparable_group, $2 as score_raw, 'percent' as score_unit, $2 as score_pct,"
            " 'none' as norm_method, 'unknown' as precision, null as has_chat_template, 'n/a' as setting, 'n/a' as run_id,"
            " 'reference' as reported_by, false as is_corrected, 'reference' as source_id, $1 as source_name, 'r' as repo_id,"
            " 'c' as revision, 'p' as path, 'b' as blob_id, 'l' as locator, 1 as load_id",
            [name, pct],
        )
    as_of = date(2025, 6, 10)
    build_marts(con, as_of)
    stopped = date(2023, 1, 1) + timedelta(days=150)
    told = con.execute(
        "select compared_on, difference_pct, verdict, is_alive_together, is_current, verdict_now, proprietary_newest_model"
        " from mart.parity where population = 'official'"
    ).fetchall()
    assert told == [(stopped, -11.0, "trails", False, False, "not_measurable_now", "closed-5")]
    daily = con.execute("select max(day), min(gap_pct) from mart.gap_daily where population = 'official'").fetchall()
    assert daily == [(stopped, 10.0)]
    # Whole frontiers are compared up to that day; catch-ups are followed for as long as the open side is observed.
    censored = con.execute(
        "select estimator, list(distinct censored_on) from mart.gap_lag where population = 'official' and tolerance_pct is null"
        " and estimator <> 'catch_up_nats' group by all order by all"
    ).fetchall()
    assert censored[:2] == [("area", [stopped]), ("daily", [stopped])]
    caught_up = con.execute(
        "select s.observed_through_open_on > s.compared_on, list(distinct l.censored_on = least(s.observed_through_open_on, $1)),"
        " count(*) filter (where l.open_released_on > s.compared_on) > 0"
        " from mart.gap_lag as l join mart.gap_sides as s using (population, comparable_group)"
        " where population = 'official' and estimator = 'catch_up' group by all",
        [as_of],
    ).fetchall()
    assert caught_up == [(True, [True], True)]
    claims = con.execute(
        "select verdict, evidence from mart.paper_claims where claim_id in ('parity_mmlu', 'parity_majority')"
    ).fetchall()
    assert {verdict for verdict, _ in claims} == {"not measurable"}
    assert all("not measurable now" in evidence for _, evidence in claims)
    con.close()


def test_what_vendors_report_is_held_against_the_highest_setting_that_was_measured_or_the_one_that_both_state(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    con, policy = empty, read_policy()
    insert_descriptions(con)
    insert_rules(con, policy)
    con.register("benchmarks", policy.benchmarks)
    con.execute("insert into core.benchmarks from benchmarks")
    con.execute(
        "insert into core.settings values ('32K', 3, 32000, false), ('thinking, 32K', 3, 32000, false), ('low', 2, 0, false)"
    )
    measured = [("32K", 70.0), ("low", 65.0), ("n/a", 50.0)]

    def told(reported_setting: str) -> tuple[int, float]:
        con.execute("delete from core.scores; delete from core.models")
        for model in "abcde":
            con.execute(
                "insert into core.models by name select $1 as model_id, $1 as display_name, $1 as organization,"
                " 'proprietary' as openness, 'unknown' as license_class, true as is_official, 'official' as population",
                [model],
            )
            rows = [("third_party", True, *score) for score in measured]
            for reported_by, is_verified, setting, pct in [*rows, ("reference", False, reported_setting, 72.0)]:
                con.execute(
                    "insert into core.scores by name select $1 as model_id, 'mmlu' as benchmark_id,"
                    " 'mmlu_reported' as variant_id, 'mmlu_reported' as comparable_group, $2 as score_raw,"
                    " 'percent' as score_unit, $2 as score_pct, 'none' as norm_method, 'unknown' as precision,"
                    " null as has_chat_template, $3 as setting, 'n/a' as run_id, $4 as reported_by, $5 as is_verified,"
                    " false as is_corrected, 'reference' as source_id, $1 as source_name, 'r' as repo_id, 'c' as revision,"
                    " 'p' as path, 'b' as blob_id, 'l' as locator, 1 as load_id",
                    [model, pct, setting, reported_by, is_verified],
                )
        build_marts(con, DAY, needed_by("from mart.self_report_gap"))
        (row,) = con.execute("select n_models, mean_gap_pct from mart.self_report_gap").fetchall()
        return int(row[0]), float(row[1])

    assert told("n/a") == (5, 2.0)
    assert told("thinking, 32K") == (5, 2.0)
    assert told("low") == (5, 7.0)
    con.close()


def test_a_load_that_lacks_a_rule_is_judged_by_that_rule_of_today(empty: duckdb.DuckDBPyConnection) -> None:
    policy = read_policy()
    lines = policy.texts["rules"].decode().splitlines()
    older = [line.replace("current_days,120", "current_days,7") for line in lines if "read_off" not in line]
    insert_rules(empty, Policy(policy.texts | {"rules": "\n".join(older).encode()}))
    found = dict(empty.execute("select rule, value from core.rules").fetchall())
    assert (found["current_days"], found["read_off_least_r2"]) == (7, 0.25)
