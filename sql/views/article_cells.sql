-- Each cell of the article's architecture table beside our figure for the model that the row is taken to be.
-- One row per row and cell of the table. A cell agrees within the larger of half a unit of its last printed digit and one
-- percent (MMLU: the points that policy/comparable_groups counts as a match). Of several MMLU scores the nearest counts,
-- because the table only claims that some source reports the figure; least_value and greatest_value show how far they spread.
-- Cost is 2 x active parameters per token with a dense 70B as 1.0: a ratio of operations, not a price.
-- columns:
--   row_id: = mart.article_table
--   architecture: = mart.article_table
--   model_id: = mart.article_table
--   tuning: = core.models
--   cell: = mart.article_table
--   printed: = mart.article_table
--   printed_value: The printed number as a number
--   our_value: Our figure; null: unknown
--   difference: our_value minus printed_value; null: unknown
--   tolerance: Difference that still agrees
--   is_agreeing: Whether the difference is within the tolerance; null: we have no figure
--   n_values: Figures of ours that it was chosen from
--   least_value: Least figure of ours
--   greatest_value: Greatest figure of ours
create view mart.article_cells as
with ours as (

    select model_id, 'params_total_b' as cell, params_total / 1e9 as our_value from core.models
    union all
    select model_id, 'params_active_b', params_active / 1e9 from core.models
    union all
    select model_id, 'cost_relative', params_active / 70e9 from core.models
    union all
    select model_id, 'mmlu_pct', score_pct
    from core.scores
    left join core.reporters using (reported_by)
    where benchmark_id = 'mmlu' and coalesce(is_charted, true)

),

printed as (

    select
        *,
        printed::double as printed_value,
        0.5 * power(10, -length(split_part(printed, '.', 2))) as half_digit,
        case
            when cell = 'mmlu_pct'
                then coalesce(
                    (select match_tolerance_pct from core.comparable_groups where comparable_group = 'mmlu_reported'), 0
                )
            else 0.01 * printed::double
        end as leeway
    from mart.article_table

),

nearest as (

    select
        p.row_id,
        p.architecture,
        p.model_id,
        p.cell,
        p.printed,
        p.printed_value,
        greatest(p.half_digit, p.leeway) as tolerance,
        arg_min(o.our_value, (abs(o.our_value - p.printed_value), o.our_value)) as our_value,
        count(o.our_value) as n_values,
        min(o.our_value) as least_value,
        max(o.our_value) as greatest_value
    from printed as p
    left join ours as o on o.model_id = p.model_id and o.cell = p.cell
    group by all

),

final as (

    select
        n.row_id,
        n.architecture,
        n.model_id,
        m.tuning,
        n.cell,
        n.printed,
        n.printed_value,
        n.our_value,
        n.our_value - n.printed_value as difference,
        n.tolerance,
        -- 79.5 minus 78.5 is one point, despite the last binary digit.
        round(abs(n.our_value - n.printed_value), 9) <= n.tolerance as is_agreeing,
        n.n_values,
        n.least_value,
        n.greatest_value
    from nearest as n
    left join core.models as m using (model_id)

)

select * from final
