-- What mart.dense_equivalent is made from.
select said_of_size as said from points where list_contains(populations, 'official')
