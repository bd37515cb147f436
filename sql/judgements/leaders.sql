-- Who leads: the best official model of each side in each comparable group (mart.gap_frontier), and on each board of ratings on its
-- newest day.
with boards as (

    select
        board,
        openness,
        model_id,
        rating,
        r.source_id,
        mart.link(null, s.link_pattern, r.repo_id, r.revision, r.path) as source_url
    from core.ratings as r
    left join core.sources as s using (source_id)
    where openness <> 'unknown'
    qualify published_on = max(published_on) over (partition by board)
        and row_number() over (partition by board, openness, published_on order by rating desc, model_id, source_name) = 1

)

select
    'leader' as kind,
    f.comparable_group || '/' || f.openness as subject,
    f.model_id as said_text,
    f.score_pct as said_value,
    p.source_id,
    p.source_url
from mart.gap_frontier as f
join mart.model_scaling as p using (model_id, comparable_group)
where f.population = 'official' and f.surpassed_on is null
union all
select 'leader', board || '/' || openness, model_id, rating, source_id, source_url from boards
