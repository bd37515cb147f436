-- share of the proprietary models with a score whose id has one of these words and of which no published size is known, 0-1
select
    avg((params_total is null)::int) as computed_value,
    count(*) as n,
    max(released_on) as observed_through_on,
    printf('%d of %d have no published size', count(*) filter (where params_total is null), count(*))
    || coalesce('; published: ' || string_agg(display_name, ', ' order by model_id) filter (where params_total is not null), '')
        as evidence
from core.models
semi join core.scores using (model_id)
where openness = 'proprietary' and regexp_matches(model_id, $subject)
having count(*) > 0
