"""Which folders of the datastore are read: those whose names policy/eee_collections.csv has, however they are spelt.

Adapters spell one collection with `-` or `_` and in any case. A folder that policy does not know is drift if its name
contains that of a benchmark: a known collection may have been renamed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Drift

SOURCE_ID = "every_eval_ever"
ROOT = "data"
# Objects by their hash, with an index per collection: https://github.com/evaleval/every_eval_ever/issues/161
SECOND_LAYOUT = "flat"
_RECORD = re.compile(rf"{ROOT}/([^/]+)/([^/]+)/([^/]+)/[^/]+\.json")
_READ_ROLES = ("read", "compared")
# How folders are named after the benchmarks that are read.
_BENCHMARKS = re.compile(r"mmlu|gpqa|openllm|helm")


def collection_of(path: str) -> str | None:
    """The collection of a record's file; null for any other file."""
    match = _RECORD.fullmatch(path)
    return canonical(match[1]) if match else None


def canonical(folder: str) -> str:
    """A collection's name in one spelling."""
    return folder.lower().replace("_", "-")


def wanted_folders(names: Sequence[str], policy: Policy) -> list[str]:
    """The names in the datastore's root folder that are read; those that are only compared come last, because they are large."""
    roles = _roles(policy)
    wanted = [name for name in names if roles.get(canonical(name)) in _READ_ROLES]
    return sorted(wanted, key=lambda name: (_READ_ROLES.index(roles[canonical(name)]), name))


def unknown_folders(names: Sequence[str], policy: Policy) -> list[Drift]:
    """A line of drift for each name in the datastore's root folder that contains a benchmark and that policy does not know."""
    roles = _roles(policy)
    return [
        Drift(
            SOURCE_ID,
            "unknown_collection",
            name[:200],
            f"{ROOT}/{name[:200]} is named after a benchmark that is read, but policy/eee_collections.csv has no row for it:"
            " a new collection, or a renamed one",
        )
        for name in sorted(names)
        if canonical(name) not in roles and _BENCHMARKS.search(canonical(name).replace("-", ""))
    ]


def _roles(policy: Policy) -> dict[str, str]:
    table = policy.frame("eee_collections", younger=("collection", "role"))
    return dict(table.select("collection", "role").iter_rows())
