"""The versions of a warehouse's schema, one file of sql/schema/migrations each, and how an older warehouse reaches the newest.

Nearly all of a warehouse is a fold of raw and ledger, which are never edited. So a migration is a rebuild: the next night, or
`run --offline`, replays every load with the tables and parsers of today, under the policy of its own day. A migration only
has to keep the ledger's lines, lists of changes and policy files of its time readable; tests/test_migrations.py proves that
with a warehouse of every released version. Every line of the ledger and ops.build hold the number, so that older code
recognises a newer warehouse, says so and leaves it alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from leaderboard_etl import __version__
from leaderboard_etl.errors import EtlError, WarehouseError
from leaderboard_etl.settings import resource

_NAME = re.compile(r"(\d{4})_\w+")
_HEADER = re.compile(r"^-- (released|how): (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Migration:
    """One version of the schema: its number, the first release that has it, and how an older warehouse reaches it: `first`
    (there is no older one) or `rebuild`."""

    number: int
    released: str
    how: str


@cache
def migrations() -> tuple[Migration, ...]:
    """All of them, ascending. Raises EtlError for a file without a number or without its header, and for a gap."""
    versions = []
    for number, path in enumerate(sorted((resource("sql") / "schema" / "migrations").glob("*.sql")), 1):
        name, header = _NAME.fullmatch(path.stem), dict(_HEADER.findall(path.read_text(encoding="utf-8")))
        if name is None or int(name[1]) != number or set(header) != {"released", "how"}:
            raise EtlError(
                f"{path}: a migration is called {number:04d}_WHAT.sql and has `-- released:` and `-- how:` lines"
            )
        versions.append(Migration(number, header["released"], header["how"]))
    return tuple(versions)


def schema_version() -> int:
    """The version that this code writes."""
    return migrations()[-1].number


def refuse_newer(what: object, version: int, made_by: str) -> None:
    """Raises WarehouseError if `what`, made by the code `made_by`, has a newer schema than this code knows."""
    if version > schema_version():
        theirs = made_by.partition("+")[0]
        raise WarehouseError(
            f"{what} was made by leaderboard-etl {theirs} (schema {version}), and this is {__version__} (schema"
            f" {schema_version()}): upgrade with `pip install -U leaderboard-etl`, or choose another folder with --warehouse;"
            " nothing was changed"
        )
