"""The registry of sources, one module each. Adding one is a module, a line here, policy rows and tests."""

from __future__ import annotations

from leaderboard_etl.sources import (
    arena,
    bigcode,
    eval_results,
    model_cards,
    olb_v1_contents,
    olb_v1_results,
    olb_v2_contents,
    olb_v2_requests,
    olb_v2_results,
    reference,
)
from leaderboard_etl.sources.base import Source

# Policy files are landed and recorded like a source, but hold judgement, not statements.
POLICY_SOURCE = "policy"

SOURCES: dict[str, Source] = {
    module.SOURCE.source_id: module.SOURCE
    for module in (
        reference,
        olb_v1_contents,
        olb_v2_contents,
        olb_v1_results,
        olb_v2_results,
        olb_v2_requests,
        arena,
        bigcode,
        model_cards,
        eval_results,
    )
}
