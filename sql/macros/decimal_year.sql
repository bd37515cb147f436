-- A day as a decimal year: the first of July 2023 is 2023 and 181 of 365 days, 2023.496.
create macro mart.decimal_year(day) as
    year(day) + (dayofyear(day) - 1) / dayofyear(make_date(year(day), 12, 31))
