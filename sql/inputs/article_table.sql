-- What mart.article_table is made from.
select hash(content) as said from history.policy_files where valid_to is null and name = 'article_table'
