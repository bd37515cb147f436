"""Prints commands in a form that a reader can paste."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from leaderboard_etl.errors import EtlError
from leaderboard_etl.printable import one_line, visible
from leaderboard_etl.settings import Warehouse, default_database, default_warehouse, warehouse_at

_NAME = "leaderboard-etl"
_HINT = re.compile(rf"`{_NAME} ([^`]+)`")


def pasteable(*arguments: str | Path) -> str:
    """The command line with these arguments, quoted for a shell. It calls the program by the path that this process was
    called by, because in a checkout the program is rarely on the PATH."""
    return f"{_called()} {shlex.join(map(str, arguments))}"


def of_warehouse(warehouse: Warehouse, *arguments: str | Path) -> str:
    """The command line with these arguments and, unless the defaults are used, with -w and --database."""
    return pasteable(*arguments, *_place(warehouse))


def runnable(text: str, warehouse: Warehouse | None) -> str:
    """Completes the commands in backticks in a text so that they can be pasted: with the program's path, and with -w if
    needed.

    Other packages do not know these and write `leaderboard-etl doctor`. `warehouse` is null if the command has no
    warehouse.
    """

    def whole(hint: re.Match[str]) -> str:
        command = f"{_called()} {hint[1]}"
        if warehouse is not None:
            given = hint[1].split()
            options = _place(warehouse)
            pairs = zip(options[::2], options[1::2], strict=True)
            command += "".join(f" {shlex.join(map(str, pair))}" for pair in pairs if pair[0] not in given)
        return f"`{command}`"

    return _HINT.sub(whole, text)


def print_error(error: EtlError, warehouse: Warehouse | None) -> None:
    """Prints an error on stderr in one line, whose commands can be pasted, and below it the lines that show where."""
    print(f"{_NAME}: {runnable(one_line(str(error)), warehouse)}", file=sys.stderr)
    for line in getattr(error, "below", ()):
        print(f"  {visible(line)}", file=sys.stderr)


def _place(warehouse: Warehouse) -> list[str | Path]:
    """The options that name a warehouse, as pairs; without those that are the defaults."""
    options: list[str | Path] = [] if warehouse.root == default_warehouse() else ["-w", warehouse.root]
    if warehouse.lake is not None and warehouse.lake != warehouse_at("", default_database()).lake:
        options += ["--database", warehouse.lake.address]
    return options


def _called() -> str:
    file = Path(sys.argv[0])
    if file.name != _NAME or not file.exists():
        return _NAME
    on_path = shutil.which(_NAME)
    return _NAME if on_path and Path(on_path).samefile(file) else shlex.quote(os.path.relpath(file))
