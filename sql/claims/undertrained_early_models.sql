-- share of base models of 60 billion parameters and more released before 2023 that had under half the tokens per parameter of the optimum (Besiroglu 2024), 0-1; lo and hi over all sets of constants
with runs as (

    -- Continued or re-tuned versions of one pretraining run count once.
    select
        t.law_id, m.organization, t.params_per_token, t.training_tokens,
        any_value(t.ratio_to_optimum) as ratio_to_optimum, min(m.display_name) as model, min(m.released_on) as released_on
    from mart.tokens_per_parameter as t
    join core.models as m using (model_id)
    where t.params_per_token >= 60e9 and m.released_on < date '2023-01-01' and m.tuning = 'base'
    group by all

),

shares as (

    select law_id, avg((ratio_to_optimum < 0.5)::int) as share from runs group by law_id

)

select
    avg((ratio_to_optimum < 0.5)::int) as computed_value,
    (select min(share) from shares) as lo,
    (select max(share) from shares) as hi,
    count(*) as n,
    max(released_on) as observed_through_on,
    'tokens over the optimum: '
    || string_agg(model || ' ' || printf('%.2f', ratio_to_optimum), '; ' order by ratio_to_optimum, model) as evidence
from runs
where law_id = 'besiroglu_2024'
having count(*) > 0
