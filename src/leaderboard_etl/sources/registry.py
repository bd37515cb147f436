"""The registry of sources: every folder here except `shared` and `template` is a source, and its SOURCE describes it."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

from leaderboard_etl import sources
from leaderboard_etl.errors import EtlError
from leaderboard_etl.sources.description import Source

# Policy files are landed and recorded like a source, but hold judgement instead of statements.
POLICY_SOURCE = "policy"
_NOT_SOURCES = ("shared", "template")


def _discovered() -> dict[str, Source]:
    """Sources by id, in alphabetical order. Raises EtlError for a folder without a description."""
    by_id = {}
    for module in pkgutil.iter_modules(sources.__path__):
        if module.ispkg and module.name not in _NOT_SOURCES:
            source = getattr(import_module(f"{sources.__name__}.{module.name}"), "SOURCE", None)
            if not isinstance(source, Source) or source.source_id != module.name:
                raise EtlError(
                    f"sources/{module.name}/__init__.py has no SOURCE with source_id={module.name!r}: each folder of sources/"
                    f" except {' and '.join(_NOT_SOURCES)} must describe the source of that name"
                )
            by_id[module.name] = source
    return by_id


SOURCES: dict[str, Source] = _discovered()


def fixture_folder(source: Source) -> Path:
    """Where a source keeps a small copy of its repository, by the paths there: for its tests, the tests' Hubs and the bundled
    one. Sources whose repositories are in sample/hub have none."""
    return Path(sources.__path__[0]) / source.source_id / "fixture"
