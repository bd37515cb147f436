-- share of the variance of MMLU (log-odds) that training compute explains among open official models, 0-1
select
    c.r2 as computed_value,
    c.n,
    printf(
        '%d models of %d families; total size alone explains %.2f of %d models; compute %.2f of %d base models', c.n,
        c.n_families, s.r2, s.n, b.r2, b.n
    ) as evidence
from mart.scaling_fit as c
join mart.scaling_fit as s
    on s.population = c.population and s.comparable_group = c.comparable_group and s.openness = c.openness
    and s.era = c.era and s.form = 'total'
left join mart.scaling_fit as b
    on b.population = 'official_base' and b.comparable_group = c.comparable_group and b.openness = c.openness
    and b.era = c.era and b.form = c.form
where c.population = 'official' and c.comparable_group = 'mmlu_reported' and c.openness = 'open_weights'
    and c.era = 'all' and c.form = 'compute' and c.r2 is not null
