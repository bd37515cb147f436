"""The worked questions of sql/queries as one page: each with its query and its answer by a warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from leaderboard_etl.commands.rows_file import as_markdown
from leaderboard_etl.printable import how_many

if TYPE_CHECKING:
    import duckdb

_MOST_ROWS = 10
_HEAD = """\
# Worked questions

Each is a file of `sql/queries`: `leaderboard-etl sql -q NAME` asks it, and `--as-of DAY` asks it of the end of a day. The
answers below are those of {what} on {day};
`leaderboard-etl sql --list --format md` makes this page of another warehouse. It is generated (`make docs`).
"""


def cookbook(con: duckdb.DuckDBPyConnection, query_by_name: Mapping[str, str]) -> Iterator[str]:
    """The page in pieces of Markdown, one for each question: `query_by_name` holds texts that begin with the question as a
    comment. Of long answers the first rows are shown."""
    [(day, is_sample)] = con.execute(
        "select max(as_of_at)::date, bool_and(endpoint = 'sample') from ops.loads"
    ).fetchall()
    yield _HEAD.format(
        what="the bundled sample, whose figures are real but few," if is_sample else "a warehouse", day=day
    )
    for name, text in query_by_name.items():
        first, _, query = text.strip().partition("\n")
        relation = con.sql(query)
        [(n_rows,)] = relation.count("*").fetchall()
        left = f"\n\nThe first {_MOST_ROWS} of {how_many(n_rows, 'row')}." if n_rows > _MOST_ROWS else ""
        answer = as_markdown(relation.limit(_MOST_ROWS)).strip() if n_rows else "No rows."
        question = first.removeprefix("--").strip()
        end = "" if question.endswith("?") else "."
        yield f"\n## {name}\n\n{question}{end}\n\n```sql\n{query.strip()}\n```\n\n{answer}{left}\n"
