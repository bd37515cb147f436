"""What one pass over the models lands of each: the Hub's answer, and the few files of its repository that are read."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from leaderboard_etl.hub.answers import FileTooLargeError, ModelAnswer, RepoUnavailableError, canonical
from leaderboard_etl.hub.client import Hub, model_body
from leaderboard_etl.raw.blob_ids import sha256_id
from leaderboard_etl.raw.ledger import FileVersion
from leaderboard_etl.raw.store import BlobStore

INFO_PATH = "@api/model_info.json"
# Our record, not the Hub's bytes, that it did not show a model; beside its last answer, which stays believed.
ABSENT_PATH = "@api/absent.json"
# Evaluation results that only the Hub's answer has: those of open pull requests, and of gated repositories.
RESULTS_PATH = "@api/eval_results.json"
_CONFIG, _ADAPTER = "config.json", "adapter_config.json"
_CARD_FILES = ("README.md", _CONFIG)
_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_QUANTIZED = frozenset({"hf_quant_config.json", "quantize_config.json", "quant_config.json"})
_RESULTS = re.compile(r"\.eval_results/[^/]+\.ya?ml")
_MOST_RESULTS = 50
_MOST_CARD_BYTES = 5 << 20
_MOST_INDEX_BYTES = 20 << 20

Place = tuple[str, str, str]


@dataclass
class CardPass:
    """One pass in progress: `known` are the files landed before, `changed` and `gone` what it found, `refused` is too large."""

    hub: Hub
    store: BlobStore
    known: Mapping[Place, FileVersion]
    now: str
    changed: list[FileVersion] = field(default_factory=list)
    gone: list[Place] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    calls: int = 0
    failures: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    stopped: str | None = None

    @cached_property
    def known_results(self) -> dict[str, list[str]]:
        """Files of evaluation results landed before, by model: found once, for every model of a pass asks for its own."""
        found: dict[str, list[str]] = defaultdict(list)
        for repo_type, repo_id, path in self.known:
            if repo_type == "model" and _RESULTS.fullmatch(path):
                found[repo_id].append(path)
        return dict(found)


def take_answer(run: CardPass, name: str, answer: ModelAnswer) -> None:
    """Lands an answer if it says something new, and the model's files if its commit moved."""
    run.asked.add(name)
    if ("api", name, ABSENT_PATH) in run.known:
        run.gone.append(("api", name, ABSENT_PATH))
    info = json.loads(answer.body)
    revision = answer.revision or "unknown"
    _take_shown_results(run, name, revision, [e for e in answer.results if info.get("gated") or e.get("pullRequest")])
    blob_id = sha256_id(answer.body)
    place = ("api", name, INFO_PATH)
    is_known = place in run.known and _says_the_same(run, run.known[place].blob_id, blob_id, answer.body)
    listed = {entry.get("rfilename") for entry in info.get("siblings") or [] if isinstance(entry, dict)}
    if answer.revision is not None and not info.get("gated"):
        paths = _wanted(run, name, listed, info)
        # A version of this project that reads more files than the last one looks for these in models that it knows.
        if is_known:
            paths = [path for path in paths if path in listed and ("model", name, path) not in run.known]
        found = [
            _take_file(run, name, answer.repo_id, revision, path, path in listed if listed else path == "README.md")
            for path in paths
        ]
        _pair_index(run, name, {path for path, is_new in zip(paths, found, strict=True) if is_new})
    if not is_known:
        run.store.put(blob_id, answer.body)
        run.changed.append(FileVersion("api", name, INFO_PATH, revision, blob_id, len(answer.body), run.now))


def _says_the_same(run: CardPass, known_id: str, blob_id: str, body: bytes) -> bool:
    """Whether an answer is the one landed before, but for fields that are no longer asked for."""
    return known_id == blob_id or model_body(json.loads(run.store.get(known_id))) == body


