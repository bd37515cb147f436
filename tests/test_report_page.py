"""The report shows what the last load changed, loads nothing from elsewhere, and keeps text from data as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import duckdb
from worlds import World, files_in, v1_row, v2_row

from leaderboard_etl.export.figures import figures
from leaderboard_etl.export.report_page import report_page

HOSTILE = "<script>alert(1)</script>"


class Parsed(HTMLParser):
    """The tags, identifiers and links of a page, and the tags left open at its end."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "link", "br", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def page_of(world: World, pictures: Mapping[str, bytes] | None = None) -> str:
    with duckdb.connect(str(world.warehouse.database), read_only=True) as con:
        page = report_page(con, pictures or {})
        assert page == report_page(con, pictures or {})
    return page.decode()


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_it_shows_what_the_last_load_changed(published: World) -> None:
    first = page_of(published)
    assert "This is the first load: everything in it is new." in first
    rows = [v2_row(f"org/model-{n}b", 0.3 + n / 100) for n in range(1, 31)]
    published.put_v2(v2_row("org/model-1b", 0.9), *rows[1:], v2_row("org/new-3b", 0.4))
    published.put_v1(*[v1_row(f"org/model-{n}b", 30.0 + n) for n in range(1, 31)])
    published.night(2)
    second = words(page_of(published))
    assert "Since the load before, of 2025-01-01." in second
    # Six benchmarks: the scores of one model changed and those of another are new, each also as a normalised score.
    [scores] = published.query("select count(*) from history.scores where load_id = 2 and source_name = 'org/new-3b'")
    assert re.search(rf"olb_v2_contents {scores[0]} {scores[0]} 0\b", second)
    assert re.search(r"org/model-1b \S+ 0\.3100 0\.9000", second)


def test_every_section_is_there_and_well_formed(standing: World, drawn: Path) -> None:
    page = page_of(standing, files_in(drawn / "figures"))
    parsed = Parsed(page.encode())
    assert parsed.open == []
    assert {"changes", "gap", "scaling", "claims", "coverage", "quarantine"} <= set(parsed.ids)
    assert len(parsed.ids) == len(set(parsed.ids))
    assert page.count('<img src="data:image/svg+xml;base64,') == 2
    # What changed has links to its sources; nothing is loaded from there.
    assert {link for link in parsed.links if not link.startswith(("data:", "https://"))} == {
        f"#{name}" for name in parsed.ids if not name.startswith("claim-")
    }
    assert re.findall(r'(?:src|<link[^>]* href)="https?:', page) == []
    [(n_claims,)] = standing.query("select count(*) from mart.paper_claims")
    [(n_silent,)] = standing.query("select count(*) from mart.paper_claims where verdict = 'not measurable'")
    assert len([name for name in parsed.ids if name.startswith("claim-")]) == n_claims - n_silent
    assert 0 < n_silent < n_claims
    for (claim_id,) in standing.query("select claim_id from mart.paper_claims"):
        assert f">{claim_id}</code>" in page


def test_an_empty_warehouse_has_a_page_too(empty: duckdb.DuckDBPyConnection) -> None:
    page = report_page(empty, figures(empty))
    assert Parsed(page).open == []
    assert b"No load has been published yet." in page


def test_the_gap_in_one_number_is_shown_beside_those_by_benchmark(empty: duckdb.DuckDBPyConnection) -> None:
    empty.execute(
        "insert into mart.capability_gap by name select date '2025-09-30' as compared_on, 'Open 1' as open_model,"
        " 'Closed 1' as proprietary_model, 0.5 as gap_logits, -0.1 as gap_lo, 1.0 as gap_hi, 30 as n_open, 9 as n_proprietary"
    )
    page = words(report_page(empty, {}).decode())
    assert "Closed 1 less Open 1 is +0.50 logits, 90 % interval -0.10 to +1.00." in page
    assert "Epoch" not in page
    empty.execute("update mart.capability_gap set gap_logits = null, refusal_reason = 'no open model'")
    assert "No gap over all benchmarks together: no open model." in words(report_page(empty, {}).decode())


def test_markup_from_the_data_stays_text(empty: duckdb.DuckDBPyConnection) -> None:
    at = "timestamp '2025-01-01'"
    empty.execute(f"insert into ops.loads values (1, 'nightly', 'degraded', {at}, $1, $1, $1, false)", [HOSTILE])
    empty.execute(
        "insert into ops.load_sources values (1, $1, 'failed', $1, $1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)", [HOSTILE]
    )
    empty.execute(
        "insert into ops.drift values (1, $1, $1, $1, $1, true), (1, $1, 'verdict', $1, $1, false)", [HOSTILE]
    )
    empty.execute(
        f"insert into ops.quarantine values ($1, $1, $1, $1, $1, $1, $1, $1, $1, $1, $1, $1, 1, null, {at}, null)",
        [HOSTILE],
    )
    empty.execute(
        "insert into mart.paper_claims (claim_id, article_order, article_place, sentence, measures, expected, holds_if, verdict,"
        " as_of_on, evidence, note, evidence_query) values ($1, 1, $1, $1, $1, $1, $1, 'fails', '2025-01-01', $1, $1, $1)",
        [HOSTILE],
    )
    page = report_page(empty, {})
    assert page.count(b"&lt;script&gt;") >= 20
    assert "script" not in Parsed(page).tags


def test_a_verdict_that_changed_is_named(empty: duckdb.DuckDBPyConnection) -> None:
    empty.execute(
        "insert into ops.loads values (1, 'nightly', 'published', timestamp '2025-01-01', 'sample', '1', null, false)"
    )
    empty.execute(
        "insert into ops.load_sources values (1, 'policy', 'loaded', null, '1', 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)"
    )
    empty.execute(
        "insert into ops.drift values (1, 'policy', 'verdict', 'lora', 'the claim was ''fails'' and is ''holds'' now', false)"
    )
    shown = words(report_page(empty, {}).decode())
    assert "lora – the claim was &#39;fails&#39; and is &#39;holds&#39; now" in shown


def test_a_night_without_news_is_not_shown_as_the_last_load(empty: duckdb.DuckDBPyConnection) -> None:
    empty.execute(
        "insert into ops.loads values (1, 'nightly', 'published', timestamp '2025-01-01', 'sample', '1', null, false)"
    )
    empty.execute(
        "insert into ops.loads values (2, 'nightly', 'degraded', timestamp '2025-01-02', 'sample', '1', 'ill', false)"
    )
    for load_id, n_files in ((1, 1), (2, 0)):
        counts = f"0, 0, {n_files}, 0, 0, 0, 0, 0, 0, 0, 0"
        empty.execute(f"insert into ops.load_sources values ({load_id}, 'arena', 'loaded', null, '1', {counts})")
    assert "Load 1 of 2025-01-01" in words(report_page(empty, {}).decode())
