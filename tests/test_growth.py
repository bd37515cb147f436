"""Reading time grows only linearly with the size of the input, for the worst known input of each parser."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import process_time

import pytest
from sourcing import POLICY, landed, read
from worlds import BIGCODE_HEADER, MMLU_PRO_HEADER, v1_row, v2_row

from leaderboard_etl.errors import EtlError
from leaderboard_etl.sources.model_cards import MOST_TEXT
from leaderboard_etl.sources.model_cards.sizes import stated_sizes
from leaderboard_etl.sources.registry import SOURCES
from leaderboard_etl.sources.shared.front_matter import contradictions, front_block, read_yaml
from leaderboard_etl.sources.shared.html_tables import read_html_rows
from leaderboard_etl.sources.shared.markdown_tables import read_tables

MOST_GROWTH = 2.5
TRIES, REPEATS = 12, 3

Make = Callable[[int], str]


def growth(parse: Callable[[str], object], make: Make, n: int) -> float:
    """The ratio of the processor times for `2 n` and `n`; the best of several tries, because other processes use the
    machine too."""
    once, twice = make(n), make(2 * n)
    found = float("inf")
    for _ in range(TRIES):
        found = min(found, least_seconds(parse, twice) / least_seconds(parse, once))
        if found < MOST_GROWTH:
            break
    return found


def least_seconds(parse: Callable[[str], object], text: str) -> float:
    seconds = []
    for _ in range(REPEATS):
        begun = process_time()
        with suppress(ValueError, EtlError):  # a refusal takes time as well
            parse(text)
        seconds.append(process_time() - begun)
    return max(min(seconds), 1e-6)


def source(source_id: str, path: str) -> Callable[[str], object]:
    """A whole parser. Its inputs are larger, because the constant time per file would hide the growth."""
    parse, repo_type = SOURCES[source_id].parse, SOURCES[source_id].repo_type
    return lambda text: parse([landed(text.encode(), path, repo_type=repo_type, repo_id="org/Foo-7B")], POLICY)


def csv_of(row: Mapping[str, object], n: int) -> str:
    """A table of equal rows."""
    line = ",".join("" if cell is None else str(cell) for cell in row.values())
    return ",".join(row) + f"\n{line}" * n


def tables(text: str) -> object:
    return list(read_tables(text))


HTML: dict[str, Make] = {
    "tags that are never closed": lambda n: "<table>" + "<td <a " * n,
    "angle brackets": lambda n: "<table><td>" + "<a<" * n,
    "quotes that are never closed": lambda n: "<table><td>" + "<a \"'" * n,
    "one tag of quotes": lambda n: "<table><td " + "a=\"' " * n,
    "one tag of attributes": lambda n: "<table><td " + "href = " * n + ">",
    "comments that are never closed": lambda n: "<table><td>" + "<!--" * n,
    "declarations": lambda n: "<table><td>" + "<!<?" * n,
    "references": lambda n: "<table><td>" + "&#<b>" * n,
    "rows": lambda n: "<table>" + "<tr>" * n,
    "cells that reach down": lambda n: "<table>" + "<tr><td rowspan=100>x" * (n // 8),
}


@pytest.mark.parametrize("kind", HTML)
def test_an_html_table_of_twice_the_size_takes_twice_as_long(kind: str) -> None:
    assert growth(read_html_rows, HTML[kind], 12_000) < MOST_GROWTH


HEAD = "| Benchmark | Foo-7B |\n|-|-|\n"
MARKDOWN: dict[str, Make] = {
    "pipes": lambda n: "|" * (10 * n) + "\n" + "|-" * (5 * n),
    "lines of dashes": lambda n: "|-|-|\n" * n,
    "a long table": lambda n: HEAD + "| MMLU | 1 |\n" * (2 * n),
    "table tags": lambda n: "<table></table>\n" * n,
    "fences": lambda n: "|-|\n" + "```\n" * n,
    "headings": lambda n: "|-|\n" + "# a\n" * (2 * n),
    "lines above": lambda n: ("x\n" * 400 + HEAD + "| a | 1 |\n") * (n // 100),
    "tables in tables": lambda n: "<table>\n<tr><td>\n" * (n // 2) + "</td></tr></table>\n" * (n // 2),
    "tables in tables on one line": lambda n: "<table><tr><td>" * n,
    "tables that are never closed": lambda n: "<table>\n" + "<p>\n" * (2 * n),
    "links": lambda n: HEAD + ("|" + "[](" * 600 + "[" * 100 + "|1|\n") * (n // 10),
}


@pytest.mark.parametrize("kind", MARKDOWN)
def test_a_card_of_twice_the_tables_takes_twice_as_long(kind: str) -> None:
    assert growth(tables, MARKDOWN[kind], 10_000) < MOST_GROWTH


SIZES: dict[str, Make] = {
    "hints in one line": lambda n: "Parameters: " * (20 * n),
    "lines": lambda n: "Parameters: 7B and\n" * n,
    "words that go on": lambda n: ("total number of model " * 8 + "param:\n") * n,
    "blanks": lambda n: "parameters" + " " * (200 * n) + "|",
    "other ends of lines": lambda n: "parameters\x0b" * (5 * n),
}


@pytest.mark.parametrize("kind", SIZES)
def test_a_text_of_twice_the_sizes_takes_twice_as_long(kind: str) -> None:
    assert growth(stated_sizes, SIZES[kind], 2_000) < MOST_GROWTH


YAML: dict[str, Make] = {
    "brackets": lambda n: "[" + "[]," * n + "]",
    "pairs in brackets": lambda n: "[a: b" + ", a: b" * n + "]",
    "keys": lambda n: "".join(f"a{number}: 1\n" for number in range(n)),
    "one key": lambda n: "a: 1\n" * n,
    "questions": lambda n: "? a\n" * n,
    "brackets in brackets": lambda n: "a: " + "[" * n + "]" * n,
    "lists in lists": lambda n: "- " * n + "a",
    "aliases": lambda n: "a: &a [" + "x," * (n // 8) + "]\nb: [" + "*a," * 49 + "]",
    "one long key": lambda n: "? " + "a" * (10 * n) + "\n: 1",
    "one long number": lambda n: "a: " + "9" * (10 * n),
    "anchors": lambda n: "".join(f"- &a{number} x\n" for number in range(n)),
    "tags": lambda n: "- !!a x\n" * n,
    "directives": lambda n: "".join(f"%TAG !a{number}! x:\n" for number in range(n)) + "--- a",
    "folded lines": lambda n: "a: >\n" + " x\n\n" * n,
    "escapes": lambda n: '"' + "\\n" * n + '"',
}


@pytest.mark.parametrize("kind", YAML)
def test_front_matter_of_twice_the_size_takes_twice_as_long(kind: str) -> None:
    assert growth(read_yaml, YAML[kind], 8_000) < MOST_GROWTH


def test_repeated_keys_are_searched_for_once() -> None:
    def told(text: str) -> object:
        return list(contradictions({"k" * len(text): [[], {"a": []}] * (len(text) // 2)}))

    assert growth(told, "x".__mul__, 20_000) < MOST_GROWTH
    assert growth(read_yaml, lambda n: "".join(f"a: {number}\n" for number in range(n)), 8_000) < MOST_GROWTH


def test_the_end_of_front_matter_is_searched_for_once() -> None:
    assert growth(front_block, lambda n: "---\n" + "\n---  x" * n + " " * n, 50_000) < MOST_GROWTH


RESULT = "  - {task: {type: x}, dataset: {name: MMLU, type: x}, metrics: [{type: accuracy, value: bad}]}\n"
ENTRY = "- {dataset: {id: Idavidrein/gpqa, task_id: diamond}, value: bad}\n"
RUN = "org/m/results_2024-07-01T00-00-00.000000.json"
REQUEST = "org/m_eval_request_False_bfloat16_Original.json"
TABLE = "data/train.csv"
RECORD = {
    "schema_version": "0.2.2",
    "source_metadata": {"evaluator_relationship": "third_party", "source_organization_name": "org"},
    "model_info": {"id": "org/m", "name": "m"},
    "retrieved_timestamp": "1760000000",
}
ARENA = "key,Model,MT-bench (score),MMLU,Knowledge cutoff date,License,Organization,Link\n"
WHOLE: dict[str, tuple[str, str, Make]] = {
    "results in a card": ("model_cards", "README.md", lambda n: f"---\nmodel-index:\n- results:\n{RESULT * n}---\n"),
    "figures of the card's own model": ("model_cards", "README.md", lambda n: HEAD + "| MMLU | bad |\n" * (2 * n)),
    "figures beside each other": (
        "model_cards",
        "README.md",
        lambda n: (
            "|Model"
            + "|MMLU" * 90
            + "|\n"
            + "|-" * 91
            + "|\n|Foo-7B"
            + "|7" * 90
            + "|\n"
            + "|7" * 91 * (n // 4)
            + "|\n"
        ),
    ),
    "details": ("model_cards", "README.md", lambda n: ("details_" * 180 + "\n" + HEAD + "| MMLU | 7 |\n") * (n // 10)),
    "tags of a model": ("model_cards", "@api/model_info.json", lambda n: json.dumps({"tags": ["4-bi"] * 50 * n})),
    "names of a config": ("model_cards", "config.json", lambda n: json.dumps({"architectures": ["x"] * 100 * n})),
    "digits of a config": ("model_cards", "config.json", lambda n: '{"hidden_size": ' + "9" * 500 * n + "}"),
    "half characters": ("model_cards", "config.json", lambda n: '{"x": "' + "\\ud800" * 100 * n + '"}'),
    "an index": (
        "model_cards",
        "model.safetensors.index.json",
        lambda n: json.dumps(
            {"metadata": {"total_size": 8}, "weight_map": dict.fromkeys(map(str, range(50 * n)), "x")}
        ),
    ),
    "evaluation results": ("eval_results", ".eval_results/x.yaml", lambda n: ENTRY * n),
    "a board": (
        "eval_results",
        "@api/leaderboard.json",
        lambda n: json.dumps([{"modelId": f"a/{i}"} for i in range(20 * n)]),
    ),
    "tasks of a run": (
        "olb_v2_results",
        RUN,
        lambda n: json.dumps({"results": {f"t{number}": {"acc,none": "x"} for number in range(20 * n)}}),
    ),
    "names of tasks": ("olb_v1_results", RUN, lambda n: json.dumps({"results": {"a|1" * 200 * n: {"acc": 0.5}}})),
    "arguments": (
        "olb_v2_results",
        RUN,
        lambda n: json.dumps({"results": {"a": {"acc": 0.5}}, "config": {"model_args": "dtype=,revision=" * 100 * n}}),
    ),
    "texts of a request": (
        "olb_v2_requests",
        REQUEST,
        lambda n: json.dumps({"model": "a/" * 10 * n, "params": "9" * 10 * n, "status": "F" * 10 * n}),
    ),
    "keys of a request": ("olb_v1_requests", REQUEST, lambda n: json.dumps({f"k{i}": i for i in range(8 * n)})),
    "rows of the last leaderboard": ("olb_v2_contents", TABLE, lambda n: csv_of(v2_row("org/m"), 2 * n)),
    "rows of the first leaderboard": ("olb_v1_contents", TABLE, lambda n: csv_of(v1_row("org/m"), 2 * n)),
    "rows of a benchmark's own table": (
        "mmlu_pro_leaderboard",
        "results.csv",
        lambda n: MMLU_PRO_HEADER + ("\nA,TIGER-Lab,7" + ",0.5" * 15) * (2 * n),
    ),
    "results of a record": (
        "every_eval_ever",
        "data/mmlu-pro/org/m/1.json",
        lambda n: json.dumps(RECORD | {"evaluation_results": [{"evaluation_name": f"e{i}"} for i in range(2 * n)]}),
    ),
    "runs of an evaluator": (
        "epoch",
        "epoch_runs.csv",
        lambda n: POLICY.texts["epoch_runs"].decode() + "x,y\n" * (4 * n),
    ),
    "a reference table": (
        "reference",
        "reference_scores.csv",
        lambda n: POLICY.texts["reference_scores"].decode() + "x,y\n" * (4 * n),
    ),
    "rows of a table": (
        "arena",
        "leaderboard_table_20250505.csv",
        lambda n: ARENA + "m,M,x,y,2023/1,MIT,Org,-\n" * 50 * n,
    ),
    "columns of a table": (
        "arena",
        "leaderboard_table_20250505.csv",
        lambda n: ",".join(f"c{number}" for number in range(20 * n)),
    ),
    "links of a table": (
        "bigcode",
        "data/code_eval_board.csv",
        lambda n: BIGCODE_HEADER + "\n" + ('x,"' + "<a " * 50 + '"' + "," * 23 + "\n") * n,
    ),
}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_of_twice_the_size_takes_twice_as_long(kind: str) -> None:
    source_id, path, make = WHOLE[kind]
    assert growth(source(source_id, path), make, 400) < MOST_GROWTH


def test_every_source_of_text_is_among_them() -> None:
    assert {source_id for source_id, _, _ in WHOLE.values()} == set(SOURCES) - {"arena_ratings"}  # parquet alone


def test_only_the_front_matter_of_an_oversized_card_is_read_and_that_is_reported() -> None:
    table = "\n| Metric | Value |\n|-|-|\n| MMLU | 64.2 |\n"
    parsed = read("model_cards", ("---\nlicense: mit\n---\n" + table + "x" * MOST_TEXT).encode(), path="README.md")
    assert parsed.scores.is_empty() and parsed.models["license_text"].to_list() == ["mit"]
    assert parsed.quarantine.select("rule", "locator").rows() == [("card|size", "text")]
