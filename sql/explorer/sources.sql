-- The sources and their parts, with citation and licence, one row per row of core.citations of a source with a score or a size.
select c.source_id, c.collection_id, coalesce(p.title, s.title) as title, c.citation, c.license, c.license_id, c.source_url
from core.citations as c
join core.sources as s using (source_id)
left join core.collections as p using (source_id, collection_id)
order by c.source_id, c.collection_id nulls first, c.citation, c.license, c.source_url
