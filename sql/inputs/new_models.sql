-- What mart.new_models is made from.
select hash(source_id, source_name, load_id, repo_id, revision, path) as said from history.models
union all
select hash(source_id, source_name, load_id, repo_id, revision, path, reported_by) from history.scores
union all
select hash(source_id, source_name, load_id, repo_id, revision, path, 'submission') from history.submissions
union all
select hash(source_id, source_name, load_id, repo_id, revision, path, 'rating') from history.ratings
union all
select hash(source_id, source_name, load_id, repo_id, revision, path, 'price') from history.prices
union all
select hash(reported_by, chart_rank) from core.reporters
union all
select hash(source_id, source_name, model_id) from core.model_aliases
