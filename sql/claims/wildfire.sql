-- open models with a release date here in the year after the release of LLaMA, over those in the year before
with llama as (

    select released_on as llama_on from core.models where model_id = 'huggyllama/llama-65b'

),

dated as (

    select m.released_on, m.population = 'official' as is_official, m.released_on >= l.llama_on as is_after
    from core.models as m
    cross join llama as l
    where m.openness = 'open_weights' and m.population <> 'not_language'
        and m.released_on >= l.llama_on - interval 1 year and m.released_on < l.llama_on + interval 1 year

),

counted as (

    select
        max(released_on) as observed_through_on,
        count(*) filter (where is_after) as n_after,
        count(*) filter (where not is_after) as n_before,
        count(*) filter (where is_official and is_after) as n_official_after,
        count(*) filter (where is_official and not is_after) as n_official_before
    from dated

)

select
    n_after / n_before as computed_value,
    n_after + n_before as n,
    observed_through_on,
    printf(
        '%d after and %d before; official models alone %d and %d', n_after, n_before, n_official_after, n_official_before
    ) as evidence
from counted
where n_before > 0
