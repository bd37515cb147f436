"""The code version depends on what decides the content of the tables, and on nothing else."""

from __future__ import annotations

import ast
import re

from leaderboard_etl.code_version import code_version, export_version, modules_of, statements

CODE = '''
"""A module."""

LIMIT = 3  # why


def twice(value: int) -> int:
    """Doubles."""
    return 2 * value
'''


def read(code: str) -> object:
    return statements(ast.parse(code))


def test_comments_docstrings_and_layout_do_not_count() -> None:
    reworded = CODE.replace("Doubles.", "Gives the double.").replace("  # why", "").replace('"""A module."""', "")
    assert read(reworded.replace("2 * value", "(\n        2 * value\n    )")) == read(CODE)


def test_a_changed_value_name_or_operator_counts() -> None:
    for old, new in (("3", "4"), ("2 *", "2 +"), ("twice", "double"), ("-> int", "-> float")):
        assert read(CODE.replace(old, new)) != read(CODE)


def test_what_builds_the_tables_counts_and_what_shows_them_does_not() -> None:
    names = set(modules_of("target.file", "warehouse.audit"))
    assert {"warehouse.core", "sources.arena", "normalize.evidence", "analysis.lags", "sources.rules"} <= names
    assert not {name for name in names if name.startswith(("commands", "export", "hub", "cli", "report"))}


def test_both_versions_are_of_the_package_and_differ() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\+[0-9a-f]{12}", code_version())
    assert code_version() != export_version()
