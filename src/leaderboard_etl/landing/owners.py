"""Asks one owner for its models: by name, or by its list, the last changed first, if that takes fewer calls."""

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

# If an owner has more models than a page holds, up to so many are asked for by name, unless each page shows some of them.
_FEW_MODELS = 10
# What a language model may be tagged as on the Hub; null: its owner gave no tag.
_TEXT_TASKS = frozenset({"text-generation", "text2text-generation", "image-text-to-text", "any-to-any", None})
# Of a model that is older some source knows the name, if it matters: a first visit need not fetch an owner's whole past.
_NEW_FOR = timedelta(days=730)


async def ask_by_name(run: CardPass, name: str) -> bool:
    """Asks for one model; a renamed one answers to its old name. False: no answer came, though the model may exist.

    Raises PassOverError.
    """
    try:
        answer = await run.asking.api(partial(run.asking.hub.model_info, name))
    except RepoUnavailableError:
        run.named.add(name)
        take_absence(run, name)
        return True
    except HubError:
        return False
    return await take_answer(run, name, answer)


async def ask_by_list(
    run: CardPass, owner: str, names: Sequence[str], needed: Iterable[str], back_to: datetime | None, is_listed: bool
) -> bool:
    """Reads an owner's list until it has shown all `needed`, and takes what it says about any of `names`; with `is_listed` it
    reads on to what changed before `back_to`, or to the end, and takes new language models too. False: a question failed.
    Raises PassOverError."""
    spellings, left = defaultdict(list), set(needed)
    for name in names:
        spellings[name.lower()].append(name)
    is_whole, pages, next_url = True, 0, None
    while True:
        try:
            page = await run.asking.api(partial(run.asking.hub.models_page, owner, next_url=next_url))
        except RepoUnavailableError as error:
            # A refused list says nothing about the models.
            run.asking.failures.append(error)
            return False
        except HubError:
            return False
        pages += 1
        wanted = [(name, answer) for answer in page.answers for name in spellings.get(answer.repo_id.lower(), ())]
        new = [(answer.repo_id, answer) for answer in page.answers if is_listed and _is_new(answer, spellings, run.now)]
        is_whole &= all(await asyncio.gather(*(take_answer(run, name, answer) for name, answer in wanted + new)))
        left.difference_update(name for name, _ in wanted)
        next_url = page.next_url
        goes_on = is_listed and not reaches(page, back_to)
        is_worth_it = left and (len(wanted) > 1 or len(left) > max(_FEW_MODELS, pages))
        if next_url is None or not (goes_on or is_worth_it):
            break
    # A model that its owner's list lacks may still answer to its old name. One that was never seen waits for its turn.
    by_name = left if next_url else {name for name in left if run.current("api", name, INFO_PATH)}
    for name in left - by_name:
        if not is_gone(run, name):
            run.unlisted.append(name)
        take_absence(run, name)
    return all(await asyncio.gather(*(ask_by_name(run, name) for name in sorted(by_name)))) and is_whole


def _is_new(answer: ModelAnswer, wanted: Container[str], now: str) -> bool:
    """Whether an answer is about a language model that no source names and that was made lately, or nobody knows when."""
    if answer.repo_id.lower() in wanted:
        return False
    info = json.loads(answer.body)
    made_at, now_at = moment_of(info.get("createdAt")), moment_of(now)
    is_late = made_at is None or now_at is None or made_at > now_at - _NEW_FOR
    return is_late and info.get("pipeline_tag") in _TEXT_TASKS


def is_gone(run: CardPass, name: str) -> bool:
    """Whether the Hub did not show a model when last asked."""
    return run.current("api", name, ABSENT_PATH) is not None
