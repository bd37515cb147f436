"""`completion`: prints what lets a shell complete commands, options and the names of models, tables, queries and sources."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any, TypeAlias

from leaderboard_etl.commands.parsing import Commands, Parser, add_command, warehouse_of
from leaderboard_etl.errors import EtlError
from leaderboard_etl.printable import ACTING
from leaderboard_etl.settings import PACKAGE, Warehouse

# Takes what is written of a word and the options before it, and returns the words that may stand there.
_Words: TypeAlias = Callable[[str, argparse.Namespace], Iterable[str]]

_SHELLS = ("bash", "zsh", "fish")
# More would not help a reader; a longer beginning gives others.
_MOST_MODELS = 100
_NO_SOURCES = frozenset({"shared", "template"})


def register(commands: Commands) -> None:
    """Registers `completion`."""
    command = add_command(
        commands, "completion", _completion, "print what lets bash, zsh or fish complete commands and names"
    )
    command.add_argument(
        "shell",
        choices=_SHELLS,
        help='bash and zsh: eval "$(leaderboard-etl completion bash)" in the file that starts the shell;'
        " fish: leaderboard-etl completion fish | source",
    )


def complete(parser: Parser) -> None:
    """Prints the words that may follow and ends the process, if a shell asks for them; else does nothing."""
    if "_ARGCOMPLETE" not in os.environ:
        return
    import argcomplete

    words_by_argument: dict[tuple[str, str], _Words] = {
        ("sql", "named"): _queries,
        ("tables", "name"): _tables,
        ("explain", "model"): _models,
        ("explain", "mart"): _marts,
        ("compare", "models"): _models,
    }
    for name, command in _commands(parser).items():
        for argument in command._actions:
            words = _sources if argument.dest == "only" else words_by_argument.get((name, argument.dest))
            if words is not None:
                argument.completer = _completer(words)  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser, always_complete_options="long")


def _completion(options: argparse.Namespace, _: Warehouse) -> int:
    from argcomplete.shell_integration import shellcode

    print(shellcode(["leaderboard-etl"], shell=options.shell))
    return 0


def _commands(parser: Parser) -> dict[str, Parser]:
    [of_commands] = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(of_commands.choices)


def _completer(words: _Words) -> Callable[..., list[str]]:
    """The words as argcomplete asks for them. A warehouse that cannot be read has no names."""

    def of_prefix(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
        try:
            return list(words(prefix, parsed_args))
        except EtlError:
            return []

    return of_prefix


def _queries(_: str, __: argparse.Namespace) -> list[str]:
    from leaderboard_etl.commands.query import query_names

    return query_names()


def _tables(_: str, __: argparse.Namespace) -> list[str]:
    from leaderboard_etl.contracts import schema

    return sorted({**schema.tables(), **schema.wide_views(), **schema.views()})


def _marts(prefix: str, options: argparse.Namespace) -> list[str]:
    return [name.removeprefix("mart.") for name in _tables(prefix, options) if name.startswith("mart.")]


def _sources(_: str, __: argparse.Namespace) -> list[str]:
    folders = {path.parent.name for path in (PACKAGE / "sources").glob("*/__init__.py")}
    return sorted(folders - _NO_SOURCES)


def _models(prefix: str, options: argparse.Namespace) -> list[str]:
    from leaderboard_etl.target.opening import open_published

    query = "select model_id from core.models where starts_with(model_id, $prefix) order by all limit $most"
    with closing(open_published(warehouse_of(options))) as con:
        names = [str(name) for (name,) in con.execute(query, {"prefix": prefix, "most": _MOST_MODELS}).fetchall()]
    return [name for name in names if not ACTING.search(name)]
