"""Verdicts on the article's claims come only from queries and conditions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

import duckdb
import polars as pl
import pytest
from test_views import model as put_model_of_any_side
from test_views import score
from worlds import World, judge_claims

from leaderboard_etl.errors import PolicyError
from leaderboard_etl.policy import Policy, read_policy
from leaderboard_etl.report import markdown, notes
from leaderboard_etl.settings import resource
from leaderboard_etl.warehouse.claims import changed_verdicts

DAY = date(2026, 1, 1)
_V1_RESULTS = "datasets/open-llm-leaderboard-old/results/microsoft/phi-2"
_V1_RUN = resource("sample") / "hub" / _V1_RESULTS / "results_2024-04-12T12-27-45.000000.json"
HEADER = "claim_id,article_place,sentence,measures,expected,holds_if,partly_if,note\n"


def judge(con: duckdb.DuckDBPyConnection, holds_if: str, partly_if: str = "", claim: str = "lora_reduction") -> str:
    text = f'{HEADER}{claim},place,sentence,measures,expected,"{holds_if}","{partly_if}",\n'
    con.execute("delete from mart.paper_claims")
    judge_claims(con, Policy({"claims": text.encode()}), DAY)
    return str(con.execute("select verdict from mart.paper_claims").fetchall()[0][0])


def test_every_claim_has_a_query_and_every_query_a_claim() -> None:
    queries = {path.stem for path in (resource("sql") / "claims").glob("*.sql")}
    claims = read_policy().frame("claims")
    assert not claims["claim_id"].is_duplicated().any()
    assert set(claims.select(pl.coalesce("query", "claim_id")).to_series()) == queries


def test_the_reduction_by_lora_at_the_papers_setting_is_1536(empty: duckdb.DuckDBPyConnection) -> None:
    # d k / (r (d + k)) with d = k = 12,288 and r = 4 (https://arxiv.org/abs/2106.09685), and at r = 1.
    judge_claims(empty, read_policy(), DAY)
    row = empty.execute(
        "select computed_value, hi, verdict from mart.paper_claims where claim_id = 'lora_reduction'"
    ).fetchall()
    assert row == [(1536.0, 6144.0, "fails")]


def test_the_verdict_is_the_first_condition_that_the_answer_meets(empty: duckdb.DuckDBPyConnection) -> None:
    assert judge(empty, "computed_value > 1000") == "holds"
    assert judge(empty, "computed_value > 2000", "computed_value > 1000") == "partly"
    assert judge(empty, "computed_value > 2000") == "fails"


def test_on_an_empty_warehouse_no_claim_about_data_holds_or_fails(empty: duckdb.DuckDBPyConnection) -> None:
    judge_claims(empty, read_policy(), DAY)
    judged = dict(empty.execute("select claim_id, verdict from mart.paper_claims").fetchall())
    about_data = {claim for claim in judged if claim != "lora_reduction"}
    assert {claim: judged[claim] for claim in about_data if judged[claim] != "not measurable"} == {}


def test_a_condition_that_is_not_sql_is_a_clear_error(empty: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(PolicyError, match="claim lora_reduction"):
        judge(empty, "computed_value is rather large")


@pytest.mark.parametrize("refused", ["computed_value is rather large", "evidence::integer > 1"])
def test_of_several_claims_the_one_whose_condition_is_refused_is_named_within_a_transaction(
    empty: duckdb.DuckDBPyConnection, refused: str
) -> None:
    rows = [f"{claim},place,sentence,measures,expected,{condition},,\n" for claim, condition in
            {"no_such_claim": "true", "lora_reduction": refused, "another": "true"}.items()]  # fmt: skip
    empty.execute("begin")
    with pytest.raises(PolicyError, match="claim lora_reduction"):
        judge_claims(empty, Policy({"claims": "".join([HEADER, *rows]).encode()}), DAY)


def test_a_claim_whose_query_is_refused_is_named_within_a_transaction_and_leaves_the_threads_as_they_were(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    empty.execute("alter table core.submissions rename to elsewhere; set threads = 2; begin")
    with pytest.raises(PolicyError, match="claim submissions"):
        judge(empty, "true", claim="submissions")
    empty.rollback()
    assert empty.execute("select current_setting('threads')").fetchall() == [(2,)]


def test_a_claim_of_an_older_load_whose_query_is_gone_is_not_measurable(empty: duckdb.DuckDBPyConnection) -> None:
    assert judge(empty, "true", claim="no_such_claim") == "not measurable"
    assert "no query" in str(empty.execute("select evidence from mart.paper_claims").fetchall()[0][0])


def submitted(con: duckdb.DuckDBPyConnection, leaderboard: str, kind: str, rows: int) -> None:
    """Puts submissions of as many models on record."""
    for n in range(rows):
        con.execute(
            "insert into core.submissions by name select 'm' || ? as model_id, 's' as source_id, 'n' as source_name,"
            " ? as leaderboard, ? as kind, 'unknown' as precision, 'FINISHED' as status,"
            " date '2024-07-01' as submitted_on, 'r' as repo_id, 'c' as revision, 'p' as path, 'b' as blob_id,"
            " 'l' as locator",
            [str(n), leaderboard, kind],
        )


def test_claims_that_differ_in_their_subject_share_a_query_which_can_be_run_as_it_is_kept(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    for leaderboard, kind, rows in (("olb_v1", "table_row", 2), ("olb_v2", "table_row", 3), ("olb_v2", "request", 4)):
        submitted(empty, leaderboard, kind, rows)
    submitted(empty, "olb_v1", "request", 2)
    judge_claims(empty, read_policy(), DAY)
    told = empty.execute(
        "select claim_id, computed_value, evidence_query from mart.paper_claims where claim_id like 'submissions%'"
    ).fetchall()
    counts = {claim: value for claim, value, _ in told}
    # The claim on requests is about v2 alone.
    assert counts == {"submissions_table_rows": 5, "submissions_distinct_models": 3, "submissions_requests": 4}
    assert all(empty.execute(query).fetchall()[0][0] == value for _, value, query in told)


@pytest.mark.parametrize("claim", ["submissions_table_rows", "submissions_distinct_models", "emerging_weekly"])
def test_the_data_behind_a_claim_reach_to_their_last_day_and_not_to_an_end_of_its_month_or_week(
    empty: duckdb.DuckDBPyConnection, claim: str
) -> None:
    for leaderboard in ("olb_v1", "olb_v2"):
        submitted(empty, leaderboard, "table_row", 2)
    empty.execute("update core.submissions set submitted_on = date '2025-03-13' where model_id = 'm1'")
    answer(empty, claim)
    assert empty.execute("select observed_through_on from mart.paper_claims").fetchall() == [(date(2025, 3, 13),)]


def test_fewer_requests_than_rows_of_the_table_that_came_from_them_are_no_count_of_requests(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    submitted(empty, "olb_v2", "table_row", 3)
    submitted(empty, "olb_v2", "request", 2)
    verdict, value, *_, evidence = answer(empty, "submissions_requests")
    assert (verdict, value) == ("not measurable", None)
    assert evidence == (
        "2 requests to v2 are here, but its table has 3 rows, each of which came from a request: the other 1 or more are unknown"
    )
    submitted(empty, "olb_v2", "request", 1)
    assert answer(empty, "submissions_requests")[:2] == ("fails", 3)


@pytest.mark.parametrize("claim", ["submissions_table_rows", "submissions_distinct_models"])
def test_one_table_alone_is_no_count_of_both_leaderboards(empty: duckdb.DuckDBPyConnection, claim: str) -> None:
    submitted(empty, "olb_v2", "table_row", 3)
    verdict, value, *_, evidence = answer(empty, claim)
    assert (verdict, value) == ("not measurable", None)
    assert evidence == "v1 0, v2 3: the table of one leaderboard is missing"
    submitted(empty, "olb_v1", "table_row", 1)
    assert answer(empty, claim)[0] == "fails"


def answer(con: duckdb.DuckDBPyConnection, claim: str) -> tuple[object, ...]:
    """Verdict, value, lo, hi and evidence of one claim of the policy."""
    row = read_policy().frame("claims").filter(pl.col("claim_id") == claim)
    con.execute("delete from mart.paper_claims")
    judge_claims(con, Policy({"claims": row.write_csv().encode()}), DAY)
    told = "select verdict, computed_value, lo, hi, evidence from mart.paper_claims"
    return tuple(con.execute(told).fetchall()[0])


def gap_by_month(con: duckdb.DuckDBPyConnection, log_odds: Sequence[float]) -> None:
    """Replaces mart.gap_monthly: the official MMLU gap of each month from January 2023 on."""
    con.execute("drop view mart.gap_monthly")
    con.execute(
        "create table mart.gap_monthly as select 'official' as population, 'mmlu_reported' as comparable_group,"
        " (date '2023-01-01' + interval (n - 1) month)::date as month,"
        " (date '2023-01-28' + interval (n - 1) month)::date as compared_on, 10 * gap as gap_pct, gap as gap_log_odds"
        " from (select unnest(?::double[]) as gap, unnest(range(1, len(?::double[]) + 1)) as n)",
        [list(log_odds), list(log_odds)],
    )


def test_a_trend_that_turned_a_year_before_the_data_end_converges_but_in_part(empty: duckdb.DuckDBPyConnection) -> None:
    falling = [2.0 - 0.1 * month for month in range(12)]
    gap_by_month(empty, [*falling, *(0.9 + 0.02 * month for month in range(12))])
    verdict, slope, least, greatest, _ = answer(empty, "converging_trend")
    assert verdict == "partly"
    assert (least, greatest) == (slope, pytest.approx(0.24))
    assert slope == pytest.approx(-0.45, abs=0.001)


def test_the_closed_share_of_the_gap_is_given_for_every_start(empty: duckdb.DuckDBPyConnection) -> None:
    # 1.0 in January, 2.0 in June, 0.5 one year after the start: three quarters closed since June, half since January.
    gap_by_month(empty, [1.0, *[2.0] * 11, 0.5])
    assert answer(empty, "gap_narrowed_mmlu")[:4] == ("partly", 0.75, 0.5, 0.75)


def test_where_points_and_log_odds_disagree_on_the_closed_gap_the_verdict_depends(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    gap_by_month(empty, [1.0] * 12 + [0.2])
    empty.execute("update mart.gap_monthly set gap_pct = 0.9 where gap_log_odds = 0.2")
    verdict, closed, least, greatest, evidence = answer(empty, "gap_narrowed_mmlu")
    assert (verdict, closed, least, greatest) == (
        "depends",
        pytest.approx(0.8),
        pytest.approx(0.8),
        pytest.approx(0.91),
    )
    assert "0.91 of it closed; in log-odds 1.00 and 0.20: 0.80 of it closed" in str(evidence)


def test_a_model_on_a_device_need_only_match_the_commercial_one_and_be_seen_in_time(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    empty.execute("drop view mart.model_scaling")
    empty.execute(
        "create table mart.model_scaling as select 'mmlu_reported' as comparable_group, 'official' as population, * from (values"
        " ('openai/gpt-3.5-turbo-0301', 'proprietary', 'GPT-3.5', null::double, null::double, 70.0, date '2023-03-01'),"
        " ('o/near', 'open_weights', 'Near', 3.8, 3.8, 69.0, date '2024-08-23'),"
        " ('o/short', 'open_weights', 'Short', 3.0, 3.0, 68.9, date '2024-08-23'),"
        " ('o/mixture', 'open_weights', 'Mixture', 20.0, 3.0, 86.0, date '2025-01-01'),"
        " ('o/dense', 'open_weights', 'Dense', 14.0, 14.0, 86.0, date '2025-01-01'),"
        " ('o/late', 'open_weights', 'Late', 1.0, 1.0, 80.0, date '2026-06-03'))"
        " as t(model_id, openness, model, params_b, params_active_b, score_pct, released_on)"
    )
    empty.execute(
        "insert into core.comparable_groups values"
        " ('mmlu_reported', 'mmlu', 'MMLU', true, date '2025-09-30', date '2025-09-30', 1.0, null, 'https://example.org')"
    )
    empty.execute("drop view mart.gap_sides")
    empty.execute(
        "create table mart.gap_sides as select 'official' as population, 'mmlu_reported' as comparable_group,"
        " date '2025-09-30' as observed_through_open_on"
    )
    verdict, size, _, _, evidence = answer(empty, "on_device")
    assert (verdict, size) == ("holds", 3.8)
    assert "the smallest at or above it: Dense, 14.0B" in str(evidence)
    # By active parameters the mixture is smallest at the four levels from 70 on, by total parameters at none.
    assert answer(empty, "moe_frontier")[:3] == ("partly", pytest.approx(4 / 6), 0.0)


@pytest.mark.parametrize(("hi_b", "verdict"), [(60.0, "partly"), (80.0, "holds")])
def test_quality_is_maintained_if_the_interval_holds_the_total_size(
    empty: duckdb.DuckDBPyConnection, hi_b: float, verdict: str
) -> None:
    # 20 of 80 billion are active: a dense equivalent of 40 is half of the way, 20 none of it and 80 all of it.
    empty.execute(
        "insert into core.models by name select 'deepseek-ai/DeepSeek-V2' as model_id, 'm' as display_name, 'o' as organization,"
        " 'open_weights' as openness, 'x' as license_class, true as is_official, 'official' as population,"
        " 80000000000 as params_total, 20000000000 as params_active"
    )
    empty.execute(
        "insert into mart.dense_equivalent by name select 'deepseek-ai/DeepSeek-V2' as model_id, 'mmlu_reported' as"
        " comparable_group, '2024' as era, 20.0 as params_active_b, 40.0 as equivalent_params_b, 20.0 as equivalent_lo_b,"
        " ? as equivalent_hi_b, 9 as curve_n",
        [hi_b],
    )
    assert answer(empty, "moe_quality")[:3] == (verdict, pytest.approx(0.5), pytest.approx(0.0))


def test_the_community_did_it_if_most_new_bests_are_of_no_listed_organization(empty: duckdb.DuckDBPyConnection) -> None:
    empty.execute("drop view mart.gap_frontier")
    empty.execute(
        "create table mart.gap_frontier as select 'unflagged' as population, 'mmlu_reported' as comparable_group,"
        " 'open_weights' as openness, date '2025-09-30' as observed_through_on, model_id as model, * from (values"
        " ('vendor', date '2023-02-01'), ('tune', date '2023-05-01'), ('merge', date '2023-06-01'),"
        " ('older', date '2022-06-01')) as t(model_id, reached_on)"
    )
    for model, population in {"vendor": "official", "tune": "fine_tune", "merge": "merge", "older": "official"}.items():
        empty.execute(
            "insert into core.models by name select ? as model_id, 'm' as display_name, 'o' as organization,"
            " 'open_weights' as openness, 'x' as license_class, true as is_official, ? as population",
            [model, population],
        )
    empty.execute(
        "insert into core.comparable_groups values"
        " ('mmlu_reported', 'mmlu', 'MMLU', true, date '2025-09-30', date '2025-09-30', 1.0, null, 'https://example.org')"
    )
    assert answer(empty, "community_driven")[:2] == ("holds", pytest.approx(2 / 3))


def test_the_articles_own_examples_are_of_the_community(empty: duckdb.DuckDBPyConnection) -> None:
    empty.execute("drop view mart.gap_frontier")
    empty.execute(
        "create table mart.gap_frontier as select 'unflagged' as population, 'mt_bench' as comparable_group,"
        " 'open_weights' as openness, date '2025-09-30' as observed_through_on, model_id as model, * from (values"
        " ('vendor/model', date '2023-02-01'), ('lmsys/vicuna-33b-v1.3', date '2023-06-19')) as t(model_id, reached_on)"
    )
    for model in ("vendor/model", "lmsys/vicuna-33b-v1.3"):
        put_model(empty, model)
    put_group(empty, "mt_bench")
    assert answer(empty, "community_driven")[1] == 0.5


def test_open_source_takes_a_licence_that_lets_anyone_use_the_model(empty: duckdb.DuckDBPyConnection) -> None:
    empty.execute("drop view mart.gap_frontier")
    empty.execute(
        "create table mart.gap_frontier as select 'official' as population, 'mmlu_reported' as comparable_group,"
        " 'open_weights' as openness, date '2025-09-30' as observed_through_on, model_id as model, * from (values"
        " ('o/mit', date '2023-02-01'), ('o/gpl', date '2023-06-19'), ('o/llama', date '2024-06-19')) as t(model_id, reached_on)"
    )
    for model, kind in {
        "o/mit": "permissive",
        "o/gpl": "copyleft",
        "o/llama": "community",
        "o/tiny": "unknown",
    }.items():
        put_model(empty, model, license_class=kind, params_total=7, released_on="2024-01-01")
    put_group(empty, "mmlu_reported")
    assert answer(empty, "open_source_licenses")[:3] == ("partly", pytest.approx(2 / 3), 0.5)
    by_class = "select license_class, is_open_source, n_bests, share_of_models from mart.license_classes order by 1"
    assert empty.execute(by_class).fetchall() == [
        ("community", False, 1, 0.25),
        ("copyleft", True, 1, 0.25),
        ("permissive", True, 1, 0.25),
        ("unknown", None, 0, 0.25),
    ]


def test_more_models_after_llama_than_before_are_a_wildfire_if_ten_times_as_many(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    days = [
        "2022-02-23",
        "2022-02-24",
        *["2023-03-01"] * 8,
        "2024-02-23",
        "2024-02-24",
    ]  # too early, one before, nine after, too late
    put_model(empty, "huggyllama/llama-65b", released_on="2023-02-24")
    for number, day in enumerate(days):
        put_model(empty, f"o/{number}", released_on=day)
    assert answer(empty, "wildfire")[:2] == ("holds", 10.0)


def test_a_commercial_offering_is_matched_once_both_models_are_out(empty: duckdb.DuckDBPyConnection) -> None:
    put_model(empty, "huggyllama/llama-65b", released_on="2023-02-24")
    put_group(empty, "mt_bench")
    empty.execute("drop view mart.model_scaling")
    empty.execute(
        "create table mart.model_scaling as select 'mt_bench' as comparable_group, 'official' as population, model_id as model, *"
        " from (values ('openai/gpt-3.5-turbo-0301', 'proprietary', 79.0, date '2023-03-01'),"
        " ('p/weak', 'proprietary', 64.0, date '2023-07-10'), ('p/undated', 'proprietary', 10.0, null),"
        " ('o/early', 'open_weights', 63.0, date '2023-04-25'), ('o/best', 'open_weights', 78.0, date '2023-12-31'))"
        " as t(model_id, openness, score_pct, released_on)"
    )
    told = answer(empty, "within_weeks")
    assert told[:2] == ("fails", 136.0)  # the weak one came on day 136, when its match had been out for long
    assert "p/weak 64.0 percent of the scale, matched by o/early 63.0; first match of GPT-3.5 Turbo o/best" in str(
        told[4]
    )
    empty.execute("update mart.model_scaling set released_on = date '2023-03-10' where model_id = 'p/weak'")
    assert answer(empty, "within_weeks")[:2] == ("holds", 60.0)


def test_vendors_and_their_sizes_are_counted_by_models_with_a_score(empty: duckdb.DuckDBPyConnection) -> None:
    for model_id, organization, params in (("a/gpt-4", "a", None), ("b/claude", "b", 7), ("c/draws", "c", None)):
        put_model_of_any_side(
            empty, model_id, "2024-01-01", "proprietary", organization=organization, params_total=params
        )
    score(empty, "a/gpt-4", 90.0)
    score(empty, "b/claude", 80.0)
    assert answer(empty, "undisclosed_sizes_all")[1] == 0.5
    row = {"reached_on": date(2024, 1, 1), "observed_through_on": date(2024, 1, 1), "organization": "a"}
    empty.execute("drop view mart.gap_frontier")
    empty.execute(
        "create table mart.gap_frontier as select 'official' as population, 'g' as comparable_group,"
        " 'proprietary' as openness, $organization as organization, $reached_on as reached_on,"
        " $observed_through_on as observed_through_on",
        row,
    )
    put_group(empty, "g")
    assert str(answer(empty, "handful_of_companies")[4]).endswith(
        "2 organizations have a proprietary model with a score here"
    )


def put_model(
    con: duckdb.DuckDBPyConnection, model_id: str, license_class: str = "permissive", **facts: object
) -> None:
    """One official open model."""
    given = ", ".join(f"${name} as {name}" for name in facts)
    con.execute(
        "insert into core.models by name select $model_id as model_id, $model_id as display_name, 'o' as organization,"
        " 'open_weights' as openness, $license_class as license_class, true as is_official, 'official' as population"
        + (f", {given}" if given else ""),
        {"model_id": model_id, "license_class": license_class, **facts},
    )


def put_group(con: duckdb.DuckDBPyConnection, group: str) -> None:
    """One headline group, with matches within a point."""
    con.execute(
        "insert into core.comparable_groups values"
        f" ('{group}', '{group}', 'G', true, date '2025-09-30', date '2025-09-30', 1.0, null, 'https://example.org')"
    )


def judged_groups(con: duckdb.DuckDBPyConnection, *rows: tuple[str, float, float, float, bool]) -> None:
    """Headline groups as mart.parity and its sensitivity have them: name, difference chosen, least and greatest, is_current."""
    con.execute("delete from mart.parity; delete from mart.parity_sensitivity; delete from core.comparable_groups")
    for group, chosen, least, greatest, is_current in rows:
        con.execute(
            "insert into core.comparable_groups by name select $1 as comparable_group,"
            " if(starts_with($1, 'mmlu'), 'mmlu', 'b') as benchmark_id, $1 as display_name,"
            " true as is_headline, 1.0 as match_tolerance_pct, 'https://example.org' as source_url",
            [group],
        )
        con.execute(
            "insert into mart.parity by name select 'official' as population, $1 as comparable_group, true as is_headline,"
            " date '2025-12-01' as compared_on, 'O' as open_model, 'P' as proprietary_model, $2::double as difference_pct,"
            " 50.0 + $2 as open_score_pct, 50.0 as proprietary_score_pct, 1 as n_open, 1 as n_proprietary, 1.0 as tolerance_pct,"
            " if($2 > 1, 'exceeds', if($2 < -1, 'trails', 'matches')) as verdict, 'trails' as strict_verdict,"
            " 'O' as open_newest_model, date '2025-12-01' as open_newest_on, 'P' as proprietary_newest_model,"
            " date '2025-12-01' as proprietary_newest_on, $5 as is_current, 'trails' as verdict_now,"
            " $3::double as difference_lo_pct, $4::double as difference_hi_pct",
            [group, chosen, least, greatest, is_current],
        )
        con.execute(
            "insert into mart.parity_sensitivity by name"
            " select 'official' as population, ? as comparable_group, true as is_headline, chosen_value, tolerance_pct,"
            " difference_pct, difference_pct >= -tolerance_pct as is_match_or_exceed"
            " from (values ('chosen', ?), ('least', ?), ('greatest', ?)) as c(chosen_value, difference_pct),"
            " (select unnest([0, 0.5, 1, 1.5, 2, 2.5, 3]) as tolerance_pct)",
            [group, chosen, least, greatest],
        )


@pytest.mark.parametrize(
    ("rows", "verdict", "shares"),
    [
        (
            [("a", -9.0, -10.0, -8.0, True), ("b", 5.0, 5.0, 5.0, True), ("c", 6.0, 5.0, 6.0, True)],
            "holds",
            (2 / 3, 2 / 3),
        ),
        (
            [("a", -9.0, -10.0, -8.0, True), ("b", -1.8, -1.8, -1.8, True), ("c", 5.0, 5.0, 5.0, True)],
            "depends",
            (1 / 3, 2 / 3),
        ),
        # One that is not current leaves numerator and denominator.
        ([("a", -9.0, -10.0, -8.0, True), ("b", 5.0, 5.0, 5.0, False)], "fails", (0.0, 0.0)),
        ([("a", 9.0, 9.0, 9.0, False), ("b", 5.0, 5.0, 5.0, False)], "not measurable", (None, None)),
    ],
)
def test_the_majority_is_of_current_groups_and_depends_where_a_tolerance_or_a_choice_of_scores_turns_it(
    empty: duckdb.DuckDBPyConnection,
    rows: list[tuple[str, float, float, float, bool]],
    verdict: str,
    shares: tuple[float | None, float | None],
) -> None:
    judged_groups(empty, *rows)
    now = answer(empty, "parity_majority")
    assert (now[0], now[2], now[3]) == (verdict, *shares)
    assert f"{sum(row[4] for row in rows)} of {len(rows)} headline groups are current (benchmarks: 1)" in str(now[4])
    # What is said of 2026 is judged on the same evidence by the same rule.
    assert answer(empty, "parity_2026") == now


@pytest.mark.parametrize(
    ("row", "verdict", "value"),
    [
        ((-9.0, -10.0, -8.0, True), "fails", -9.0),
        ((4.0, 3.0, 5.0, True), "holds", 4.0),
        ((-2.3, -2.3, -2.3, True), "depends", -2.3),  # within three points, not within one
        ((4.0, -5.0, 5.0, True), "depends", 4.0),  # another score of one model turns it
        ((7.4, 7.4, 7.4, False), "not measurable", None),
    ],
)
def test_parity_on_a_benchmark_is_told_of_now_only_where_both_sides_are_and_depends_where_it_flips(
    empty: duckdb.DuckDBPyConnection, row: tuple[float, float, float, bool], verdict: str, value: float | None
) -> None:
    judged_groups(empty, ("mmlu_reported", *row))
    told = answer(empty, "parity_mmlu")
    assert told[:4] == (verdict, value, row[1], row[2])
    assert ("not measurable now" in str(told[4])) is (not row[3])


def test_parity_depends_where_two_evaluators_of_one_benchmark_find_different_things(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    judged_groups(empty, ("mmlu_helm", 4.0, 4.0, 4.0, True), ("mmlu_vals", -9.0, -9.0, -9.0, True))
    assert answer(empty, "parity_mmlu")[0] == "depends"
    empty.execute("update mart.parity set is_current = false where comparable_group = 'mmlu_vals'")
    told = answer(empty, "parity_mmlu")
    assert told[0] == "holds" and "beside it mmlu_vals" in str(told[4])


def test_a_match_within_two_standard_errors_is_one_in_parity_and_in_the_claim(empty: duckdb.DuckDBPyConnection) -> None:
    judged_groups(empty, ("mmlu_epoch", -4.8, -4.8, -4.8, True))
    assert answer(empty, "parity_mmlu")[0] == "fails"
    empty.execute(
        "update mart.parity set stderr_difference_pct = 2.86, tolerance_pct = 5.72, tolerance_source = 'two_standard_errors',"
        " verdict = 'matches'"
    )
    empty.execute("update mart.parity_sensitivity set is_match_or_exceed = true")
    told = answer(empty, "parity_mmlu")
    assert told[0] == "holds" and "within 5.7, two standard errors" in str(told[4])
    majority = str(answer(empty, "parity_majority")[4])
    assert "two standard errors are 5.7" in majority
    assert "on 1 of 1 within two standard errors alone" in majority, (
        "no tolerance of points is needed, and none is told"
    )


def test_a_claim_that_cannot_be_measured_says_why(empty: duckdb.DuckDBPyConnection) -> None:
    judge_claims(empty, read_policy(), DAY)
    silent = "select claim_id from mart.paper_claims where verdict = 'not measurable' and evidence is null"
    assert empty.execute(silent).fetchall() == []


def test_a_cell_of_the_articles_table_agrees_within_its_printed_digits(empty: duckdb.DuckDBPyConnection) -> None:
    # 12.9 / 70 = 0.1843 is printed as 0.18, though two percent off; 13.4 / 70 = 0.191 would be printed as 0.19.
    for active, agrees in ((12.9e9, True), (13.4e9, False)):
        empty.execute("delete from core.models; delete from mart.article_table")
        empty.execute(
            "insert into core.models by name select 'm' as model_id, 'm' as display_name, 'o' as organization,"
            " 'open_weights' as openness, 'x' as license_class, true as is_official, 'official' as population,"
            " 46700000000 as params_total, ?::bigint as params_active",
            [int(active)],
        )
        empty.execute(
            "insert into mart.article_table values ('row', 'MoE', 'm', 'cost_relative', '0.18', null, 'https://example.org')"
        )
        assert empty.execute("select is_agreeing from mart.article_cells").fetchall() == [(agrees,)]


def test_a_score_of_the_articles_table_is_compared_under_its_own_protocol_and_not_with_the_nearest(
    empty: duckdb.DuckDBPyConnection,
) -> None:
    put_model(empty, "m")
    put_group(empty, "mmlu_reported")
    empty.execute(
        "insert into mart.article_table values ('row', 'Dense', 'm', 'mmlu_pct', '87.3', 5, 'https://example.org')"
    )
    empty.execute("drop view if exists mart.article_cells; drop table core.scores cascade")
    empty.execute(
        "create table core.scores as select 'm' as model_id, 'reference' as reported_by, * from (values"
        " ('mmlu_reported', 0, 87.3), ('mmlu_reported', 5, 85.0), ('mmlu_reported', 5, 86.0), ('mmlu_helm', 5, 87.3),"
        " ('mmlu_helm_lite', 5, 87.3)) as t(comparable_group, n_shot, score_pct)"
    )
    empty.execute((resource("sql") / "views" / "article_cells.sql").read_text(encoding="utf-8"))
    told = "select our_value, is_agreeing, n_values, least_value, greatest_value from mart.article_cells"
    assert empty.execute(told).fetchall() == [(85.5, False, 2, 85.0, 87.3)]
    # What others measured counts where nobody reports.
    empty.execute("delete from core.scores where n_shot = 5 and comparable_group = 'mmlu_reported'")
    assert empty.execute(told).fetchall() == [(87.3, True, 1, 87.3, 87.3)]


def test_claims_come_in_the_order_of_the_policy(empty: duckdb.DuckDBPyConnection) -> None:
    judge_claims(empty, read_policy(), DAY)
    told = empty.execute("select claim_id from mart.paper_claims order by article_order").fetchall()
    assert [row[0] for row in told] == read_policy().frame("claims")["claim_id"].to_list()


def test_what_is_enough_for_partly_is_said_in_words() -> None:
    claims = read_policy().frame("claims")
    unsaid = claims.filter(pl.col("partly_if").is_null() != pl.col("partly_expected").is_null())
    assert unsaid["claim_id"].to_list() == []


def test_a_night_judges_every_claim_and_keeps_the_query(published: World) -> None:
    rows = published.query("select claim_id, verdict, evidence_query from mart.paper_claims")
    assert {row[0] for row in rows} == set(read_policy().frame("claims")["claim_id"])
    assert {row[1] for row in rows} <= {"holds", "partly", "fails", "depends", "not measurable"}
    assert all("select" in row[2] for row in rows)


def test_a_changed_verdict_is_found_against_the_state_before() -> None:
    con = duckdb.connect(":memory:")
    con.execute("create schema mart")
    con.execute("create table mart.paper_claims as select 'lora_reduction' as claim_id, 'holds' as verdict")
    assert changed_verdicts(con, {"lora_reduction": "fails"}) == [("lora_reduction", "fails", "holds")]
    assert changed_verdicts(con, {"lora_reduction": "holds", "another": "holds"}) == []
    assert changed_verdicts(con, {}) == []


def test_a_verdict_that_changes_between_nights_is_a_line_of_the_report_and_a_row_of_the_drift(world: World) -> None:
    world.options = {"only": ("olb_v1_contents", "olb_v1_results")}
    first = world.night(1)
    assert not any("the claim was" in note for note in notes(first))
    run = json.loads(_V1_RUN.read_bytes())
    run["results"] = {"harness|hendrycksTest-anatomy|5": {"acc": 0.5, "acc_norm": 0.5, "acc_stderr": 0.04}}
    world.put(f"{_V1_RESULTS}/results_2024-04-12T12-27-45.000000.json", json.dumps(run).encode())
    told = "the claim was 'not measurable' and is 'fails' now"
    second = world.night(2)
    assert f"drift in policy, mmlu_subjects: {told}" in notes(second)
    assert told in markdown(second)
    assert world.query("select subject, kind, message, is_held from ops.drift where kind = 'verdict'") == [
        ("mmlu_subjects", "verdict", told, False)
    ]
    assert world.query("select verdict from mart.paper_claims where claim_id = 'mmlu_subjects'") == [("fails",)]
