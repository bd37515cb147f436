"""Lands the data of each model: the Hub's answer, and the few files of its repository that the sources read."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from leaderboard_etl.errors import HubError
from leaderboard_etl.hub.answers import FileTooLargeError, ModelAnswer, RepoUnavailableError, canonical
from leaderboard_etl.hub.client import model_body
from leaderboard_etl.landing.asking import PassOverError
from leaderboard_etl.landing.card_pass import (
    ABSENT_PATH,
    CONFIG_PATH,
    INDEX_PATHS,
    INFO_PATH,
    RESULT_FILE,
    CardPass,
)
from leaderboard_etl.raw.blob_ids import sha256_id

# Evaluation results that only the Hub's answer contains: from open pull requests and gated repositories.
RESULTS_PATH = "@api/eval_results.json"
_ADAPTER = "adapter_config.json"
_CARD_FILES = ("README.md", CONFIG_PATH)
_QUANTIZED = frozenset({"hf_quant_config.json", "quantize_config.json", "quant_config.json"})
_MOST_RESULTS = 50
_MOST_CARD_BYTES = 5 << 20
_MOST_INDEX_BYTES = 20 << 20


async def take_answer(run: CardPass, name: str, answer: ModelAnswer) -> bool:
    """Lands an answer if it changed, and the model's files if its commit moved.

    Returns false if a file did not arrive; then the answer is not landed either, and all of it is asked for again.
    """
    run.drop("api", name, ABSENT_PATH)
    info = json.loads(answer.body)
    revision = answer.revision or "unknown"
    _take_results_of_answer(
        run, name, revision, [e for e in answer.results if info.get("gated") or e.get("pullRequest")]
    )
    blob_id = sha256_id(answer.body)
    landed = run.current("api", name, INFO_PATH)
    is_landed = landed is not None and _is_unchanged(run, landed.blob_id, blob_id, answer.body)
    if answer.revision is not None and not info.get("gated"):
        listed = _listed(info)
        paths = _wanted(run, name, listed, info)
        # An unchanged model may still lack files here that an older version of this project did not read.
        if is_landed:
            paths = [path for path in paths if path in listed and run.current("model", name, path) is None]
        files = [
            _take_file(run, name, answer.repo_id, revision, path, path in listed if listed else path == "README.md")
            for path in paths
        ]
        if not all(await asyncio.gather(*files)):
            return False
    if not is_landed:
        run.put("api", name, INFO_PATH, revision, blob_id, answer.body)
    return True


def take_absence(run: CardPass, name: str) -> None:
    """Records once that the Hub does not show a model; the data of its last answer stays valid."""
    if run.current("api", name, ABSENT_PATH) is not None:
        return
    body = unavailable_body(name)
    run.put("api", name, ABSENT_PATH, "unavailable", sha256_id(body), body)


def unavailable_body(name: str) -> bytes:
    """The bytes that record that the Hub does not show a model."""
    return json.dumps({"id": name, "unavailable": True}, sort_keys=True, separators=(",", ":")).encode()


def _is_unchanged(run: CardPass, landed_id: str, blob_id: str, body: bytes) -> bool:
    """Whether an answer equals the landed one, apart from fields that are no longer requested. An answer whose bytes
    were lost counts as different and is landed again."""
    if landed_id == blob_id or landed_id not in run.store:
        return landed_id == blob_id
    return model_body(json.loads(run.store.get(landed_id))) == body


def _listed(info: dict[str, Any]) -> set[str]:
    """The paths of a model's files that the answer lists."""
    siblings = info.get("siblings")
    names = [entry.get("rfilename") for entry in siblings if isinstance(entry, dict)] if siblings else []
    return {name for name in names if isinstance(name, str)}


def _wanted(run: CardPass, name: str, listed: set[str], info: dict[str, Any]) -> list[str]:
    """The files to land: those that every model may have, an adapter's configuration, evaluation results, and a weight
    index. The index is wanted only if the Hub states no size and the weights are not known to be quantized."""
    wanted = [*_CARD_FILES, *_results(run, name, listed)]
    wanted += [path for path in (_ADAPTER, *INDEX_PATHS) if run.current("model", name, path) is not None]
    if _ADAPTER in listed:
        wanted.append(_ADAPTER)
    has_size = isinstance(info.get("safetensors"), dict)
    if not has_size and not _QUANTIZED & listed:
        wanted += [path for path in INDEX_PATHS if path in listed][:1]
    return list(dict.fromkeys(wanted))


def _take_results_of_answer(run: CardPass, name: str, revision: str, entries: list[dict[str, object]]) -> None:
    if not entries:
        run.drop("api", name, RESULTS_PATH)
        return
    body = canonical({"id": name, "evalResults": entries})
    blob_id = sha256_id(body)
    landed = run.current("api", name, RESULTS_PATH)
    if landed is None or landed.blob_id != blob_id:
        run.put("api", name, RESULTS_PATH, revision, blob_id, body)


def _results(run: CardPass, name: str, listed: set[str]) -> list[str]:
    """The files of evaluation results that the model lists now, or that were landed before."""
    listed_results = sorted(path for path in listed if RESULT_FILE.fullmatch(path))
    return sorted({*listed_results[:_MOST_RESULTS], *run.landed_results.get(name, [])})


async def _take_file(run: CardPass, name: str, hub_id: str, revision: str, path: str, is_listed: bool) -> bool:
    """Lands a file of `name`, which the Hub calls `hub_id`, if the commit moved and the file changed. Returns false if
    the file exists but did not arrive."""
    landed = run.current("model", name, path)
    if landed is not None and landed.revision == revision:
        return True
    if not is_listed:
        run.drop("model", name, path)
        return True
    hub, most_bytes = run.asking.hub, _MOST_INDEX_BYTES if path in INDEX_PATHS else _MOST_CARD_BYTES
    held = None if run.head_start is None else run.head_start.get
    try:
        fetched = await run.asking.file(lambda: hub.fetch_named("model", hub_id, revision, path, most_bytes, held=held))
    except RepoUnavailableError:
        # Gated: the API answers, but files need accepted terms. The versions landed before stay valid.
        return True
    except FileTooLargeError as error:
        run.refused.append(str(error))
        return True
    except (HubError, PassOverError):
        return False
    if fetched is None:
        run.drop("model", name, path)
        return True
    blob_id, content = fetched
    if landed is None or landed.blob_id != blob_id:
        run.put("model", name, path, revision, blob_id, content)
    return True
