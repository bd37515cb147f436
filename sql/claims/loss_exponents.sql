-- largest difference between the article's exponents, 0.34 and 0.28, and those printed by Hoffmann 2022; lo and hi: of the replication's alpha and beta
select
    greatest(abs(printed.alpha - 0.34), abs(printed.beta - 0.28)) as computed_value,
    least(abs(refit.alpha - 0.34), abs(refit.beta - 0.28)) as lo,
    greatest(abs(refit.alpha - 0.34), abs(refit.beta - 0.28)) as hi,
    (select count(*) from mart.scaling_laws) as n,
    printf(
        'Hoffmann 2022 prints %.2f and %.2f, unrounded %s; Besiroglu 2024 %.3f and %.3f',
        printed.alpha, printed.beta,
        (select printf('%.5f and %.5f', alpha, beta) from mart.scaling_laws where law_id = 'hoffmann_2022_unrounded'),
        refit.alpha, refit.beta
    ) as evidence
from mart.scaling_laws as printed
join mart.scaling_laws as refit on refit.law_id = 'besiroglu_2024'
where printed.law_id = 'hoffmann_2022_printed'
