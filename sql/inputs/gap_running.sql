-- What mart.gap_running is made from, by comparable group: a population is a matter of a model's openness, population and tuning.
select
    comparable_group,
    hash(
        model_id, model, organization, openness, population, benchmark, tuning, n_shot, score_pct, score_norm_pct, params_b,
        released_on, is_self_reported
    ) as said
from mart.model_scaling
union all
select comparable_group, hash(g) from core.comparable_groups as g
union all
select null, hash(r) from core.rules as r
