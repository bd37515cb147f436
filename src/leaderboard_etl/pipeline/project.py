"""From the project into raw: the CSV files of this version, as if the project were a repository."""

from __future__ import annotations

from collections.abc import Mapping

from leaderboard_etl import __version__
from leaderboard_etl.pipeline.fetching import news_of
from leaderboard_etl.pipeline.night import Night
from leaderboard_etl.policy import read_policy
from leaderboard_etl.policy.checking import expect_sound_policy
from leaderboard_etl.raw.blob_ids import git_blob_id
from leaderboard_etl.raw.ledger import Changes, FileVersion
from leaderboard_etl.reading.loads import News
from leaderboard_etl.sources.registry import POLICY_SOURCE, SOURCES

_PROJECT = "leaderboard-etl"


def land_project(night: Night) -> list[News]:
    """Lands the CSVs of this version of the project: first what judges, the policy, then each source that lives here. Raises
    PolicyError if one does not fit sql/policy."""
    policy = read_policy()
    expect_sound_policy(policy)
    here = [source for source in SOURCES.values() if source.repo_type == "project"]
    owners = {name: next((s.source_id for s in here if s.wants(f"{name}.csv")), POLICY_SOURCE) for name in policy.texts}
    return [
        _land_texts(night, source_id, {name: policy.texts[name] for name in owners if owners[name] == source_id})
        for source_id in (POLICY_SOURCE, *(source.source_id for source in here))
    ]


def _land_texts(night: Night, source_id: str, texts: Mapping[str, bytes]) -> News:
    in_ledger = night.state.of(source_id)
    files = []
    for name, text in texts.items():
        blob_id = git_blob_id(text)
        file = FileVersion("project", _PROJECT, f"{name}.csv", __version__, blob_id, len(text), night.now)
        if file.place not in in_ledger or in_ledger[file.place].blob_id != blob_id:
            night.store.put(blob_id, text)
            files.append(file)
    gone = [place for place in in_ledger if place[2].removesuffix(".csv") not in texts]
    if source_id in SOURCES and not night.wants(source_id):
        files, gone = [], []
    news = news_of(night, source_id, Changes(files, gone), revision=__version__)
    night.minutes.note(news.entry)
    return news
