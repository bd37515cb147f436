"""Reads bytes through one source as a night does: with its parser, then the rules that apply to every record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from leaderboard_etl.policy import read_policy
from leaderboard_etl.raw.ledger import FileVersion
from leaderboard_etl.sample import sample_root
from leaderboard_etl.settings import POLICY as POLICY_FOLDER
from leaderboard_etl.sources.base import Parsed, SourceFile
from leaderboard_etl.sources.description import Source
from leaderboard_etl.sources.registry import SOURCES, fixture_folder
from leaderboard_etl.sources.rules import apply_rules

POLICY = read_policy()


def landed(content: bytes, path: str, *, repo_type: str = "dataset", repo_id: str = "org/repo") -> SourceFile:
    version = FileVersion(repo_type, repo_id, path, "c" * 40, "d" * 40, len(content), "2025-01-01T00:00:00Z")
    return SourceFile(version, content)


def read(source_id: str, *contents: bytes, path: str, repo_id: str = "org/repo") -> Parsed:
    """Parses each content as a file at `path` and applies the rules."""
    return read_as(SOURCES[source_id], *contents, path=path, repo_id=repo_id)


def read_as(source: Source, *contents: bytes, path: str, repo_id: str = "org/repo") -> Parsed:
    """Parses one content by a source's description and applies the rules."""
    return read_files(
        source, [landed(content, path, repo_type=source.repo_type, repo_id=repo_id) for content in contents]
    )


def read_files(source: Source, files: Sequence[SourceFile]) -> Parsed:
    """Parses files with a source and applies the rules."""
    return apply_rules(source.parse(files, POLICY), source, POLICY.benchmarks)


def fixture(source: Source) -> list[SourceFile]:
    """The bytes of a source's small copy, which tests and the bundled Hub share: from its folder, else from the bundled
    Hub."""
    if source.repo_type == "project":
        return _files(source, "", POLICY_FOLDER)
    if source.repo_id:
        return _files(source, source.repo_id, repository(source))
    models = (folder for folder in sorted((sample_root() / "models").glob("*/*")) if folder.is_dir())
    return [file for folder in models for file in _files(source, "/".join(folder.parts[-2:]), folder)]


def repository(source: Source) -> Path:
    """The folder with the small copy of a source's repository: in its own folder, else in the bundled Hub."""
    own = fixture_folder(source)
    return own if own.is_dir() else sample_root() / f"{source.repo_type}s" / source.repo_id


def without_fixture() -> list[str]:
    """A sentence for each source whose repository no test can serve."""
    return [
        f"src/leaderboard_etl/sources/{source.source_id}/fixture/ is missing: put a small copy of its files there, by their"
        " paths in the repository"
        for source in SOURCES.values()
        if source.repo_id and not repository(source).is_dir()
    ]


def _files(source: Source, repo_id: str, folder: Path) -> list[SourceFile]:
    paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return [
        landed(path.read_bytes(), name, repo_type=source.repo_type, repo_id=repo_id)
        for name, path in paths.items()
        if source.wants(name)
    ]
