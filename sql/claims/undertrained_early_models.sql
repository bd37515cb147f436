-- share of models of 60 billion parameters and more released before 2023 that had under half the tokens per parameter of the optimum (Besiroglu 2024 constants), 0-1
select
    avg((t.ratio_to_optimum < 0.5)::int) as computed_value,
    count(*) as n,
    max(m.released_on) as observed_through_on,
    string_agg(m.display_name || ' ' || printf('%.2f', t.ratio_to_optimum), '; ' order by t.ratio_to_optimum, m.model_id)
        as evidence
from mart.tokens_per_parameter as t
join core.models as m using (model_id)
where t.law_id = 'besiroglu_2024' and t.params_per_token >= 60e9 and m.released_on < date '2023-01-01'
having count(*) > 0
