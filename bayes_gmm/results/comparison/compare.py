"""`compare`: fits over a grid of K and structures, and the criteria that compare them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bayes_gmm.data.rows import Floats
from bayes_gmm.data.validate import check_fit
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.errors import DataError, FitError
from bayes_gmm.inference.modes.grid import Cell
from bayes_gmm.inference.modes.grid_search import GridSearch
from bayes_gmm.inference.optimize.run import Run
from bayes_gmm.inference.precompile import compile_at_first_use
from bayes_gmm.inference.sampling.progress import Progress
from bayes_gmm.jit.threads import one_blas_thread
from bayes_gmm.model.density import Density
from bayes_gmm.model.prior.prior import Prior
from bayes_gmm.model.structure import Structure
from bayes_gmm.results.checks import seed_of, within_floating_point
from bayes_gmm.results.comparison.candidates import Candidate
from bayes_gmm.results.comparison.cell import FittedCell, fitted_cell
from bayes_gmm.results.comparison.comparison import Comparison
from bayes_gmm.results.comparison.plan import GridPlan
from bayes_gmm.results.fit.given_table import GivenTable
from bayes_gmm.results.fit.prepared_table import PreparedTable
from bayes_gmm.results.shape.check import check_mixture
from bayes_gmm.text import counted


@dataclass(frozen=True)
class ProgressSteps:
    """Steps of the progress bar for each number of segments and structure."""

    fit: int = 3
    """Steps of the search and the fit."""
    draws: int = 5
    """Steps of posterior draws and the criteria that need them."""


STEPS = ProgressSteps()


def compare(
    X: Any,
    n_components: Iterable[int] = range(1, 9),
    *,
    structures: Sequence[str | Structure] = ("full",),
    prior: Prior | None = None,
    criteria: Sequence[str] = ("bic", "icl", "evidence"),
    sample_weight: Any = None,
    standardize: bool = True,
    resolution: Any = "auto",
    transforms: Any = None,
    n_init: str | int = "auto",
    k_prior: Sequence[float] | Mapping[int, float] | None = None,
    draws: int = 1000,
    chains: int = 4,
    random_state: int | np.random.Generator | None = None,
    progress: bool = True,
) -> Comparison:
    """Fit every number of segments with every structure, and compare them by criteria.

    Parameters
    ----------
    X : DataFrame (pandas, polars, pyarrow), array_like of shape (N, d), or Scan
        NaN is a missing cell. For a `Scan`, the certainty in the ICL is that of its sample.
    n_components : iterable of int
        Numbers of segments K; the table lists them in increasing order.
    structures : sequence of str or Structure
        Covariance structures (see `Structure`).
    prior : Prior, optional
        Prior in standardised units; None means ``Prior()``.
    criteria : sequence of str
        Any of "bic", "icl" and "aic" (lower is better; computed at the mode with the largest rough
        mass); "laplace" (log evidence by Laplace's approximation: fast and without draws, but its
        error is unknown, and is several nats if segments overlap); "evidence" (log evidence by
        bridge sampling from posterior draws, with its Monte Carlo error); and "loo" (leave-one-out
        cross-validation, from the same draws).
    sample_weight : array_like, shape (N,), optional
        Row weights. A weight of 2 counts the row twice; a weight of 0 excludes it.
    transforms : mapping, "auto", None, or a list of these
        Transformations of columns, as in `BayesGMM`. Alternatives in a list, such as
        ``[None, "auto"]``, are compared like structures, and the names of structures in the result
        state them: all criteria include the Jacobian.
    standardize, resolution, n_init
        As in `BayesGMM`; `n_init` is the number of new starts for each number and structure, in
        addition to starts from neighbouring candidates in the grid.
    k_prior : sequence or mapping, optional
        Prior weight of each of `n_components`, in the given order; uniform by default. The weight
        of each K is divided equally among structures.
    draws, chains : int
        Number of draws in each chain and number of chains, if a criterion needs draws.
    random_state : int, Generator or None
        The same seed gives the same table.
    progress : bool
        Show a progress bar in a terminal or notebook.

    Returns
    -------
    Comparison
        See `Comparison.recommendation` for one number of segments based on all criteria. Ctrl-C
        interrupts the comparison and returns the results so far; diagnostics name missing results.

    Raises
    ------
    DataError
        If the table cannot be used for any number of segments. If only some numbers cannot be
        fitted, they are listed with a diagnostic.
    FitError
        If an argument is out of range, if the evidence is requested with an improper prior, or if
        no number could be fitted.

    Warns
    -----
    DataWarning
        For the table, as in `BayesGMM.fit`, once for all candidates.

    Examples
    --------
    >>> import bayes_gmm as bg
    >>> X = bg.datasets.load_customers().table[["Annual income (k$)", "Spending score"]]
    >>> comparison = bg.compare(X, range(1, 7), criteria=("bic", "laplace"), random_state=0)
    >>> int(comparison.probabilities.idxmax()), comparison.recommendation.n_components
    (5, 5)
    """
    plan = GridPlan.of(
        n_components, structures, prior, criteria, n_init, k_prior, draws, chains,
        seed_of(random_state), progress,
    )  # fmt: skip
    given = GivenTable.of(X, sample_weight)
    if given.scan is not None and "loo" in plan.criteria:
        raise FitError("the criterion loo needs a table in memory; leave it out for a scan")
    check_fit(given.matrix, given.weights, 1)
    n_features = given.matrix.n_features
    plan.check_structures(n_features)
    plan.check_prior(n_features)
    alternatives = alternatives_of(transforms)
    chosen = {label: given.resolved(each)[0] for label, each in alternatives.items()}
    given.warned(stacklevel=2)
    compile_at_first_use()
    found: list[Comparison] = []
    for label, by_column in chosen.items():
        table = given.prepared(
            by_column, most_parameters=plan.most_parameters(n_features), standardize=standardize,
            resolution=resolution,
        )  # fmt: skip
        work = _Work(plan, table, given.weights, label if len(chosen) > 1 else "")
        work.check()
        found.append(work.comparison())
        work.check()
        if found[-1].interrupted:
            break
    return _joined(found)


def alternatives_of(transforms: Any) -> dict[str, Any]:
    """Transformations to compare, by a short text for each.

    Examples
    --------
    >>> list(alternatives_of([None, "auto", {"Spend": "log"}]))
    ['no transformation', 'auto', 'log of Spend']
    """
    if not isinstance(transforms, list | tuple):
        return {"": transforms}
    found = {_label(given): given for given in transforms}
    if len(found) < max(len(transforms), 1):
        raise FitError("transforms is empty or has an entry twice; give each alternative once")
    return found


def _label(given: Any) -> str:
    if given is None:
        return "no transformation"
    if not isinstance(given, Mapping):
        return str(given)
    named = (
        (spec if spec is None or isinstance(spec, str) else f"{spec[0]} {spec[1]:.4g}", name)
        for name, spec in given.items()
    )
    return ", ".join(f"{spec} of {name}" for spec, name in named)


def _joined(found: Sequence[Comparison]) -> Comparison:
    """Comparisons of alternative transformations as one, by number of segments."""
    candidates = [candidate for comparison in found for candidate in comparison.candidates]
    candidates.sort(key=lambda candidate: candidate.n_components)
    return replace(found[0], candidates=tuple(candidates))


class _Work:
    """The cells of a comparison, which are computed step by step."""

    def __init__(
        self, plan: GridPlan, table: PreparedTable, weights: Floats | None, label: str
    ) -> None:
        self.plan, self.table, self.weights, self.label = plan, table, weights, label
        self.densities: dict[Cell, Density] = {}
        self.fitted: dict[Cell, FittedCell] = {}
        self.failures: dict[Cell, list[Diagnostic]] = {cell: [] for cell in plan.cells}
        self.failed: dict[Cell, DataError | FitError] = {}
        for cell in plan.cells:
            try:
                check_fit(table.matrix, weights, cell.n_components)
                self.densities[cell] = table.density_of(*cell, plan.prior)
            except (DataError, FitError) as error:
                self._fails(cell, error)

    def check(self) -> None:
        """Raise if every cell has failed: the common error, or that of the first cell."""
        if len(self.failed) < len(self.plan.cells):
            return
        first, error = next(iter(self.failed.items()))
        if len({each for cell in self.failed for each in self.failures[cell]}) == 1:
            raise error
        kind = DataError if isinstance(error, DataError) else FitError
        raise kind(
            f"no number of segments could be fitted; {counted(first.n_components, 'segment')} "
            f"({first.structure.name}): {error}"
        ) from error

    def _fails(self, cell: Cell, error: DataError | FitError) -> None:
        self.failed[cell] = error
        self.failures[cell].append(Diagnostic("not_fitted", values={"message": str(error)}))

    def comparison(self) -> Comparison:
        """Compute the comparison; Ctrl-C ends it with the results so far."""
        plan, n = self.plan, len(self.densities)
        grid = GridSearch(
            self.densities, self.table.sample, np.random.default_rng(plan.sampling.seed),
            n_init=plan.n_init,
        )  # fmt: skip
        total = (STEPS.fit + STEPS.draws * plan.needs_draws) * n
        with Progress(total, shown=plan.sampling.progress, title="Comparing") as bar:
            self.bar = bar
            interrupted = not self._until_interrupted(lambda: self._search(grid))
            fitted = self._until_interrupted(lambda: self._fit(grid))
            if plan.needs_draws and fitted and not interrupted:
                self._until_interrupted(self._draw)
        return self._compared()

    def _until_interrupted(self, work: Callable[[], None]) -> bool:
        """Whether the work finished without interruption."""
        try:
            work()
        except KeyboardInterrupt:
            return False
        return True

    def _search(self, grid: GridSearch) -> None:
        with within_floating_point():
            for _ in grid.steps():
                self.bar.advance(1)

    def _fit(self, grid: GridSearch) -> None:
        # Sequential, because steps on few rows are short and threads would wait for Python.
        with one_blas_thread():
            for cell, runs in grid.found.items():
                self._fit_one(cell, runs)

    def _fit_one(self, cell: Cell, runs: list[Run]) -> None:
        density = self.densities[cell]
        try:
            self.fitted[cell] = fitted_cell(self.plan, self.table, self.weights, density, runs)
        except FitError as error:
            self._fails(cell, error)
        self.bar.advance(1)

    def _draw(self) -> None:
        for i, cell in enumerate(self.plan.cells):
            if (fitted := self.fitted.get(cell)) is None:
                continue
            below = self.fitted.get(cell._replace(n_components=cell.n_components - 1))
            try:
                self.fitted[cell] = fitted.with_draws(
                    self.plan, self.table, below, number=i,
                    say=self.bar.say if self.plan.sampling.progress else None,
                )  # fmt: skip
            except (FitError, ArithmeticError, np.linalg.LinAlgError) as error:
                values = {"message": str(error)}
                self.failures[cell].append(Diagnostic("no_draws", values=values))
            self.bar.advance(STEPS.draws)

    def _compared(self) -> Comparison:
        plan = self.plan
        return Comparison(
            tuple(self._candidate(cell) for cell in plan.cells), plan.criteria,
            plan.prior_over_k, self.table.matrix.features,
            plan.sampling.draws if plan.needs_draws else None,
        )  # fmt: skip

    def _candidate(self, cell: Cell) -> Candidate:
        fitted = self.fitted.get(cell)
        noted = self.failures[cell]
        name = ", ".join(part for part in (cell.structure.name, self.label) if part)
        if fitted is None:
            if cell in self.densities and not noted:
                noted = [Diagnostic("fit_interrupted")]
            return Candidate(cell.n_components, name, {}, diagnostics=tuple(noted))
        if self.plan.needs_draws and fitted.posterior is None and not noted:
            noted = [Diagnostic("draws_interrupted")]
        fit = fitted.fit
        return Candidate(
            cell.n_components, name, fitted.values, fit, fitted.posterior,
            tuple(dict.fromkeys([*fitted.diagnostics, *noted])), fitted.loo,
            check_mixture(fit.mixture, fit.standardizer, self.table.rows, self.weights),
        )  # fmt: skip
