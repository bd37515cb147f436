-- ratio of the optimal tokens per parameter at Chinchilla's compute by the printed constants of Hoffmann 2022 to that by their replication
select
    printed.optimal_tokens_per_param / refit.optimal_tokens_per_param as computed_value,
    (select count(*) from mart.scaling_laws) as n,
    (
        select string_agg(printf('%s: %.0f tokens per parameter', law_id, optimal_tokens_per_param), '; ' order by law_id)
        from mart.scaling_laws
    ) as evidence
from mart.scaling_laws as printed
join mart.scaling_laws as refit on refit.law_id = 'besiroglu_2024'
where printed.law_id = 'hoffmann_2022_printed'
