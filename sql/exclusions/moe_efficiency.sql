-- Official models with an MMLU score that moe_efficiency.csv does not show.
with scored as (

    select distinct model_id from mart.model_scaling where benchmark = 'mmlu' and population = 'official'

),

final as (

    select
        m.openness,
        case
            when m.openness not in ('open_weights', 'proprietary') then 'openness not known'
            when m.params_total is null then 'size not known'
            when m.params_active is null then 'active size not known'
            else 'MMLU measured by the leaderboard only, not as reported'
        end as reason,
        count(*) as n,
        list(m.model_id order by m.model_id) filter (where m.openness = 'proprietary') as models
    from scored
    join core.models as m using (model_id)
    left join mart.moe_efficiency as e using (model_id)
    where e.mmlu_reported_pct is null or m.openness not in ('open_weights', 'proprietary')
    group by all

)

select * from final
order by openness, reason
