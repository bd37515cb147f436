"""An embed is one file that the article's template accepts as it is."""

from __future__ import annotations

import re

import pytest

from leaderboard_etl.export.embeds import embeds
from leaderboard_etl.export.tables import EXPORTS

NAMES = ["d3-model-scaling.html", "d3-open-gap.html"]


def test_there_is_an_embed_for_each_chart() -> None:
    assert sorted(embeds()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_embed_loads_only_the_articles_data(name: str) -> None:
    text = embeds()[name].decode()
    # A namespace's name and the first line of a git-LFS pointer; neither is fetched.
    assert set(re.findall(r"https?://[^\s'\"`]+", text)) == {"http://www.w3.org/2000/svg", "https://git-lfs"}
    assert not re.search(r"<link|@import|\bsrc=|import\(|common\.(js|css) \*/", text)


@pytest.mark.parametrize("name", NAMES)
def test_an_embed_knows_each_of_its_files_by_its_columns(name: str) -> None:
    text = embeds()[name].decode()
    kinds = re.search(r"const KINDS = \{(.*?)\};", text, re.DOTALL)
    files = re.search(r"const DEFAULT_FILES = \[(.*?)\];", text)
    assert kinds is not None and files is not None
    wanted = {kind: re.findall(r"'(\w+)'", columns) for kind, columns in re.findall(r"(\w+): \[(.*?)\]", kinds[1])}
    has = {export.name: {column.name for column in export.describe()[1]} for export in EXPORTS}
    # As in common.js: the first kind whose columns a file has.
    found = [
        next((kind for kind, columns in wanted.items() if has[file] >= {*columns}), None)
        for file in re.findall(r"'([\w.]+)'", files[1])
    ]
    assert sorted(map(str, found)) == sorted(wanted)


@pytest.mark.parametrize("name", NAMES)
def test_the_first_division_has_a_class_and_nothing_that_the_template_would_drop(name: str) -> None:
    assert embeds()[name].decode().startswith(f'<div class="{name.removesuffix(".html")}"></div>\n')


@pytest.mark.parametrize("name", NAMES)
def test_styles_apply_only_to_the_embed(name: str) -> None:
    style = re.search(r"<style>(.*?)</style>", embeds()[name].decode(), re.DOTALL)
    assert style is not None
    selectors = re.findall(r"^\s*(?:@media print \{)?\s*([.#\[a-z][^{};]*)\{", style[1], re.MULTILINE)
    assert len(selectors) > 20
    own = f".{name.removesuffix('.html')}"
    assert [one for selector in selectors for one in selector.split(",") if own not in one] == []


@pytest.mark.parametrize("name", NAMES)
def test_text_is_never_inserted_as_markup(name: str) -> None:
    text = embeds()[name].decode()
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|DOMParser", text)
