"""Prices of tokens: what lists of them become in policy, the lowest that reaches a score, and the claim about cost."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from sourcing import POLICY
from test_views import insert, model
from worlds import judge_claims

from leaderboard_etl.analysis.prices import price_to_reach
from leaderboard_etl.errors import UsageError
from leaderboard_etl.importers.__main__ import list_files, main
from leaderboard_etl.importers.prices import Imported, import_prices
from leaderboard_etl.policy import Policy
from leaderboard_etl.warehouse.core import insert_rules
from leaderboard_etl.warehouse.prices import insert_prices

DAY = date(2026, 7, 2)
EMPTY = Policy({**POLICY.texts, "prices": POLICY.text_frame("prices").clear().write_csv().encode()})
TOMLS = {
    "providers/openai/models/gpt-4o-2024-05-13.toml": "[cost]\ninput = 5.00\noutput = 15.00\n",
    "providers/openai/models/gpt-4.1.toml": "[cost]\ninput = 2\noutput = 8\n",
    "providers/openai/models/nobody-knows-me.toml": "[cost]\ninput = 2\noutput = 8\n",
    "providers/deepinfra/models/openai/gpt-oss-120b.toml": "[cost]\ninput = 0.039\noutput = 0.19\n",
    "providers/deepinfra/models/zai-org/GLM-4.6.toml": "[cost]\ninput = 0\noutput = 0\n",
    "providers/deepinfra/provider.toml": "name = 'Deep Infra'\n",
    "providers/stranger/models/openai/gpt-oss-120b.toml": "[cost]\ninput = 0.01\noutput = 0.01\n",
}
GENAI = [
    {
        "id": "google",
        "models": [
            {
                "id": "gemini-2.5-pro",
                "prices": {"input_mtok": {"base": 1.25, "tiers": []}, "output_mtok": {"base": 10}},
            },
            {
                "id": "gemma-2-27b-it",
                "prices": {"input_mtok": 1, "output_mtok": 1},
                "price_comments": "Imported from OpenRouter",
            },
            {
                "id": "gemma-2-9b-it",
                "prices": {"input_mtok": 1, "output_mtok": 1},
                "price_comments": "Can't find pricing on this model, so just trusting open router",
            },
        ],
    },
    {
        "id": "deepseek",
        "models": [{"id": "deepseek-v3.2", "prices": [{"prices": {"input_mtok": 1, "output_mtok": 1}}]}],
    },
    {
        "id": "x-ai",
        "models": [{"id": "grok-3", "prices": {"input_mtok": 3, "output_mtok": 15}}, {"id": "grok-4", "prices": {}}],
    },
]


def of_models_dev(
    policy: Policy = EMPTY, day: date = DAY, texts: dict[str, str] = TOMLS, elsewhere: frozenset[str] = frozenset()
) -> Imported:
    files = {path: text.encode() for path, text in texts.items()}
    return import_prices("models.dev", files, "f" * 40, day, policy, elsewhere)


def led_to(
    name: str, elsewhere: frozenset[str] = frozenset(), cost: str = "[cost]\ninput = 1\noutput = 2\n"
) -> str | None:
    """The model that a line PROVIDER/NAME of models.dev is of."""
    provider, _, model = name.partition("/")
    texts = {"providers/openai/models/gpt-4.1.toml": "[cost]\ninput = 2\noutput = 8\n"}
    imported = of_models_dev(texts={**texts, f"providers/{provider}/models/{model}.toml": cost}, elsewhere=elsewhere)
    models: list[str] = imported.table.filter(pl.col("source_name") == model)["model_id"].to_list()
    return models[0] if models else None


def of_genai(content: object = GENAI) -> Imported:
    return import_prices("genai-prices", {"prices/data.json": json.dumps(content).encode()}, "f" * 40, DAY, EMPTY)


# The importer


def test_a_line_is_a_price_of_a_known_model_with_its_provider_day_and_link() -> None:
    rows = {row["source_name"]: row for row in of_models_dev().table.iter_rows(named=True)}
    assert rows["gpt-4o-2024-05-13"] == {
        "source_dataset": "models.dev",
        "provider": "openai",
        "source_name": "gpt-4o-2024-05-13",
        "priced_on": "2026-07-02",
        "model_id": "openai/gpt-4o-2024-05-13",
        "is_vendor": "true",
        "input_usd_per_mtok": "5",
        "output_usd_per_mtok": "15",
        "source_url": f"https://github.com/anomalyco/models.dev/blob/{'f' * 40}/providers/openai/models/gpt-4o-2024-05-13.toml",
    }
    assert rows["gpt-4.1"]["model_id"] == "openai/gpt-4.1-2025-04-14", "an alias says so"


def test_a_host_is_not_the_vendor_of_what_it_hosts() -> None:
    rows = {row["source_name"]: row for row in of_models_dev().table.iter_rows(named=True)}
    hosted = rows["openai/gpt-oss-120b"]
    assert (hosted["provider"], hosted["model_id"], hosted["is_vendor"]) == (
        "deepinfra",
        "openai/gpt-oss-120b",
        "false",
    )


def test_strangers_and_what_is_given_away_are_left_out_and_unknown_models_are_told() -> None:
    imported = of_models_dev()
    assert imported.table.height == imported.n_rows == 3
    assert imported.left_out == ["openai/nobody-knows-me"]


def test_another_day_is_added_and_the_same_day_takes_the_place_of_itself() -> None:
    once = of_models_dev().table
    again = of_models_dev(Policy({**EMPTY.texts, "prices": once.write_csv().encode()}))
    assert again.table.equals(once)
    later = of_models_dev(Policy({**EMPTY.texts, "prices": once.write_csv().encode()}), date(2026, 8, 1))
    assert later.table.height == 2 * once.height and set(later.table["priced_on"]) == {"2026-07-02", "2026-08-01"}


def test_of_tiers_the_first_counts_and_what_changes_by_the_hour_or_came_from_another_list_does_not() -> None:
    rows = {row["model_id"]: row for row in of_genai().table.iter_rows(named=True)}
    assert set(rows) == {"google/gemini-2.5-pro", "xai/grok-3"}
    asked = rows["google/gemini-2.5-pro"]
    assert (asked["input_usd_per_mtok"], asked["output_usd_per_mtok"]) == ("1.25", "10")
    assert rows["xai/grok-3"]["provider"] == "xai", "one name for all lists"


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("amazon-bedrock/amazon.nova-micro-v1:0", "amazon/nova-micro"),
        ("amazon-bedrock/us.amazon.nova-micro-v1:0", "amazon/nova-micro"),
        ("amazon-bedrock/global.amazon.nova-micro", "amazon/nova-micro"),
        ("amazon-bedrock/openai.gpt-oss-120b-1:0", "openai/gpt-oss-120b"),
        ("amazon-bedrock/eu.meta.llama3-1-8b-instruct-v1:0", "meta-llama/Llama-3.1-8B-Instruct"),
        ("amazon-bedrock/mistral.mixtral-8x7b-instruct-v0:1", "mistralai/Mixtral-8x7B-Instruct-v0.1"),
        # Its vendor sells Claude: policy/withdrawn_models has that vendor's days, not Amazon's.
        ("amazon-bedrock/anthropic.claude-3-haiku-20240307-v1:0", None),
        ("amazon-bedrock/amazon.nova-micro-2", None),
    ],
)
def test_region_and_version_of_a_name_at_amazon_do_not_matter(name: str, model_id: str | None) -> None:
    assert led_to(name) == model_id


@pytest.mark.parametrize(
    ("name", "model_id"),
    [
        ("alibaba/qwen2-5-72b-instruct", "Qwen/Qwen2.5-72B-Instruct"),
        ("azure/phi-4", "microsoft/phi-4"),
        ("azure/gpt-oss-120b", "openai/gpt-oss-120b"),
        ("cloudflare-workers-ai/@cf/openai/gpt-oss-120b", "openai/gpt-oss-120b"),
        ("novita-ai/deepseek/deepseek-v3.1", "deepseek-ai/DeepSeek-V3.1"),
        # Of another owner it may be another model; and what is not open is sold by its vendor.
        ("novita-ai/strangers/gpt-oss-120b", None),
        ("azure/gpt-4o-2024-05-13", None),
        ("azure/claude-3-haiku-20240307", None),
    ],
)
def test_a_host_may_name_a_model_of_open_weights_without_its_owner_or_dots(name: str, model_id: str | None) -> None:
    assert led_to(name) == model_id


def test_a_vendor_is_one_of_a_model_whose_id_names_no_owner() -> None:
    cost = "[cost]\ninput = 1\noutput = 2\n"
    rows = of_models_dev(
        texts={f"providers/alibaba/models/{name}.toml": cost for name in ("qwen-max", "kimi-k2.5")}
    ).table
    said = dict(rows.filter(pl.col("provider") == "alibaba").select("model_id", "is_vendor").rows())
    assert said == {"qwen-max-2025-01-25": "true", "moonshotai/Kimi-K2.5": "false"}


def test_a_model_that_only_a_warehouse_has_is_known_by_its_id_and_under_its_vendor() -> None:
    elsewhere = frozenset({"MiniMaxAI/MiniMax-M99", "Some-One/Their-Tune"})
    assert led_to("minimax/MiniMax-M99", elsewhere) == "MiniMaxAI/MiniMax-M99"
    assert led_to("togetherai/some-one/their-tune", elsewhere) == "Some-One/Their-Tune"
    assert led_to("minimax/MiniMax-M99") is None


def test_a_name_that_two_ids_share_is_of_none() -> None:
    elsewhere = frozenset({"some-one/their-1.5", "some-one/their-1-5"})
    assert led_to("togetherai/some-one/their-1.5", elsewhere) is None


def test_what_a_host_sells_no_longer_has_no_price_and_of_a_vendor_it_had_one() -> None:
    gone = 'status = "deprecated"\n[cost]\ninput = 1\noutput = 2\n'
    assert led_to("togetherai/openai/gpt-oss-120b", cost=gone) is None
    assert led_to("anthropic/claude-3-haiku-20240307", cost=gone) == "anthropic/claude-3-haiku-20240307"


@pytest.mark.parametrize("content", [{}, [{"id": "google"}], [3], [{"id": "google", "models": [{"id": "a"}]}]])
def test_another_file_is_refused_in_a_line(content: object) -> None:
    with pytest.raises(UsageError, match="genai-prices"):
        of_genai(content)


def line(model: str, match: object, usd: float = 8.0) -> dict[str, object]:
    return {"id": model, "match": match, "prices": {"input_mtok": usd, "output_mtok": 24}}


def priced_by_anthropic(*lines: dict[str, object]) -> dict[str, tuple[str, str]]:
    rows = of_genai([{"id": "anthropic", "models": list(lines)}]).table.iter_rows(named=True)
    return {row["model_id"]: (row["source_name"], row["input_usd_per_mtok"]) for row in rows}


@pytest.mark.parametrize(
    "match",
    [
        {"or": [{"starts_with": "Claude-2"}, {"contains": "claude-v2"}]},
        {"and": [{"contains": "ude-2"}, {"regex": r"2\.[01]$"}]},
        {"or": [{"equals": "claude-2.0"}, {"ends_with": "-2.1"}]},
    ],
)
def test_a_line_of_several_models_is_a_price_of_each_that_an_alias_names(match: object) -> None:
    assert priced_by_anthropic(line("claude-2", match)) == {
        "anthropic/claude-2.0": ("claude-2.0", "8"),
        "anthropic/claude-2.1": ("claude-2.1", "8"),
    }


def test_a_name_is_of_the_line_called_so_else_of_the_first_whose_rule_fits_and_a_model_has_one_price_of_a_line() -> (
    None
):
    both = {"starts_with": "claude-2"}
    lines = line("claude-2", both), line("claude-2.1", {"equals": "claude-2.1"}, 9.0), line("claude-legacy", both, 7.0)
    assert priced_by_anthropic(*lines) == {
        "anthropic/claude-2.0": ("claude-2.0", "8"),
        "anthropic/claude-2.1": ("claude-2.1", "9"),
    }
    named_twice = line("claude-3-haiku", {"starts_with": "claude-3-haiku"})
    assert list(priced_by_anthropic(named_twice)) == ["anthropic/claude-3-haiku-20240307"]


def test_a_rule_of_names_of_an_unknown_kind_is_refused_in_a_line() -> None:
    with pytest.raises(UsageError, match=r"a match of no known kind: \{.sounds_like.: .claude.\}"):
        priced_by_anthropic(line("claude-2", {"sounds_like": "claude"}))
    with pytest.raises(UsageError, match=r"a match that is no pattern: 'claude\(' "):
        priced_by_anthropic(line("claude-2", {"regex": "claude("}))


def test_a_file_that_is_no_toml_is_refused_by_its_name() -> None:
    with pytest.raises(UsageError, match=r"providers/openai/models/x\.toml is not TOML"):
        of_models_dev(texts={"providers/openai/models/x.toml": "= 3"})


def test_a_day_that_is_none_is_refused_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prices", "models.dev", str(tmp_path), "--commit", "f" * 40, "--on", "last week"]) == 2
    assert capsys.readouterr().err == "'last week' is not a day: YYYY-MM-DD, today or yesterday\n"


def test_a_link_to_a_file_that_is_gone_is_no_file_of_a_list(tmp_path: Path) -> None:
    models = tmp_path / "providers" / "zai" / "models"
    models.mkdir(parents=True)
    (models / "glm-4.6.toml").write_text("[cost]\n")
    (models / "gone.toml").symlink_to(models / "nothing.toml")
    (tmp_path / "README.md").write_text("not of the list")
    assert list_files(tmp_path) == {"providers/zai/models/glm-4.6.toml": b"[cost]\n"}


# The policy of today


def test_every_price_is_of_a_known_provider_and_a_model_that_policy_speaks_of_or_that_the_list_names_by_its_id() -> (
    None
):
    prices, providers = POLICY.frame("prices"), POLICY.frame("price_providers")
    assert prices.join(providers, on=["source_dataset", "provider"], how="anti").is_empty()
    known = {*POLICY.frame("reference_models")["model_id"], *POLICY.frame("model_aliases")["model_id"]}
    others = prices.filter(~pl.col("model_id").is_in(known))
    for name, model_id in others.select("source_name", "model_id").rows():
        assert model_id.lower().endswith(name.rpartition("/")[2].lower())


def test_what_amazon_sells_of_its_own_is_priced_by_it_and_what_it_hosts_is_not_its_vendors_price() -> None:
    by_amazon = POLICY.frame("prices").filter(pl.col("provider") == "aws")
    assert {f"amazon/nova-{size}" for size in ("micro", "lite", "pro", "premier")} <= set(by_amazon["model_id"])
    assert (by_amazon["is_vendor"] == by_amazon["model_id"].str.starts_with("amazon/").cast(pl.String)).all()


def test_a_vendor_of_open_weights_and_a_host_ask_for_the_same_model() -> None:
    sold = POLICY.frame("prices").group_by("model_id").agg(pl.col("is_vendor").n_unique())
    assert sold.filter(pl.col("is_vendor") == 2).height > 0


# The warehouse


@pytest.fixture
def con(empty: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    insert_rules(empty, POLICY)
    return empty


def test_three_tokens_of_input_to_one_of_output_make_the_blended_price(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "openai/gpt-4o-2024-05-13", "2024-05-13", "proprietary")
    policy = Policy({"prices": of_models_dev().table.write_csv().encode()})
    insert_prices(con, policy)
    rows = con.execute("select model_id, is_vendor, blended_usd_per_mtok, priced_on from core.prices").fetchall()
    assert rows == [("openai/gpt-4o-2024-05-13", True, 7.5, DAY)], (
        "models that the warehouse does not know have no price"
    )


def test_a_price_says_from_which_day_its_model_is_sold_no_longer(con: duckdb.DuckDBPyConnection) -> None:
    model(con, "openai/gpt-4o-2024-05-13", "2024-05-13", "proprietary")
    gone = b"model_id,withdrawn_on,source_url\nopenai/gpt-4o-2024-05-13,2026-10-23,https://example.org/gone\n"
    said = (date(2026, 10, 23), "https://example.org/gone")
    for texts, expected in (({}, (None, None)), ({"withdrawn_models": gone}, said)):
        con.execute("delete from core.prices")
        insert_prices(con, Policy({"prices": of_models_dev().table.write_csv().encode(), **texts}))
        assert con.execute("select withdrawn_on, withdrawn_url from core.prices").fetchall() == [expected]


def test_every_withdrawn_model_is_one_that_has_a_price_and_was_released_before() -> None:
    gone = POLICY.frame("withdrawn_models")
    released = gone.join(POLICY.frame("reference_models"), on="model_id").filter(
        pl.col("released_on") < pl.col("withdrawn_on")
    )
    assert released.height == gone.height
    assert set(gone["model_id"]) <= set(POLICY.frame("prices")["model_id"])


def test_a_load_older_than_the_prices_has_none(con: duckdb.DuckDBPyConnection) -> None:
    insert_prices(con, Policy({}))
    assert con.execute("select count(*) from core.prices").fetchall() == [(0,)]


# The lowest price that reaches a score


def point(model_id: str, openness: str, pct: float, released: date | None) -> dict[str, object]:
    return {
        "comparable_group": "g",
        "benchmark": "b",
        "model_id": model_id,
        "openness": openness,
        "score_pct": pct,
        "released_on": released,
    }


def price(
    model_id: str, usd: float, on: date, provider: str = "host", is_vendor: bool = False, withdrawn: date | None = None
) -> dict[str, object]:
    return {
        "model_id": model_id,
        "provider": provider,
        "is_vendor": is_vendor,
        "blended_usd_per_mtok": usd,
        "priced_on": on,
        "source_name": model_id,
        "withdrawn_on": withdrawn,
    }


OPEN, CLOSED = "open_weights", "proprietary"
SCORES = [
    point("o1", OPEN, 52.0, date(2025, 1, 10)),
    point("o2", OPEN, 61.0, date(2025, 3, 10)),
    point("c1", CLOSED, 63.0, date(2025, 1, 20)),
    point("undated", OPEN, 99.0, None),
    point("unpriced", OPEN, 99.0, date(2025, 1, 1)),
]
PRICES = [
    price("o1", 1.0, date(2025, 2, 1)),
    price("o1", 0.5, date(2025, 4, 1)),
    price("o2", 0.8, date(2025, 3, 15)),
    price("o2", 0.7, date(2025, 3, 15), provider="other"),
    price("c1", 8.0, date(2025, 1, 20), is_vendor=True),
    price("undated", 0.01, date(2025, 1, 1)),
]


def reached(threshold: float, openness: str, prices: list[dict[str, object]] = PRICES) -> list[tuple[object, ...]]:
    offers = pl.DataFrame(prices, schema_overrides={"withdrawn_on": pl.Date})
    found = price_to_reach(pl.DataFrame(SCORES), offers, [50.0, 60.0])
    rows = found.filter(pl.col("score_threshold_pct") == threshold, pl.col("openness") == openness)
    return rows.select("month", "blended_usd_per_mtok", "model_id", "provider", "is_later").rows()


def found_at(threshold: float, prices: list[dict[str, object]] = PRICES) -> pl.DataFrame:
    offers = pl.DataFrame(prices, schema_overrides={"withdrawn_on": pl.Date})
    found = price_to_reach(pl.DataFrame(SCORES), offers, [threshold])
    return found.select("openness", "month", "priced_on", "priced_through_on", "n_unpriced")


def test_the_lowest_price_changes_with_a_cheaper_model_and_with_a_new_price() -> None:
    assert reached(50.0, OPEN) == [
        (date(2025, 1, 1), 1.0, "o1", "host", True),
        (date(2025, 2, 1), 1.0, "o1", "host", False),
        (date(2025, 3, 1), 0.7, "o2", "other", False),
        (date(2025, 4, 1), 0.5, "o1", "host", False),
    ]


def test_a_price_that_rises_is_told_for_the_newest_speaks_and_not_the_least() -> None:
    dearer = [*PRICES, price("c1", 9.0, date(2025, 5, 1), is_vendor=True)]
    assert [row[:2] for row in reached(60.0, CLOSED, dearer)] == [(date(2025, 1, 1), 8.0), (date(2025, 5, 1), 9.0)]


def test_a_model_counts_through_the_month_in_which_it_is_withdrawn_and_then_a_dearer_one_does() -> None:
    """The list of May still names the price of a model that was withdrawn in March."""
    listed = [price("o2", 0.1, date(2025, 5, 1), withdrawn=date(2025, 3, 20)), price("o1", 1.0, date(2025, 2, 1))]
    assert reached(50.0, OPEN, listed) == [
        (date(2025, 1, 1), 1.0, "o1", "host", True),
        (date(2025, 2, 1), 1.0, "o1", "host", False),
        (date(2025, 3, 1), 0.1, "o2", "host", True),
        (date(2025, 4, 1), 1.0, "o1", "host", False),
    ]
    assert reached(60.0, OPEN, listed) == [(date(2025, 3, 1), 0.1, "o2", "host", True)]


def test_a_model_that_does_not_reach_the_score_or_has_no_date_or_price_does_not_count() -> None:
    assert {row[2] for row in reached(60.0, OPEN)} == {"o2"}
    assert {row[2] for row in reached(50.0, OPEN)} == {"o1", "o2"}


def test_a_list_that_states_the_same_price_again_makes_no_row_and_the_row_says_through_which_day_it_was_stated() -> (
    None
):
    again = [
        *PRICES,
        price("c1", 8.0, date(2025, 6, 1), is_vendor=True),
        price("c1", 9.0, date(2025, 7, 1), is_vendor=True),
    ]
    rows = found_at(60.0, again).filter(pl.col("openness") == CLOSED)
    assert rows.select("month", "priced_on", "priced_through_on").rows() == [
        (date(2025, 1, 1), date(2025, 1, 20), date(2025, 6, 1)),
        (date(2025, 7, 1), date(2025, 7, 1), date(2025, 7, 1)),
    ]


def test_models_that_reach_the_score_and_have_no_price_are_counted_on_their_side_dated_or_not() -> None:
    counts = found_at(50.0).select("openness", "n_unpriced").unique().rows()
    assert sorted(counts) == [(OPEN, 1), (CLOSED, 0)]
    without_undated = [offer for offer in PRICES if offer["model_id"] != "undated"]
    assert (OPEN, 2) in found_at(50.0, without_undated).select("openness", "n_unpriced").rows()
    assert (OPEN, 2) in found_at(60.0, without_undated).select("openness", "n_unpriced").rows()


def test_a_warehouse_without_prices_has_no_rows() -> None:
    assert price_to_reach(
        pl.DataFrame(SCORES), pl.DataFrame(PRICES, schema_overrides={"withdrawn_on": pl.Date}).clear()
    ).is_empty()


# The claim


def test_the_claim_is_the_median_of_both_sides_prices_at_equal_scores_and_at_most_partly_true(
    con: duckdb.DuckDBPyConnection,
) -> None:
    insert(con, "core.comparable_groups", comparable_group="g", benchmark_id="gpqa", display_name="G", is_headline=True,
           match_tolerance_pct=1.0, source_url="https://example.org")  # fmt: skip
    for threshold, open_usd, closed_usd in ((50.0, 1.0, 5.0), (55.0, 1.0, 6.0), (60.0, 2.0, 20.0), (65.0, None, 9.0)):
        for openness, usd in ((OPEN, open_usd), (CLOSED, closed_usd)):
            for month, factor in ((date(2025, 1, 1), 3.0), (date(2025, 2, 1), 1.0)):
                if usd is not None:
                    insert(con, "mart.price_to_reach", population="official", comparable_group="g",
                           score_threshold_pct=threshold, openness=openness, month=month, blended_usd_per_mtok=factor * usd,
                           model_id=openness, score_pct=threshold, provider="p", is_vendor=False, priced_on=month,
                           priced_through_on=month, is_later=False, n_unpriced=0)  # fmt: skip
    judge_claims(con, POLICY, date(2026, 1, 1))
    rows = con.execute(
        "select computed_value, lo, hi, n, verdict from mart.paper_claims where claim_id = 'cost_reduction'"
    ).fetchall()
    assert rows == [(6.0, 5.0, 10.0, 3, "partly")]
