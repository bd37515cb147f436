-- How many scores each source restated or withdrew since its first load, and the largest restatement: what was believed before, and what now
with versions as (

    select
        source_id,
        source_name,
        variant_id,
        score_raw,
        valid_to,
        lead(score_raw) over of_score as next_raw,
        lead(valid_from) over of_score as next_from
    from history.scores
    window of_score as (
        partition by source_id, source_name, variant_id, precision, has_chat_template, setting, run_id order by valid_from
    )

)

select
    source_id,
    count(*) filter (valid_to is null) as n_current,
    count(*) filter (next_from = valid_to and next_raw <> score_raw) as n_restated,
    count(*) filter (valid_to is not null and next_from is null) as n_withdrawn,
    max_by(
        printf('%s, %s: %g, now %g', source_name, variant_id, score_raw, next_raw), abs(next_raw - score_raw)
    ) filter (next_from = valid_to and next_raw <> score_raw) as largest_restatement
from versions
group by source_id
order by n_restated desc, n_withdrawn desc, source_id
