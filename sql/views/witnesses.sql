-- Measurements that reach the warehouse twice: what the first source says, and what its witness does.
-- One row per model, variant, precision and witness. A witness repeats a measurement and is not one itself: Epoch (reference)
-- and Every Eval Ever both record HELM's MMLU; the v2 table and the MMLU-Pro table are in Every Eval Ever as well.
-- Caveats: Every Eval Ever rounds v2 to four decimals of a fraction, HELM to three.
-- columns:
--   model_id: = core.models
--   variant: = core.benchmarks.variant_id
--   precision: = core.scores
--   source_id: = core.scores
--   score_pct: = core.scores
--   witness_source_id: Source that repeats it
--   witness_run_id: run_id of the witness
--   witness_pct: What the witness says, percent
--   difference_pct: witness_pct minus score_pct, points
--   is_equal: Whether both are one figure, but for the rounding of the witness
create view mart.witnesses as
with witnesses as (

    select s.model_id, s.source_id, s.run_id, s.variant_id, s.precision, r.is_vendor, s.score_pct
    from core.scores as s
    join core.reporters as r using (reported_by)
    union all
    -- What is only compared is kept beside the parts of other benchmarks, with its variant as the task.
    select model_id, source_id, run_id, task, precision, false, 100 * score_raw
    from core.subtask_scores
    -- Otherwise the scores of all sources would be written out before the join leaves most of them out.
    where subtask is null and source_id in (select source_id from core.collections)

),

paired as (

    select
        s.model_id,
        s.variant_id as variant,
        s.precision,
        s.source_id,
        s.score_pct,
        w.source_id as witness_source_id,
        w.run_id as witness_run_id,
        w.score_pct as witness_pct,
        w.score_pct - s.score_pct as difference_pct,
        abs(w.score_pct - s.score_pct) <= c.rounded_to_pct / 2 + 1e-9 as is_equal
    from core.collections as c
    join core.scores as s on s.source_id = c.repeats_source_id
    join core.reporters as r using (reported_by)
    join witnesses as w
        on w.source_id = c.source_id
        and split_part(w.run_id, ',', 1) = c.collection_id
        and w.model_id = s.model_id and w.variant_id = s.variant_id and w.precision = s.precision
        and w.is_vendor = r.is_vendor

),

-- Where a source holds several runs of one model, its witness repeats the nearest.
final as (

    select *
    from paired
    qualify row_number() over (
        partition by model_id, variant, precision, source_id, witness_source_id, witness_run_id
        order by abs(difference_pct), score_pct
    ) = 1

)

select * from final
