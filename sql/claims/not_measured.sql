-- data of another kind: nothing in this warehouse is about it
select null::double as computed_value, 0 as n, 'nothing in this warehouse is about it' as evidence
