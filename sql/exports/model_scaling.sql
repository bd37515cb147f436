-- The points of the article's chart: score against size, open first, sized models only.
-- Population 'official'; every comparable group, told apart by the column variant.
select
    model,
    organization,
    case openness when 'open_weights' then 'Open' else 'Proprietary' end as openness,
    benchmark,
    variant,
    score_pct,
    params_b,
    params_kind,
    params_method,
    is_moe,
    released_on,
    release_year,
    score_source,
    source_url,
    reported_by
from mart.model_scaling
where population = 'official'
    and openness in ('open_weights', 'proprietary')
    and params_b > 0
    and score_pct is not null
order by openness, params_b, benchmark, variant, model_id
