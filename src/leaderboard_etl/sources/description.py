"""The description of a source, written once: everything that other code needs to know about it follows from here.

The registry, core.sources, core.citations, docs/sources.md, LICENSE-DATA.md, links to files and the orders of trust are made
from these values, so that adding a source changes none of them by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import Drift
from leaderboard_etl.sources.base import Parsed, SourceFile

RepoType = Literal["dataset", "space", "model", "project"]
_HUB = "https://huggingface.co"
_LINKS = {
    "dataset": f"{_HUB}/datasets/{{repo_id}}/blob/{{revision}}/{{path}}",
    "space": f"{_HUB}/spaces/{{repo_id}}/blob/{{revision}}/{{path}}",
    "model": f"{_HUB}/{{repo_id}}/blob/{{revision}}/{{path}}",
}


@dataclass(frozen=True)
class Work:
    """A work to cite for data of a source.

    `license` is that of the data, in words if it is not a known licence. `license_id` is the SPDX id under which anyone may pass
    the data on; null if no such licence is stated. `part` is the collection that the work is about, where the source does not
    describe its collections: the `run_id` of its scores begins with it.
    """

    citation: str
    license: str
    source_url: str
    license_id: str | None = None
    part: str | None = None


@dataclass(frozen=True)
class Collection:
    """A part of a source with an evaluator, a protocol and a licence of its own, as a data set that gathers others has.

    `variants` are rows of policy/benchmarks.csv, `reported_by` values of reporters.py. `run_id` of its scores begins with its id.
    `repeats_source_id` is a source whose measurements it repeats, as another witness of them, rounded to `rounded_to_pct` points.
    """

    collection_id: str
    title: str
    works: tuple[Work, ...]
    reported_by: tuple[str, ...]
    variants: tuple[str, ...]
    repeats_source_id: str | None = None
    rounded_to_pct: float = 0.0


@dataclass(frozen=True)
class Folders:
    """Which folders to list in a repository with too many files: those below `root` that `choose` picks, in its
    order. Two names with the same `same_as` are one folder, renamed. `second` is a folder beside `root` that holds
    the same in another layout: it is not read, and said where it is there. `doubts` returns what a person should look
    at among the names."""

    root: str
    choose: Callable[[Sequence[str], Policy], Sequence[str]]
    same_as: Callable[[str], str] = str
    second: str | None = None
    doubts: Callable[[Sequence[str], Policy], list[Drift]] = lambda names, policy: []


@dataclass(frozen=True)
class Trust:
    """The rank of a source for each kind of fact: the least number is believed first, null comes last.

    Numbers are tens, so that another source fits between two. `spelling`: the letter case of a repository's name;
    `repository`: architecture, licence, base model, and whether it is on the Hub; `release`: display name, organization, family,
    openness, tuning and training tokens; `experts`: whether a model is a mixture of experts (null: not believed at all).
    """

    spelling: int | None = None
    repository: int | None = None
    release: int | None = None
    experts: int | None = None


@dataclass(frozen=True)
class Source:
    """One source. `parse` gets files of it in any number and order, and never raises for what is inside them: a record
    that cannot be read is a quarantined row. It raises ContractError for a file whose columns no known era explains.

    Where its files are:
    `repo_id` is empty for a source that asks repositories one by one (model cards) or lives in this project (reference).
    `wants` says whether `parse` reads the file at a path.
    `is_fetched_once` says whether later versions of the file at a path add nothing that another file does not have: such a file
    is fetched again only with `run --full`. `is_archive`: nobody maintains the repository any more, so it is not a failure if
    the repository or its files are missing. `has_dated_past`: each past commit is worth landing as the state of its day.
    `is_braked`: a sudden loss or a jump of its scores or ratings holds it at its last good state. `may_be_absent`: another
    source has the same figures, so it is not a failure if a Hub never had the repository; it is one if the repository disappears.

    What its statements are:
    `names` is `hub` for repositories' names, `own` for names that only this source uses, `model_id` for ours, `coined` for names
    that look like a repository's and need not be one. `names_as` is another source with the same names: its aliases of policy and
    its links hold here too. `is_read_by_folder`: all files of a folder are read when one changes, because they state the
    same again and again, or one proves what the flags in another mean.
    `reported_by` lists the values of reporters.py that its scores have; `variants` the rows of policy/benchmarks.csv that they
    belong to, empty if policy decides for each record. `leaderboard` and `submissions` (what a record is, if it is one) make
    core.submissions. `score_step_pct` is the step to which it rounds scores, points; null: not rounded. `has_repeated_sizes`: its
    sizes were another's, so they contradict none. `has_editions`: its files are dated editions, of which the newest speaks.

    For people: `title`, `left_out` and `left_out_because` (what is not loaded on purpose, and why), `works` to be cited.
    """

    source_id: str
    title: str
    repo_type: RepoType
    parse: Callable[[Sequence[SourceFile], Policy], Parsed]
    wants: Callable[[str], bool]
    reported_by: tuple[str, ...]
    left_out: str
    left_out_because: str
    works: tuple[Work, ...]
    repo_id: str = ""
    folders: Folders | None = None
    is_fetched_once: Callable[[str], bool] = lambda path: False
    is_archive: bool = False
    names: Literal["hub", "own", "model_id", "coined"] = "hub"
    names_as: str | None = None
    is_read_by_folder: bool = False
    variants: tuple[str, ...] = ()
    collections: tuple[Collection, ...] = ()
    leaderboard: str | None = None
    submissions: Literal["table_row", "request"] | None = None
    score_step_pct: float | None = None
    has_repeated_sizes: bool = False
    has_editions: bool = False
    has_dated_past: bool = False
    is_braked: bool = True
    may_be_absent: bool = False
    trust: Trust = Trust()

    @property
    def has_hub_names(self) -> bool:
        """Whether its names are names of repositories on the Hub."""
        return self.names == "hub"

    @property
    def is_asked_by_model(self) -> bool:
        """Whether its files lie in the models' own repositories, so that its statements are about the repository that the Hub
        answered with."""
        return self.repo_type == "model"

    @property
    def link_pattern(self) -> str | None:
        """The address of a file, with {repo_id}, {revision} and {path} to be put in; null where files lie in this project."""
        return _LINKS.get(self.repo_type)
