-- days from the release of LLaMA to the first day on which an open model within a match, on MT-Bench, and a proprietary one were both out
with llama as (

    select released_on from core.models where model_id = 'huggyllama/llama-65b'

),

scored as (

    select p.model, p.model_id, p.openness, p.score_pct, p.released_on, g.match_tolerance_pct as tolerance_pct
    from mart.model_scaling as p
    join core.comparable_groups as g using (comparable_group)
    where p.comparable_group = 'mt_bench' and p.population <> 'flagged'

),

open_models as (

    select s.*, l.released_on as llama_on, date_diff('day', l.released_on, s.released_on) as days
    from scored as s
    cross join llama as l
    where s.openness = 'open_weights' and s.released_on >= l.released_on

),

matched as (

    select
        o.model, o.score_pct, p.model as offering, p.score_pct as offering_pct,
        date_diff('day', o.llama_on, greatest(o.released_on, p.released_on)) as days
    from open_models as o
    join scored as p on p.openness = 'proprietary' and p.released_on is not null and o.score_pct >= p.score_pct - p.tolerance_pct

),

first_matches as (

    select
        (
            select struct_pack(days, offering, offering_pct, model, score_pct)
            from matched
            order by days, score_pct desc, model, offering
            limit 1
        ) as any_offering,
        (
            select arg_min(o.model, (o.days, o.model))
            from open_models as o
            join scored as p on p.model_id = 'openai/gpt-3.5-turbo-0301' and o.score_pct >= p.score_pct - p.tolerance_pct
        ) as of_gpt_35,
        (
            select arg_max(printf('%s %.1f', model, score_pct), (score_pct, model))
            from scored
            where openness = 'open_weights' and released_on is null
        ) as best_undated

)

select
    any_value(f.any_offering.days) as computed_value,
    count(*) as n,
    max(o.released_on) as observed_through_on,
    coalesce(
        any_value(
            printf(
                '%s %.1f percent of the scale, matched by %s %.1f', f.any_offering.offering, f.any_offering.offering_pct,
                f.any_offering.model, f.any_offering.score_pct
            )
        ),
        'no match'
    )
    || printf(
        '; first match of GPT-3.5 Turbo %s; best within 60 days %s; best without a date %s',
        coalesce(any_value(f.of_gpt_35), 'none'),
        coalesce(
            arg_max(printf('%s %.1f', o.model, o.score_pct), (o.score_pct, o.model)) filter (where o.days <= 60), 'none with a score'
        ),
        coalesce(any_value(f.best_undated), 'none')
    ) as evidence
from open_models as o
cross join first_matches as f
