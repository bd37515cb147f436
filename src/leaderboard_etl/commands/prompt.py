"""The prompt of `sql` on a terminal: queries of several lines, a history, and completion of tables, columns and queries."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from leaderboard_etl.commands import dictionary, explain
from leaderboard_etl.commands.display import print_table
from leaderboard_etl.commands.hints import print_error
from leaderboard_etl.commands.query import answer, list_queries, named_query, print_note, query_names
from leaderboard_etl.contracts import schema
from leaderboard_etl.errors import EtlError, UsageError, one_line_errors
from leaderboard_etl.private import make_private
from leaderboard_etl.settings import Warehouse

if TYPE_CHECKING:
    import duckdb
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyBindings

_FORMS = ("table", "expanded", "csv", "json", "jsonl", "md")
_WORD_BEFORE = re.compile(r"[\w.]*$")
_QUOTED = re.compile(r"'[^']*(?:'|\Z)|\"[^\"]*(?:\"|\Z)|--[^\n]*|/\*.*?(?:\*/|\Z)|\$\$.*?(?:\$\$|\Z)", re.DOTALL)
_HELP = (
    (".tables [NAME]", "the tables and views, or the columns of one"),
    (".explain MODEL", "each value of a model with its file, commit and row"),
    (".queries", "the worked questions"),
    (".query NAME", "ask one of them"),
    (f".mode {'|'.join(_FORMS)}", "how rows are shown"),
    (".limit N", "how many rows of a table are shown"),
    (".quit", "end, as Ctrl-D does"),
)
_COMMANDS = {line.split(" ")[0] for line, _ in _HELP} | {".help", ".exit"}
_GREETING = (
    "A query ends with ; and may have several lines. Tab completes, .help shows what else there is, Ctrl-D ends."
)


def converse(options: argparse.Namespace, warehouse: Warehouse, form: str) -> int:
    """Asks for queries until the end of input and prints the rows of each in the format `form`. An error, or Ctrl-C,
    ends a query and not the prompt.

    Raises what open_published raises if there is no warehouse.
    """
    state = _State(options, warehouse, form)
    state.connection("")
    with closing(state):
        session = _session(state)
        print(_GREETING)
        unfinished = ""
        while True:
            try:
                text = session.prompt(default=unfinished)
            except EOFError:
                return 0
            except KeyboardInterrupt:  # it empties the line
                unfinished = ""
                continue
            unfinished, line = apart(text)
            try:
                with one_line_errors():
                    state.obey(line)
            except EOFError:
                return 0
            except KeyboardInterrupt:
                print("interrupted", file=sys.stderr)
            except EtlError as error:
                print_error(error, warehouse)


class _State:
    """What the prompt asks, and how it shows rows."""

    def __init__(self, options: argparse.Namespace, warehouse: Warehouse, form: str) -> None:
        self.options = options
        self.warehouse = warehouse
        self.form = form
        self._con: duckdb.DuckDBPyConnection | None = None
        self._published: tuple[int, int] | None = None
        self._models: list[str] | None = None

    def obey(self, text: str) -> None:
        """Does what a line says. Raises EOFError for .quit, and what a query raises."""
        text = text.strip()
        if text.startswith("."):
            self._do(text)
        elif text.strip("; \t\r\n"):
            self._answer(text)

    def connection(self, query: str) -> duckdb.DuckDBPyConnection:
        """The connection for a query: the one before, unless a run has published since, or a past day needs more of it."""
        from leaderboard_etl.target.past import open_state

        published = self._published_file()
        if self._con is None or published != self._published or self.options.as_of is not None:
            if self._con is not None and published != self._published:
                print("a run has published since: this is the new state", file=sys.stderr)
            self.close()
            self._con = open_state(self.warehouse, self.options.as_of, query, is_locked=not self.options.unsafe)
            self._published = published
        return self._con

    def models(self) -> list[str]:
        """The ids of all models, as they were when first asked for."""
        if self._models is None:
            query = "select model_id from core.models order by all"
            self._models = [str(model_id) for (model_id,) in self.connection(query).execute(query).fetchall()]
        return self._models

    def close(self) -> None:
        """Closes the connection."""
        if self._con is not None:
            self._con.close()
            self._con = None

    def _published_file(self) -> tuple[int, int] | None:
        try:
            facts = self.warehouse.database.stat()
        except OSError:
            return None
        return facts.st_ino, facts.st_mtime_ns

    def _answer(self, query: str) -> None:
        options = argparse.Namespace(**vars(self.options))
        options.expanded = self.options.expanded or self.form == "expanded"
        answer(self.connection(query), query, "table" if self.form == "expanded" else self.form, options)

    def _answer_named(self, name: str) -> None:
        query = named_query(name)
        self._answer(query)
        if self.form in ("table", "expanded"):
            print_note(query)

    def _do(self, line: str) -> None:
        try:
            name, *arguments = shlex.split(line.rstrip(";"))
        except ValueError as error:
            raise UsageError(f"{line!r} cannot be read: {error}") from None
        commands: dict[str, Callable[[str], object]] = {
            ".help": lambda _: print_table([{"command": command, "what it does": text} for command, text in _HELP]),
            ".tables": lambda name: dictionary.tables(name or None, as_json=False),
            ".explain": self._explain,
            ".queries": lambda _: list_queries(),
            ".query": self._answer_named,
            ".mode": self._set_mode,
            ".limit": self._set_limit,
            ".quit": _quit,
            ".exit": _quit,
        }
        if name not in commands:
            raise UsageError(f"no command {name!r}; .help lists them")
        commands[name](" ".join(arguments))

    def _explain(self, model: str) -> None:
        if not model:
            raise UsageError(".explain needs a model, e.g. .explain deepseek-ai/DeepSeek-R1")
        # A second connection to the file would be one to the same, locked, engine, and could not be set up.
        self.close()
        explain.explain(self.warehouse, model, None, as_of=self.options.as_of, as_json=False)

    def _set_mode(self, form: str) -> None:
        if form not in _FORMS:
            raise UsageError(f".mode is one of {', '.join(_FORMS)}")
        self.form = form

    def _set_limit(self, number: str) -> None:
        if not number.isascii() or not number.isdigit() or int(number) < 1:
            raise UsageError(f".limit needs a number of rows, 1 or more, not {number!r}")
        self.options.limit = int(number)


def words_for(
    text: str, before: str, columns_by_table: Mapping[str, list[str]], keywords: Sequence[str] = ()
) -> list[str]:
    """What may stand at the cursor of a text, which `before` ends at: the argument of a command, or a table, column or keyword
    of a query. Columns are those of the tables that the whole text names."""
    command, has_argument, _ = before.partition(" ")
    if before.startswith("."):
        arguments = {".tables": sorted(columns_by_table), ".query": query_names(), ".mode": list(_FORMS)}
        return arguments.get(command, []) if has_argument else [line.split(" ")[0] for line, _ in _HELP]
    named = [name for name in columns_by_table if re.search(rf"\b{re.escape(name)}\b", text)]
    columns = dict.fromkeys(column for name in named for column in columns_by_table[name])
    return [*columns, *sorted(columns_by_table), *keywords]


def is_whole(text: str) -> bool:
    """Whether Enter asks this, instead of beginning another line: a command, nothing, or a query that ends with a semicolon
    outside of quotation marks and comments."""
    _, asked = apart(text)
    asked = asked.strip()
    return not asked or asked.startswith(".") or _QUOTED.sub("", asked).rstrip().endswith(";")


def apart(text: str) -> tuple[str, str]:
    """The query that a command interrupts, with its line break, and the command: its last line, outside of quotation marks and
    comments. Of any other text nothing, and the text."""
    head, line_break, last = text.rstrip().rpartition("\n")
    is_command = last.split(" ")[0].rstrip(";") in _COMMANDS and _QUOTED.sub("", text).rstrip().endswith(last)
    return (head + line_break, last) if is_command and head.strip() else ("", text)


def _unless_it_fails(names: Callable[[], list[str]]) -> list[str]:
    """What may stand at the cursor, or nothing: an error would end the prompt."""
    import duckdb

    try:
        return names()
    except (EtlError, duckdb.Error):
        return []


def _quit(_: str) -> None:
    raise EOFError


def _session(state: _State) -> PromptSession[str]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.input import create_input
    from prompt_toolkit.lexers import PygmentsLexer
    from prompt_toolkit.output import create_output
    from pygments.lexers.sql import SqlLexer

    return PromptSession(
        "sql> ",
        prompt_continuation="...> ",
        multiline=True,
        key_bindings=_keys(),
        lexer=PygmentsLexer(SqlLexer),
        completer=_completer(state),
        complete_while_typing=False,
        history=_history(),
        input=create_input(sys.stdin),
        # Our own stream makes control characters visible, and these are what moves the cursor.
        output=create_output(sys.__stdout__),
    )


def _completer(state: _State) -> Completer:
    from prompt_toolkit.completion import Completer, Completion

    keywords = "select keyword_name from duckdb_keywords() where keyword_category != 'unreserved' order by all"
    words = [str(word) for (word,) in state.connection("").execute(keywords).fetchall()]
    columns_by_table = {
        relation.name: [column.name for column in relation.columns]
        for relation in {**schema.tables(), **schema.wide_views(), **schema.views()}.values()
    }

    class Names(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
            before = document.text_before_cursor.lstrip()
            written = before.rpartition(" ")[2] if before.startswith(".") else _WORD_BEFORE.findall(before)[0]
            is_model = before.startswith(".explain ")
            known = (
                _unless_it_fails(state.models)
                if is_model
                else words_for(document.text.lstrip(), before, columns_by_table, words)
            )
            for word in known:
                # A model may be begun without its organization.
                begun = (word, word.rpartition("/")[2]) if is_model else (word,)
                if any(each.lower().startswith(written.lower()) for each in begun):
                    yield Completion(word, start_position=-len(written))

    return Names()


def _keys() -> KeyBindings:
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    keys = KeyBindings()

    @keys.add("enter")
    def ask_or_continue(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if is_whole(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.newline()

    return keys


def _history() -> History:
    """What was asked before, in a file that only the user reads; where none can be written, what is asked now."""
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    base = os.environ.get("XDG_STATE_HOME")
    folder = (Path(base) if base else Path.home() / ".local" / "state") / "leaderboard-etl"
    file = folder / "sql_history"
    try:
        make_private(folder)
        with file.open("a+b") as opened:
            os.fchmod(opened.fileno(), 0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(file)
