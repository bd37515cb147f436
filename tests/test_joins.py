"""A redirect or a link that would join two different models is not followed: each stays a separate model, with the
reason."""

from __future__ import annotations

from typing import Any

import polars as pl

from leaderboard_etl.contracts.schema import frame_schema
from leaderboard_etl.normalize.identity import resolve_names
from leaderboard_etl.normalize.joins import contradicted, subjects

ALIASES = pl.DataFrame({"source_id": ["*"], "source_name": ["former/name"], "model_id": ["today/name"]})
SMALL, LARGE = 7_000_000_000, 70_000_000_000
Said = tuple[str, str, str | None, int | None, str | None]


def row(
    source_id: str, name: str, hub_id: str | None = None, params: int | None = None, openness: str | None = None
) -> Said:
    return source_id, name, hub_id, params, openness


def resolved(*said: Said, **size: Any) -> dict[tuple[str, str], tuple[str, str, str | None]]:
    """The resolved names of rows that each state a repository, a size and an openness."""
    keys = ("source_id", "source_name", "hub_id", "params", "openness")
    frame = pl.DataFrame(
        [{**dict(zip(keys, each, strict=True)), "path": "p"} for each in said],
        schema={**frame_schema("history.models"), "params": pl.Int64()},
    )
    names = frame.select("source_id", "source_name")
    aliases = resolve_names(frame, names, ALIASES)
    ids = subjects(aliases)
    facts: dict[str, Any] = {"kind": "total", "method": "leaderboard", "is_doubtful": False} | size
    evidence = frame.join(ids, on=["source_id", "source_name"]).with_columns(
        *(pl.lit(value).alias(name) for name, value in facts.items())
    )
    apart = contradicted(evidence, frame.join(ids, on=["source_id", "source_name"]), aliases)
    rows = resolve_names(frame, names, ALIASES, apart).iter_rows()
    return {(source_id, name): (model_id, method, reason) for source_id, name, model_id, method, reason in rows}


def test_a_redirect_to_a_model_of_another_size_is_not_followed() -> None:
    found = resolved(row("olb_v1_contents", "o/old", params=SMALL), row("model_cards", "o/old", "o/new", LARGE))
    reason = f"led to o/new, which has a size of {LARGE}, but this name has {SMALL}"
    assert found["olb_v1_contents", "o/old"] == ("o/old", "unresolved", reason)
    # The Hub's statement is about the repository in its answer.
    assert found["model_cards", "o/old"] == ("o/new", "hub_rename", None)


def test_a_redirect_to_a_model_of_the_same_size_is_followed() -> None:
    found = resolved(row("olb_v1_contents", "o/old", params=SMALL), row("model_cards", "o/old", "o/new", 7_240_000_000))
    assert {model_id for model_id, _, _ in found.values()} == {"o/new"}


def test_a_doubted_or_submitted_size_separates_no_names() -> None:
    said = (row("olb_v2_requests", "o/old", params=SMALL), row("model_cards", "o/old", "o/new", LARGE))
    assert {model_id for model_id, _, _ in resolved(*said).values()} == {"o/new"}
    said = (row("olb_v1_contents", "o/old", params=SMALL), *said[1:])
    assert {model_id for model_id, _, _ in resolved(*said, is_doubtful=True).values()} == {"o/new"}
    assert {model_id for model_id, _, _ in resolved(*said, method="name").values()} == {"o/new"}


def test_if_two_names_lead_to_one_model_the_contradicting_one_is_separated() -> None:
    found = resolved(
        row("olb_v1_contents", "o/a", params=SMALL), row("olb_v1_contents", "o/b", params=LARGE),
        row("model_cards", "o/a", "o/new", LARGE), row("model_cards", "o/b", "o/new", LARGE),
    )  # fmt: skip
    assert found["olb_v1_contents", "o/a"][0] == "o/a" and found["olb_v1_contents", "o/b"][0] == "o/new"


def test_if_the_model_is_unknown_two_contradicting_names_are_both_separated() -> None:
    found = resolved(
        row("olb_v1_contents", "o/a", params=SMALL), row("olb_v1_contents", "o/b", params=LARGE),
        row("model_cards", "o/a", "o/new"), row("model_cards", "o/b", "o/new"),
    )  # fmt: skip
    assert {found["olb_v1_contents", name][0] for name in ("o/a", "o/b")} == {"o/a", "o/b"}


def test_a_link_to_a_name_whose_redirect_is_not_believed_ends_there() -> None:
    found = resolved(
        row("olb_v1_contents", "o/old", params=SMALL), row("model_cards", "o/old", "o/new", LARGE),
        row("arena", "key", "o/old"),
    )  # fmt: skip
    assert found["arena", "key"][:2] == ("o/old", "hub_link")


def test_a_link_of_a_proprietary_row_to_open_weights_is_not_followed() -> None:
    found = resolved(
        row("arena", "api", "o/weights", openness="proprietary"), row("reference", "o/weights", openness="open_weights")
    )
    model_id, method, reason = found["arena", "api"]
    assert (model_id, method) == ("api", "unresolved") and "proprietary" in (reason or "")
    assert found["reference", "o/weights"][0] == "o/weights"


def test_what_policy_joins_stays_joined() -> None:
    found = resolved(row("olb_v1_contents", "former/name", params=SMALL), row("model_cards", "today/name", None, LARGE))
    assert found["olb_v1_contents", "former/name"] == ("today/name", "alias", None)
