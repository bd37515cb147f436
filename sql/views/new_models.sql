-- When each model was new here: the load whose files first named it, by any of its names, and the source and place that it came with.
-- One row per model that a source names. Of several sources of that load it is one with a score of the model, else a rating, a
-- submission, a price, else a description: a card is fetched because a table names its model. Of several with a score it is the one
-- whose reporter has the least chart_rank in core.reporters, then the first by name.
-- Caveat: names mean what they mean now, so a model whose oldest name is judged otherwise was new at another load.
-- kept; a row follows from its model_id
-- columns:
--   model_id: = core.models
--   load_id: = ops.load_sources
--   source_id: Source that it came with, by the rule above
--   source_name: Its name there
--   repo_id: = history.scores
--   revision: = history.scores
--   path: = history.scores
create view mart.new_models as
-- standing: which statement of a load comes first, least first.
with named as (

    select source_id, source_name, load_id, 103 as standing, repo_id, revision, path from history.models
    union all
    select source_id, source_name, load_id, coalesce(chart_rank, 99) as standing, repo_id, revision, path
    from history.scores
    left join core.reporters using (reported_by)
    union all
    select source_id, source_name, load_id, 101 as standing, repo_id, revision, path from history.submissions
    union all
    select source_id, source_name, load_id, 100 as standing, repo_id, revision, path from history.ratings
    union all
    select source_id, source_name, load_id, 102 as standing, repo_id, revision, path from history.prices

),

firsts as (

    select
        a.model_id,
        min({
            'load_id': n.load_id, 'standing': n.standing, 'source_id': n.source_id, 'source_name': n.source_name,
            'repo_id': n.repo_id, 'revision': n.revision, 'path': n.path
        }) as first
    from named as n
    join core.model_aliases as a using (source_id, source_name)
    group by a.model_id

)

select model_id, first.load_id, first.source_id, first.source_name, first.repo_id, first.revision, first.path
from firsts
