-- What mart.dense_equivalent is made from: points, and the rule by which a line counts.
select said_of_size as said from points where list_contains(populations, 'official')
union all
select hash(r) from core.rules as r where rule in ('line_least_families', 'read_off_least_r2')
