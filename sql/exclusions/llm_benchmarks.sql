-- Models that llm_benchmarks.json does not show: those that lack a score in one of its groups, and those beyond its colours.
with points as (

    select model_id, openness, comparable_group, score_pct
    from mart.model_scaling
    where population = 'official'
        and openness in ('open_weights', 'proprietary')
        and comparable_group in ('mmlu_reported', 'gpqa_diamond_reported', 'humaneval_reported')

),

models as (

    select model_id, any_value(openness) as openness, count(*) as n_groups, avg(score_pct) as mean_pct
    from points
    group by model_id

),

placed as (

    select
        *,
        row_number() over (partition by openness, n_groups order by mean_pct desc, model_id) as place
    from models

),

final as (

    select
        openness,
        case
            when n_groups < 3 then 'no score in ' || (3 - n_groups) || ' of the three groups'
            else 'not among the six with the highest mean of its side'
        end as reason,
        count(*) as n,
        list(model_id order by model_id) as models
    from placed
    where n_groups < 3 or place > 6
    group by all

)

select * from final
order by openness, reason
