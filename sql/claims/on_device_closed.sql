-- proprietary models with a published size of at most 4 billion parameters
select
    count(*) filter (where params_total <= 4e9) as computed_value,
    count(*) as n,
    max(released_on) as observed_through_on,
    printf('%d proprietary models, %d with a published size', count(*), count(params_total))
    || coalesce(
        '; at most 4B: ' || string_agg(printf('%s, %.2fB', display_name, params_total / 1e9), '; ' order by model_id)
            filter (where params_total <= 4e9),
        ''
    ) as evidence
from core.models
where openness = 'proprietary' and population <> 'not_language'
having count(*) > 0
