-- What mart.scaling_fit is made from, by population and comparable group.
with of_sets as (

    select
        populations,
        comparable_group,
        sum(
            hash(
                model_id, benchmark, openness, released_on, family, organization, score_pct, score_norm_pct, params_b,
                params_active_b, is_moe, training_tokens
            )
        ) as said
    from points
    group by all

)

select unnest(populations) as population, comparable_group, said from of_sets
