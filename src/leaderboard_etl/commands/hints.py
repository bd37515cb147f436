"""Commands that we print, such that a reader may paste them."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path


def pasteable(*arguments: str | Path) -> str:
    """The command line of these arguments, quoted for a shell, and called as this process was: in a checkout the command is
    seldom on the path."""
    called = Path(sys.argv[0])
    is_file = called.name == "leaderboard-etl" and called.exists()
    return shlex.join([os.path.relpath(called) if is_file else "leaderboard-etl", *map(str, arguments)])
