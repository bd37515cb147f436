"""The bundled Hub: the folder `hub`, and beside it the fixtures of sources that bring their own."""

from __future__ import annotations

from pathlib import Path

from leaderboard_etl.sample import sample_root
from leaderboard_etl.sample.server import HubServer
from leaderboard_etl.sources.registry import SOURCES, fixture_folder


def bundled_hub() -> HubServer:
    """The server behind `--hub sample`, to be entered."""
    return HubServer(sample_root(), others=fixtures())


def fixtures() -> dict[str, Path]:
    """Folders of repositories that sources bring along, by `datasets/org/name`."""
    return {
        f"{source.repo_type}s/{source.repo_id}": folder
        for source in SOURCES.values()
        if (folder := fixture_folder(source)).is_dir()
    }
