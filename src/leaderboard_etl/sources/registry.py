"""The registry of sources: every folder here but `shared` is one, and its SOURCE describes it."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from leaderboard_etl import sources
from leaderboard_etl.errors import EtlError
from leaderboard_etl.sources.description import Source

# Policy files are landed and recorded like a source, but hold judgement, not statements.
POLICY_SOURCE = "policy"


def _found() -> dict[str, Source]:
    """Sources by id, in order of it. Raises EtlError for a folder that does not describe itself."""
    found = {}
    for module in pkgutil.iter_modules(sources.__path__):
        if module.ispkg and module.name != "shared":
            source = getattr(import_module(f"{sources.__name__}.{module.name}"), "SOURCE", None)
            if not isinstance(source, Source) or source.source_id != module.name:
                raise EtlError(
                    f"sources/{module.name}/__init__.py has no `SOURCE = Source({module.name!r}, …)`: each folder of sources/"
                    " but `shared` describes the source of its name"
                )
            found[module.name] = source
    return found


SOURCES: dict[str, Source] = _found()
