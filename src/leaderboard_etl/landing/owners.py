"""Asks one owner for its models: by name, or by its list, the last changed first, if that takes fewer calls."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from leaderboard_etl.errors import HubError
from leaderboard_etl.hub.answers import RepoUnavailableError
from leaderboard_etl.landing.card_files import take_absence, take_answer
from leaderboard_etl.landing.card_pass import ABSENT_PATH, INFO_PATH, CardPass
from leaderboard_etl.landing.news import reaches

# If an owner has more models than a page holds, up to so many are asked for by name, unless each page shows some of them.
_FEW_MODELS = 10


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
    reads on to what changed before `back_to`, or to the end. False: a question failed. Raises PassOverError."""
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
        is_whole &= all(await asyncio.gather(*(take_answer(run, name, answer) for name, answer in wanted)))
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


def is_gone(run: CardPass, name: str) -> bool:
    """Whether the Hub did not show a model when last asked."""
    return run.current("api", name, ABSENT_PATH) is not None
