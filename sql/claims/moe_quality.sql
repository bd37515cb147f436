-- how far the quality of DeepSeek-V2 reaches from that of a dense model of its active size, 0, to that of one of its total size, 1, on a logarithmic scale of size; lo and hi: 90 percent interval of the curve
with worth as (

    select
        d.*,
        m.params_total / 1e9 as params_total_b,
        coalesce(equivalent_params_b, at_least_b, at_most_b) as worth_b
    from mart.dense_equivalent as d
    join core.models as m using (model_id)
    where d.model_id = 'deepseek-ai/DeepSeek-V2' and d.comparable_group = 'mmlu_reported' and d.era is not null
        and m.params_total / 1e9 > d.params_active_b

)

select
    ln(worth_b / params_active_b) / ln(params_total_b / params_active_b) as computed_value,
    ln(equivalent_lo_b / params_active_b) / ln(params_total_b / params_active_b) as lo,
    ln(equivalent_hi_b / params_active_b) / ln(params_total_b / params_active_b) as hi,
    curve_n as n,
    concat_ws(
        '; ',
        printf('%.0fB active, %.0fB total, %.0fB dense equivalent', params_active_b, params_total_b, worth_b),
        reason
    ) as evidence
from worth
