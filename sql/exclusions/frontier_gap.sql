-- Official models with an MMLU score as reported that are no step of a frontier: those that none can rest on are named.
with scored as (

    select
        p.openness,
        p.model_id,
        case
            when p.released_on is null then 'release date not known'
            when p.released_on > case p.openness
                when 'open_weights' then g.observed_through_open_on
                else g.observed_through_proprietary_on
            end then 'released after the last day through which its side was observed'
            else 'not above the best of its side so far'
        end as reason
    from mart.model_scaling as p
    join core.comparable_groups as g using (comparable_group)
    where p.comparable_group = 'mmlu_reported'
        and p.population = 'official'
        and p.openness in ('open_weights', 'proprietary')
        and not exists (
            select 1
            from mart.gap_frontier as f
            where f.population = p.population
                and f.comparable_group = p.comparable_group
                and f.model_id = p.model_id
        )

),

final as (

    select
        openness,
        reason,
        count(*) as n,
        list(model_id order by model_id) filter (where reason <> 'not above the best of its side so far') as models
    from scored
    group by all

)

select * from final
order by openness, reason
