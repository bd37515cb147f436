-- check: a normalised value that the source published and that its raw score does not give, rounding aside: did the baseline change?
-- severity: warn
with compared as (

    select
        c.source_name,
        c.variant_id,
        c.locator,
        c.score_norm_pct,
        h.score_norm_published_pct,
        -- Half a unit of the last place that both were published with: of the normalised value, and of the raw one over the
        -- range that it is stretched from.
        case
            when h.score_norm_published_pct = round(h.score_norm_published_pct, 2) and c.score_raw = round(c.score_raw, 2)
                then 0.005 + 0.5 / (b.score_ceiling - b.random_baseline)
            when h.score_norm_published_pct = round(h.score_norm_published_pct, 2) then 0.005
            else 0
        end as rounding_pct
    from core.scores as c
    join core.benchmarks as b using (variant_id)
    join history.scores as h using (source_id, source_name, variant_id, precision, setting, run_id)
    where h.valid_to is null and h.score_norm_published_pct is not null and c.norm_method = 'computed'
        and h.has_chat_template is not distinct from c.has_chat_template

)

select * exclude (rounding_pct)
from compared
where abs(score_norm_pct - score_norm_published_pct) > 1e-9 + rounding_pct
