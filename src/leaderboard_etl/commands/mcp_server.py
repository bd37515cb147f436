"""The tools of the Model Context Protocol server: what `sql`, `explain`, `tables` and `changes` answer, as values.

Each call opens the published state anew, as a command does: a night may have replaced it. Every answer says of which state it is.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date
from typing import Any

import duckdb
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, InputRequiredResult, TextContent, ToolAnnotations
from pydantic import ValidationError

from leaderboard_etl import __version__
from leaderboard_etl.commands.dictionary import columns_of, overview
from leaderboard_etl.commands.display import as_json_text
from leaderboard_etl.commands.explain import facts_of, model_id_of
from leaderboard_etl.commands.query import refused, rows_of
from leaderboard_etl.contracts.schema import tables, views
from leaderboard_etl.errors import EtlError, UsageError, WarehouseError, engine_error, first_line
from leaderboard_etl.printable import one_line
from leaderboard_etl.settings import Warehouse
from leaderboard_etl.target.opening import made_by_this_code, open_published
from leaderboard_etl.target.past import open_state, why_empty
from leaderboard_etl.warehouse.changes import load_changes
from leaderboard_etl.warehouse.changes_text import as_json

_INSTRUCTIONS = """\
Published scores of language models, each with the file, commit and row that it came from, in a DuckDB warehouse that can be
read and not changed. Begin with `tables`, then `tables` with a name; ask with `sql` in DuckDB's dialect. mart has what is
comparable and chosen, core all that stands now, history what was said when. Scores are comparable within one comparable_group
only. Select the columns that an answer lists under source_columns beside every number that you report, and name as_of;
`explain` gives file, commit and place of each value of a model. Unknown is null, never 0."""
_READ_ONLY = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
# An answer of more text than a reader of it could hold.
_MOST_BYTES = 1_000_000
_QUALIFIED = re.compile(r'"?\b(\w+)"?\s*\.\s*"?(\w+)\b')
# What _as_of reads.
_OF_STATE = "ops.loads, ops.build"
_SOURCE_COLUMNS = ("score_source", "source_url", "reporter", "source_id", "repo_id", "revision", "path", "locator")


def serve(warehouse: Warehouse, *, most_rows: int, time_limit_seconds: float) -> None:
    """Answers on standard input and output until the input ends. Nothing but the protocol is written there."""
    server(warehouse, most_rows=most_rows, time_limit_seconds=time_limit_seconds).run("stdio")


def server(warehouse: Warehouse, *, most_rows: int, time_limit_seconds: float) -> MCPServer[Any]:
    """The server of a warehouse: an answer has `most_rows` rows at most, and a query that takes longer than
    `time_limit_seconds` is interrupted."""
    tools = _Tools(warehouse, most_rows, time_limit_seconds)
    made = _Server("leaderboard-etl", instructions=_INSTRUCTIONS, version=__version__, log_level="CRITICAL")
    for tool in (tools.sql, tools.explain, tools.tables, tools.changes):
        made.add_tool(tool, annotations=_READ_ONLY)
    return made


class _Server(MCPServer[Any]):
    """A server whose every error is one line that says what happened."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            text = TextContent(type="text", text=one_line(_reason(error.__cause__ or error)))
            return CallToolResult(content=[text], is_error=True)


