-- Self-reported against measured: what vendors say minus what others say, by benchmark, with the protocols on either side and copies
select
    r.benchmark_id,
    measured_group,
    g.display_name as measured_what,
    vendor_kind,
    n_models,
    n_same_variant,
    n_copies,
    round(mean_gap_pct, 2) as mean_gap_pct,
    round(lo_pct, 2) as lo_pct,
    round(hi_pct, 2) as hi_pct,
    round(median_gap_pct, 2) as median_gap_pct,
    round(mean_not_copied_pct, 2) as mean_not_copied_pct,
    protocols,
    refusal_reason
from mart.self_report_gap as r
left join core.comparable_groups as g on g.comparable_group = r.measured_group
order by n_models desc, r.benchmark_id, measured_group, vendor_kind
