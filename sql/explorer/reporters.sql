-- Who reports scores, in words.
select reported_by, meaning
from core.reporters
order by reported_by
