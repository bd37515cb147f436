"""Verdicts on the article's claims follow from queries and conditions; none is typed."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest
from worlds import World

from leaderboard_etl.errors import PolicyError
from leaderboard_etl.policy import Policy, read_policy
from leaderboard_etl.settings import resource
from leaderboard_etl.warehouse.claims import changed_verdicts, judge_claims
from leaderboard_etl.warehouse.database import create_tables, create_views

DAY = date(2026, 1, 1)
HEADER = "claim_id,article_place,sentence,measures,expected,holds_if,partly_if,note\n"


@pytest.fixture
def empty() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(":memory:")
    create_tables(con)
    create_views(con)
    return con


def judge(con: duckdb.DuckDBPyConnection, holds_if: str, partly_if: str = "", claim: str = "lora_reduction") -> str:
    text = f'{HEADER}{claim},place,sentence,measures,expected,"{holds_if}","{partly_if}",\n'
    con.execute("delete from mart.paper_claims")
    judge_claims(con, Policy({"claims": text.encode()}), DAY)
    return str(con.execute("select verdict from mart.paper_claims").fetchall()[0][0])


def test_every_claim_has_a_query_and_every_query_a_claim() -> None:
    queries = {path.stem for path in (resource("sql") / "claims").glob("*.sql")}
    claims = read_policy().frame("claims")["claim_id"].to_list()
    assert len(claims) == len(set(claims)) and set(claims) == queries


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
    measured = {claim: judged[claim] for claim in about_data if judged[claim] != "not measurable"}
    assert measured in ({}, {"converging_with_size": "fails"})


def test_a_condition_that_is_no_sql_is_a_clear_error(empty: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(PolicyError, match="claim lora_reduction"):
        judge(empty, "computed_value is rather large")


def test_a_claim_without_a_query_is_a_clear_error(empty: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(PolicyError, match="no query"):
        judge(empty, "true", claim="no_such_claim")


def test_a_night_judges_every_claim_and_keeps_the_query(world: World) -> None:
    world.night(1)
    rows = world.query("select claim_id, verdict, evidence_query from mart.paper_claims")
    assert {row[0] for row in rows} == set(read_policy().frame("claims")["claim_id"])
    assert {row[1] for row in rows} <= {"holds", "partly", "fails", "not measurable"}
    assert all("select" in row[2] for row in rows)


def test_a_changed_verdict_is_found_against_the_published_state(world: World) -> None:
    world.night(1)
    con = duckdb.connect(":memory:")
    con.execute("create schema mart")
    con.execute("create table mart.paper_claims as select 'lora_reduction' as claim_id, 'holds' as verdict")
    assert changed_verdicts(con, world.warehouse.database) == [("lora_reduction", "fails", "holds")]
    con.execute("update mart.paper_claims set verdict = 'fails'")
    assert changed_verdicts(con, world.warehouse.database) == []
