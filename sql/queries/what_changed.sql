-- What changed in the last load, the notable first: leaders, verdicts, official models, and scores restated beyond a match
with soon_found as (

    select load_id from mart.new_models
    union all
    select load_id from ops.judgement_changes

),

later_scores as not materialized (

    select
        *,
        round(score_raw * case score_unit when 'fraction' then 100 when 'points_10' then 10 else 1 end, 10) as published_pct
    from history.scores
    where greatest(load_id, closed_load_id) > (select max(load_id) from soon_found)

),

-- Nearly every load with news is soon found. After it only scores and verdicts can have changed, which mart.changes would look for
-- in all loads. Where a score ends and one with the same value begins, nothing has changed.
last_load as (

    select max(load_id) as load_id
    from (
        from soon_found
        union all
        select load_id from ops.drift where kind = 'verdict'
        union all
        select coalesce(b.load_id, e.closed_load_id)
        from later_scores as b
        full join later_scores as e
            on e.closed_load_id = b.load_id and e.source_id = b.source_id and e.source_name = b.source_name
                and e.variant_id = b.variant_id and e.precision = b.precision and e.setting = b.setting
                and e.run_id = b.run_id and e.has_chat_template is not distinct from b.has_chat_template
        where e.published_pct is distinct from b.published_pct
    )

)

select
    kind,
    source_id,
    coalesce(model_id, subject) as model_or_claim,
    is_first_load,
    openness,
    comparable_group,
    before_text,
    coalesce(after_text, round(after_pct, 2)::varchar) as after_text,
    round(difference_pct, 2) as difference_pct,
    source_url
from mart.changes
where load_id = (from last_load) and is_notable
order by
    array_position(
        ['leader_new', 'leader_gone', 'verdict_flipped', 'score_restated', 'score_withdrawn', 'model_new'], kind
    ) nulls last,
    source_id, comparable_group, openness, model_or_claim
