-- share of the new open bests on the headline benchmarks since 2023 that the community set, 0-1: fine-tunes and merges of others than the listed organizations, and the article's own examples
with makers as (

    -- The article names Alpaca, Vicuna and WizardLM; these owners publish them.
    select model_id, population <> 'official' or split_part(model_id, '/', 1) in ('tatsu-lab', 'lmsys', 'WizardLM', 'WizardLMTeam') as is_community
    from core.models

),

bests as (

    select f.comparable_group, f.model, f.reached_on, f.observed_through_on, m.is_community
    from mart.gap_frontier as f
    join makers as m using (model_id)
    join core.comparable_groups as g using (comparable_group)
    where f.population = 'unflagged' and f.openness = 'open_weights' and g.is_headline and f.reached_on >= date '2023-01-01'

),

entrants as (

    select avg(m.is_community::int) as share
    from mart.model_scaling as p
    join makers as m using (model_id)
    join core.comparable_groups as g using (comparable_group)
    where g.is_headline and p.openness = 'open_weights' and p.population <> 'flagged'

)

select
    avg(is_community::int) as computed_value,
    count(*) as n,
    max(observed_through_on) as observed_through_on,
    printf('%d of %d new bests', count(*) filter (where is_community), count(*))
    || coalesce(
        ': ' || string_agg(printf('%s of %s on %s', model, reached_on, comparable_group), '; ' order by reached_on, model)
            filter (where is_community),
        ''
    )
    || coalesce(printf('; of the open models scored there %.2f are of the community', (select share from entrants)), '') as evidence
from bests
having count(*) > 0
