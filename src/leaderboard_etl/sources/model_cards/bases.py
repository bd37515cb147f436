"""The models from which a repository's model was made: as its metadata lists them, and as the recipe of a merge names them.

A recipe is the block of YAML that mergekit takes (https://github.com/arcee-ai/mergekit) and that authors show in their cards.
It is read line by line, because many are indented in a way that YAML refuses. Folders on the author's disk, which a recipe may
name as well, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboard_etl.sources.rules import could_be_repository
from leaderboard_etl.sources.shared.front_matter import strings
from leaderboard_etl.sources.shared.values import mapping, text

# The cards of merges at hand name up to eight; of a list with more than this none is believed.
MOST_BASES = 100
_RELATIONS = ("quantized", "adapter", "merge", "finetune")
_TAG = "base_model:"
_FENCE = re.compile(r"[ \t>]*(?:```|~~~)")
_RECIPE_HINTS = ("merge_method:", "source_model:")
_NAMED = re.compile(
    r"[ \t>]*(?:- +)?(?:model|base_model|source_model|path) *: *[\"']?([^\s\"'#,{}]+)[\"']?,? *(?:#.*)?"
)
_MOST_LINE = 300


@dataclass(frozen=True)
class Base:
    """One base model as its file names it, how the model was made from it (null: not stated), and where the file says so."""

    name: str
    relation: str | None
    locator: str


def bases_of_answer(info: Mapping[str, Any]) -> list[Base]:
    """Those that the Hub's answer names: the card's list, else the tags `base_model:ORG/NAME`, with or without the relation
    before the name, else the Hub's own lineage, which answers landed by earlier versions hold."""
    card = mapping(info.get("cardData"))
    tagged = list(_tagged(strings(info.get("tags"))))
    said = {base.name.lower(): base.relation for base in tagged if base.relation}
    if listed := bases_of_card(card, "cardData."):
        return [Base(base.name, base.relation or said.get(base.name.lower()), base.locator) for base in listed]
    if tagged:
        return _once(Base(base.name, said.get(base.name.lower()), base.locator) for base in tagged)
    lineage = mapping(info.get("baseModels"))
    models = lineage.get("models")
    names = [text(mapping(model).get("id")) for model in (models if isinstance(models, list) else [])]
    relation = _relation(lineage.get("relation"))
    return _once(Base(name, relation, f"baseModels.models[{n}]") for n, name in enumerate(names) if name)


def bases_of_card(card: Mapping[str, Any], where: str = "") -> list[Base]:
    """Those that a card's metadata lists."""
    relation = _relation(card.get("base_model_relation"))
    names = strings(card.get("base_model"))
    return _once(Base(name, relation, f"{where}base_model[{n}]") for n, name in enumerate(names))


def bases_of_recipe(body: str) -> list[Base]:
    """Those that the recipes in a card's text name."""
    if not any(hint in body for hint in _RECIPE_HINTS):
        return []
    return _once(Base(name, "merge", f"recipe, line {line!r}") for line, name in _named(body) if "/" in name)


def _named(body: str) -> Iterator[tuple[str, str]]:
    """(line, repository) of each model that a block with a recipe names."""
    block: list[str] = []
    for line in (*body.splitlines(), "```"):
        if not _FENCE.match(line):
            block.append(line)
            continue
        if any(hint in each for each in block for hint in _RECIPE_HINTS):
            for each in block:
                if len(each) < _MOST_LINE and (match := _NAMED.fullmatch(each.rstrip())):
                    # mergekit writes a model and its adapter as MODEL+ADAPTER, and a commit as MODEL@COMMIT.
                    parts = (part.partition("@")[0] for part in match[1].split("+"))
                    yield from ((each.strip(), part) for part in parts if could_be_repository(part))
        block = []


def _tagged(tags: Sequence[str]) -> Iterator[Base]:
    for tag in tags:
        if tag.startswith(_TAG):
            relation, _, name = tag.removeprefix(_TAG).rpartition(":")
            if name.strip():
                yield Base(name.strip(), _relation(relation), f"tag {tag}")


def _relation(value: object) -> str | None:
    return value if isinstance(value, str) and value in _RELATIONS else None


def _once(bases: Iterable[Base]) -> list[Base]:
    """The first of each name, without regard to case."""
    first: dict[str, Base] = {}
    for base in bases:
        first.setdefault(base.name.lower(), base)
    return list(first.values())
