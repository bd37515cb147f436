-- Self-reported against measured: what vendors say minus what others say, by benchmark, with the protocols on either side and copies
-- Where n_same_variant is 0, no two scores compared are of one protocol: other shots, chain of thought or another part of the questions
-- are in the gap as well, so it is not what vendors overstate (most of all against mmlu_pro_measured, mmlu_helm_lite and gpqa_measured).
-- Rows in which more than half are copies of what the vendor says stand last: their gap is 0 by that.
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
order by n_copies > n_models / 2, n_models desc, r.benchmark_id, measured_group, vendor_kind
