"""A licence is what policy says about its text, or unknown; it is never guessed."""

from __future__ import annotations

import polars as pl

from leaderboard_etl.normalize.licenses import normalize_licenses
from leaderboard_etl.policy import read_policy

LICENSES = read_policy().frame("licenses")


def classes(*texts: str) -> dict[str, tuple[str | None, str]]:
    rows = normalize_licenses(pl.Series(list(texts)), LICENSES)
    return {row["license_text"]: (row["license_id"], row["license_class"]) for row in rows.iter_rows(named=True)}


def test_spellings_of_one_licence_are_one_licence() -> None:
    found = classes("apache-2.0", "Apache 2.0", " APACHE_2_0 ")
    assert set(found.values()) == {("Apache-2.0", "permissive")}


def test_a_community_licence_is_not_permissive() -> None:
    assert classes("llama3.1", "gemma", "cc-by-nc-4.0") == {
        "llama3.1": ("llama3.1", "community"),
        "gemma": ("gemma", "community"),
        "cc-by-nc-4.0": ("CC-BY-NC-4.0", "non_commercial"),
    }


def test_a_text_that_policy_does_not_list_is_unknown_and_has_no_id() -> None:
    assert classes("do what you like, mostly", "other") == {
        "do what you like, mostly": (None, "unknown"),
        "other": (None, "unknown"),
    }


def test_an_unknown_licence_says_why() -> None:
    found = normalize_licenses(pl.Series(["mit", "other", "do what you like"]), LICENSES)
    assert dict(found.select("license_text", "license_reason").rows()) == {
        "mit": None,
        "other": "does not say which licence",
        "do what you like": "policy/licenses.csv does not list it",
    }
    unknown = LICENSES.filter(pl.col("license_class") == "unknown")
    assert unknown["note"].is_not_null().all() and unknown["license_id"].is_null().all()


def test_every_row_of_policy_has_a_link_and_a_text_of_its_own() -> None:
    assert LICENSES["source_url"].str.starts_with("https://").all()
    assert LICENSES["license_text"].str.to_lowercase().is_unique().all()


def test_every_licence_of_a_family_is_one_that_policy_knows() -> None:
    rows = read_policy().frame("model_licenses")
    known = normalize_licenses(rows["license_text"], LICENSES)
    assert "unknown" not in known["license_class"]
    assert rows["source_url"].str.starts_with("https://").all()
