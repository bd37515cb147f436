"""Reading bytes through one source as a night does: its parser, then the rules that every record must keep."""

from __future__ import annotations

from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.ledger import FileVersion
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.sources.rules import apply_rules

POLICY = read_policy()


def landed(content: bytes, path: str, *, repo_type: str = "dataset", repo_id: str = "org/repo") -> SourceFile:
    version = FileVersion(repo_type, repo_id, path, "c" * 40, "d" * 40, len(content), "2025-01-01T00:00:00Z")
    return SourceFile(version, content)


def read(source_id: str, *contents: bytes, path: str, repo_id: str = "org/repo") -> Parsed:
    """Every content as a file at `path`, parsed and held against the rules."""
    source = SOURCES[source_id]
    files = [landed(content, path, repo_type=source.repo_type, repo_id=repo_id) for content in contents]
    return apply_rules(source.parse(files, POLICY), source, POLICY.benchmarks)
