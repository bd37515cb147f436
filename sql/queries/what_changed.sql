-- What changed in the last load, the notable first: leaders, verdicts, official models, and scores restated beyond a match
with soon_found as (

    select load_id from mart.new_models
    union all
    select load_id from ops.judgement_changes

),

-- Nearly every load with news is among these: only of those after them all scores are looked through.
last_load as (

    select max(load_id) as load_id
    from (from soon_found union all select load_id from mart.changes where load_id > (select max(load_id) from soon_found))

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
