-- Mixtures against dense: the size of a typical dense model with a mixture's score, by headline group, and the smallest dense one by then
-- Official models alone: community fine-tunes and merges are left out. Groups named *_reported mix protocols.
-- typical_dense_b is null where size says too little of the score among dense models: the reason says how little, and another group
-- may have an answer; answers come first. is_at_least: the score lies above the curve at the largest dense size seen.
-- single_lo_b to single_hi_b: the sizes of nine in ten single dense models of this score; null: beyond the sizes seen, or no answer.
-- smallest_dense: of those that were released no later than the mixture.
with dense as (

    select comparable_group, model, params_b, released_on, score_pct
    from mart.model_scaling
    where population = 'official' and openness = 'open_weights' and (not is_moe or params_active_b = params_b)

),

mixtures as (

    select
        d.*,
        m.released_on,
        m.params_total / 1e9 as params_total_b,
        p.score_pct,
        coalesce(d.equivalent_params_b, d.at_least_b) as typical_dense_b
    from mart.dense_equivalent as d
    join core.models as m using (model_id)
    join core.comparable_groups as g using (comparable_group)
    join mart.model_scaling as p using (model_id, comparable_group)
    where g.is_headline and m.is_moe

)

select
    x.model,
    x.released_on,
    x.comparable_group,
    round(any_value(x.params_total_b), 1) as params_total_b,
    round(any_value(x.params_active_b), 1) as params_active_b,
    round(any_value(x.score_pct), 1) as score_pct,
    any_value(x.era) as era,
    round(any_value(x.typical_dense_b), 1) as typical_dense_b,
    any_value(case when x.typical_dense_b is not null then x.at_least_b is not null end) as is_at_least,
    round(any_value(x.single_lo_b), 1) as single_lo_b,
    round(any_value(x.single_hi_b), 1) as single_hi_b,
    round(any_value(x.curve_r2), 2) as curve_r2,
    round(any_value(x.typical_dense_b / x.params_active_b), 1) as times_active,
    round(min(d.params_b), 1) as smallest_dense_b,
    min_by(d.model, d.params_b) as smallest_dense,
    any_value(x.reason) as reason
from mixtures as x
left join dense as d
    on d.comparable_group = x.comparable_group and d.score_pct >= x.score_pct and d.released_on <= x.released_on
group by x.model_id, x.model, x.released_on, x.comparable_group
order by any_value(x.typical_dense_b) is null, x.released_on desc, x.model, x.comparable_group
