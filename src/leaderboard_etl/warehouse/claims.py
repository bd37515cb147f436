"""The article's claims: each is a query, and a condition on its answer decides the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date

import duckdb
import polars as pl

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.errors import PolicyError
from leaderboard_etl.policy import Policy
from leaderboard_etl.settings import resource

HOLDS, PARTLY, FAILS, DEPENDS, NOT_MEASURABLE = "holds", "partly", "fails", "depends", "not measurable"
# The columns of an answer; those that a claim's query leaves out are null.
_ANSWER = {
    "computed_value": "double",
    "lo": "double",
    "hi": "double",
    "n": "bigint",
    "observed_through_on": "date",
    "evidence": "varchar",
    # How far from equal still counts as equal, where the data and not the condition say so.
    "within": "double",
    # The value under the other choices that the query may make: where the verdict differs among them, it depends.
    "choices": "double[]",
}
_SELECTED = ", ".join(f"{name}::{kind} as {name}" for name, kind in _ANSWER.items())
# A column that a query does not answer with is null.
_NOTHING = ", ".join(f"null::{kind} as {name}" for name, kind in _ANSWER.items())
# Columns of policy/claims that older loads do not have.
_ADDED = ("query", "subject", "paraphrase", "partly_expected")
_NO_ROWS = "this warehouse has no rows that its query needs"


def judged_claims(con: duckdb.DuckDBPyConnection, policy: Policy, as_of: date) -> pl.DataFrame:
    """The rows of mart.paper_claims: one per row of policy/claims.csv, which is in the article's order.

    The query is sql/claims/<query>.sql, that of claim_id if the column is blank; $subject in it stands for the column
    subject. A query without a row, or with a null computed_value, is not measurable, as is a claim of an older load whose
    query this version no longer has. Raises PolicyError if a query or a condition is refused by DuckDB, or if it answers
    with several rows.
    """
    with _one_thread(con):
        rows = [
            {"article_order": number, **_judged(con, claim, as_of)}
            for number, claim in enumerate(policy.frame("claims", added=_ADDED).iter_rows(named=True), 1)
        ]
    return pl.DataFrame(rows, schema=frame_schema("mart.paper_claims"), orient="row")


def changed_verdicts(con: duckdb.DuckDBPyConnection, before: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(claim_id, verdict before, verdict now) of each claim whose verdict differs from the one in `before`."""
    now = con.execute("select claim_id, verdict from mart.paper_claims order by claim_id").fetchall()
    return [(claim, before[claim], verdict) for claim, verdict in now if before.get(claim, verdict) != verdict]


@contextmanager
def _one_thread(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Within the block sums are added in one order: with several threads the last digit of a slope would vary."""
    threads = con.execute("select current_setting('threads')").fetchall()[0][0]
    con.execute("set threads = 1")
    try:
        yield
    finally:
        con.execute(f"set threads = {threads}")


def _query(claim: dict[str, str | None]) -> str:
    """The claim's query with its subject filled in, so that it can be read and run as it is."""
    name = claim["query"] or claim["claim_id"]
    file = resource("sql") / "claims" / f"{name}.sql"
    if not file.exists():
        return f"select null::double as computed_value, 'no query sql/claims/{name}.sql in this version' as evidence"
    subject = (claim["subject"] or "").replace("'", "''")
    return file.read_text(encoding="utf-8").strip().replace("$subject", f"'{subject}'")


def _judged(con: duckdb.DuckDBPyConnection, claim: dict[str, str | None], as_of: date) -> dict[str, object]:
    claim_id = str(claim["claim_id"])
    query = _query(claim)
    try:
        partly = claim["partly_if"] or "false"
        judged = con.execute(
            f"""
            with answer as (
                select * from ({query}) union all by name select {_NOTHING} where false
            ), said as (
                select {_SELECTED} from (select 1 as one) left join answer on true
            ), judged as (
                select
                    case when ({claim["holds_if"]}) then '{HOLDS}' when ({partly}) then '{PARTLY}' else '{FAILS}' end as verdict,
                    is_answer
                from (
                    select *, true as is_answer from said
                    union all by name
                    select * exclude (computed_value), unnest(choices) as computed_value, false as is_answer from said
                )
            )
            select
                * exclude (choices, within)
                    replace (coalesce(evidence, case when computed_value is null then '{_NO_ROWS}' end) as evidence),
                case
                    when computed_value is null then '{NOT_MEASURABLE}'
                    when (select count(distinct verdict) from judged) > 1 then '{DEPENDS}'
                    else (select any_value(verdict) from judged where is_answer)
                end as verdict
            from said
            """
        )
        columns = [name for name, *_ in judged.description or []]
        rows = judged.fetchall()
    except duckdb.Error as error:
        raise PolicyError(f"claim {claim_id}: DuckDB refuses its query or condition: {error}") from error
    if len(rows) != 1:
        raise PolicyError(f"claim {claim_id}: its query answers with {len(rows)} rows; a claim is one number")
    return {
        **{
            name: claim[name]
            for name in ("claim_id", "article_place", "sentence", "paraphrase", "measures", "expected")
        },
        **{name: claim[name] for name in ("holds_if", "partly_expected", "partly_if", "note")},
        **dict(zip(columns, rows[0], strict=True)),
        "as_of_on": as_of,
        "evidence_query": query,
    }
