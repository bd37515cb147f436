"""The bundled Hub: the folder `hub`, and the fixtures of sources that bring their own repositories."""

from __future__ import annotations

from pathlib import Path

from leaderboard_etl.sample import sample_root
from leaderboard_etl.sample.server import HubServer
from leaderboard_etl.sources.registry import SOURCES, fixture_folder


def bundled_hub() -> HubServer:
    """The server behind `--hub sample`, as a context manager."""
    return HubServer(sample_root(), others=fixtures())


def fixtures() -> dict[str, Path]:
    """The fixture folders of sources, by `datasets/org/name`."""
    return {
        f"{source.repo_type}s/{source.repo_id}": folder
        for source in SOURCES.values()
        if (folder := fixture_folder(source)).is_dir()
    }
