-- figures of Mixtral 8x7B whose link is the cited paper
with links as (

    select source_url from core.scores where model_id = 'mistralai/Mixtral-8x7B-v0.1' and source_url is not null
    union all
    select source_url from core.parameter_evidence where model_id = 'mistralai/Mixtral-8x7B-v0.1' and source_url is not null
    union all
    select source_url from mart.article_table where row_id = 'moe_8x7b'

)

select
    count(*) filter (where contains(source_url, '2310.06825')) as computed_value,
    count(*) as n,
    printf(
        '%d links, to %s', count(*), string_agg(distinct source_url, ', ' order by source_url)
    ) as evidence
from links
having count(*) > 0
