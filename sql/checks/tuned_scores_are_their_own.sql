-- check: a tuned model with the very figure of its base in what vendors report: one of the two rows is another's; settle it in policy/corrections.csv
-- severity: warn
with reported as (

    select distinct
        s.model_id,
        s.comparable_group,
        s.variant_id,
        s.score_pct,
        s.source_id,
        m.tuning,
        -- The base that is known, else the name without the word for tuning: google/gemma-2-9b-it, google/gemma-2-9b.
        coalesce(
            m.base_model_id,
            regexp_replace(m.model_id, '[-_](instruct|it|chat)(-|_|$)', '\2', 'i')
        ) as base_id
    from core.scores as s
    join core.models as m using (model_id)
    where s.reported_by not in ('leaderboard', 'community')
        and s.comparable_group like '%\_reported' escape '\'

)

select
    t.model_id,
    b.model_id as base_model_id,
    t.comparable_group,
    round(t.score_pct, 2) as score_pct,
    string_agg(distinct t.source_id, ', ' order by t.source_id) as said_of_it_by,
    string_agg(distinct b.source_id, ', ' order by b.source_id) as said_of_its_base_by
from reported as t
join reported as b
    on lower(b.model_id) = lower(t.base_id)
    and b.comparable_group = t.comparable_group
    and b.model_id <> t.model_id
    and round(b.score_pct, 6) = round(t.score_pct, 6)
where t.tuning is distinct from 'base'
    and b.tuning = 'base'
group by all
order by all
