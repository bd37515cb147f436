"""Commands that we print, in a form that a reader can paste."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from pathlib import Path

from leaderboard_etl.settings import Warehouse, default_warehouse

_NAME = "leaderboard-etl"
_HINT = re.compile(rf"`{_NAME} ([^`]+)`")


def pasteable(*arguments: str | Path) -> str:
    """The command line of these arguments, quoted for a shell, and called as this process was, because in a checkout the
    command is seldom on the path."""
    return f"{_called()} {shlex.join(map(str, arguments))}"


def of_warehouse(warehouse: Warehouse, *arguments: str | Path) -> str:
    """The same with -w, where the warehouse is not the one that is taken without it."""
    folder: list[str | Path] = [] if warehouse.root == default_warehouse() else ["-w", warehouse.root]
    return pasteable(*arguments, *folder)


def runnable(text: str, warehouse: Warehouse | None) -> str:
    """A text whose commands in backticks run as pasted: called as this process was, and with -w where it is needed.

    Rooms below the commands know neither: they write `leaderboard-etl doctor`. Null: the command takes no warehouse.
    """

    def whole(hint: re.Match[str]) -> str:
        command = f"{_called()} {hint[1]}"
        if warehouse is not None and warehouse.root != default_warehouse() and "-w" not in hint[1].split():
            command += f" -w {shlex.quote(str(warehouse.root))}"
        return f"`{command}`"

    return _HINT.sub(whole, text)


def _called() -> str:
    file = Path(sys.argv[0])
    if file.name != _NAME or not file.exists():
        return _NAME
    on_path = shutil.which(_NAME)
    return _NAME if on_path and Path(on_path).samefile(file) else shlex.quote(os.path.relpath(file))
