"""Whose number an entry is: the address of its source decides, because a repository may publish what others measured.

A score from another model's card says nothing about this model: a fine-tune that quotes its base has not been measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from leaderboard_etl.policy import Policy
from leaderboard_etl.sources.rules import could_be_repository

VENDOR, THIRD_PARTY = "vendor_eval_results", "third_party"
_HUBS = ("huggingface.co", "hf.co")
_CODE = "github.com"
_CODE_PAGES = ".github.io"
# The first part of an address on the Hub that is not the owner of a model.
_KINDS = ("datasets", "spaces")
_PAGES = ("blog", "buckets", "collections", "docs", "learn", "organizations", "papers", "posts", "tasks")


class CopiedError(Exception):
    """The source is another model's card; its text names that."""


def former_names(policy: Policy) -> dict[str, str]:
    """The names under which policy knows models, in lower case, and the names that they have now: a renamed repository cites
    itself by either."""
    rows = policy.frame("model_aliases").filter(source_id="*").select("source_name", "model_id")
    return {name.lower(): model_id.lower() for name, model_id in rows.iter_rows()}


def reporter_of(address: str | None, repository: str, renamed: Mapping[str, str]) -> str:
    """VENDOR where the source is the repository itself, or a page of its owner on the Hub or on GitHub, or is absent;
    THIRD_PARTY where it is anywhere else. Raises CopiedError where it is the card of another owner's model."""
    if address is None:
        return VENDOR
    own = _now(repository, renamed)
    owner = own.partition("/")[0]
    try:
        parts = urlsplit(address)
    except ValueError:  # brackets that do not hold a host
        return THIRD_PARTY
    host = (parts.hostname or "").removeprefix("www.")
    path = [unquote(part).lower() for part in parts.path.split("/") if part]
    if host.endswith(_CODE_PAGES):
        return VENDOR if host.removesuffix(_CODE_PAGES) == owner else THIRD_PARTY
    if host not in (*_HUBS, _CODE) or not path:
        return THIRD_PARTY
    if host == _CODE or path[0] in _KINDS:
        owners = path[:1] if host == _CODE else path[1:2]
        return VENDOR if owners == [owner] else THIRD_PARTY
    if path[0] in _PAGES:
        return THIRD_PARTY
    cited = _now("/".join(path[:2]), renamed)
    if cited.partition("/")[0] == owner:
        return VENDOR
    if "/" in cited and could_be_repository(cited):
        raise CopiedError(cited)
    return THIRD_PARTY


def _now(name: str, renamed: Mapping[str, str]) -> str:
    return renamed.get(name.lower(), name.lower())
