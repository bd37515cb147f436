-- How many scores each source restated or withdrew since its first load, and the largest restatement: what was believed before, and what now
with current_scores as (

    select source_id, count(*) as n_current from history.scores where valid_to is null group by source_id

),

-- What never ended was never restated: the others are looked through with what came after them.
ended as (

    select distinct source_id, source_name, variant_id from history.scores where valid_to is not null

),

versions as (

    select
        source_id,
        source_name,
        variant_id,
        score_raw,
        valid_to,
        lead(score_raw) over of_score as next_raw,
        lead(valid_from) over of_score as next_from,
        printf('%s, %s: %g, now %g', source_name, variant_id, score_raw, next_raw) as said
    from history.scores
    semi join ended using (source_id, source_name, variant_id)
    window of_score as (
        partition by source_id, source_name, variant_id, precision, has_chat_template, setting, run_id order by valid_from
    )

),

restated as (

    select
        source_id,
        count(*) filter (next_from = valid_to and next_raw <> score_raw) as n_restated,
        count(*) filter (next_from is null) as n_withdrawn,
        max_by(said, (abs(next_raw - score_raw), said)) filter (
            next_from = valid_to and next_raw <> score_raw
        ) as largest_restatement
    from versions
    where valid_to is not null
    group by source_id

)

select
    source_id,
    coalesce(n_current, 0) as n_current,
    coalesce(n_restated, 0) as n_restated,
    coalesce(n_withdrawn, 0) as n_withdrawn,
    largest_restatement
from current_scores
full join restated using (source_id)
order by n_restated desc, n_withdrawn desc, source_id
