-- What mart.density_frontier is made from.
select
    hash(
        comparable_group, model_id, model, benchmark, openness, released_on, family, organization, score_pct, score_norm_pct,
        params_b, params_active_b, is_moe
    ) as said
from points
where list_contains(populations, 'official')
