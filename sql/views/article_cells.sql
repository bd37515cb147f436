-- Each cell of the article's architecture table beside our figure for the model that the row is taken to be.
-- One row per row and cell of the table. A cell agrees within the larger of half a unit of its last printed digit and one
-- percent (MMLU: the points that policy/comparable_groups counts as a match). An MMLU score counts if it was made with as many
-- examples as the model's maker states for the printed one: the median of those that are reported, else of those that others
-- measured. least_value and greatest_value show how far all of them spread, under any number of examples.
-- Cost is 2 x active parameters per token with a dense 70B as 1.0: a ratio of operations, not a price.
-- columns:
--   row_id: = mart.article_table
--   architecture: = mart.article_table
--   model_id: = mart.article_table
--   tuning: = core.models
--   cell: = mart.article_table
--   printed: = mart.article_table
--   n_shot: = mart.article_table
--   printed_value: The printed number as a number
--   our_value: Our figure; null: unknown
--   difference: our_value minus printed_value; null: unknown
--   tolerance: Difference that still agrees
--   is_agreeing: Whether the difference is within the tolerance; null: we have no figure
--   n_values: Figures of ours under that protocol; 1 where the cell is not a score
--   least_value: Least figure of ours, under any protocol
--   greatest_value: Greatest figure of ours, under any protocol
create view mart.article_cells as
with models as (

    select * from core.models semi join mart.article_table using (model_id)

),

figures as (

    select model_id, 'params_total_b' as cell, null::integer as n_shot, false as is_measured, params_total / 1e9 as our_value
    from models
    union all
    select model_id, 'params_active_b', null, false, params_active / 1e9 from models
    union all
    select model_id, 'cost_relative', null, false, params_active / 70e9 from models
    union all
    -- A part of the subjects is another benchmark.
    select model_id, 'mmlu_pct', n_shot, comparable_group <> 'mmlu_reported', score_pct
    from core.scores
    semi join models using (model_id)
    left join core.reporters using (reported_by)
    where comparable_group in ('mmlu_reported', 'mmlu_measured', 'mmlu_helm') and coalesce(is_charted, true)

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

spread as (

    select model_id, cell, min(our_value) as least_value, max(our_value) as greatest_value
    from figures
    group by all

),

alike as (

    select p.row_id, p.cell, median(f.our_value) as our_value, count(f.our_value) as n_values
    from printed as p
    join figures as f on f.model_id = p.model_id and f.cell = p.cell and (p.n_shot is null or f.n_shot = p.n_shot)
    group by p.row_id, p.cell, f.is_measured
    qualify row_number() over (partition by p.row_id, p.cell order by f.is_measured) = 1

),

final as (

    select
        p.row_id,
        p.architecture,
        p.model_id,
        m.tuning,
        p.cell,
        p.printed,
        p.n_shot,
        p.printed_value,
        a.our_value,
        a.our_value - p.printed_value as difference,
        greatest(p.half_digit, p.leeway) as tolerance,
        -- 79.5 minus 78.5 is one point, despite the last binary digit.
        round(abs(a.our_value - p.printed_value), 9) <= greatest(p.half_digit, p.leeway) as is_agreeing,
        coalesce(a.n_values, 0) as n_values,
        s.least_value,
        s.greatest_value
    from printed as p
    left join models as m using (model_id)
    left join alike as a using (row_id, cell)
    left join spread as s on s.model_id = p.model_id and s.cell = p.cell

)

select * from final
