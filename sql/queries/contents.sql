-- Contents: how many models, sources, scores, ratings, submissions and refused records there are, and of which kind
-- A source that gave no record in any load is counted apart. Refused records are those in quarantine now. Groups are those in which an
-- official model with a date has a score.
with counted as (

    select 1 as place, 'models' as what, population as kind, count(*) as n
    from core.models
    group by population
    union all
    select 2, 'models with a score, by population', population, count(*)
    from core.models
    semi join core.scores using (model_id)
    group by population
    union all
    select 3, 'models with a score, by openness', openness, count(*)
    from core.models
    semi join core.scores using (model_id)
    group by openness
    union all
    select 4, 'scores', reported_by, count(*)
    from core.scores
    group by reported_by
    union all
    select 5, 'comparable groups of official models', case when compared_on is null then 'one side' else 'both sides' end, count(*)
    from mart.gap_sides
    where population = 'official'
    group by 3
    union all
    select 6, 'ratings', board, count(*)
    from core.ratings
    group by board
    union all
    select 7, 'submissions', leaderboard || ', ' || kind, count(*)
    from core.submissions
    group by 3
    union all
    select 8, 'sources', case when n_rows > 0 then 'with records' else 'without any' end, count(*)
    from (
        select source_id, coalesce(sum(l.rows_in), 0) as n_rows
        from core.sources
        left join ops.load_sources as l using (source_id)
        group by source_id
    )
    group by 3
    union all
    select 9, 'refused records', rule, count(*)
    from ops.quarantine
    where valid_to is null
    group by rule

)

select what, kind, n, sum(n) over (partition by place)::bigint as n_of_all_kinds
from counted
order by place, n desc, kind