def _wanted(run: CardPass, name: str, listed: set[object], info: dict[str, Any]) -> list[str]:
    """The files to look at: those of every model, an adapter's, evaluation results, and a weight index where nothing else
    of the Hub's tells the size and the weights are not known to be packed."""
    wanted = [*_CARD_FILES, *_results(run, name, listed)]
    wanted += [path for path in (_ADAPTER, *_INDEXES) if ("model", name, path) in run.known]
    if _ADAPTER in listed:
        wanted.append(_ADAPTER)
    has_size = isinstance(info.get("safetensors"), dict)
    if not has_size and not _QUANTIZED & listed:
        wanted += [path for path in _INDEXES if path in listed][:1]
    return list(dict.fromkeys(wanted))


def _pair_index(run: CardPass, name: str, changed: set[str]) -> None:
    """Names a weight index and its config.json together where one of them changed: the one explains the other's bytes."""
    pair = (_CONFIG, *_INDEXES)
    if not changed.intersection(pair):
        return
    touched = {*((file.repo_id, file.path) for file in run.changed), *(place[1:] for place in run.gone)}
    if not any((name, path) in touched or ("model", name, path) in run.known for path in _INDEXES):
        return
    for path in pair:
        place = ("model", name, path)
        if place in run.known and (name, path) not in touched:
            run.changed.append(run.known[place])


def _take_shown_results(run: CardPass, name: str, revision: str, entries: list[dict[str, object]]) -> None:
    place = ("api", name, RESULTS_PATH)
    known = run.known.get(place)
    if not entries:
        run.gone += [place] if known is not None else []
        return
    body = canonical({"id": name, "evalResults": entries})
    blob_id = sha256_id(body)
    if known is None or known.blob_id != blob_id:
        run.store.put(blob_id, body)
        run.changed.append(FileVersion("api", name, RESULTS_PATH, revision, blob_id, len(body), run.now))


def _results(run: CardPass, name: str, listed: set[object]) -> list[str]:
    """Files of evaluation results that the model lists, or had when they were last looked at."""
    now = [path for path in listed if isinstance(path, str) and _RESULTS.fullmatch(path)]
    return sorted({*sorted(now)[:_MOST_RESULTS], *run.known_results.get(name, [])})


def _take_file(run: CardPass, name: str, hub_id: str, revision: str, path: str, is_listed: bool) -> bool:
    """Lands a file of `name`, which the Hub calls `hub_id`, if the commit moved and the file with it; whether it is new,
    another, or gone."""
    place = ("model", name, path)
    known = run.known.get(place)
    if known is not None and known.revision == revision:
        return False
    most_bytes = _MOST_INDEX_BYTES if path in _INDEXES else _MOST_CARD_BYTES
    try:
        found = run.hub.fetch_named("model", hub_id, revision, path, most_bytes) if is_listed else None
    except RepoUnavailableError:
        # Gated: the API answers for it, its files need terms to be accepted. What was known of them stays.
        return False
    except FileTooLargeError as error:
        run.refused.append(str(error))
        return False
    if found is None:
        if known is not None:
            run.gone.append(place)
        return known is not None
    blob_id, content = found
    is_new = known is None or known.blob_id != blob_id
    if is_new:
        run.store.put(blob_id, content)
        run.changed.append(FileVersion("model", name, path, revision, blob_id, len(content), run.now))
    return is_new


def take_unavailable(run: CardPass, name: str) -> None:
    """Puts on record, once, that the Hub does not show a model; what it said before stays believed."""
    run.asked.add(name)
    if ("api", name, ABSENT_PATH) in run.known:
        return
    body = json.dumps({"id": name, "unavailable": True}, sort_keys=True, separators=(",", ":")).encode()
    blob_id = sha256_id(body)
    run.store.put(blob_id, body)
    run.changed.append(FileVersion("api", name, ABSENT_PATH, "unavailable", blob_id, len(body), run.now))
