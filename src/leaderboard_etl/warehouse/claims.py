"""The article's claims: each is a query, and a condition on its answer decides the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

import duckdb
import polars as pl

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.errors import PolicyError
from leaderboard_etl.policy import Policy
from leaderboard_etl.settings import resource

HOLDS, PARTLY, FAILS, DEPENDS, NOT_MEASURABLE = "holds", "partly", "fails", "depends", "not measurable"
# The columns of an answer, and what makes a value of DuckDB one of theirs; those that a claim's query leaves out are null.
_ANSWER: dict[str, tuple[type[pl.DataType] | pl.DataType, Callable[[Any], Any]]] = {
    "computed_value": (pl.Float64, float),
    "lo": (pl.Float64, float),
    "hi": (pl.Float64, float),
    "n": (pl.Int64, int),
    "observed_through_on": (pl.Date, lambda at: at.date() if isinstance(at, datetime) else at),
    "evidence": (pl.String, str),
    # How far from equal still counts as equal, where the data and not the condition say so.
    "within": (pl.Float64, float),
    # The value under the other choices that the query may make: where the verdict differs among them, it depends.
    "choices": (pl.List(pl.Float64), lambda values: [None if value is None else float(value) for value in values]),
}
_NUMBER = "article_order"
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
    claims = list(policy.frame("claims", added=_ADDED).iter_rows(named=True))
    with _one_thread(con):
        answers = [_answer(con, claim) for claim in claims]
        verdicts = _verdicts(con, claims, answers)
    rows = [
        {
            _NUMBER: number,
            **{name: value for name, value in claim.items() if name not in ("query", "subject")},
            **{name: value for name, value in answer.items() if name not in ("within", "choices")},
            "verdict": verdict,
            "as_of_on": as_of,
            "evidence_query": _query(claim),
        }
        for number, (claim, answer, verdict) in enumerate(zip(claims, answers, verdicts, strict=True), 1)
    ]
    schema = frame_schema("mart.paper_claims")
    return pl.DataFrame([{name: row[name] for name in schema} for row in rows], schema=schema, orient="row")


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
        # In a transaction that a query ended `con` refuses this, too, and that would hide which query it was.
        with con.cursor() as beside:
            beside.execute(f"set threads = {threads}")


def _query(claim: Mapping[str, str | None]) -> str:
    """The claim's query with its subject filled in, so that it can be read and run as it is."""
    name = claim["query"] or claim["claim_id"]
    file = resource("sql") / "claims" / f"{name}.sql"
    if not file.exists():
        return f"select null::double as computed_value, 'no query sql/claims/{name}.sql in this version' as evidence"
    subject = (claim["subject"] or "").replace("'", "''")
    return file.read_text(encoding="utf-8").strip().replace("$subject", f"'{subject}'")


def _answer(con: duckdb.DuckDBPyConnection, claim: Mapping[str, str | None]) -> dict[str, Any]:
    """The columns of _ANSWER, as the claim's query fills them."""
    try:
        answered = con.execute(_query(claim))
        columns = [name for name, *_ in answered.description or []]
        rows = answered.fetchall()
    except duckdb.Error as error:
        raise _refused(claim, error) from error
    if len(rows) > 1:
        raise PolicyError(f"claim {claim['claim_id']}: its query answers with {len(rows)} rows; a claim is one number")
    values = dict(zip(columns, rows[0], strict=True)) if rows else {}
    answer = {
        name: None if (value := values.get(name)) is None else made_of(value) for name, (_, made_of) in _ANSWER.items()
    }
    if answer["computed_value"] is None and answer["evidence"] is None:
        answer["evidence"] = _NO_ROWS
    return answer


def _verdicts(
    con: duckdb.DuckDBPyConnection, claims: Sequence[Mapping[str, str | None]], answers: Sequence[Mapping[str, Any]]
) -> list[str]:
    """The verdict of each claim on its answer. DuckDB plans the conditions of all together, which takes less time than that of
    each; on a connection of their own, because a condition that it refuses ends the transaction."""
    verdict_of = " ".join(
        f"when {number} then case when ({claim['holds_if']}) then '{HOLDS}'"
        f" when ({claim['partly_if'] or 'false'}) then '{PARTLY}' else '{FAILS}' end"
        for number, claim in enumerate(claims)
    )
    numbered = [{_NUMBER: number, **answer} for number, answer in enumerate(answers)]
    schema = {_NUMBER: pl.Int64, **{name: dtype for name, (dtype, _) in _ANSWER.items()}}
    try:
        with con.cursor() as beside:
            beside.register("answers", pl.DataFrame(numbered, schema=schema))
            judged = beside.execute(
                f"""
                with considered as (

                    select *, true as is_answer from answers
                    union all by name
                    select * exclude (computed_value), unnest(choices) as computed_value, false as is_answer from answers

                ),

                judged as (

                    select {_NUMBER}, is_answer, computed_value, case {_NUMBER} {verdict_of} end as verdict
                    from considered

                )

                select
                    case
                        when any_value(computed_value) filter (is_answer) is null then '{NOT_MEASURABLE}'
                        when count(distinct verdict) > 1 then '{DEPENDS}'
                        else any_value(verdict)
                    end
                from judged
                group by {_NUMBER}
                order by {_NUMBER}
                """
            ).fetchall()
        return [verdict for (verdict,) in judged]
    except duckdb.Error as error:
        if len(claims) == 1:
            raise _refused(claims[0], error) from error
        # One at a time they tell which one it is.
        return [_verdicts(con, [claim], [answer])[0] for claim, answer in zip(claims, answers, strict=True)]


def _refused(claim: Mapping[str, str | None], error: duckdb.Error) -> PolicyError:
    return PolicyError(f"claim {claim['claim_id']}: DuckDB refuses its query or condition: {error}")
