"""Which folders of the datastore are read: those whose names policy/eee_collections.csv has, however they are spelt.

Adapters spell one collection with `-` or `_` and in any case. A folder that policy does not know is drift where its name
says a benchmark that is read elsewhere: a known collection may have been renamed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Drift

SOURCE_ID = "every_eval_ever"
ROOT = "data"
_RECORD = re.compile(rf"{ROOT}/([^/]+)/([^/]+)/([^/]+)/[^/]+\.json")
_READ = ("read", "compared")
# What a benchmark that is read is called in names of folders.
_BENCHMARKS = re.compile(r"mmlu|gpqa|openllm|helm")


def collection_of(path: str) -> str | None:
    """The collection of a record's file; null for any other file."""
    match = _RECORD.fullmatch(path)
    return canonical(match[1]) if match else None


def canonical(folder: str) -> str:
    """A collection's name in one spelling."""
    return folder.lower().replace("_", "-")


def wanted_folders(names: Sequence[str], policy: Policy) -> list[str]:
    """Of the names in the datastore's root folder those that are read; what is only compared comes last, for it is large."""
    roles = _roles(policy)
    wanted = [name for name in names if roles.get(canonical(name)) in _READ]
    return sorted(wanted, key=lambda name: (_READ.index(roles[canonical(name)]), name))


def unknown_folders(names: Sequence[str], policy: Policy) -> list[Drift]:
    """Of the names in the datastore's root folder those that say a benchmark that is read, and that policy does not know."""
    known = _roles(policy)
    return [
        Drift(
            SOURCE_ID,
            "unknown_collection",
            name[:200],
            f"{ROOT}/{name[:200]} is named after a benchmark that is read, and policy/eee_collections.csv does not know it:"
            " a new collection, or a renamed one",
        )
        for name in sorted(names)
        if canonical(name) not in known and _BENCHMARKS.search(canonical(name).replace("-", ""))
    ]


def _roles(policy: Policy) -> dict[str, str]:
    table = policy.frame("eee_collections", younger=("collection", "role"))
    return dict(table.select("collection", "role").iter_rows())
