"""The command line. Commands import heavy libraries only when they run; every error that we raise is one line on stderr."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext, redirect_stdout
from pathlib import Path
from typing import TextIO

from leaderboard_etl import __version__
from leaderboard_etl.commands import (
    article,
    changes,
    compare,
    completion,
    dictionary,
    doctor,
    explain,
    inspect,
    mcp,
    new_source,
    policy,
    quarantine,
    query,
    raw,
    run,
    snapshot,
)
from leaderboard_etl.commands.hints import print_error
from leaderboard_etl.commands.parsing import Parser, warehouse_of
from leaderboard_etl.errors import EtlError, UsageError, engine_error
from leaderboard_etl.printable import PlainStream, one_line
from leaderboard_etl.termination import EXIT_CODE, Terminated, end_at_once, is_asked, last_words, signal_in, terminable

_DESCRIPTION = "Published scores of language models, from the Hugging Face Hub to a DuckDB warehouse."
_INTERRUPTED = 128 + signal.SIGINT
_EPILOG = """\
first steps:
  leaderboard-etl run --hub sample --warehouse warehouse/sample   the bundled sample, offline
  leaderboard-etl sql -w warehouse/sample "from mart.coverage"    ask it something
  leaderboard-etl run                                             the same from the real Hub, into warehouse/

exit codes: 0 done; 1 failed, nothing published; 2 wrong usage; 3 published, but a source failed or a check warned
"""


def console() -> int:
    """The process of `leaderboard-etl`: one command, after which a process that a signal stopped ends at once."""
    code = main()
    if code in (EXIT_CODE, _INTERRUPTED):
        end_at_once(code)
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    with ExitStack() as stack:
        return _ended(arguments, stack)


def _ended(arguments: Sequence[str] | None, stack: ExitStack) -> int:
    try:
        code = _main(arguments, stack)
    except BaseException:
        if not is_asked():
            raise
        code = EXIT_CODE
    if is_asked() and code != 0:
        # In the middle of an engine's work, the signal may have come out as an error of that engine.
        print(last_words(), file=sys.stderr)
        return EXIT_CODE
    return code


def _main(arguments: Sequence[str] | None, stack: ExitStack) -> int:
    """Runs the command. `stack` holds how its errors are printed, because that outlasts the command."""
    warehouse = None
    try:
        parser = _parser()
        completion.complete(parser)
        options = parser.parse_args(arguments)
        warehouse = warehouse_of(options)
        if getattr(options, "log_format", "text") == "json":
            from leaderboard_etl.commands.json_log import json_log

            stack.enter_context(json_log())
        # A caller may have closed it.
        out = sys.stdout if sys.stdout is not None else stack.enter_context(_nowhere())
        stops = terminable(options.last_words) if options.is_terminable else nullcontext()
        with redirect_stdout(PlainStream(out)), stops:
            code: int = options.run(options, warehouse)
            out.flush()
            return code
    except EtlError as error:
        print_error(error, warehouse)
        return 2 if isinstance(error, UsageError) else 1
    except Terminated:
        return EXIT_CODE
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        # A reader such as `head` has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if signal_in(error) is not None:
            return _interrupted()
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            print(f"leaderboard-etl: the output cannot be written ({error.strerror})", file=sys.stderr)
            return 1
        one_line_error = engine_error(error)
        if one_line_error is None:
            raise
        print(f"leaderboard-etl: {one_line(str(one_line_error))}", file=sys.stderr)
        return 1


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _interrupted() -> int:
    if is_asked():  # DuckDB reports SIGTERM in the same way
        return EXIT_CODE
    print("leaderboard-etl: interrupted; the published warehouse is untouched", file=sys.stderr)
    return _INTERRUPTED


def _parser() -> Parser:
    parser = Parser(
        prog="leaderboard-etl",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"leaderboard-etl {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in (
        run,
        inspect,
        doctor,
        dictionary,
        policy,
        new_source,
        query,
        explain,
        compare,
        changes,
        mcp,
        article,
        snapshot,
        raw,
        quarantine,
        completion,
    ):
        module.register(commands)
    return parser


if __name__ == "__main__":
    sys.exit(console())
