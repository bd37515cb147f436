-- Self-reported against measured: what vendors say minus what others measured, by benchmark, with how many pairs are copies
select
    benchmark_id,
    measured_group,
    vendor_kind,
    n_models,
    n_copies,
    round(mean_gap_pct, 2) as mean_gap_pct,
    round(lo_pct, 2) as lo_pct,
    round(hi_pct, 2) as hi_pct,
    round(mean_not_copied_pct, 2) as mean_not_copied_pct,
    refusal_reason
from mart.self_report_gap
order by n_models desc, benchmark_id, measured_group, vendor_kind
