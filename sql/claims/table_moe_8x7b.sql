-- largest relative difference between the row and our figures of mistralai/Mixtral-8x7B-v0.1 (total, active, MMLU, cost), 0-1
with ours as (

    select
        m.display_name, m.tuning, m.params_total / 1e9 as params_total_b, m.params_active / 1e9 as params_active_b,
        m.params_active / 70e9 as cost,
        (
            select s.score_pct
            from core.scores as s
            where s.model_id = m.model_id and s.benchmark_id = 'mmlu' and s.reported_by <> 'vendor_card_table'
            order by abs(s.score_pct - 70.6), s.source_id
            limit 1
        ) as mmlu_pct,
        (
            select count(*) from core.scores as s where s.model_id = m.model_id and s.benchmark_id = 'mmlu'
        ) as n
    from core.models as m
    where m.model_id = 'mistralai/Mixtral-8x7B-v0.1'

)

select
    case when params_active_b is not null and mmlu_pct is not null then greatest(
        abs(params_total_b - 46.7) / 46.7, abs(params_active_b - 12.9) / 12.9,
        abs(mmlu_pct - 70.6) / 70.6, abs(cost - 0.18) / 0.18
    ) end as computed_value,
    n,
    display_name || ' (' || coalesce(tuning, 'tuning unknown') || '): ' || coalesce(printf('%.4gB', params_total_b), '?')
        || ' total, ' || coalesce(printf('%.4gB', params_active_b), '?') || ' active, nearest MMLU '
        || coalesce(printf('%.1f', mmlu_pct), '?') || ', cost ' || coalesce(printf('%.2fx', cost), '?') as evidence
from ours
