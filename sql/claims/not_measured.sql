-- data of another kind: nothing in this warehouse speaks of it
select null::double as computed_value
