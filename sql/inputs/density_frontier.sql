-- What mart.density_frontier is made from.
select said_of_size as said from points where list_contains(populations, 'official')
