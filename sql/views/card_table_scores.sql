-- Scores that a model's card shows only in a table of its text. The charts leave them out.
-- One row per model, variant and run.
-- charted_pct is the value that the charts use for the model in the same comparable group.
-- Caveats: read by rule from prose, so of low confidence; self-reported; protocols differ.
-- columns:
--   model_id: = core.models
--   model: = core.models.display_name
--   benchmark: = core.benchmarks.benchmark_id
--   variant: = core.benchmarks.variant_id
--   comparable_group: = core.benchmarks
--   n_shot: = core.scores
--   score_pct: = core.scores
--   charted_pct: Score of mart.model_scaling for the model and group, percent; null: the charts do not show the model there
--   difference_pct: score_pct minus charted_pct, points; null: nothing to compare with
--   protocol: Benchmark and heading as the card spells them, and how the unit was known
--   run_id: card table, with a number from the second figure of a variant on
--   locator: Table, row and column of the card, and the text of the cell
--   source_url: Link to the card at the commit that was read
create view mart.card_table_scores as
with final as (

    select
        s.model_id,
        m.display_name as model,
        s.benchmark_id as benchmark,
        s.variant_id as variant,
        s.comparable_group,
        s.n_shot,
        s.score_pct,
        c.score_pct as charted_pct,
        s.score_pct - c.score_pct as difference_pct,
        s.protocol,
        s.run_id,
        s.locator,
        'https://huggingface.co/' || s.repo_id || '/blob/' || s.revision || '/' || s.path as source_url
    from core.scores as s
    join core.models as m using (model_id)
    left join mart.model_scaling as c
        on c.model_id = s.model_id and c.comparable_group = s.comparable_group
    where s.reported_by = 'vendor_card_table'

)

select * from final
