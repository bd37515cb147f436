-- Drift of a model's size between sources: what they state of it that differs from the chosen one by over 10 percent, the largest first
-- What only a model's name says is left out: sizes_in_doubt has it. reason says why a statement is not believed; it is null where policy
-- decides, with a link. source_place is the first of n_places.
select
    model_id,
    kind,
    chosen_method,
    round(chosen_params / 1e9, 2) as chosen_b,
    method,
    source_id,
    round(params / 1e9, 2) as said_b,
    round(disagreement_pct, 1) as off_pct,
    reason,
    count(*) as n_places,
    min(source_place) as source_place
from mart.parameter_disagreement
where method <> 'name'
group by all
order by off_pct desc, model_id, method, source_place
