-- Mixtures against dense: the size of a typical dense model with a mixture's reported MMLU, and the smallest dense one with it by then
-- Official models alone: community fine-tunes and merges are left out.
-- typical_dense_b is null where size says too little of the score among dense models: the reason says how little. On other benchmarks
-- there may be an answer: mart.dense_equivalent has each. smallest_dense: of those that were released no later than the mixture.
-- MMLU as reported mixes protocols: these are figures of vendors and others, each under the protocol of its source.
with dense as (

    select model, params_b, released_on, score_pct
    from mart.model_scaling
    where comparable_group = 'mmlu_reported' and population = 'official' and openness = 'open_weights'
        and (not is_moe or params_active_b = params_b)

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
    join mart.model_scaling as p using (model_id, comparable_group)
    where d.comparable_group = 'mmlu_reported' and m.is_moe

)

select
    x.model,
    x.released_on,
    round(any_value(x.params_total_b), 1) as params_total_b,
    round(any_value(x.params_active_b), 1) as params_active_b,
    round(any_value(x.score_pct), 1) as score_pct,
    any_value(x.era) as era,
    round(any_value(x.typical_dense_b), 1) as typical_dense_b,
    any_value(case when x.typical_dense_b is not null then x.at_least_b is not null end) as is_at_least,
    round(any_value(x.curve_r2), 2) as curve_r2,
    round(any_value(x.typical_dense_b / x.params_active_b), 1) as times_active,
    round(min(d.params_b), 1) as smallest_dense_b,
    min_by(d.model, d.params_b) as smallest_dense,
    any_value(x.reason) as reason
from mixtures as x
left join dense as d on d.score_pct >= x.score_pct and d.released_on <= x.released_on
group by x.model_id, x.model, x.released_on
order by x.released_on desc, x.model
