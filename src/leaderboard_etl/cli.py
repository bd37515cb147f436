"""The command line. Quick commands import nothing heavy; every error that we raise on purpose is one line on stderr."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, redirect_stdout
from datetime import date
from pathlib import Path
from typing import TextIO

from leaderboard_etl import __version__
from leaderboard_etl.errors import EtlError, UsageError, engine_error
from leaderboard_etl.printable import PlainStream, one_line
from leaderboard_etl.settings import DEFAULT_CARD_BUDGET, DEFAULT_DEADLINE_MINUTES, Warehouse, default_warehouse
from leaderboard_etl.termination import EXIT_CODE, WORDS, Terminated, is_asked, terminable

_DESCRIPTION = "Published scores of language models, from the Hugging Face Hub to a DuckDB warehouse."
_EPILOG = """\
first steps:
  leaderboard-etl run --hub sample --warehouse warehouse/sample   the bundled sample, offline
  leaderboard-etl sql -w warehouse/sample "from mart.coverage"    ask it something
  leaderboard-etl run                                             the same from the real Hub, into warehouse/

exit codes: 0 done; 1 failed, nothing published; 2 wrong usage; 3 published, but a source failed or a check warned
"""


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
        # Heard in the midst of an engine's work, it may have come out as that engine's error.
        print(WORDS, file=sys.stderr)
        return EXIT_CODE
    return code


def _main(arguments: Sequence[str] | None, stack: ExitStack) -> int:
    """Runs the command; how its errors are told stands on `stack`, for it outlasts the command."""
    try:
        options = _parser().parse_args(arguments)
        if getattr(options, "log_format", "text") == "json":
            from leaderboard_etl.commands.json_log import json_log

            stack.enter_context(json_log())
        # A caller may have closed it.
        out = sys.stdout if sys.stdout is not None else stack.enter_context(_nowhere())
        with redirect_stdout(PlainStream(out)):
            code = int(options.run(options))
            out.flush()
            return code
    except EtlError as error:
        print(f"leaderboard-etl: {one_line(str(error))}", file=sys.stderr)
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
        if isinstance(error, RuntimeError) and str(error) == "Query interrupted":
            return _interrupted()  # Ctrl-C, as DuckDB tells it
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            print(f"leaderboard-etl: the output cannot be written ({error.strerror})", file=sys.stderr)
            return 1
        told = engine_error(error)
        if told is None:
            raise
        print(f"leaderboard-etl: {one_line(str(told))}", file=sys.stderr)
        return 1


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def _interrupted() -> int:
    print("leaderboard-etl: interrupted; the published warehouse is untouched", file=sys.stderr)
    return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leaderboard-etl",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"leaderboard-etl {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    run = _command(commands, "run", _run, "fetch what changed, build, audit and publish (the nightly job)")
    _hub_arguments(run)
    run.add_argument(
        "--offline", action="store_true", help="rebuild the warehouse from its raw store, without a socket"
    )
    run.add_argument("--json", action="store_true", help="print the outcome as JSON")
    run.add_argument(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="json: progress, notes and errors as JSON lines on standard error (default: %(default)s)",
    )

    backfill = _command(commands, "backfill", _backfill, "land the leaderboards' past commits, before the first night")
    backfill.add_argument(
        "--hub", metavar="URL|sample", help="the Hub to read (default: HF_ENDPOINT, else the public Hub)"
    )
    backfill.add_argument("--only", action="append", metavar="SOURCE", help="only this source; may be repeated")
    backfill.add_argument(
        "--deadline",
        type=float,
        default=DEFAULT_DEADLINE_MINUTES,
        metavar="MIN",
        help="stop asking the Hub after so many minutes and publish what there is (default: %(default)g)",
    )
    backfill.add_argument("--json", action="store_true", help="print the outcome as JSON")

    serve = _command(commands, "serve", _serve, "run on a schedule, in the foreground, until stopped")
    serve.add_argument("--cron", default="0 3 * * *", help="when, in UTC (default: %(default)s, every night at three)")
    _hub_arguments(serve)

    status = _command(commands, "status", _status, "what the warehouse holds and how the last runs ended")
    status.add_argument("--json", action="store_true", help="print as JSON")

    check = _command(commands, "check", _check, "run every check of sql/checks on the published warehouse")
    check.add_argument("--json", action="store_true", help="print as JSON")

    doctor = _command(commands, "doctor", _doctor, "what is wrong with the warehouse's files, and what can be mended")
    doctor.add_argument("--repair", action="store_true", help="mend what can be mended safely; nothing is thrown away")
    doctor.add_argument(
        "--fetch-from", metavar="URL", help="with --repair: where lost files are fetched again (default: its own Hub)"
    )
    doctor.add_argument(
        "--hub",
        nargs="?",
        const="",
        metavar="URL|sample",
        help="examine the Hub instead: each kind of question once, about forty requests (default: HF_ENDPOINT, else the"
        " public Hub)",
    )
    doctor.add_argument("--json", action="store_true", help="print as JSON")

    tables = _command(commands, "tables", _tables, "the dictionary: every table and view, or the columns of one")
    tables.add_argument("name", nargs="?", help="a table or view, e.g. mart.gap_lag")
    tables.add_argument("--json", action="store_true", help="print as JSON")

    policy = _command(
        commands, "policy", _policy, "the tables of judgement: where a correction goes, and whether they fit"
    )
    policy.add_argument(
        "action",
        choices=("check", "tasks", "index", "licenses"),
        help="check: hold the CSV files against sql/policy; tasks: where a wrong date, size or name is mended; index:"
        " the page docs/policy.md; licenses: the page LICENSE-DATA.md",
    )
    policy.add_argument("--json", action="store_true", help="print as JSON")

    sql = _command(commands, "sql", _sql, "ask the published warehouse in SQL")
    sql.add_argument("query", nargs="?", help="a query; '-' reads it from standard input")
    sql.add_argument("-f", "--file", type=Path, help="a file with the query")
    sql.add_argument("-q", "--named", metavar="NAME", help="a query of sql/queries")
    sql.add_argument("--list", action="store_true", help="list the queries of sql/queries")
    sql.add_argument("--as-of", type=_day, metavar="DATE", help="the state at the end of that day, UTC")
    sql.add_argument("--format", choices=("table", "csv", "json", "parquet"), default="table", help="default: table")
    sql.add_argument("-o", "--output", type=Path, help="write there instead of printing")
    sql.add_argument(
        "--unsafe",
        action="store_true",
        help="for a query that you trust: it may use files, the network, extensions and settings of DuckDB",
    )
    sql.add_argument("--json", dest="format", action="store_const", const="json", help="the same as --format json")

    explain = _command(commands, "explain", _explain, "where each value of one model came from")
    explain.add_argument("model", nargs="?", help="a model id or any name that a source uses")
    explain.add_argument("benchmark", nargs="?", help="only its scores of this benchmark")
    explain.add_argument("--mart", metavar="NAME", help="instead of a model: rows of this mart, column by column")
    explain.add_argument("--key", help="with --mart: a value that a row has in one of its text columns")
    explain.add_argument("--as-of", type=_day, metavar="DATE", help="the state at the end of that day, UTC")
    explain.add_argument("--json", action="store_true", help="print as JSON")

    export = _command(commands, "export", _export, "write the article's files and their manifest")
    export.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write")
    export.add_argument("--as-of", type=_day, metavar="DATE", help="the state at the end of that day, UTC")
    export.add_argument("--database", action="store_true", help="with warehouse.duckdb, the whole state as one file")
    export.add_argument("--json", action="store_true", help="print the manifest")

    verify = _command(commands, "verify", _verify, "check an exported folder byte for byte, and against the warehouse")
    verify.add_argument("folder", type=Path, metavar="DIR", help="the exported folder")
    verify.add_argument("--json", action="store_true", help="print as JSON")

    publish = _command(commands, "publish", _publish, "put the snapshot on the Hub as a dataset (needs HF_TOKEN)")
    publish.add_argument(
        "--repo", required=True, metavar="ORG/NAME", help="the dataset repository; made if it is not there"
    )
    publish.add_argument(
        "--with-raw", action="store_true", help="with packs of the landed files, for others' `run --raw-from`"
    )
    publish.add_argument("--as-of", type=_day, metavar="DATE", help="the state at the end of that day, UTC")
    publish.add_argument("--hub", metavar="URL", help="the Hub to write to (default: HF_ENDPOINT, else the public Hub)")
    publish.add_argument("--json", action="store_true", help="print as JSON")

    raw = _command(commands, "raw", _raw, "the landed files: pack them for others")
    raw.add_argument("action", choices=("pack",), help="pack: write them, well compressed, into a folder")
    raw.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder to write")
    raw.add_argument("--json", action="store_true", help="print as JSON")

    quarantine = _command(commands, "quarantine", _quarantine, "records that were refused, and why")
    quarantine.add_argument(
        "action",
        choices=("list", "show", "replay"),
        help="list: what stands in quarantine now; show: one record whole; replay: read its files again, after a fix",
    )
    quarantine.add_argument(
        "record", nargs="?", help="for show: the record's id, as list prints it, or its first letters"
    )
    quarantine.add_argument("--source", help="only this source")
    quarantine.add_argument("--rule", help="only this rule")
    quarantine.add_argument("--limit", type=int, default=50, help="at most so many rows (default: %(default)s)")
    quarantine.add_argument("--json", action="store_true", help="print as JSON")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.add_argument(
        "-w",
        "--warehouse",
        type=Path,
        default=default_warehouse(),
        metavar="DIR",
        help="the warehouse folder (default: LEADERBOARD_ETL_WAREHOUSE, else warehouse/)",
    )
    command.set_defaults(run=run)
    return command


def _hub_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--hub", metavar="URL|sample", help="the Hub to read (default: HF_ENDPOINT, else the public Hub)"
    )
    command.add_argument("--only", action="append", metavar="SOURCE", help="only this source; may be repeated")
    command.add_argument(
        "--full", action="store_true", help="list every repository again even if its head has not moved"
    )
    command.add_argument(
        "--card-budget",
        type=int,
        default=DEFAULT_CARD_BUDGET,
        metavar="N",
        help="API calls to spend on model cards (default: %(default)s)",
    )
    command.add_argument(
        "--deadline",
        type=float,
        default=DEFAULT_DEADLINE_MINUTES,
        metavar="MIN",
        help="stop asking the Hub after so many minutes, and publish what came by then (default: %(default)g)",
    )
    command.add_argument(
        "--raw-from",
        metavar="DIR|hf://datasets/ORG/NAME",
        help="look for files in another warehouse or a pack of one before asking the Hub",
    )
    command.add_argument(
        "--memory",
        metavar="SIZE",
        help="hold about so much, e.g. 1GB (default: half of what the machine or its cgroup has)",
    )
    command.add_argument(
        "--notify",
        metavar="URL|CMD",
        help="send the outcome of a failed or degraded run as JSON: by POST to an address, or to a command's standard input",
    )
    command.add_argument(
        "--metrics",
        type=Path,
        metavar="FILE",
        help="at the end, write what a monitor collects there, as OpenMetrics text",
    )
    command.add_argument(
        "--accept", action="append", metavar="SOURCE@REVISION", help="let a source in that was held back at this commit"
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date like 2025-03-21") from None


def _warehouse(options: argparse.Namespace) -> Warehouse:
    if options.warehouse.is_file():
        raise UsageError(f"{options.warehouse} is a file, not a folder: choose another --warehouse")
    if any("\ud800" <= letter <= "\udfff" for letter in str(options.warehouse)):
        raise UsageError(f"this locale cannot read the name of the folder {options.warehouse}: set PYTHONUTF8=1")
    return Warehouse(options.warehouse)


def _run(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import run

    with terminable():
        return run.run(options, _warehouse(options))


def _backfill(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import run

    with terminable():
        return run.backfill(options, _warehouse(options))


def _serve(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import run

    return run.serve(options, _warehouse(options))


def _status(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import inspect

    return inspect.status(_warehouse(options), as_json=options.json)


def _check(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import inspect

    return inspect.check(_warehouse(options), as_json=options.json)


def _doctor(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import doctor

    if options.hub is not None:
        if options.repair or options.fetch_from:
            raise UsageError("doctor examines the warehouse or, with --hub, the Hub: --repair goes with the warehouse")
        return doctor.doctor_hub(options.hub or None, as_json=options.json)
    return doctor.doctor(
        _warehouse(options), with_repair=options.repair, fetch_from=options.fetch_from, as_json=options.json
    )


def _tables(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import dictionary

    return dictionary.tables(options.name, as_json=options.json)


def _policy(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import policy

    if options.action in ("index", "licenses"):
        return policy.index() if options.action == "index" else policy.data_licenses()
    return {"check": policy.check, "tasks": policy.tasks}[options.action](as_json=options.json)


def _sql(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import query

    return query.sql(options, _warehouse(options))


def _explain(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import explain, explain_mart

    if (options.model is None) == (options.mart is None) or (options.mart is None) != (options.key is None):
        raise UsageError("explain takes a model, or --mart NAME with --key KEY")
    how = {"as_of": options.as_of, "as_json": options.json}
    if options.mart is not None:
        return explain_mart.explain_mart(_warehouse(options), options.mart, options.key, **how)
    return explain.explain(_warehouse(options), options.model, options.benchmark, **how)


def _export(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import snapshot

    return snapshot.export(
        _warehouse(options),
        options.out,
        as_of=options.as_of,
        with_database=options.database,
        as_json=options.json,
    )


def _verify(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import snapshot

    return snapshot.verify(_warehouse(options), options.folder, as_json=options.json)


def _publish(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import snapshot

    return snapshot.publish(
        _warehouse(options),
        options.repo,
        hub=options.hub,
        as_of=options.as_of,
        with_raw=options.with_raw,
        as_json=options.json,
    )


def _raw(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import raw

    return raw.pack(_warehouse(options), options.out, as_json=options.json)


def _quarantine(options: argparse.Namespace) -> int:
    from leaderboard_etl.commands import quarantine

    return quarantine.quarantine(options, _warehouse(options))


if __name__ == "__main__":
    sys.exit(main())
