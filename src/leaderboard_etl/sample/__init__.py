"""A small bundled Hub with real published figures, and the loopback server that serves it like the Hub."""

from __future__ import annotations

from pathlib import Path


def sample_root() -> Path:
    """The folder that `HubServer` serves for `--hub sample`."""
    return Path(__file__).resolve().parent / "hub"
