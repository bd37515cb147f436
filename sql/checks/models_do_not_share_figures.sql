-- check: two models of one vendor with the same figures, to the last digit, in two or more benchmarks of one source: a row was copied
-- severity: warn
with reported as (

    select distinct s.model_id, m.organization, s.source_id, s.comparable_group, round(s.score_pct, 6) as score_pct
    from core.scores as s
    join core.models as m using (model_id)
    where s.reported_by not in ('leaderboard', 'community')
        and s.comparable_group like '%\_reported' escape '\'
        and m.is_official

)

select
    a.organization,
    a.model_id,
    b.model_id as other_model_id,
    a.source_id,
    string_agg(distinct a.comparable_group || ' ' || a.score_pct, ', ' order by a.comparable_group || ' ' || a.score_pct) as figures
from reported as a
join reported as b using (organization, source_id, comparable_group, score_pct)
where a.model_id < b.model_id
group by all
having count(distinct a.comparable_group) > 1
order by all
