"""Score against size: a straight line in log-odds over the logarithm of the size, with an interval by family.

Models of one family share data and recipe, so they are not independent: the bootstrap draws families, not models (a
cluster bootstrap). There is no line if there are too few data, and no line extends beyond the sizes in the data.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]

MIN_MODELS = 8
MIN_FAMILIES = 4
MIN_SPAN = 10.0
NORM_BOUNDS = (0.005, 0.995)  # log-odds of 0 and 1 are infinite; fractions are held within these
INTERVAL = (5.0, 95.0)
MOST_VALUES = 50_000  # drawn numbers are counted in parts of about this many
COMPUTE_UNIT_FLOP = 1e21
NO_NORMALISED_SCORE = (
    "no score of the group is normalised (its benchmark has no level of guessing): no log-odds, no line"
)

OPENNESS = ("open_weights", "proprietary", "all")
ERAS = ("all", "until 2023", "2024", "from 2025")
FIT_SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys(("comparable_group", "benchmark", "openness", "era", "form"), pl.String()),
    **dict.fromkeys(("slope", "intercept", "r2", "residual_sd"), pl.Float64()),
    **dict.fromkeys(("n", "n_scored", "n_families", "n_clipped"), pl.Int64()),
    **dict.fromkeys(("min_params_b", "max_params_b", "min_compute_flop", "max_compute_flop"), pl.Float64()),
    **dict.fromkeys(("slope_lo", "slope_hi"), pl.Float64()),
    "refusal_reason": pl.String(),
}
_BAND_VALUES = ("params_b", "score_norm_pct", "lo_norm_pct", "hi_norm_pct", "score_pct", "lo_pct", "hi_pct")
BAND_SCHEMA: dict[str, pl.DataType] = {
    **dict.fromkeys(("comparable_group", "openness", "era", "form"), pl.String()),
    **dict.fromkeys(_BAND_VALUES, pl.Float64()),
}


@dataclass(frozen=True)
class Line:
    """A least-squares line y = intercept + slope·x, and the lines of the bootstrap draws (NaN: the draw has no
    line)."""

    slope: float
    intercept: float
    r2: float | None
    residual_sd: float
    slopes: Floats
    intercepts: Floats

    def interval(self, values: Floats) -> Floats:
        """The 90 % percentile interval, low and high, of `values` (first axis: draws); NaN if fewer than nine draws in
        ten have a line."""
        drawn = np.isfinite(self.slopes)
        if drawn.mean() < 0.9:
            return np.full((2, *values.shape[1:]), np.nan)
        return np.asarray(np.percentile(values[drawn], INTERVAL, axis=0), dtype=np.float64)


@dataclass(frozen=True)
class FitCase:
    """One combination of group, openness, era and form (the keys): its data, and its line unless it is refused.

    `counts` has n, n_scored, n_families and n_clipped (see scaling_fits). `size_range` and `params_range` are the
    least and the greatest; None if there is no size.
    """

    keys: dict[str, str]
    counts: dict[str, int]
    size_range: tuple[float, float] | None
    params_range: tuple[float, float] | None
    refusal_reason: str | None
    line: Line | None


# These are made once: a small warehouse fits hundreds of groups, of which to build the expressions would take longer than to
# evaluate them.
@cache
def family_key() -> pl.Expr:
    """The cluster of a model: its family or that of its base; if unknown its organization, and if unknown the model
    itself."""
    return pl.coalesce("family", "organization", "model_id")


@cache
def era_key() -> pl.Expr:
    """The era of `released_on`: 'until 2023', '2024' or 'from 2025'; null: undated."""
    year = pl.col("released_on").dt.year()
    return (
        pl.when(year <= 2023).then(pl.lit("until 2023")).when(year == 2024).then(pl.lit("2024"))
        .when(year >= 2025).then(pl.lit("from 2025"))
    )  # fmt: skip


@cache
def log_odds() -> pl.Expr:
    """Log-odds of `score_norm_pct` as a fraction limited to NORM_BOUNDS; null if the score is null."""
    fraction = (pl.col("score_norm_pct") / 100).clip(*NORM_BOUNDS)
    return (fraction / (1 - fraction)).log()


def scaling_fits(points: pl.DataFrame, *, draws: int = 400, seed: int) -> pl.DataFrame:
    """One row per comparable group, openness, era and form ('total', 'active'), with the columns of FIT_SCHEMA.

    slope: log-odds of the baseline-corrected score per tenfold size. intercept: log-odds at one billion parameters.
    r2, residual_sd: of the line. n: models with score and size; those of one family and side that coincide in both are one.
    n_scored: with score, with or without size.
    n_families: clusters among n (see family_key).
    n_clipped: of n, scores at or beyond NORM_BOUNDS, whose log-odds are limited.
    min_params_b, max_params_b: the range of sizes, in the form's own count. min_compute_flop, max_compute_flop: null here.
    slope_lo, slope_hi: 90 % percentile interval over `draws` bootstrap draws of families.
    refusal_reason: why the coefficients are null (no normalised score, fewer than 8 models or 4 families, or sizes within a
    factor of 10).

    Openness 'all' takes every row, era 'all' also undated models. Points without score_norm_pct are left out. In
    simulated worlds of 4 to 80 families the interval contains the true slope in 84 to 88 % of cases, so it is a little
    too narrow; an interval by single models would contain it in 57 to 66 % (bench/coverage.py).
    """
    return _frame(cases(points, {"total": draws, "active": draws}, seed))


def compute_fits(points: pl.DataFrame, *, draws: int = 400, seed: int) -> pl.DataFrame:
    """Like scaling_fits, with form 'compute': score against training compute C = 6·N·D.

    N is the parameters used per token and D `training_tokens` (Kaplan et al. 2020, arXiv 2001.08361; Hoffmann et al.
    2022, arXiv 2203.15556). slope is per tenfold compute, intercept at 10^21 FLOP; min_compute_flop and
    max_compute_flop are the range of the fit, min_params_b and max_params_b the range of N among its models.
    """
    return _frame(cases(points, {"compute": draws}, seed))


def all_fits(points: pl.DataFrame, *, draws: int = 400, compute_draws: int = 200, seed: int) -> pl.DataFrame:
    """The rows of scaling_fits and of compute_fits, by group. The points of a group are read once, which takes as long as most
    of its lines."""
    return _frame(cases(points, {"total": draws, "active": draws, "compute": compute_draws}, seed))


@cache
def params_per_token_b() -> pl.Expr:
    """Billions of parameters used per token: the active ones, or all of a model known to be dense; null if neither is
    known.

    A model is not assumed to be dense: some are mixtures of experts although no source says so, and would count with
    thirty times their compute.
    """
    return pl.coalesce("params_active_b", pl.when(pl.col("is_moe").not_()).then("params_b"))


def fit_bands(points: pl.DataFrame, *, draws: int = 400, seed: int, n_grid: int = 41) -> pl.DataFrame:
    """The lines of scaling_fits (same draws for the same seed) as curves over the range of sizes in the data.

    params_b: size, in the form's count.
    score_norm_pct, lo_norm_pct, hi_norm_pct: the line and its 90 % interval on the scale 0 = guessing, 100 = ceiling.
    score_pct, lo_pct, hi_pct: the same in the group's own percent, by `random_baseline` and `score_ceiling` (fractions) of
    the points; null if the group has no single baseline (normalised by subtask).
    """
    frames = []
    scales = _scales(points)
    for case in cases(points, {"total": draws, "active": draws}, seed):
        if case.line is None or case.size_range is None:
            continue
        low, high = case.size_range
        params_b = np.clip(np.geomspace(low, high, n_grid), low, high)
        x = np.log10(params_b)
        edges = case.line.interval(case.line.intercepts[:, None] + case.line.slopes[:, None] * x)
        fractions = 1 / (1 + np.exp(-np.vstack([case.line.intercept + case.line.slope * x, edges])))
        baseline, ceiling = scales.get(case.keys["comparable_group"], (np.nan, np.nan))
        values = [params_b, *(100 * fractions), *(100 * (baseline + fractions * (ceiling - baseline)))]
        keys = {key: [case.keys[key]] * n_grid for key in ("comparable_group", "openness", "era", "form")}
        columns = dict(zip(_BAND_VALUES, values, strict=True))
        frames.append(
            pl.DataFrame({**keys, **columns}, schema=BAND_SCHEMA).with_columns(pl.col(pl.Float64).fill_nan(None))
        )
    return pl.concat([pl.DataFrame(schema=BAND_SCHEMA), *frames])


def fit_line(x: Floats, y: Floats, family: npt.NDArray[np.int64], *, draws: int, rng: np.random.Generator) -> Line:
    """Fits y on x by least squares, and `draws` resamples of whole families (codes 0 to F-1). x must not be
    constant."""
    sums = np.stack([np.bincount(family, weights=w) for w in (np.ones_like(x), x, y, x * x, x * y)])
    slope, intercept = (float(value[0]) for value in _solve(sums.sum(axis=1)[None, :]))
    slopes, intercepts = _solve(_drawn(sums.shape[1], draws, rng) @ sums.T)
    residual, spread = y - intercept - slope * x, y - y.mean()
    total = float(spread @ spread)
    r2 = 1 - float(residual @ residual) / total if total > 0 else None
    residual_sd = float(np.sqrt(residual @ residual / max(x.size - 2, 1)))
    return Line(slope, intercept, r2, residual_sd, slopes, intercepts)


def _drawn(n_families: int, draws: int, rng: np.random.Generator) -> Floats:
    """How often each draw holds each family (draws, families).

    With thousands of families, counting drawn numbers takes a tenth of the time of multinomial draws, and half of that if they
    stay in the cache of a processor.
    """
    counts = np.empty((draws, n_families))
    for part in np.array_split(counts, 1 + counts.size // MOST_VALUES):
        numbers = rng.integers(n_families, size=part.shape) + n_families * np.arange(len(part))[:, None]
        part[:] = np.bincount(numbers.ravel(), minlength=part.size).reshape(part.shape)
    return counts


def _solve(sums: Floats) -> tuple[Floats, Floats]:
    """Slopes and intercepts from rows of n, Σx, Σy, Σxx, Σxy; NaN where all x of a row are (almost) the same."""
    n, x, y, xx, xy = sums.T
    spread = n * xx - x * x
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.where(spread > 1e-9 * n * n, (n * xy - x * y) / spread, np.nan)
        return slopes, (y - slopes * x) / n


@cache
def _size_of(form: str) -> pl.Expr:
    """The size of a form: billions of parameters, or training compute in COMPUTE_UNIT_FLOP; null if it is not above zero."""
    flop = 6e9 * params_per_token_b() * pl.col("training_tokens")
    sizes = {"total": pl.col("params_b"), "active": pl.col("params_active_b"), "compute": flop / COMPUTE_UNIT_FLOP}
    return pl.when(sizes[form] > 0).then(sizes[form]).alias(form)


@cache
def _place_of(form: str) -> pl.Expr:
    """The place of the first row that is the same observation. A base model and its tuned one with one score and one size were
    most likely measured once, and are one observation. Scores beyond the bounds only look equal."""
    first = pl.col("place").min().over("comparable_group", "openness", "family", "clipped", "y", form)
    return pl.when("clipped").then("place").otherwise(first).alias(f"place_{form}")


@cache
def _read_columns() -> tuple[pl.Expr, ...]:
    within = (pl.col("score_norm_pct") / 100).is_between(*NORM_BOUNDS, closed="none")
    names = map(pl.col, ("comparable_group", "benchmark", "model_id", "openness"))
    return (
        *names,
        era_key().alias("era"),
        family_key().alias("family"),
        within.not_().fill_null(False).alias("clipped"),
        log_odds().alias("y"),
        params_per_token_b().alias("used"),
    )


def cases(points: pl.DataFrame, draws_of: Mapping[str, int], seed: int) -> Iterator[FitCase]:
    """Every combination of group, openness, era and form, including the refused ones. `draws_of` has the forms, among 'total',
    'active' and 'compute', and the number of bootstrap draws of each."""
    forms = list(draws_of)
    ready = points.select(*_read_columns(), *map(_size_of, forms)).sort(pl.all())
    ready = ready.with_row_index("place").with_columns(*map(_place_of, forms))
    # Arrays and masks, because filtering a frame for each case would take longer than all the fits together.
    for group in ready.partition_by("comparable_group", maintain_order=True):
        columns = {
            name: group[name].to_numpy()
            for name in (*forms, *(f"place_{form}" for form in forms), "clipped", "y", "used")
        }
        # Numbers in the order of the names: texts would be sorted again for each case.
        columns["family"] = group["family"].rank("dense").to_numpy().astype(np.int64) - 1
        is_scored = ~np.isnan(columns["y"])
        is_normalised = bool(np.isfinite(columns["y"]).any())
        is_sized = {form: is_scored & ~np.isnan(columns[form]) for form in forms}
        of = {
            (key, value): is_scored if value == "all" else is_scored & group[key].eq_missing(value).to_numpy()
            for key, values in (("openness", OPENNESS), ("era", ERAS))
            for value in values
        }
        for openness, era in itertools.product(OPENNESS, ERAS):
            chosen = of["openness", openness] & of["era", era]
            n_scored = int(chosen.sum())
            for form in forms:
                names = (group["comparable_group"][0], group["benchmark"][0], openness, era, form)
                keys = dict(zip(("comparable_group", "benchmark", "openness", "era", "form"), names, strict=True))
                sized = np.flatnonzero(chosen & is_sized[form])
                yield _read_case(keys, columns, sized, n_scored, is_normalised, draws_of[form], seed)


def _read_case(
    keys: dict[str, str],
    columns: dict[str, npt.NDArray[Any]],
    sized: npt.NDArray[np.intp],
    n_scored: int,
    is_normalised: bool,
    draws: int,
    seed: int,
) -> FitCase:
    """A case, of which `sized` are the rows with score and size."""
    form = keys["form"]
    if not sized.size:
        counts = {"n": 0, "n_scored": n_scored, "n_families": 0, "n_clipped": 0}
        reason = _refusal(form, counts, None) if is_normalised else NO_NORMALISED_SCORE
        return FitCase(keys, counts, None, None, reason, None)
    sized = sized[np.sort(np.unique(columns[f"place_{form}"][sized], return_index=True)[1])]
    size = columns[form][sized]
    is_present = np.bincount(columns["family"][sized]) > 0
    # The case's own families, numbered from 0 in the same order.
    codes = (np.cumsum(is_present) - 1)[columns["family"][sized]]
    counts = {
        "n": size.size, "n_scored": n_scored, "n_families": int(is_present.sum()),
        "n_clipped": int(columns["clipped"][sized].sum()),
    }  # fmt: skip
    size_range = _range(size)
    params_range = _range(columns["used"][sized]) if form == "compute" else size_range
    reason = _refusal(form, counts, size_range) if is_normalised else NO_NORMALISED_SCORE
    line = None
    if reason is None:
        # A case's draws depend only on its name, so that a new benchmark does not change the intervals of others.
        rng = np.random.default_rng([seed, zlib.crc32("|".join(keys.values()).encode())])
        line = fit_line(np.log10(size), columns["y"][sized], codes, draws=draws, rng=rng)
    return FitCase(keys, counts, size_range, params_range, reason, line)


def _range(values: Floats) -> tuple[float, float] | None:
    finite = values[~np.isnan(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def _refusal(form: str, counts: dict[str, int], size_range: tuple[float, float] | None) -> str | None:
    what = "training compute" if form == "compute" else f"{form} size"
    if counts["n"] < MIN_MODELS or size_range is None:
        models = "1 model" if counts["n"] == 1 else f"{counts['n']} models"
        return f"{models} with score and {what} (of {counts['n_scored']} with score), {MIN_MODELS} are needed"
    if counts["n_families"] < MIN_FAMILIES:
        return f"{counts['n_families']} families, {MIN_FAMILIES} are needed"
    if size_range[1] < MIN_SPAN * size_range[0]:
        return f"{what} spans a factor of {size_range[1] / size_range[0]:.1f}, {MIN_SPAN:.0f} is needed"
    return None


def _frame(fit_cases: Iterator[FitCase]) -> pl.DataFrame:
    rows = []
    for case in fit_cases:
        row: dict[str, object] = {**case.keys, **case.counts, "refusal_reason": case.refusal_reason}
        row["min_params_b"], row["max_params_b"] = case.params_range or (None, None)
        if case.keys["form"] == "compute" and case.size_range is not None:
            row["min_compute_flop"], row["max_compute_flop"] = (COMPUTE_UNIT_FLOP * size for size in case.size_range)
        if case.line is not None:
            row.update({name: getattr(case.line, name) for name in ("slope", "intercept", "r2", "residual_sd")})
            row["slope_lo"], row["slope_hi"] = map(float, case.line.interval(case.line.slopes))
        rows.append(row)
    return pl.DataFrame(rows, schema=FIT_SCHEMA).with_columns(pl.col(pl.Float64).fill_nan(None))


def _scales(points: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """Baseline and ceiling (fractions) of each group that has only one pair of them."""
    pairs = points.select("comparable_group", "random_baseline", "score_ceiling").unique()
    counted = pairs.group_by("comparable_group").agg(pl.len().alias("pairs"), pl.all().exclude("pairs").first())
    single = counted.filter(pl.col("pairs") == 1).drop_nulls()
    return {group: (base, top) for group, base, top in single.select(pairs.columns).iter_rows()}
