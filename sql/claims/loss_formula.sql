-- largest ratio, over the models of this warehouse, between the optimal tokens per parameter by the printed constants of Hoffmann 2022 and by their replication (Besiroglu 2024)
select
    max(printed.optimal_tokens_per_param / refit.optimal_tokens_per_param) as computed_value,
    count(*) as n,
    printf(
        'the optimum runs from %.0f to %.0f tokens per parameter by the one and from %.0f to %.0f by the other',
        min(printed.optimal_tokens_per_param), max(printed.optimal_tokens_per_param),
        min(refit.optimal_tokens_per_param), max(refit.optimal_tokens_per_param)
    ) as evidence
from mart.tokens_per_parameter as printed
join mart.tokens_per_parameter as refit
    on refit.model_id = printed.model_id and refit.law_id = 'besiroglu_2024'
where printed.law_id = 'hoffmann_2022_printed'
