-- The gap in one number over all benchmarks
select * from mart.capability_gap_eci
