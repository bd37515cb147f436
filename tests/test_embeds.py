"""An embed is one file that the article's template accepts as it is."""

from __future__ import annotations

import re

import pytest

from leaderboard_etl.export.embeds import embeds

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
