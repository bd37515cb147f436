-- What mart.source_agreement is made from, by benchmark. The statements of a source are inputs of all benchmarks that it scores.
with stated as (

    select source_id, sum(hash(source_name, precision, repo_id, path, model_sha)) as said
    from history.models
    where valid_to is null
    group by source_id

),

scored as (

    select distinct benchmark_id, source_id from core.scores

)

select benchmark_id as benchmark, hash(s) as said from core.scores as s
union all
select s.benchmark_id, hash(t.said, t.source_id) from scored as s join stated as t using (source_id)
union all
select null, hash(s) from core.sources as s
union all
select null, hash(r) from core.reporters as r
