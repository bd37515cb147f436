"""A licence is what policy says about its text, or unknown; it is never guessed."""

from __future__ import annotations

import polars as pl
import pytest

from leaderboard_etl.normalize.licenses import NOT_LISTED, _key, normalize_licenses
from leaderboard_etl.policy import read_policy

LICENSES = read_policy().frame("licenses")


def classes(*texts: str) -> dict[str, tuple[str | None, str]]:
    rows = normalize_licenses(pl.Series(list(texts)), LICENSES)
    return {row["license_text"]: (row["license_id"], row["license_class"]) for row in rows.iter_rows(named=True)}


def test_spellings_of_one_licence_are_one_licence() -> None:
    found = classes("apache-2.0", "Apache 2.0", " APACHE_2_0 ")
    assert set(found.values()) == {("Apache-2.0", "permissive")}


@pytest.mark.parametrize(
    ("text", "license_id"),
    [
        ("Apache License 2.0", "Apache-2.0"),
        ("The Apache License, Version 2.0", "Apache-2.0"),
        ("Apache License v2.0", "Apache-2.0"),
        ("apache2", "Apache-2.0"),
        ("MIT License", "MIT"),
        ('BSD 3-Clause "New" or "Revised" License', "BSD-3-Clause"),
        ("GPLv3", "GPL-3.0-only"),
        ("GNU Affero General Public License v3.0", "AGPL-3.0-only"),
        ("CC BY-NC 4.0", "CC-BY-NC-4.0"),
        ("Creative Commons Attribution-NonCommercial-ShareAlike 4.0 International", "CC-BY-NC-SA-4.0"),
        ("Llama 3.1 Community License Agreement", "llama3.1"),
        ("Meta Llama 3 Community License", "llama3"),
        ("Gemma Terms of Use", "gemma"),
        ("The Unlicense", "Unlicense"),
        ("openrail", "openrail"),
        ("OpenRAIL++", "openrail++"),
    ],
)
def test_a_licence_is_known_by_its_name_in_full(text: str, license_id: str) -> None:
    assert classes(text)[text][0] == license_id


@pytest.mark.parametrize(
    ("text", "license_id", "license_class"),
    [
        ("apache-2.0; llama3", "llama3", "community"),
        ("cc-by-nc-4.0; mit", "CC-BY-NC-4.0", "non_commercial"),
        ("MIT OR GPL-3.0", "GPL-3.0-only", "copyleft"),
        ("mit, apache-2.0", "MIT", "permissive"),
        ("mit / llama2", "llama2", "community"),
        # It may be more restrictive than the one that is known, unless that is as restrictive as downloads can be.
        ("mit; other", None, "unknown"),
        ("mit; do what you like", None, "unknown"),
        ("other; cc-by-nc-4.0", "CC-BY-NC-4.0", "non_commercial"),
    ],
)
def test_of_several_licences_the_most_restrictive_counts(text: str, license_id: str | None, license_class: str) -> None:
    assert classes(text)[text] == (license_id, license_class)


def test_an_address_is_one_text_and_its_parts_are_no_licences() -> None:
    address = "https://example.org/licenses/cc-by-nc-4.0"
    [row] = normalize_licenses(pl.Series([address]), LICENSES).iter_rows(named=True)
    assert (row["license_class"], row["license_reason"]) == ("unknown", NOT_LISTED)


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
    stated = ["mit", "other", "do what you like", "mit; other", "mit; do what you like"]
    found = normalize_licenses(pl.Series(stated), LICENSES)
    assert dict(found.select("license_text", "license_reason").rows()) == {
        "mit": None,
        "other": "does not say which licence",
        "do what you like": "policy/licenses.csv does not list it",
        "mit; other": "one of several: does not say which licence",
        "mit; do what you like": "one of several: policy/licenses.csv does not list it",
    }
    unknown = LICENSES.filter(pl.col("license_class") == "unknown")
    assert unknown["note"].is_not_null().all() and unknown["license_id"].is_null().all()


def test_every_row_of_policy_has_a_link_and_a_text_of_its_own() -> None:
    assert LICENSES["source_url"].str.starts_with("https://").all()
    keys = LICENSES.select(_key("license_text").alias("key"), "license_text", "license_id", "license_class")
    repeated = keys.filter(pl.col("key").is_duplicated())
    # A family in policy/model_licenses.csv may name a licence by a second spelling.
    assert set(repeated["license_text"]) - set(read_policy().frame("model_licenses")["license_text"]) == set()


def test_every_licence_of_a_family_is_one_that_policy_knows() -> None:
    rows = read_policy().frame("model_licenses")
    known = normalize_licenses(rows["license_text"], LICENSES)
    assert "unknown" not in known["license_class"]
    assert rows["source_url"].str.starts_with("https://").all()
