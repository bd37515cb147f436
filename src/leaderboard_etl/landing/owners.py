"""Asks for the models of one owner: by name, or through the owner's list, last changed first, if that takes fewer
calls."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from leaderboard_etl.errors import HubError
from leaderboard_etl.hub.answers import ModelAnswer, RepoUnavailableError
from leaderboard_etl.landing.card_files import take_absence, take_answer
from leaderboard_etl.landing.card_pass import ABSENT_PATH, INFO_PATH, CardPass
from leaderboard_etl.landing.news import moment_of, reaches

# If an owner has more models than a page holds, up to this many missing ones are asked for by name. As long as each page
# shows several of them, the list is read on.
_FEW_MODELS = 10
# The Hub's tags of language models; null means that the owner set no tag.
_TEXT_TASKS = frozenset({"text-generation", "text2text-generation", "image-text-to-text", "any-to-any", None})
# Older models are landed only if a source names them, so that a first visit does not fetch an owner's whole past.
_NEW_FOR = timedelta(days=730)


async def ask_by_name(run: CardPass, name: str) -> bool:
    """Asks for one model by name; a renamed model answers to its old name. Returns false if no answer came although the
    model may exist. Raises PassOverError."""
    try:
        answer = await run.asking.api(partial(run.asking.hub.model_info, name))
    except RepoUnavailableError:
        run.not_found.add(name)
        take_absence(run, name)
        return True
    except HubError:
        return False
    return await take_answer(run, name, answer)


async def ask_by_list(
    run: CardPass, owner: str, names: Sequence[str], needed: Iterable[str], back_to: datetime | None, is_listed: bool
) -> bool:
    """Reads an owner's list until it has shown all `needed` models, and lands its answers about any of `names`.

    With `is_listed` it also reads on to the changes before `back_to`, or to the end, and lands new language models too.
    Returns false if a question failed. Raises PassOverError.
    """
    spellings, missing = defaultdict(list), set(needed)
    for name in names:
        spellings[name.lower()].append(name)
    is_whole, pages, next_url = True, 0, None
    while True:
        try:
            page = await run.asking.api(partial(run.asking.hub.models_page, owner, next_url=next_url))
        except RepoUnavailableError as error:
            # The Hub refused the list; the models may still exist.
            run.asking.failures.append(error)
            return False
        except HubError:
            return False
        pages += 1
        wanted = [(name, answer) for answer in page.answers for name in spellings.get(answer.repo_id.lower(), ())]
        new = [(answer.repo_id, answer) for answer in page.answers if is_listed and _is_new(answer, spellings, run.now)]
        is_whole &= all(await asyncio.gather(*(take_answer(run, name, answer) for name, answer in wanted + new)))
        missing.difference_update(name for name, _ in wanted)
        next_url = page.next_url
        must_read_on = is_listed and not reaches(page, back_to)
        is_worth_it = missing and (len(wanted) > 1 or len(missing) > max(_FEW_MODELS, pages))
        if next_url is None or not (must_read_on or is_worth_it):
            break
    # A model missing from its owner's list may still answer to its old name. One that was never seen is asked for later.
    by_name = missing if next_url else {name for name in missing if run.current("api", name, INFO_PATH)}
    for name in missing - by_name:
        if not is_gone(run, name):
            run.unlisted.append(name)
        take_absence(run, name)
    return all(await asyncio.gather(*(ask_by_name(run, name) for name in sorted(by_name)))) and is_whole


def _is_new(answer: ModelAnswer, wanted: Container[str], now: str) -> bool:
    """Whether the answer is about a language model that no source names and whose creation is recent or of unknown
    date."""
    if answer.repo_id.lower() in wanted:
        return False
    info = json.loads(answer.body)
    made_at, now_at = moment_of(info.get("createdAt")), moment_of(now)
    is_recent = made_at is None or now_at is None or made_at > now_at - _NEW_FOR
    return is_recent and info.get("pipeline_tag") in _TEXT_TASKS


def is_gone(run: CardPass, name: str) -> bool:
    """Whether the Hub did not show a model when last asked."""
    return run.current("api", name, ABSENT_PATH) is not None
