-- What mart.capability_density is made from, by comparable group: the points, and the lines of dense models through them.
select
    comparable_group,
    hash(
        comparable_group, model_id, model, benchmark, openness, released_on, family, organization, score_pct, score_norm_pct,
        params_b, params_active_b, is_moe
    ) as said
from points
where list_contains(populations, 'official')
