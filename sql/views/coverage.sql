-- How much of each chart can be drawn, and what is missing.
-- One row per comparable group and openness.
-- A scatter of score against size can hold only models with a published size: where n_with_params is far below n_scored,
-- the series is thin, not low.
-- columns:
--   comparable_group: = core.benchmarks
--   benchmark: = core.benchmarks.benchmark_id
--   openness: = core.models
--   n_scored: Models with a score
--   n_official: Of these, of the population 'official'
--   n_with_params: Models with score and size
--   n_with_date: Models with score and release date
--   n_plottable: Models with score, size and release date
--   newest_with_params_on: Release date of the newest model with a size; null: no model has one
--   n_size_not_published: Proprietary models without a size: neither their vendors nor an evaluator published one, as far as is known here
--   n_size_not_found: Other models without a size: no evidence that could be used
--   missing: The same in words
create view mart.coverage as
with counted as (

    select
        comparable_group,
        benchmark,
        openness,
        count(*) as n_scored,
        count(*) filter (where population = 'official') as n_official,
        count(params_b) as n_with_params,
        count(released_on) as n_with_date,
        count(*) filter (where params_b is not null and released_on is not null) as n_plottable,
        max(released_on) filter (where params_b is not null) as newest_with_params_on,
        count(*) filter (where params_b is null and openness = 'proprietary') as n_size_not_published,
        count(*) filter (where params_b is null and openness <> 'proprietary') as n_size_not_found
    from mart.model_scaling
    group by all

),

final as (

    select
        *,
        concat_ws(
            '; ',
            case
                when n_size_not_published > 0
                    then n_size_not_published || case n_size_not_published when 1 then ' size' else ' sizes' end || ' not published'
            end,
            case
                when n_size_not_found > 0
                    then n_size_not_found || case n_size_not_found when 1 then ' size' else ' sizes' end || ' without usable evidence'
            end,
            case when n_scored > n_with_date then n_scored - n_with_date || ' without a release date' end
        ) as missing
    from counted

)

select * from final
