"""Detection of columns whose segments look skewed, even if the whole column does not.

Segments that are Gaussian on the log scale need fewer components there. For each positive column
the lowest BIC of univariate mixtures of the logarithm, its Jacobian included, is compared with that
of mixtures of the column itself. Only skewness to the right, of positive columns, is found.

Of 50 tables of two log-normal segments each (500 rows, 4 sigma apart on the log scale), 50 % are
found at sigma = .3 and 98 % at .5; at .8 the whole column is skewed and is reported as such. Of 400
tables of Gaussian segments 0.2 % are reported (``benchmarks/findings.py --tables 400 --seed 1``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from bayes_gmm.data.checks.column_parts import ColumnParts
from bayes_gmm.data.checks.mixture_1d import best_mixtures
from bayes_gmm.data.checks.profile import Profile
from bayes_gmm.data.checks.settings import CheckSettings
from bayes_gmm.data.rows import Floats
from bayes_gmm.diagnostics.diagnostic import Diagnostic


def segment_skew_findings(
    columns: Sequence[ColumnParts], settings: CheckSettings, but: Collection[str] = ()
) -> Iterator[Diagnostic]:
    """A finding for each column that needs fewer components on the log scale, and fits better.

    Parameters
    ----------
    columns : sequence of ColumnParts
    settings : CheckSettings
    but : collection of str
        Columns that are not checked, as other findings explain them.

    Examples
    --------
    >>> x = np.exp(np.random.default_rng(0).normal(0.0, 0.5, 600)) * np.repeat([1.0, 8.0], 300)
    >>> column = ColumnParts(Profile.of("Spend", x), CheckSettings())
    >>> [finding] = segment_skew_findings([column], CheckSettings())
    >>> finding.code, finding.values["log_segments"]
    ('skewed_segments', 2)
    """
    asked = [column for column in columns if column.profile.name not in but]
    bodies = [
        body
        for column in asked[: settings.skew.most_columns]
        if (body := _body(column, settings)) is not None
    ]
    # Columns with equally many counted rows are fitted together: all, if no cell is missing.
    sizes = sorted({_rows(body, settings) for body in bodies})
    for n_rows in sizes:
        yield from _compared([b for b in bodies if _rows(b, settings) == n_rows], n_rows, settings)


def _rows(profile: Profile, settings: CheckSettings) -> float:
    return min(profile.n_observed, settings.skew.most_rows)


def _body(column: ColumnParts, settings: CheckSettings) -> Profile | None:
    """A positive, finely recorded column without its shared and far values; None for others."""
    profile, fewest = column.profile, settings.skew.fewest_rows
    if not 0.0 < profile.span < np.inf or profile.n_observed < fewest:
        return None
    rest = column.rest
    if rest.n_observed < fewest or rest.values[-1] <= 0.0:
        return None
    if column.far.any():
        rest = rest.of_values(~column.far)
    rest = _within_cuts(rest, settings)
    if rest.n_observed < fewest or rest.values[0] <= 0.0:
        return None
    if rest.counts.max() > settings.skew.most_heaped * rest.n_observed:
        return None
    return rest if rest.step <= settings.shared_values.fine * rest.sd else None


def _within_cuts(profile: Profile, settings: CheckSettings) -> Profile:
    """The column without a first or last value so frequent that values beyond it look cut off."""
    n = profile.counts
    if len(n) < settings.shared_values.most_others_asked:
        return profile
    kept = np.ones(len(n), dtype=bool)
    kept[0] = n[0] < settings.skew.cut_off * n[1:4].max()
    kept[-1] = n[-1] < settings.skew.cut_off * n[-4:-1].max()
    return profile if kept.all() else profile.of_values(kept)


def _compared(
    bodies: Sequence[Profile], n_rows: float, settings: CheckSettings
) -> Iterator[Diagnostic]:
    shares = (np.arange(settings.skew.points) + 0.5) / settings.skew.points
    x: Floats = np.array([body.quantiles(shares) for body in bodies])
    own = best_mixtures(x, n_rows, settings.skew)
    several = [i for i, mixture in enumerate(own) if len(mixture.weights) > 1]
    if not several:
        return
    bodies, own = [bodies[i] for i in several], [own[i] for i in several]
    logs = np.log(x[several])
    jacobian = 2.0 * n_rows * logs.mean(axis=1)
    on_log = best_mixtures(logs, n_rows, settings.skew)
    for body, a, b, penalty in zip(bodies, own, on_log, jacobian.tolist(), strict=True):
        margin = a.bic - (b.bic + penalty)
        K_own, K_log = len(a.weights), len(b.weights)
        if margin > settings.skew.margin and K_own >= settings.skew.fewer * K_log:
            values = {"own_segments": K_own, "log_segments": K_log, "bic_reduction": margin}
            yield Diagnostic("skewed_segments", (body.name,), values)
