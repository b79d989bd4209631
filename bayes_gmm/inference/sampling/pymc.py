"""Sampling of the PyMC model by PyMC's samplers, with draws converted to theta."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bayes_gmm.data.rows import Floats
from bayes_gmm.errors import FitError, listed, nearest
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.inference.sampling.initial_points import chains_of_modes, dispersed_start
from bayes_gmm.inference.sampling.peak import Peak
from bayes_gmm.inference.sampling.settings import SamplerSettings
from bayes_gmm.model.density import Density
from bayes_gmm.model.parameters import Layout

if TYPE_CHECKING:
    import pymc as pm

PYMC_SAMPLERS = ("pymc", "pymc-nutpie")
"""Samplers for `sample_pymc`: NUTS by PyMC, and NUTS by nutpie on PyMC's density."""
ON_JAX = ("numpyro", "blackjax")
NOT_KEPT = ("divergences", "warning", "perf_counter_diff", "perf_counter_start")


def sample_pymc(
    model: pm.Model,
    density: Density,
    peaks: Sequence[Peak],
    *,
    sampler: str = "pymc",
    draws: int = 1000,
    tune: int | None = None,
    chains: int = 4,
    seed: int = 0,
    progress: bool = False,
    compile_mode: Any = None,
    settings: SamplerSettings = SamplerSettings(),
) -> Draws:
    """Chains of draws by `pm.sample` that start at the modes.

    Parameters
    ----------
    model : pm.Model
        The model of the density (see `model_of`).
    density : Density
    peaks : sequence of Peak
        Sorted by decreasing mass.
    sampler : str
        "pymc" or "pymc-nutpie": NUTS by PyMC, or by nutpie.
    draws, tune, chains : int
        Draws and warm-up draws of each chain, and number of chains. There are 1000 warm-up draws by
        default, because these samplers do not use the mode.
    seed : int
    progress : bool
    compile_mode : str or pytensor Mode, optional
        Compilation mode of PyTensor; by default its configuration.
    settings : SamplerSettings

    Raises
    ------
    FitError
        If the sampler is unknown or not installed.
    """
    check_pymc_sampler(sampler)
    import pymc as pm
    import pytensor

    tune = settings.tune_pymc if tune is None else tune
    modes = chains_of_modes(peaks, chains, settings)
    seeds = np.random.SeedSequence(seed).spawn(chains)
    starts = [
        peaks[m].theta
        + peaks[m].factor @ dispersed_start(density, peaks[m], np.random.default_rng(s), settings)
        for m, s in zip(modes, seeds, strict=True)
    ]
    changed = pytensor.config.change_flags(mode=compile_mode) if compile_mode else nullcontext()
    with model, changed:
        tree = pm.sample(
            draws, tune=tune, chains=chains, random_seed=seed,
            progressbar=progress, quiet=not progress,
            initvals=[_values(theta, density.layout, model) for theta in starts],
            init="adapt_diag", nuts_sampler=sampler.removeprefix("pymc-"),
            compute_convergence_checks=False,
        )  # fmt: skip
    theta = vectors(tree.posterior, density.layout)
    return Draws(
        theta, density.layout, np.repeat(modes[:, None], theta.shape[1], axis=1),
        _stats(tree, theta.shape[:2]), method="nuts", sampler=sampler, tune=tune, seed=seed,
        interrupted=theta.shape[1] < draws,
    )  # fmt: skip


def check_pymc_sampler(sampler: str) -> None:
    """Raise if a sampler is unknown or not available.

    Raises
    ------
    FitError
        The message has the name of the sampler and a remedy.

    Examples
    --------
    >>> check_pymc_sampler("pymc")
    >>> check_pymc_sampler("nutpi")
    Traceback (most recent call last):
    ...
    bayes_gmm.errors.FitError: sampler 'nutpi' is unknown; did you mean 'nutpie'?
    """
    if sampler in ON_JAX:
        raise FitError(
            f"sampler {sampler!r} needs JAX, which the likelihood does not support; "
            "use 'nutpie' or 'pymc'"
        )
    if sampler not in PYMC_SAMPLERS:
        meant = nearest(str(sampler), ("nutpie", *PYMC_SAMPLERS))
        use = f"did you mean {meant!r}?" if meant else f"use {listed(('nutpie', *PYMC_SAMPLERS))}"
        raise FitError(f"sampler {sampler!r} is unknown; {use}")
    if importlib.util.find_spec("pymc") is None:
        raise FitError(f"sampler {sampler!r} needs PyMC; install it with: pip install pymc")


def _values(theta: Floats, layout: Layout, model: pm.Model) -> dict[str, Any]:
    """The free variables of the PyMC model at a vector."""
    point = layout.point(theta)
    inverse = np.linalg.inv(point.scale_trils)
    precisions = inverse.mT @ inverse
    own = layout.structure.scales.startswith("component")
    shape = layout.structure.scale_shape(layout.n_components, layout.n_features)
    shared = layout.structure.correlations == "shared"
    values = {
        "weights": np.exp(point.log_weights),
        "means": point.means,
        "scales": point.scales.reshape(shape),
        "corr_chol": point.corr_chol[0] if shared and len(point.corr_chol) else point.corr_chol,
        "precisions": precisions if own else precisions[0],
    }
    return {variable.name: values[variable.name] for variable in model.free_RVs}


def vectors(posterior: Mapping[str, Any], layout: Layout) -> Floats:
    """theta of draws by PyMC, shape (chains, draws, p).

    Parameters
    ----------
    posterior : mapping of str to array, shape (chains, draws, ...)
        "weights", "means", "scales" and, if there are correlations, "corr_chol".
    layout : Layout
    """
    d = layout.n_features
    parts = {
        name: np.asarray(posterior[name])
        for name in ("weights", "means", "scales", "corr_chol")
        if name in posterior
    }
    chains, draws = parts["weights"].shape[:2]
    log_weights = np.log(parts["weights"])
    theta = np.empty((chains, draws, layout.size))
    theta[..., : layout.n_components - 1] = (
        log_weights - log_weights.mean(axis=-1, keepdims=True)
    )[..., :-1]
    theta[..., layout.means] = parts["means"].reshape(chains, draws, -1)
    theta[..., layout.scales] = np.log(parts["scales"]).reshape(chains, draws, -1)
    if "corr_chol" in parts:
        C = parts["corr_chol"].reshape(chains, draws, -1, d, d)
        rows, columns = np.tril_indices(d, -1)
        z = C[..., rows, columns] / C[..., rows, rows]
        theta[..., layout.correlations] = z.reshape(chains, draws, -1)
    return theta


def _stats(tree: Any, shape: tuple[int, ...]) -> dict[str, npt.NDArray[np.generic]]:
    """Scalar sample statistics of each draw."""
    stats = {name: np.asarray(values) for name, values in tree.sample_stats.items()}
    return {
        name: values
        for name, values in stats.items()
        if values.shape == shape and name not in NOT_KEPT
    }
