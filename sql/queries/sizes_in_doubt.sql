-- Sizes stated over 10 percent from the chosen one: first those that nothing explains (state open), last those of names alone
-- open: nothing explains the difference. doubted: reason says why the statement is not believed. settled: policy decides, with a link.
-- name: the model's name or its card's text says so, which is at times not its size. source_place is the first of n_places.
with stated as (

    select
        model_id,
        kind,
        chosen_method,
        chosen_params,
        method,
        params,
        round(disagreement_pct, 1) as off_pct,
        state,
        reason,
        n_scores,
        count(*) as n_places,
        min(case when method = 'name' then 'its name' else source_place end) as source_place
    from mart.parameter_disagreement
    group by all

)

select *
from stated
order by state = 'open' desc, state = 'name', n_scores desc, model_id, kind, method, params, source_place
