-- Which works the scores of a chart come from, and how many of its models each gave: what stands at the foot of a figure.
-- One row per comparable group and source, or part of a source, that gave the score of an official model of either side.
-- columns:
--   comparable_group: = core.benchmarks
--   source_id: = core.scores
--   collection_id: = core.citations; null: the source has no parts
--   title: What the source or its part is, for people; of a part that has no other name the works to cite
--   n_models: Official models whose score in mart.model_scaling is from there
--   license: Licence of the data, in words; of several works each of them
--   citation: Works to cite; of several each of them
create view mart.figure_sources as
with scored as (

    select comparable_group, source_id, collection_id, count(*) as n_models
    from mart.model_scaling
    where population = 'official' and openness in ('open_weights', 'proprietary')
    group by all

),

works as (

    select
        source_id,
        collection_id,
        array_to_string(list_sort(list(distinct license)), ', ') as license,
        array_to_string(list_sort(list(distinct citation)), '; ') as citation
    from core.citations
    group by all

),

final as (

    select
        s.comparable_group,
        s.source_id,
        s.collection_id,
        coalesce(part.title, case when s.collection_id is not null then w.citation end, about.title) as title,
        s.n_models,
        w.license,
        w.citation
    from scored as s
    join core.sources as about using (source_id)
    left join core.collections as part on part.source_id = s.source_id and part.collection_id = s.collection_id
    left join works as w on w.source_id = s.source_id and w.collection_id is not distinct from s.collection_id

)

select * from final
