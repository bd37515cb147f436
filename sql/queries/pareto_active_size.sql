-- The Pareto front of score and active size, by headline group: open models that no other beats with as few active parameters
-- Official models alone: community fine-tunes and merges are left out, and so are the n_unsized scored ones whose active size no source
-- states; best_unsized might be on the front, and is where its score is above all. Groups named *_reported mix protocols.
with scored as (

    select s.*
    from mart.model_scaling as s
    join core.comparable_groups as g using (comparable_group)
    where s.population = 'official' and s.openness = 'open_weights' and g.is_headline

),

unsized as (

    select
        comparable_group,
        count(*) as n_unsized,
        arg_max(model || ': ' || round(score_pct, 1), (score_pct, model)) as best_unsized
    from scored
    where params_active_b is null
    group by comparable_group

),

front as (

    select *
    from scored
    where params_active_b is not null
    -- Above all that use fewer parameters, and the best of those that use as many: equal ones all stay.
    qualify score_pct > coalesce(
        max(score_pct) over (
            partition by comparable_group
            order by params_active_b
            range between unbounded preceding and current row exclude group
        ), 0
    )
    and score_pct = max(score_pct) over (partition by comparable_group, params_active_b)

)

select
    comparable_group,
    f.model,
    f.is_moe,
    round(f.params_active_b, 2) as params_active_b,
    round(f.params_b, 2) as params_total_b,
    round(f.score_pct, 1) as score_pct,
    f.released_on,
    coalesce(u.n_unsized, 0) as n_unsized,
    u.best_unsized
from front as f
left join unsized as u using (comparable_group)
order by comparable_group, f.params_active_b, f.model
