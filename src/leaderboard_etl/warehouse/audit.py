"""The audit: each file of sql/checks selects offending rows of the staging file; errors prevent the publication.

One more check comes from the schema: values that a column's comment does not list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from leaderboard_etl.contracts.schema import frame_schema, tables
from leaderboard_etl.contracts.vocabulary import stray_values
from leaderboard_etl.errors import EtlError, first_line
from leaderboard_etl.policy import Policy
from leaderboard_etl.settings import resource
from leaderboard_etl.warehouse.history import policy_texts

if TYPE_CHECKING:
    # Runs a query on the state before this run and returns its rows. The alias exists only for type checking: at run time it
    # would keep DuckDB's module alive after the interpreter's end, and DuckDB would print an error.
    Standing = Callable[[Callable[[duckdb.DuckDBPyConnection], list[str]]], set[str]]

_MOST_EXAMPLES = 10
_HEADER = re.compile(r"^-- (severity|check): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Check:
    """A query on the warehouse that should return no rows. severity: error or warn."""

    name: str
    severity: str
    description: str
    sql: str


@dataclass(frozen=True)
class Finding:
    """The result of a check: the number of offending rows, of those that the published file did not have, and of those
    that policy accepts."""

    check: Check
    n_rows: int
    n_new: int
    n_accepted: int
    examples: list[dict[str, object]]

    @property
    def is_error(self) -> bool:
        return self.check.severity == "error" and self.n_rows > 0

    @property
    def is_new_warning(self) -> bool:
        return self.check.severity == "warn" and self.n_new > 0


@cache
def checks() -> tuple[Check, ...]:
    """The checks of sql/checks and the check of listed values, by name.

    Raises EtlError for a file without `-- check:` and `-- severity:` lines.
    """
    files = [_read(path) for path in (resource("sql") / "checks").glob("*.sql")]
    values_are_listed = Check(
        "values_are_listed",
        "warn",
        "a value that the comment of its column does not list; add it to sql/schema",
        stray_values(tables().values()),
    )
    return tuple(sorted([*files, values_are_listed], key=lambda check: check.name))


def audit(con: duckdb.DuckDBPyConnection, standing: Standing | None, accepted: pl.DataFrame) -> list[Finding]:
    """Runs every check on the staging file and writes ops.check_results. `accepted` is policy/accepted_warnings.csv.

    `standing` returns the rows that a query finds in the state before this run; null if there is no such state.
    """
    findings = [_run(con, check, standing, accepted) for check in checks()]
    con.execute("delete from ops.check_results")
    con.register("results", pl.DataFrame(map(_row, findings), frame_schema("ops.check_results"), orient="row"))
    con.execute("insert into ops.check_results from results")
    con.unregister("results")
    return findings


def run_checks(con: duckdb.DuckDBPyConnection) -> list[Finding]:
    """Runs every check on a database without writing anything; it accepts the warnings that the database's own policy
    accepts."""
    accepted = Policy(policy_texts(con)).frame("accepted_warnings")
    return [_run(con, check, None, accepted) for check in checks()]


def _row(finding: Finding) -> tuple[object, ...]:
    """A row of ops.check_results."""
    check, examples = finding.check, finding.examples
    texts = json.dumps(examples, default=str, ensure_ascii=False) if examples else None
    counts = (finding.n_rows, finding.n_new, finding.n_accepted)
    return (check.name, check.severity, check.description, *counts, texts)


def _run(con: duckdb.DuckDBPyConnection, check: Check, standing: Standing | None, accepted: pl.DataFrame) -> Finding:
    rows = _select(con, check)
    if not rows:
        return Finding(check, 0, 0, 0, [])
    texts = accepted.filter(pl.col("check_name") == check.name)["text"].to_list()
    accepted_rows = {row for row in rows if any(text in row for text in texts)}
    new = [row for row in rows if row not in accepted_rows]
    if new and standing is not None:
        before = standing(lambda published: _select(published, check))
        new = [row for row in new if row not in before]
    examples = [json.loads(row) for row in (new or rows)[:_MOST_EXAMPLES]]
    return Finding(check, len(rows), len(new), len(accepted_rows), examples)


def _select(con: duckdb.DuckDBPyConnection, check: Check) -> list[str]:
    """The offending rows, each as JSON text."""
    try:
        cursor = con.execute(check.sql)
        names = [column[0] for column in cursor.description or []]
        return [
            json.dumps(dict(zip(names, row, strict=True)), default=str, ensure_ascii=False) for row in cursor.fetchall()
        ]
    except duckdb.Error as error:
        raise EtlError(f"sql/checks/{check.name}.sql cannot run: {first_line(error)}") from error


def _read(path: Path) -> Check:
    sql = path.read_text(encoding="utf-8")
    header = dict(_HEADER.findall(sql))
    if set(header) != {"check", "severity"} or header["severity"] not in ("error", "warn"):
        raise EtlError(f"{path}: a check needs the lines `-- check: …` and `-- severity: error` or `warn`")
    return Check(path.stem, header["severity"], header["check"], sql)
