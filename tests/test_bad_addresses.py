"""Nine addresses that fail in nine ways affect nothing else: a table only its source, a list only its owner, a card
only its model.

reliability/addresses.py tries nine of each kind, each in a whole night.
"""

from __future__ import annotations

from pathlib import Path

from reliability.addresses import CARDS, KINDS, LISTED, OWNERS, TABLES, bad_world

from leaderboard_etl import pipeline
from leaderboard_etl.errors import EtlError
from leaderboard_etl.options import Options
from leaderboard_etl.pipeline import Ending, Night
from leaderboard_etl.raw.ledger import Changes

INFO, CARD = "@api/model_info.json", "README.md"


def test_nine_addresses_that_fail_in_nine_ways_affect_nothing_else(tmp_path: Path) -> None:
    landed: set[tuple[str, str]] = set()
    states: dict[str, str] = {}

    def ask(night: Night) -> Ending:
        """All that a night asks, and of what it reads only the names of the models."""
        news = []
        for source_id in night.table_sources:
            try:
                news += pipeline.land_table(night, source_id)
            except EtlError as error:
                news += pipeline.lost(night, error, source_id)
        tables = [pipeline.read(night, each, Changes()) for each in news if each.source_id == "olb_v1_contents"]
        cards, results = pipeline.land_models(night, tables)
        states.update({each.source_id: each.entry.state for each in (*news, cards, results)})
        landed.update((file.repo_id, file.path) for file in cards.changes.changed)
        return Ending("no_news")

    with bad_world(tmp_path, dict(zip([*TABLES, *LISTED, *CARDS], KINDS, strict=True)), tries=1) as world:
        pipeline.run_night(Options(world.warehouse, world.hub, world.endpoint), ask)
    failed = {source_id for source_id, state in states.items() if state == "failed"}
    assert failed == set(TABLES)
    whole = {f"{owner}/{model}" for owner in OWNERS if owner not in LISTED for model in "ab"} - set(CARDS)
    assert {name for name, path in landed if path == CARD} == whole
    assert whole <= {name for name, path in landed if path == INFO}
