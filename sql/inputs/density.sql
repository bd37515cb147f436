-- What mart.capability_density is made from, by comparable group: the points, and the lines of dense models through them.
select comparable_group, said_of_size as said from points where list_contains(populations, 'official')
union all
select null, hash(r) from core.rules as r where rule in ('line_least_families', 'read_off_least_r2')
