-- Variants of GPQA: which groups there are, who measures each, and why their numbers must not share a column
-- Groups with a score; n_models and best_pct are of those that charts show.
select
    b.comparable_group,
    g.display_name,
    string_agg(distinct b.variant_id, ', ' order by b.variant_id) as variants,
    min(round(100 * b.random_baseline, 1)) as guessing_pct,
    any_value(n.n_models) as n_models,
    any_value(n.best_pct) as best_pct,
    any_value(b.caveats) as caveats
from core.benchmarks as b
join core.comparable_groups as g using (comparable_group)
left join (
    select comparable_group, count(*) as n_models, round(max(score_pct), 1) as best_pct
    from mart.model_scaling group by all
) as n using (comparable_group)
where b.benchmark_id = 'gpqa' and b.comparable_group in (select comparable_group from core.scores)
group by all
order by b.comparable_group
