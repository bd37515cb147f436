"""Examines a Hub before anything is landed: asks each kind of question once and compares the answers with what is
expected.

It takes about forty requests, three for each source. Run it first on a new network, and add its output to a bug report.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial

import polars as pl

from leaderboard_etl.errors import EtlError, HubError
from leaderboard_etl.hub import loop
from leaderboard_etl.hub.answers import (
    GatedRepoError,
    HubUnreachableError,
    ModelAnswer,
    NoHubError,
    RepoFile,
    RepoUnavailableError,
    UnusableSettingsError,
)
from leaderboard_etl.hub.client import Hub
from leaderboard_etl.policy import Policy
from leaderboard_etl.raw.ledger import FileVersion, format_utc
from leaderboard_etl.sources.base import SourceFile
from leaderboard_etl.sources.description import Source

_OWNER = "mistralai"
_MODEL_FIELDS = ("sha", "safetensors", "cardData", "tags", "createdAt", "siblings")
_ENTRIES_OF_A_TREE = 1000
_MOST_CARD_BYTES = 5 << 20
_MOST_SHOWN = 400
_MOST_CLOCK_DIFFERENCE = timedelta(minutes=10)
# Environment variables that decide how the client reaches the Hub; only their names are shown, as values may hold a password.
_NETWORK = (
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HF_ENDPOINT",
    "HF_HOME",
)


@dataclass(frozen=True)
class ExaminedAnswer:
    """One line of the examination: what was asked for, whether the answer is as expected, and the answer. `is_absent`:
    the Hub lacks it and may do so, because the bundled Hub is small or another source has the same data."""

    part: str
    is_expected: bool
    found: str
    is_absent: bool = False


@dataclass(frozen=True)
class HubExamination:
    """The answers of a Hub. `is_reachable` is false if nothing answers, the token is refused, or no request can be
    sent."""

    endpoint: str
    lines: list[ExaminedAnswer]
    is_reachable: bool
    api_calls: int
    file_calls: int

    @property
    def exit_code(self) -> int:
        if not self.is_reachable:
            return 1
        return 0 if all(line.is_expected for line in self.lines) else 3


def examine_hub(hub: Hub, sources: Mapping[str, Source], policy: Policy, *, is_sample: bool = False) -> HubExamination:
    """Asks the Hub each kind of question once. The bundled Hub (`is_sample`) must have its repositories; anything else
    that it lacks is reported as absent, and on every Hub a repository that may be absent. No answer of the Hub raises
    an error."""
    lines = [_network()]
    is_reachable = True
    try:
        for ask in _questions(hub, sources, policy):
            answer = ask()
            may_lack_it = (answer.part not in sources and is_sample) or answer.is_absent
            is_absent = may_lack_it and not answer.is_expected
            lines.append(replace(answer, is_expected=True, is_absent=True) if is_absent else answer)
    except NoHubError as error:
        is_reachable = False
        parts: dict[type[NoHubError], str] = {HubUnreachableError: "address", UnusableSettingsError: "settings"}
        part = parts.get(type(error), "token")
        lines.append(ExaminedAnswer(part, False, str(error)))
    if is_reachable:
        lines += [_token(hub), *_limits(hub), _clock(hub)]
    return HubExamination(hub.endpoint, lines, is_reachable, hub.api_calls, hub.file_calls)


def _questions(hub: Hub, sources: Mapping[str, Source], policy: Policy) -> Iterator[Callable[[], ExaminedAnswer]]:
    for source in sources.values():
        if source.repo_id:
            ask = partial(_source, hub, source, policy)
            yield _guarded(source.source_id, ask, may_be_absent=source.may_be_absent)
    yield _guarded("past commits", lambda: _commits(hub, sources))
    owned = cache(lambda: loop.run(hub.models_page(_OWNER)).answers)
    model = cache(lambda: loop.run(hub.model_info(_last_changed(hub, owned()))))
    yield _guarded("an owner's models", lambda: _owner(owned()))
    yield _guarded("one model", lambda: _model(model()))
    yield _guarded("its card", lambda: _card(hub, model()))
    yield _guarded("what changed last", lambda: _changed(hub))
    yield _guarded("official benchmarks", lambda: _benchmarks(hub, policy))
    tasks = policy.frame("eval_tasks").filter(pl.col("variant_id").is_not_null())
    for dataset_id in tasks["dataset_id"].unique(maintain_order=True):
        yield _guarded(f"leaderboard of {dataset_id}", lambda name=dataset_id: _board(hub, name))  # type: ignore[misc]


def _guarded(
    part: str, ask: Callable[[], tuple[bool, str]], *, may_be_absent: bool = False
) -> Callable[[], ExaminedAnswer]:
    """Wraps one question so that a failure becomes a line; NoHubError is raised. `may_be_absent`: the Hub may lack the
    repository."""

    def guarded() -> ExaminedAnswer:
        try:
            is_expected, detail = ask()
        except NoHubError:
            raise
        except GatedRepoError as error:
            return ExaminedAnswer(
                part, False, f"gated: accept its terms on the Hub with the account of HF_TOKEN ({error})"
            )
        except RepoUnavailableError as error:
            return ExaminedAnswer(part, False, str(error), is_absent=may_be_absent)
        except EtlError as error:
            return ExaminedAnswer(part, False, str(error))
        except Exception as error:
            return ExaminedAnswer(part, False, f"it cannot be read ({type(error).__name__}: {error})")
        return ExaminedAnswer(part, is_expected, detail[:_MOST_SHOWN])

    return guarded


def _source(hub: Hub, source: Source, policy: Policy) -> tuple[bool, str]:
    """Asks for the head commit, the newest file on the tree's first page and its columns, and whether the source's
    parser reads it. An archive may be gone."""
    try:
        revision = hub.head(source.repo_type, source.repo_id)
    except RepoUnavailableError as error:
        if not source.is_archive:
            raise
        return True, f"{error}; it is an archive: what was read there stays in force"
    at = f"{source.repo_id} at {revision[:12]}"
    tree = hub.tree(source.repo_type, source.repo_id, revision, most_entries=_ENTRIES_OF_A_TREE)
    wanted = [file for file in tree if source.wants(file.path)]
    if not wanted:
        return source.is_archive, f"{at}: none of the first {len(tree)} files is one that this source reads"
    newest = max(wanted, key=lambda file: file.path.rsplit("/", 1)[-1])
    content = _fetched(hub, source, revision, newest)
    version = FileVersion(
        *(source.repo_type, source.repo_id, newest.path, revision, newest.blob_id, newest.size_bytes),
        format_utc(datetime.now(UTC)),
    )
    line = f"{at}: {newest.path} ({newest.size_bytes:,} bytes): {_columns(newest.path, content)}"
    try:
        parsed = source.parse([SourceFile(version, content)], policy)
    except EtlError as error:
        return False, f"{line}; {error}"
    held = [drift.message for drift in parsed.drift if drift.is_held]
    n_rows = parsed.rows_in if parsed.rows_in is not None else parsed.source_rows
    return not held, "; ".join([f"{n_rows} records in {line}", *held])


def _fetched(hub: Hub, source: Source, revision: str, file: RepoFile) -> bytes:
    landed: list[bytes] = []
    refused = hub.fetch(source.repo_type, source.repo_id, revision, [file], lambda _, content: landed.append(content))
    if refused:
        raise HubError(f"{file.path}: {refused[0][1]}")
    return landed[0]


def _columns(path: str, content: bytes) -> str:
    if path.endswith(".parquet"):
        return ", ".join(pl.read_parquet_schema(content))
    if path.endswith(".json"):
        return ", ".join(json.loads(content))
    return content[:2000].decode("utf-8-sig", "replace").partition("\n")[0].strip()


def _commits(hub: Hub, sources: Mapping[str, Source]) -> tuple[bool, str]:
    source = next(source for source in sources.values() if source.has_dated_past and not source.may_be_absent)
    commits = hub.commits(source.repo_type, source.repo_id, most_entries=1)
    if not commits:
        return False, f"{source.repo_id} lists no commit"
    return True, f"{source.repo_id}: the newest is of {commits[0].committed_at:%Y-%m-%d %H:%M} UTC"


def _owner(models: Sequence[ModelAnswer]) -> tuple[bool, str]:
    n_based = sum(b"base_model" in model.body for model in models)
    return bool(models), f"{_OWNER}: {len(models)} models on the first page, {n_based} of them state a base model"


def _last_changed(hub: Hub, models: Sequence[ModelAnswer]) -> str:
    """The last changed model of an owner that is likely to stay. Raises HubError if the owner has no model."""
    if not models:
        raise HubError(f"{hub.endpoint} lists no model of {_OWNER}")
    return models[0].repo_id


def _model(model: ModelAnswer) -> tuple[bool, str]:
    answer = json.loads(model.body)
    absent = [field for field in _MODEL_FIELDS if field not in answer]
    has = f"lacks {', '.join(absent)}" if absent else f"has {', '.join(sorted(answer))}"
    return not absent, f"{model.repo_id}: {has}"


def _card(hub: Hub, model: ModelAnswer) -> tuple[bool, str]:
    name, revision = model.repo_id, model.revision or "main"
    before = hub.file_calls
    card = loop.run(hub.fetch_named("model", name, revision, "README.md", _MOST_CARD_BYTES))
    if card is None:
        return False, f"{name} has no README.md"
    return True, f"README.md of {name}: {len(card[1]):,} bytes with their hash, {hub.file_calls - before} requests"


def _changed(hub: Hub) -> tuple[bool, str]:
    models = loop.run(hub.models_page(fields=("sha", "lastModified"))).answers
    newest = max((model.modified_at or "" for model in models), default="")
    return bool(newest), f"{len(models)} on the first page, the newest changed at {newest or 'no stated time'}"


def _benchmarks(hub: Hub, policy: Policy) -> tuple[bool, str]:
    judged = set(policy.frame("eval_tasks")["dataset_id"])
    listed = hub.official_benchmarks()
    new = sorted(set(listed) - judged)
    return bool(listed) and not new, f"{len(listed)} listed" + (
        f"; policy/eval_tasks.csv lacks {', '.join(new)}" if new else ""
    )


def _board(hub: Hub, dataset_id: str) -> tuple[bool, str]:
    board = hub.dataset_leaderboard(dataset_id)
    return bool(board), f"{len(board)} entries"


def _token(hub: Hub) -> ExaminedAnswer:
    if hub.token or _client_token():
        return ExaminedAnswer("token", True, "a token is sent, and the Hub takes it")
    return ExaminedAnswer(
        "token", True, "none is sent: gated repositories stay closed, and the Hub allows half as many calls"
    )


def _client_token() -> str | None:
    from huggingface_hub import get_token

    return get_token()


def _limits(hub: Hub) -> list[ExaminedAnswer]:
    limits = hub.stated_limits()
    if not limits:
        return [ExaminedAnswer("limits", True, "the Hub states none")]
    return [
        ExaminedAnswer("limits", True, f"{bucket}: {quota:,} requests per {width_s:.0f} s, {left:,} left")
        for bucket, (quota, width_s, left) in sorted(limits.items())
    ]


def _clock(hub: Hub) -> ExaminedAnswer:
    at = hub.clock.newest_at
    if at is None:
        return ExaminedAnswer("clock", True, "the Hub states no time")
    off = datetime.now(UTC).replace(tzinfo=None) - at
    return ExaminedAnswer(
        "clock", abs(off) < _MOST_CLOCK_DIFFERENCE, f"this machine's is {off.total_seconds():+.0f} s from the Hub's"
    )


def _network() -> ExaminedAnswer:
    set_names = [name for name in _NETWORK if os.environ.get(name) or os.environ.get(name.lower())]
    return ExaminedAnswer("network settings", True, ", ".join(set_names) if set_names else "none in the environment")
