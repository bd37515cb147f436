"""Whether a cell names the model that a card is about, by exact rules, because a neighbour's figure is worse than none."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from leaderboard_etl.sources.shared.markdown_tables import Cell

_REPOSITORY = re.compile(
    r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/(?!datasets/|spaces/|papers/|docs/|blog/|collections/)"
    r"([\w.-]+/[\w.-]+)|^([\w.-]+/[\w.-]+)$",
    re.ASCII,
)
_OURS = re.compile(r"[(\[][^()\[\]]*\b(?:ours|this model|our model)\b[^()\[\]]*[)\]]", re.IGNORECASE)
_TUNED_NAME = re.compile(r"[-_](?:instruct|chat|it)$", re.IGNORECASE)
_GREEK = str.maketrans({"α": "alpha", "β": "beta", "γ": "gamma"})


@lru_cache(1 << 14)
def folded(name: str) -> str:
    """A name without what spellings differ in: case, blanks, hyphens, underscores, brackets, pictures, the v of a version;
    points stay."""
    text = unicodedata.normalize("NFKC", name).casefold().translate(_GREEK)
    text = re.sub(r"(?<=[\s_-])v(?=\d)", "", text)
    return re.sub(r"[^\w.+]|_", "", text)


class OwnName:
    """The names of one repository's model in its own card."""

    def __init__(self, repo_id: str) -> None:
        self._repo_id = repo_id.lower()
        name = repo_id.rsplit("/", 1)[-1]
        base = _TUNED_NAME.sub("", repo_id)
        # The names of the base model in a tuned one's name; null for any other.
        self.of_base = OwnName(base) if base != repo_id else None
        # `-hf` states the file format of the same weights, and Meta's own cards leave `Meta-` out.
        self._keys = {folded(name), folded(re.sub(r"^meta-(?=llama)|-hf$", "", name, flags=re.IGNORECASE))}

    def is_in(self, cell: Cell, size: str = "") -> bool:
        """Whether `cell` names the model: as owner/name, as its name alone, as its name without the size in
        `size`, or by a link to the repository that is all of its text. A cell that links to a model of another name, or
        that says more than the name ("Foo-7B, 4 bit"), does not."""
        text = _OURS.sub("", cell.text).strip() if "(" in cell.text or "[" in cell.text else cell.text
        if "/" in text and re.fullmatch(r"[\w.-]+/[\w.-]+", text):
            return text.lower() == self._repo_id
        linked = [(match[1] or match[2]).lower() for link in cell.links if (match := _REPOSITORY.search(link))]
        if self._repo_id in linked:
            return folded(cell.linked_text) == folded(text) or folded(text) in self._keys
        # Owners are renamed, and old cards keep the old address: the name must still match.
        if linked and not any(folded(repo.rsplit("/", 1)[-1]) in self._keys for repo in linked):
            return False
        return folded(text) in self._keys or bool(size and text and folded(text + size) in self._keys)
