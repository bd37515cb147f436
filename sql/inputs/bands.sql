-- What mart.scaling_band is made from, by population and comparable group.
select
    'official' as population,
    comparable_group,
    hash(
        model_id, benchmark, openness, released_on, family, organization, score_pct, score_norm_pct, params_b,
        params_active_b, is_moe, random_baseline, score_ceiling
    ) as said
from points
where list_contains(populations, 'official')
