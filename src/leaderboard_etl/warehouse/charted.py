"""Which score a point of a chart shows."""

from __future__ import annotations

# The SQL condition that the row `s` of core.scores is the one of which the row `m` of mart.model_scaling was made: one score has
# one place, and a model's scores of a group in one file differ in variant or setting.
IS_CHARTED = (
    "m.model_id = s.model_id and m.comparable_group = s.comparable_group and m.variant = s.variant_id and m.setting = s.setting"
    " and m.score_source = mart.place(s.source_id, s.repo_id, s.revision, s.path, s.locator)"
)
