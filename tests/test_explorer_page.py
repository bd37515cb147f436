"""What a reader of the explorer sees in a real browser, from a folder, with the network cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import duckdb
import pytest
from articles import chromium
from playwright.sync_api import Browser, Page, expect
from worlds import World

from leaderboard_etl.export.explorer import SITE, explorer, site_file
from leaderboard_etl.target.opening import open_published

pytestmark = pytest.mark.browser

DAY = date(2025, 1, 1)
VIEWS = ("#/gap", "#/scatter", "#/models", "#/model/mistralai%2FMistral-7B-v0.1", "#/claims", "#/report?model=a")
HOSTILE = "</script><img src=x onerror=window.hacked=1>\u202e"
FORM = "https://example.org/project/issues/new?template=wrong-value.yml"


# What encodeURIComponent leaves as it is.
_KEPT = "!'()*-._~"


class Explorer:
    """The explorer in a folder, and a page of a browser that has no network; `complaints` are the errors in its console."""

    def __init__(self, folder: Path, browser: Browser, width: int = 1200) -> None:
        self.address = (folder / "explorer.html").as_uri()
        self.context = browser.new_context(viewport={"width": width, "height": 800}, offline=True)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def opens(self, hash_: str) -> Page:
        """Opens a view as a link does, and waits until it is shown."""
        self.page.goto("about:blank")
        self.page.goto(self.address + hash_)
        expect(self.page.locator("main")).to_have_attribute("data-shown", hash_)
        return drawn(self.page)


def drawn(page: Page) -> Page:
    """The page when its charts are there: each is drawn a frame after its place."""
    expect(page.locator(".plot:not(:has(svg))")).to_have_count(0)
    return page


def text_of(page: Page) -> str:
    return drawn(page).locator("main").inner_text()


def written(files: dict[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def files(standing: World) -> dict[str, bytes]:
    with open_published(standing.warehouse) as con:
        return explorer(con, DAY)


@pytest.fixture
def shown(tmp_path: Path, files: dict[str, bytes], browser: Browser) -> Iterator[Explorer]:
    shown = Explorer(written(files, tmp_path), browser)
    yield shown
    shown.context.close()


def test_every_view_opens_from_a_folder_without_a_network_or_an_error(shown: Explorer) -> None:
    for view in VIEWS:
        page = shown.opens(view)
        expect(page.get_by_role("main").get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_text("SAMPLE: not the state of the world")).to_be_visible()
    assert [url for url in shown.requests if not url.startswith(("file:", "data:", "about:"))] == []
    assert shown.complaints == []


@pytest.mark.parametrize("width", [390, 1400])
def test_every_view_fits(tmp_path: Path, files: dict[str, bytes], browser: Browser, width: int) -> None:
    shown = Explorer(written(files, tmp_path), browser, width)
    for view in VIEWS:
        assert shown.opens(view).evaluate("document.documentElement.scrollWidth") <= width, view
    shown.context.close()


def test_dark_is_dark_and_without_motion_nothing_moves(shown: Explorer) -> None:
    page = shown.opens("#/gap")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert page.evaluate(background) != light
    assert page.evaluate("getComputedStyle(document.querySelector('.ring')).transitionDuration") == "0s"


def test_the_search_finds_by_every_word_and_says_how_many(shown: Explorer, standing: World) -> None:
    page = shown.opens("#/models")
    page.get_by_label("Search").fill("MISTRAL 7b")
    [(n,)] = standing.query(
        "select count(*) from core.models where lower(concat_ws(chr(10), model_id, display_name, organization, family))"
        " like '%mistral%' and lower(concat_ws(chr(10), model_id, display_name, organization, family)) like '%7b%'"
    )
    expect(page.locator("#status")).to_contain_text(f"{n} model")
    expect(page.locator("tbody tr")).to_have_count(min(n, 50))
    assert n > 0
    page.get_by_label("Search").fill("no such model")
    expect(page.locator(".message")).to_contain_text("No model is called so.")


def test_a_heading_sorts_with_what_is_not_known_last(shown: Explorer, standing: World) -> None:
    page = shown.opens("#/models")
    for order in ("descending", "ascending"):
        page.get_by_role("button", name="Total").click()
        expect(page.get_by_role("columnheader", name="Total")).to_have_attribute("aria-sort", order)
        [(first,)] = standing.query(
            "select display_name from core.models order by params_total"
            f" {'desc' if order == 'descending' else 'asc'} nulls last, model_id limit 1"
        )
        expect(page.locator("tbody tr").first.locator("a")).to_have_text(first)
        expect(page.get_by_role("button", name="Total")).to_be_focused()


def test_pages_hold_every_model_once(shown: Explorer, standing: World) -> None:
    page = shown.opens("#/models")
    links: list[str] = []
    while True:
        links += page.locator("tbody tr th a").evaluate_all("all => all.map((link) => link.hash)")
        following = page.get_by_role("button", name="Next")
        if following.is_disabled():
            break
        before = page.locator("main").get_attribute("data-shown")
        following.click()
        expect(page.locator("main")).not_to_have_attribute("data-shown", str(before))
    ids = [model_id for (model_id,) in standing.query("select model_id from core.models")]
    assert sorted(links) == sorted(f"#/model/{quote(model_id, safe=_KEPT)}" for model_id in ids)


def test_the_page_of_a_model_shows_the_values_of_the_warehouse(shown: Explorer, standing: World) -> None:
    models = standing.query(
        "select model_id, display_name, params_total, released_on::varchar, license_id from core.models"
        " where model_id in (select model_id from core.scores) order by hash(model_id) limit 6"
    )
    for model_id, name, params_total, released_on, license_id in models:
        page = shown.opens(f"#/model/{quote(model_id, safe=_KEPT)}")
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        facts = page.locator("dl.facts").inner_text()
        for value in (f"{params_total:,}" if params_total else None, released_on, license_id):
            assert value is None or value in facts
        scores = page.locator(".scores tbody tr")
        there = [
            (
                row.locator(".score").inner_text(),
                row.locator("td").nth(3).inner_text(),
                row.locator("th .muted").inner_text(),
            )
            for row in scores.all()
        ]
        here = standing.query(
            f"select printf('%.2f', score_pct), locator, variant_id from core.scores where model_id = '{model_id}'"
        )
        assert sorted((score, variant) for score, _, variant in there) == sorted((s, v) for s, _, v in here)
        assert all(any(locator in place for _, place, _ in there) for _, locator, _ in here)
        sizes = standing.query(f"select count(*) from core.parameter_evidence where model_id = '{model_id}'")
        evidence = page.get_by_role("table", name="Statements on the number of parameters").locator("tbody tr")
        assert [(evidence.count(),)] == sizes
    assert shown.complaints == []


def test_a_score_links_to_its_source(shown: Explorer, standing: World) -> None:
    [(model_id, link)] = standing.query(
        "select model_id, source_url from mart.model_scaling where source_url is not null order by all limit 1"
    )
    page = shown.opens(f"#/model/{quote(model_id, safe=_KEPT)}")
    links = page.locator(".place a").evaluate_all("all => all.map((link) => [link.href, link.target, link.rel])")
    assert [link, "_blank", "noopener noreferrer"] in links


def test_the_scatter_has_a_point_for_each_model_of_the_group(shown: Explorer, standing: World) -> None:
    groups = standing.query(
        "select s.comparable_group, p.population, count(*) from mart.model_scaling as s"
        " join mart.populations as p using (model_id) group by all order by 3 desc, 1, 2 limit 6"
    )
    for group, population, n in groups:
        page = shown.opens(f"#/scatter?group={group}&population={population}")
        told = page.locator(".headline").inner_text()
        assert told.startswith(f"{n:,} model"), (group, population)
        page.locator(".plot path.mark").first.wait_for()
        drawn = page.locator(".plot path.mark").evaluate_all("all => all.map((path) => Number(path.dataset.n))")
        assert sum(drawn) == n
        page.locator("summary", has_text="Table of").click()
        expect(page.locator("details tbody tr")).to_have_count(min(n, 50))
    assert shown.complaints == []


def test_the_gap_of_any_day_is_that_of_the_mart(shown: Explorer, standing: World) -> None:
    days = standing.query(
        "select comparable_group, day::varchar, printf('%.2f', abs(gap_pct)), leader, leads_since_on::varchar"
        " from mart.gap_daily where population = 'official' and leader <> 'level' order by hash(day, comparable_group) limit 4"
    )
    assert days
    for group, day, points, leader, since in days:
        page = shown.opens(f"#/gap?group={group}&until={day}")
        side = "open" if leader == "open_weights" else "proprietary"
        expect(page.locator(".headline")).to_contain_text(
            f"On {day} {side} models led by {points} points, since {since}: "
        )
        expect(page.locator("#status")).to_contain_text(f"led by {points} points")


def test_the_steps_of_the_gap_are_those_of_the_mart(shown: Explorer, standing: World) -> None:
    page = shown.opens("#/gap")
    group = page.get_by_role("combobox", name="Benchmark").input_value()
    steps = standing.query(
        "select model, reached_on::varchar, printf('%.2f', score_pct) from mart.gap_frontier as f"
        " left join mart.gap_sides as g using (population, comparable_group) where population = 'official'"
        f" and comparable_group = '{group}' and (compared_on is null or reached_on <= compared_on) order by all"
    )
    page.locator("summary", has_text="steps").click()
    rows = page.locator("details table").first.locator("tbody tr")
    expect(rows).to_have_count(len(steps))
    there = [
        (row.locator("th").inner_text(), *(row.locator("td").nth(i).inner_text() for i in (1, 2))) for row in rows.all()
    ]
    assert sorted(there) == steps


def test_a_claim_shows_its_verdict_and_has_an_address_of_its_own(shown: Explorer, standing: World) -> None:
    claims = standing.query("select claim_id, verdict from mart.paper_claims order by article_order")
    page = shown.opens("#/claims")
    there = page.locator(".claim").evaluate_all(
        "all => all.map((each) => [each.querySelector('a').textContent, each.querySelector('.verdict').lastChild.textContent])"
    )
    assert [tuple(each) for each in there] == claims
    page.get_by_role("link", name=claims[3][0], exact=True).click()
    expect(page.locator(".claim")).to_have_count(1)
    assert page.url.endswith(f"#/claims/{claims[3][0]}")


def test_an_address_opens_the_view_with_its_settings(shown: Explorer) -> None:
    page = shown.opens("#/scatter")
    page.get_by_role("combobox", name="Models").select_option("all")
    page.get_by_role("combobox", name="Against").select_option("date")
    page.get_by_label("Released until").fill("2024-08-01")
    expect(page.locator(".headline")).to_contain_text("Models without a date are left out.")
    text, address = text_of(page), page.url
    other = shown.opens("#" + address.split("#")[1])
    assert text_of(other) == text
    assert other.get_by_role("combobox", name="Models").input_value() == "all"
    page = shown.opens("#/models")
    page.get_by_label("Search").fill("mistral")
    page.get_by_role("combobox", name="Size").select_option("known")
    page.get_by_role("button", name="Model", exact=True).click()
    expect(page.get_by_role("columnheader", name="Model", exact=True)).to_have_attribute("aria-sort", "ascending")
    text, address = text_of(page), page.url
    assert text_of(shown.opens("#" + address.split("#")[1])) == text


def test_back_goes_to_the_view_before(shown: Explorer) -> None:
    page = shown.opens("#/models?q=mistral")
    page.locator("tbody a").first.click()
    expect(page.locator("dl.facts")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Search")).to_have_value("mistral")


def test_a_wrong_value_is_reported_with_model_key_and_source_filled_in(
    tmp_path: Path, files: dict[str, bytes], browser: Browser, standing: World
) -> None:
    shown = Explorer(written({**files, SITE: site_file(FORM)}, tmp_path), browser)
    [(model_id, variant, score, place)] = standing.query(
        "select model_id, variant_id, printf('%.2f', score_pct), path from core.scores order by all limit 1"
    )
    page = shown.opens(f"#/model/{quote(model_id, safe=_KEPT)}")
    href = str(page.locator(".scores .report").first.get_attribute("href"))
    assert href.startswith(FORM.split("?")[0])
    asked = parse_qs(urlsplit(href).query)
    assert asked["template"] == ["wrong-value.yml"] and asked["model"] == [model_id]
    assert f"core.scores, score_pct = {score} as of 2025-01-01" in asked["value"][0]
    assert f"variant_id={variant}" in asked["value"][0] and "source_id=" in asked["value"][0]
    assert place in asked["explain"][0]
    fields = Path(".github/ISSUE_TEMPLATE/wrong-value.yml").read_text(encoding="utf-8")
    assert all(f"id: {name}\n" in fields for name in ("model", "value", "explain"))
    shown.context.close()


def test_where_no_form_is_known_the_report_is_a_text_to_send(shown: Explorer) -> None:
    page = shown.opens("#/model/mistralai%2FMistral-7B-v0.1")
    page.locator(".scores .report").first.click()
    text = page.get_by_label("Report", exact=True)
    expect(text).to_be_visible()
    assert "Model: mistralai/Mistral-7B-v0.1" in text.input_value() and "variant_id=" in text.input_value()


def test_the_keyboard_reaches_and_walks_everything(shown: Explorer) -> None:
    page = shown.opens("#/gap")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    chart = page.locator(".plot svg").first
    chart.focus()
    page.keyboard.press("ArrowRight")
    first = page.locator(".tip b").first.inner_text()
    expect(page.locator("#status")).to_contain_text(first)
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tip b").first).not_to_have_text(first)
    name = page.locator(".tip b").first.inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    page = shown.opens("#/models")
    page.locator("tbody a").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("tbody a").nth(1)).to_be_focused()
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) != "none"
    page.keyboard.press("Enter")
    expect(page.locator("dl.facts")).to_be_visible()


def test_a_screen_reader_finds_landmarks_tables_and_labels(shown: Explorer) -> None:
    for view in VIEWS:
        page = shown.opens(view)
        for role in ("banner", "navigation", "main", "contentinfo"):
            expect(page.get_by_role(role).first, f"{view}: {role}").to_be_attached()
        expect(page.locator("nav[aria-label=Views] [aria-current=page]")).to_have_count(
            0 if view.startswith("#/report") else 1
        )
        unlabelled = page.locator("input, select, textarea").evaluate_all(
            "all => all.filter((each) => !each.labels.length).length"
        )
        assert unlabelled == 0, view
        for chart in page.locator(".plot svg").all():
            assert len(str(chart.get_attribute("aria-label"))) > 40
            expect(page.locator("details summary", has_text="Table of").first).to_be_attached()
    page = shown.opens("#/models")
    expect(page.get_by_role("table", name="Models").get_by_role("columnheader")).to_have_count(9)


def insert_with(con: duckdb.DuckDBPyConnection, table: str, text: str, given: Mapping[str, object]) -> None:
    """Inserts one row whose text cells all hold `text`, but for those of `given`."""
    columns = con.execute(f"describe {table}").fetchall()
    usual: dict[str, object] = {"VARCHAR": text, "DOUBLE": 1.0, "BOOLEAN": False, "DATE": DAY}
    row = {name: given.get(name, usual.get(kind, 1)) for name, kind, *_ in columns}
    con.execute(f"insert into {table} values ({', '.join('?' * len(row))})", [*row.values()])


@pytest.fixture
def hostile(tmp_path: Path, browser: Browser, empty: duckdb.DuckDBPyConnection) -> Iterator[Explorer]:
    rows: dict[str, dict[str, object]] = {
        "core.models": {"openness": "open_weights", "population": "official", "params_total": 7e9, "is_official": True},
        "core.scores": {"comparable_group": "g", "score_pct": 50.0, "source_url": "javascript:window.hacked=1"},
        "core.parameter_evidence": {"kind": "total", "params": 7, "source_url": "javascript:window.hacked=1"},
        "mart.paper_claims": {"verdict": "fails"},
    }
    for name, given in rows.items():
        insert_with(empty, name, HOSTILE, given)
    shown = Explorer(written(explorer(empty, DAY), tmp_path), browser)
    yield shown
    shown.context.close()


def test_markup_and_addresses_from_the_data_stay_text(hostile: Explorer) -> None:
    visible = "</script><img src=x onerror=window.hacked=1>\\u{202e}"
    address = f"#/model/{quote(HOSTILE, safe=_KEPT)}"
    for view in ("#/models", address, "#/claims", f"#/report?model={quote(HOSTILE)}", "#/gap", "#/scatter"):
        page = hostile.opens(view)
        if view in ("#/models", address, "#/claims"):
            assert visible in text_of(page), view
        assert page.evaluate("window.hacked") is None
        assert page.locator("img, main script").count() == 0
        links = page.locator("a").evaluate_all("all => all.map((link) => link.href)")
        assert not [link for link in links if link.startswith("javascript:")]
    page = hostile.opens("#/models")
    page.locator("tbody a").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(visible)
    assert hostile.complaints == []


def test_the_state_of_the_world_is_not_called_a_sample(hostile: Explorer) -> None:
    page = hostile.opens("#/models")
    expect(page.locator("footer")).to_contain_text("The state as of 2025-01-01")
    expect(page.get_by_text("SAMPLE: not the state of the world")).to_be_hidden()


def test_what_is_not_there_is_said(shown: Explorer, tmp_path: Path) -> None:
    page = shown.opens("#/model/no%2Fsuch")
    expect(page.get_by_role("heading", level=1)).to_have_text("No such model")
    page = shown.opens("#/gap?group=nothing")
    expect(page.locator(".message")).to_have_text("These data have no such benchmark.")
    (tmp_path / "explorer/claims.js").unlink()
    page.goto(shown.address + "#/claims")
    expect(page.locator(".message")).to_contain_text("explorer/claims.js could not be read: keep the folder explorer/")