class _Tools:
    """The tools as methods: their names, parameters and docstrings are what a client sees."""

    def __init__(self, warehouse: Warehouse, most_rows: int, time_limit_seconds: float) -> None:
        self._warehouse, self._most_rows, self._time_limit_seconds = warehouse, most_rows, time_limit_seconds
        # A client may call several at once, each in a thread, and a second connection to the file could not be set up.
        self._turn = threading.Lock()

    def sql(self, query: str, as_of: date | None = None, limit: int | None = None) -> dict[str, Any]:
        """Asks the warehouse one question in SQL (DuckDB's dialect), now or as of the end of a past day (UTC).

        The answer has the rows, at most `limit`; whether there are more; of which state they are (as_of); and of the tables
        that the query names what they are, with the columns that say where a number came from. `note` says why a table of a past
        day is empty."""
        most = min(limit or self._most_rows, self._most_rows)
        if limit is not None and limit < 1:
            raise UsageError("limit is a number of rows, 1 or more")
        # A state of a past day has only what is named.
        state = f"{query}\n-- {_OF_STATE}"
        with self._turn, open_state(self._warehouse, as_of, state) as con, self._in_time(con):
            columns, rows = rows_of(con, query, most + 1)
            answer = {
                "as_of": _as_of(con, as_of),
                "tables_read": _tables_read(query),
                "columns": columns,
                "rows": rows[:most],
                "has_more_rows": len(rows) > most,
            }
            if (note := why_empty(con, as_of, query)) is not None:
                answer["note"] = note
        return _sized(answer)

    def explain(self, model: str, benchmark: str | None = None, as_of: date | None = None) -> dict[str, Any]:
        """Everything about one model: names, size with all evidence, licence, dates, lineage and scores, each value with its
        file, commit and place, and why the marts use it. `model` is an id or any name that a source uses; with `benchmark` only
        the scores of that benchmark."""
        with (
            self._turn,
            open_state(self._warehouse, as_of, "mart") as con,
            self._in_time(con),
            made_by_this_code(self._warehouse.database),
        ):
            facts = facts_of(con, model_id_of(con, model), benchmark)
            answer = {"as_of": _as_of(con, as_of), **facts}
        return _sized(answer)

    def tables(self, name: str | None = None) -> dict[str, Any]:
        """The dictionary: every table and view in a sentence or, with `name`, what each column means, its unit, and what null
        means."""
        return _sized({"tables": overview()} if name is None else columns_of(name))

    def changes(self, since: date | None = None, until: date | None = None) -> dict[str, Any]:
        """What is new, restated or withdrawn, who leads now, which verdicts flipped, and which sizes, licences and names
        changed: of the loads from one day to another (UTC), or of the newest load with news. Each change has its source and
        link; mart.changes has all of them."""
        if since is not None and until is not None and since > until:
            raise UsageError(f"since {since} is after until {until}: no load can lie between them")
        with (
            self._turn,
            closing(open_published(self._warehouse)) as con,
            self._in_time(con),
            made_by_this_code(self._warehouse.database),
        ):
            newest = 1 if since is None and until is None else None
            loads = [as_json(load) for load in load_changes(con, since=since, until=until, newest=newest)]
            answer = {"as_of": _as_of(con, None), "loads": loads}
        return _sized(answer)

    @contextmanager
    def _in_time(self, con: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Interrupts what the connection does when the time is up, and turns DuckDB's errors into one line."""
        is_late = threading.Event()

        def interrupt() -> None:
            is_late.set()
            con.interrupt()

        timer = threading.Timer(self._time_limit_seconds, interrupt)
        timer.start()
        try:
            yield
        except duckdb.InterruptException as error:
            if not is_late.is_set():
                raise
            raise UsageError(
                f"the query was interrupted after {self._time_limit_seconds:g} seconds: ask for less, or raise --time-limit"
            ) from error
        except (duckdb.OutOfMemoryException, MemoryError) as error:
            raise engine_error(error) or error from error
        except duckdb.Error as error:
            raise refused(error) from error
        finally:
            timer.cancel()


def _reason(error: BaseException) -> str:
    """What an error says, in words for the client."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    if isinstance(error, EtlError):
        return " ".join([str(error), *getattr(error, "below", ())[:1]])
    known = engine_error(error) if isinstance(error, Exception) else None
    return str(known or first_line(Exception(str(error))) or type(error).__name__)


def _as_of(con: duckdb.DuckDBPyConnection, day: date | None) -> dict[str, Any]:
    """Of which state an answer is: its day, its last load, the code that made it, and the Hub that fed it."""
    rows = con.execute(
        """
        select load_id, as_of_at, endpoint, (select any_value(code_version) from ops.build) as made_by
        from ops.loads
        where status in ('published', 'degraded')
        order by as_of_at desc, load_id desc
        limit 1
        """
    ).fetchall()
    if not rows:
        raise WarehouseError("this warehouse holds no load")
    load_id, at, endpoint, made_by = rows[0]
    if made_by is None:  # a state of a past day is made by the code that runs
        from leaderboard_etl.code_version import code_version

        made_by = code_version()
    return {
        "state_day": (day or at.date()).isoformat(),
        "load_id": load_id,
        "load_at": f"{at.isoformat()}Z",
        "code_version": made_by,
        "hub": endpoint,
    }


def _tables_read(query: str) -> list[dict[str, Any]]:
    """The tables and views that the query names, with what they are and their columns that say where a row came from."""
    # By its text: DuckDB's own list of them refuses queries that it answers, such as joins with `using`.
    names = sorted({f"{schema}.{table}".lower() for schema, table in _QUALIFIED.findall(query)})
    there = {**tables(), **views()}
    return [
        {
            "name": name,
            "what_it_is": there[name].comment,
            "source_columns": [column.name for column in there[name].columns if column.name in _SOURCE_COLUMNS],
        }
        for name in names
        if name in there
    ]


def _sized(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer as JSON has it. Raises UsageError for more text than a client could use."""
    text = as_json_text(answer)
    if len(text) > _MOST_BYTES:
        raise UsageError(
            f"the answer has {len(text) / 1e6:.1f} MB of text, at most 1 MB is sent: ask for fewer rows or columns"
        )
    made: dict[str, Any] = json.loads(text)
    return made
