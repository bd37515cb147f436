"""What a reader of the article sees in a real browser: every exported row as a mark, readable, usable by mouse and
keyboard."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from articles import Article, Reader, chromium, served
from playwright.sync_api import Browser, Locator, Page, expect
from worlds import files_in

from leaderboard_etl.export.embeds import embeds

pytestmark = pytest.mark.browser

SCALING, GAP = "d3-model-scaling", "d3-open-gap"
SCALING_HEADER = "model,organization,openness,score_pct,params_b,source_url,score_source,comparable_group\n"
GAP_HEADER = "run_name,release_year,score_pct\n"
HOSTILE = "<img src=x onerror=window.hacked=1>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def snapshot(drawn: Path) -> dict[str, bytes]:
    return files_in(drawn)


@pytest.fixture
def article(tmp_path: Path) -> Iterator[Article]:
    with served(tmp_path / "article") as article:
        yield article


@pytest.fixture
def exported(article: Article, snapshot: dict[str, bytes]) -> Article:
    """An article with the exported files in its data folder, unchanged."""
    article.put(
        {name: content for name, content in snapshot.items() if name.endswith((".csv", ".json")) and "/" not in name}
    )
    return article


@pytest.fixture
def reader(browser: Browser) -> Iterator[Reader]:
    reader = Reader(browser)
    yield reader
    reader.page.close()


def rows(snapshot: dict[str, bytes], name: str) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(snapshot[name].decode()))]


def marks(page: Page, plot: int = 0) -> Locator:
    return page.locator("#chart .plot").nth(plot).locator(".mark")


def test_every_exported_row_of_every_benchmark_is_a_mark_and_rows_in_one_place_are_one(
    exported: Article, reader: Reader, snapshot: dict[str, bytes]
) -> None:
    page = reader.opens(exported.page(SCALING))
    beside = [row for row in rows(snapshot, "model_scaling_unsized.csv") if row["openness"] == "Proprietary"]
    points = rows(snapshot, "model_scaling.csv")
    groups = {row["comparable_group"] for row in points}
    select = page.locator("#chart .top select")
    options = select.locator("option").evaluate_all("all => all.map((option) => option.value)")
    assert sorted(options) == sorted(groups)
    for group in options:
        select.select_option(group)
        of_group = [row for row in points if row["comparable_group"] == group]
        places = {(row["openness"], row["params_b"], row["score_pct"]) for row in of_group}
        n_beside = sum(row["comparable_group"] == group for row in beside)
        expect(marks(page), group).to_have_count(len(places) + n_beside)
    assert reader.complaints == []


def test_every_step_of_the_frontiers_and_every_lag_is_a_mark(
    exported: Article, reader: Reader, snapshot: dict[str, bytes]
) -> None:
    page = reader.opens(exported.page(GAP))
    steps = [row for row in rows(snapshot, "frontier_gap.csv") if row["is_new_best"] == "true"]
    lags = [
        row
        for row in rows(snapshot, "open_closed_lags.csv")
        if (row["comparable_group"], row["estimator"], float(row["tolerance_pct"] or -1))
        == ("mmlu_reported", "catch_up", 1)
    ]
    expect(marks(page, 0)).to_have_count(len(steps))
    expect(marks(page, 1)).to_have_count(len(lags))
    page.locator("#chart select").select_option("0")
    expect(marks(page, 1)).not_to_have_count(0)
    assert reader.complaints == []


def test_the_gap_says_who_leads_and_by_how_much(article: Article, reader: Reader) -> None:
    article.put({"frontier_gap.csv": GAP_HEADER + "Open,2023.0,60\nOpen,2024.5,80\nProprietary,2023.2,70\n"})
    page = reader.opens(article.page(GAP, data="frontier_gap.csv"))
    assert (
        "Open models led by 10.0 points in July 2024: 80.0\xa0% and 70.0\xa0%."
        in page.locator(".headline").inner_text()
    )
    assert page.locator(".gap.side-Proprietary").count() == 1


def test_a_lag_that_is_not_over_is_drawn_open_ended(article: Article, reader: Reader) -> None:
    header = "benchmark,estimator,closed_model,open_model,lag_days,is_censored\n"
    lags = header + "mmlu,catch_up,Old,Later,400,false\nmmlu,catch_up,New,,90,true\n"
    article.put({"frontier_gap.csv": GAP_HEADER + "Open,2023,60\nProprietary,2023,70\n", "open_closed_lags.csv": lags})
    page = reader.opens(article.page(GAP, data=["frontier_gap.csv", "open_closed_lags.csv"]))
    assert (
        page.locator(".mark.is-open-ended").get_attribute("aria-label")
        == "New. Lag: at least 90 days. Matched by: none up to the last day seen"
    )
    assert page.locator(".lag.is-open-ended").count() == 1
    assert reader.complaints == []


@pytest.mark.parametrize("embed", [SCALING, GAP])
@pytest.mark.parametrize("width", [360, 800, 1200])
def test_it_fits_any_width_and_labels_do_not_overlap(
    exported: Article, browser: Browser, embed: str, width: int
) -> None:
    reader = Reader(browser, width)
    page = reader.opens(exported.page(embed))
    assert page.evaluate("document.documentElement.scrollWidth") == width
    overlaps = """all => {
        const boxes = all.map((text) => text.getBoundingClientRect());
        return all.flatMap((text, i) => boxes.slice(i + 1).flatMap((b, j) => {
            const a = boxes[i], isBeside = a.right <= b.left || b.right <= a.left;
            const isApart = isBeside || a.bottom <= b.top + 2 || b.bottom <= a.top + 2;
            return isApart ? [] : [`${text.textContent} / ${all[i + 1 + j].textContent}`];
        }));
    }"""
    assert page.locator("#chart .plot svg text").evaluate_all(overlaps) == []
    page.close()


def test_the_mouse_shows_model_score_size_and_source(article: Article, reader: Reader) -> None:
    article.put(
        {
            "model_scaling.csv": SCALING_HEADER
            + "Tiny,Org,Open,41.5,7,https://example.org/tiny,a table row 3,mmlu_reported\n"
        }
    )
    page = reader.opens(article.page(SCALING, data="model_scaling.csv"))
    marks(page).hover()
    for words in ("Tiny", "Score: 41.5 %", "Parameters: 7 billion", "Source: a table row 3"):
        expect(page.locator(".tip")).to_contain_text(words, use_inner_text=True)
    page.mouse.move(1, 1)
    expect(page.locator(".tip")).to_be_hidden()


def test_the_keyboard_walks_the_models_and_opens_the_source(article: Article, reader: Reader) -> None:
    lines = "Small,Org,Open,41.5,7,https://example.org/small,a,mmlu_reported\nLarge,Org,Proprietary,60,70,https://example.org/large,b,mmlu_reported\n"
    article.put({"model_scaling.csv": SCALING_HEADER + lines})
    page = reader.opens(article.page(SCALING, data="model_scaling.csv"))
    page.locator("#chart select").focus()
    page.keyboard.press("Tab")
    expect(page.locator(".tip b")).to_have_text("Small")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".tip b")).to_have_text("Large")
    page.keyboard.press("Enter")
    expect(page.locator(".tip a")).to_be_focused()
    expect(page.locator(".tip a")).to_have_attribute("href", "https://example.org/large")
    page.keyboard.press("Escape")
    expect(page.locator(".tip")).to_be_hidden()
    expect(page.get_by_role("button", name="Large. Score: 60 %")).to_be_focused()


def test_a_screen_reader_finds_a_description_buttons_and_a_table(article: Article, reader: Reader) -> None:
    article.put({"model_scaling.csv": SCALING_HEADER + "Tiny,Org,Open,41.5,7,,,mmlu_reported\n"})
    page = reader.opens(article.page(SCALING, data="model_scaling.csv"))
    assert "on a logarithmic axis" in str(page.get_by_role("img").first.get_attribute("aria-label"))
    expect(page.get_by_role("button", name="Tiny. Score: 41.5 %")).to_have_count(1)
    page.get_by_text("As a table: 1 point").click()
    expect(page.get_by_role("cell", name="Tiny")).to_have_count(1)


@pytest.mark.parametrize("embed", [SCALING, GAP])
def test_text_is_readable_in_both_themes(exported: Article, reader: Reader, embed: str) -> None:
    # Contrast of WCAG 2.2, 1.4.3: https://www.w3.org/TR/WCAG22/#contrast-minimum
    contrast = """text => {
        const canvas = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
        const light = (...colors) => {
            for (const color of colors) { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); }
            const linear = (v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
            const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((v) => linear(v / 255));
            return .2126 * r + .7152 * g + .0722 * b;
        };
        const card = getComputedStyle(document.querySelector('.html-embed__card')).backgroundColor;
        const [a, b] = [light(card), light(card, getComputedStyle(text).fill)].sort((x, y) => y - x);
        return (a + .05) / (b + .05);
    }"""
    for theme in ("light", "dark"):
        page = reader.opens(exported.page(embed, theme=theme))
        for part in (".axis-label", ".axes text", ".labels text"):
            assert page.locator(f"#chart {part}").first.evaluate(contrast) >= 4.5, (theme, part)


def test_sides_differ_by_shape_and_take_the_articles_colours(article: Article, reader: Reader) -> None:
    lines = "A,Org,Open,41.5,7,,,mmlu_reported\nB,Org,Proprietary,60,70,,,mmlu_reported\n"
    article.put({"model_scaling.csv": SCALING_HEADER + lines})
    palette = "<script>window.ColorPalettes = { getColors: () => window.colors || ['#112233', '#445566'] };</script>"
    page = reader.opens(article.page(SCALING, data="model_scaling.csv", head=palette))
    fills = "all => all.map((mark) => getComputedStyle(mark).fill)"
    assert marks(page).evaluate_all(fills) == ["rgb(17, 34, 51)", "rgb(68, 85, 102)"]
    page.evaluate("window.colors = ['#000001', '#000002']; document.dispatchEvent(new Event('palettes:updated'))")
    assert marks(page).evaluate_all(fills) == ["rgb(0, 0, 1)", "rgb(0, 0, 2)"]
    first, second = marks(page).evaluate_all("all => all.map((mark) => mark.getAttribute('d'))")
    assert first != second
    assert page.locator(".legend-title").inner_text() == "Legend"


def test_a_palette_that_comes_after_its_own_event_is_taken(article: Article, reader: Reader) -> None:
    # As the template does it: a module, which runs after the page is read and before DOMContentLoaded, and fires first.
    # https://huggingface.co/spaces/tfrere/research-article-template
    article.put({"model_scaling.csv": SCALING_HEADER + "A,Org,Open,41.5,7,,,mmlu_reported\n"})
    late = """<script type="module">
        document.dispatchEvent(new CustomEvent('palettes:updated'));
        window.ColorPalettes = { getColors: () => ['#112233', '#445566'] };
    </script>"""
    page = reader.opens(article.page(SCALING, data="model_scaling.csv", head=late))
    expect(marks(page)).to_have_css("fill", "rgb(17, 34, 51)")
    config = {"colorOrder": ["Proprietary", "Open"]}
    page = reader.opens(article.page(SCALING, data="model_scaling.csv", head=late, config=config))
    expect(marks(page)).to_have_css("fill", "rgb(68, 85, 102)")


def test_models_without_a_size_stand_beside_the_axis_and_a_side_without_a_line_says_why(
    article: Article, reader: Reader
) -> None:
    article.put(
        {
            "model_scaling.csv": SCALING_HEADER
            + "A,Org,Open,41.5,7,,,mmlu_reported\nB,Org,Proprietary,40,70,,,mmlu_reported\n",
            "model_scaling_unsized.csv": "model,openness,score_pct,size_reason,comparable_group\n"
            "C,Proprietary,90,not published by the vendor,mmlu_reported\nD,Proprietary,80,not published by the vendor,gpqa\n",
            "model_scaling_coverage.csv": "comparable_group,openness,n_scored,n_sized,group_name,no_line_reason\n"
            'mmlu_reported,Open,1,1,"MMLU, as reported",\n'
            'mmlu_reported,Proprietary,2,1,"MMLU, as reported","1 family, 8 are needed"\n',
        }
    )
    page = reader.opens(
        article.page(SCALING, data=[f"model_scaling{part}.csv" for part in ("", "_unsized", "_coverage")])
    )
    lefts = {
        str(mark.get_attribute("aria-label"))[0]: (mark.bounding_box() or {"x": 0.0})["x"] for mark in marks(page).all()
    }
    strip = page.locator(".strip").bounding_box()
    assert strip is not None and sorted(lefts) == ["A", "B", "C"]
    assert max(lefts["A"], lefts["B"]) < strip["x"] < lefts["C"] < strip["x"] + strip["width"]
    assert (
        "Proprietary (1 model, 1 without a size; no line: 1 family, 8 are needed)"
        in page.locator(".legend").inner_text()
    )
    marks(page).last.click()
    expect(page.locator(".tip")).to_contain_text("Parameters: not published by the vendor")
    assert reader.complaints == []


def test_without_the_articles_palette_colours_fall_back(article: Article, reader: Reader) -> None:
    article.put({"model_scaling.csv": SCALING_HEADER + "A,Org,Open,41.5,7,,,mmlu_reported\n"})
    for order in ([], ["Open", "Proprietary"], ["Proprietary", "Open"]):  # of the palette's colours, not of these
        page = reader.opens(article.page(SCALING, data="model_scaling.csv", config={"colorOrder": order}))
        assert marks(page).evaluate("mark => getComputedStyle(mark).fill") == "rgb(0, 114, 178)"


def test_the_order_of_colours_can_follow_the_articles_words(article: Article, reader: Reader) -> None:
    article.put({"model_scaling.csv": SCALING_HEADER + "A,Org,Open,41.5,7,,,mmlu_reported\n"})
    palette = "<script>window.ColorPalettes = { getColors: () => ['#112233', '#445566'] };</script>"
    config = {"colorOrder": ["Proprietary", "Open"]}
    page = reader.opens(article.page(SCALING, data="model_scaling.csv", head=palette, config=config))
    assert marks(page).evaluate("mark => getComputedStyle(mark).fill") == "rgb(68, 85, 102)"


def test_fits_are_drawn_with_their_bands(article: Article, reader: Reader) -> None:
    fit = "openness,params_b,score_pct,lo_pct,hi_pct\nOpen,1,30,20,40\nOpen,10,50,40,60\n"
    article.put({"points.csv": SCALING_HEADER + "A,Org,Open,41.5,7,,,mmlu_reported\n", "lines.csv": fit})
    page = reader.opens(article.page(SCALING, data=["lines.csv", "points.csv"]))
    assert (page.locator(".fit .band").count(), page.locator(".fit .line").count()) == (1, 1)
    assert reader.complaints == []


@pytest.mark.parametrize("embed", [SCALING, GAP])
def test_markup_in_the_data_stays_text(article: Article, reader: Reader, embed: str) -> None:
    article.put(
        {
            "model_scaling.csv": SCALING_HEADER
            + f"{HOSTILE},{HOSTILE},Open,41.5,7,javascript:window.hacked=1,{HOSTILE},{HOSTILE}\n",
            "model_scaling_fit.csv": "openness,params_b,score_pct,lo_pct,hi_pct\n",
            "model_scaling_coverage.csv": "comparable_group,openness,n_scored,n_sized\n"
            + f"{HOSTILE},Open,{HOSTILE},1\n",
            "model_scaling_unsized.csv": "model,openness,score_pct,size_reason,comparable_group\n"
            + f"{HOSTILE},Proprietary,50,{HOSTILE},{HOSTILE}\n",
            "frontier_gap.csv": f"run_name,release_year,score_pct,model\nOpen,2023,50,{HOSTILE}\nProprietary,2024,60,{HOSTILE}\n",
            "open_closed_lags.csv": "benchmark,estimator,closed_model,open_model,lag_days,is_censored\n"
            + f"mmlu,catch_up,{HOSTILE},{HOSTILE},3,false\n",
            "figure_notes.csv": f"subject,foot\n{HOSTILE},{HOSTILE}\nmmlu_reported,{HOSTILE}\n",
        }
    )
    page = reader.opens(article.page(embed))
    marks(page).first.click()
    expect(page.locator(".tip")).to_contain_text(HOSTILE)
    summaries = page.locator("summary").all()
    for summary in summaries:
        summary.click()
    expect(page.locator("details table")).to_have_count(len(summaries))  # created when the browser fires the event
    assert page.locator("#chart img, #chart a").count() == 0
    assert page.evaluate("window.hacked") is None
    assert reader.complaints == []


MODELS = (
    "model,organization,openness,score_pct,params_b,params_active_b,release_year,n_shot,lo_pct,hi_pct,n_values,reporter,"
    "self_reported,protocol,setting,chosen_because,is_record,comparable_group\n"
    "Old,A,Open,30,10,10,2022.5,5,28,33,3,LLM Stats,self-reported by the vendor,5-shot CoT,high,of 3 by reporter,true,"
    "g_reported\n"
    "New,B,Open,60,20,20,2024.5,,60,60,1,Epoch AI,measured by others,,n/a,the only value in this group,true,g_reported\n"
    "Mixture,C,Open,50,100,20,2024.2,0,50,50,1,Epoch AI,not stated,,n/a,the only value in this group,false,g_reported\n"
    "Twin,C,Open,50,100,20,2024.3,0,50,50,1,Epoch AI,not stated,,n/a,the only value in this group,false,g_reported\n"
    "Closed,D,Proprietary,70,50,,2022.1,5,70,70,1,Epoch AI,not stated,,n/a,the only value in this group,true,g_reported\n"
)
LINES = (
    "openness,params_b,score_pct,lo_pct,hi_pct,form,comparable_group\n"
    "Open,10,35,30,40,total,g_reported\nOpen,100,55,50,60,total,g_reported\n"
    "Open,10,36,30,40,active,g_reported\nOpen,20,56,50,60,active,g_reported\n"
)
NOTES = "subject,group_name,foot,is_sample\ng_reported,G,As of 2025-01-01. Data: a (licence: MIT).,{}\n"


@pytest.fixture
def chart(article: Article, reader: Reader) -> Iterator[Page]:
    article.put({"points.csv": MODELS, "lines.csv": LINES, "notes.csv": NOTES.format("false")})
    page = reader.opens(article.page(SCALING, data=["points.csv", "lines.csv", "notes.csv"]))
    yield page
    assert reader.complaints == []


def names_of(page: Page) -> list[str]:
    return sorted(str(mark.get_attribute("aria-label")).split(".")[0] for mark in marks(page).all())


def test_models_that_coincide_are_one_mark_that_names_them(chart: Page) -> None:
    assert names_of(chart) == ["Closed", "Mixture and 1 more", "New", "Old"]
    marks(chart).nth(2).hover()
    expect(chart.locator(".tip")).to_contain_text("2 models with this size and score: Mixture, Twin")


def test_the_slider_shows_what_was_out_and_the_best_of_each_side_by_then(chart: Page) -> None:
    expect(chart.locator(".note")).to_contain_text(
        "the best so far, open 60 % (New) and proprietary 70 % (Closed), 10.0 points apart"
    )
    assert (chart.locator(".fit").count(), chart.locator(".record").count()) == (1, 2)
    chart.locator("input[type=range]").fill("2022")
    expect(marks(chart)).to_have_count(2)
    assert names_of(chart) == ["Closed", "Old"]
    expect(chart.locator(".note")).to_contain_text("open 30 % (Old) and proprietary 70 % (Closed), 40.0 points apart")
    assert chart.locator(".fit").count() == 0
    old, new = (
        float(str(mark.evaluate("mark => getComputedStyle(mark).fillOpacity")))
        for mark in (marks(chart).first, marks(chart).last)
    )
    assert old != new


def test_the_switch_shows_active_parameters_with_their_own_line(chart: Page) -> None:
    before = chart.locator(".fit .line").get_attribute("d")
    chart.locator("[data-option=size]").select_option("active")
    expect(chart.locator(".axis-label").last).to_have_text("Active parameters (billions, log scale)")
    assert names_of(chart) == ["Mixture and 1 more", "New", "Old"]
    expect(chart.locator(".note")).to_contain_text("Without a known active size: 1 model.")
    assert chart.locator(".fit .line").get_attribute("d") != before


def test_one_protocol_and_the_ranges_can_be_asked_for(chart: Page) -> None:
    assert chart.locator(".whisker").count() == 0
    chart.get_by_label("Range of reported scores").check()
    expect(chart.locator(".whisker")).to_have_count(1)
    chart.locator("[data-option=protocol]").select_option("5-shot")
    expect(marks(chart)).to_have_count(2)
    assert names_of(chart) == ["Closed", "Old"]
    assert (chart.locator(".record").count(), chart.locator(".fit").count()) == (0, 0)


def test_a_tip_says_who_reported_a_score_how_and_why_this_one(chart: Page) -> None:
    marks(chart).first.hover()
    for words in (
        "Range: 28 to 33 % in 3 values",
        "Reported by: LLM Stats",
        "Self-reported or measured: self-reported by the vendor",
        "Protocol: 5-shot, 5-shot CoT",
        "Setting: high",
        "Chosen: of 3 by reporter",
    ):
        expect(chart.locator(".tip")).to_contain_text(words, use_inner_text=True)


def test_a_chart_has_its_day_sources_and_licences_at_the_foot_and_a_sample_says_so(
    article: Article, reader: Reader, chart: Page
) -> None:
    assert chart.locator(".foot").inner_text() == "As of 2025-01-01. Data: a (licence: MIT)."
    expect(chart.locator(".sample")).to_be_hidden()
    article.put({"notes.csv": NOTES.format("true")})
    page = reader.opens(article.page(SCALING, data=["points.csv", "lines.csv", "notes.csv"]))
    expect(page.locator(".sample")).to_contain_text("SAMPLE")


@pytest.mark.parametrize("embed", [SCALING, GAP])
def test_a_group_that_the_data_lack_is_said_in_place_of_the_chart(
    exported: Article, reader: Reader, embed: str
) -> None:
    page = reader.opens(exported.page(embed, config={"comparableGroup": "mmlu_reportd"}))
    alert = page.get_by_role("alert").inner_text()
    assert alert.startswith("The data have no group mmlu_reportd, which comparableGroup asks for. They have: ")
    assert "mmlu_reported" in alert and page.locator("#chart svg").count() == 0


def test_a_second_chart_under_the_same_id_says_that_it_needs_its_own(exported: Article, reader: Reader) -> None:
    fragment = embeds()[f"{SCALING}.html"].decode().replace(f'class="{SCALING}"', f'class="{SCALING}" id="{SCALING}"')
    (exported.folder / "twice.html").write_text(
        f'<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">{fragment}{fragment}', encoding="utf-8"
    )
    reader.page.goto(f"{exported.url}/twice.html")
    said = "give the second HtmlEmbed an id of its own"
    expect(reader.page.locator(".note").nth(1)).to_contain_text(said)
    assert said not in reader.page.locator(".note").first.inner_text()


def test_a_frontier_of_another_group_is_drawn_from_its_own_file(
    exported: Article, reader: Reader, snapshot: dict[str, bytes]
) -> None:
    name = next(name for name in sorted(snapshot) if name.startswith("frontier_gap_gpqa"))
    group = name.removeprefix("frontier_gap_").removesuffix(".csv")
    files = [name, "open_closed_lags.csv", "figure_notes.csv"]
    page = reader.opens(exported.page(GAP, data=files, config={"comparableGroup": group}))
    assert page.locator(".headline").inner_text().startswith("GPQA")
    expect(marks(page, 0)).to_have_count(sum(row["is_new_best"] == "true" for row in rows(snapshot, name)))
    assert reader.complaints == []


@pytest.mark.parametrize("embed", [SCALING, GAP])
def test_a_git_lfs_pointer_is_not_taken_for_data(article: Article, reader: Reader, embed: str) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12\n"
    article.put({"x.csv": pointer})
    page = reader.opens(article.page(embed, data="x.csv"))
    assert "git lfs pull" in page.get_by_role("alert").inner_text()
    assert reader.complaints == []


@pytest.mark.parametrize("embed", [SCALING, GAP])
def test_a_missing_or_a_wrong_file_is_named(article: Article, reader: Reader, embed: str) -> None:
    page = reader.opens(article.page(embed, data="absent.csv"))
    assert page.get_by_role("alert").inner_text().startswith("absent.csv could not be read")
    article.put({"other.csv": "colour\nred\n"})
    page = reader.opens(article.page(embed, data="other.csv"))
    assert page.get_by_role("alert").inner_text().startswith("other.csv is no file of this chart: it has no column ")
    page = reader.opens(article.page(embed, data='["model_scaling.csv"'))
    assert page.get_by_role("alert").inner_text() == 'data-datafiles is no list of file names: ["model_scaling.csv"'


def test_charts_on_one_page_are_independent_and_can_be_inserted_again(exported: Article, reader: Reader) -> None:
    fragments = [embeds()[f"{name}.html"].decode() for name in (SCALING, GAP, SCALING, GAP)]
    body = "".join(f'<div class="place">{fragment}</div>' for fragment in fragments)
    (exported.folder / "all.html").write_text(
        f'<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">{body}', encoding="utf-8"
    )
    page = reader.page
    page.goto(f"{exported.url}/all.html")

    def drawn(place: int) -> Locator:
        return page.locator(".place").nth(place).locator(".plot .mark")

    for place in range(4):
        expect(drawn(place)).not_to_have_count(0)
    counts = [drawn(place).count() for place in range(4)]
    assert counts == counts[:2] * 2
    page.locator("select").first.select_option("mmlu_measured")
    expect(drawn(0)).not_to_have_count(counts[0])
    expect(drawn(2)).to_have_count(counts[2])
    again = "(all, html) => all[0].replaceChildren(document.createRange().createContextualFragment(html))"
    page.locator(".place").evaluate_all(again, fragments[0])
    expect(drawn(0)).to_have_count(counts[0])
    assert reader.complaints == []


def test_print_keeps_what_was_chosen(exported: Article, reader: Reader) -> None:
    page = reader.opens(exported.page(SCALING))
    page.emulate_media(media="print")
    for part in page.locator("#chart select, #chart input[type=range], #chart .foot").all():
        expect(part).to_be_visible()
    expect(page.locator("#chart details")).to_be_hidden()


def test_a_row_without_a_size_is_left_out_and_counted(article: Article, reader: Reader) -> None:
    lines = "A,Org,Open,41.5,7,,,mmlu_reported\nB,Org,Proprietary,60,,,,mmlu_reported\n"
    article.put({"model_scaling.csv": SCALING_HEADER + lines})
    page = reader.opens(article.page(SCALING, data="model_scaling.csv"))
    expect(marks(page)).to_have_count(1)
    assert "Left out: 1 row of the file without a size or a score" in page.locator(".note").inner_text()


@pytest.mark.parametrize("width", [360, 1200])
def test_the_report_loads_nothing_from_elsewhere_and_fits(
    tmp_path: Path, browser: Browser, snapshot: dict[str, bytes], width: int
) -> None:
    (tmp_path / "report.html").write_bytes(snapshot["report.html"])
    reader = Reader(browser, width)
    reader.page.goto((tmp_path / "report.html").as_uri())
    assert reader.page.evaluate("document.documentElement.scrollWidth") == width
    assert [url for url in reader.requests if not url.startswith(("file:", "data:"))] == []
    assert reader.complaints == []
    assert reader.page.locator("figure img").evaluate_all("all => all.map((image) => image.naturalWidth > 0)") == [
        True,
        True,
    ]
    background = "getComputedStyle(document.body).backgroundColor"
    light = reader.page.evaluate(background)
    reader.page.emulate_media(color_scheme="dark")
    assert reader.page.evaluate(background) != light
    reader.page.close()
