"""Where a posterior comes from: data, model, sampler, versions."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from bayes_gmm.data.memory import MemoryRows
from bayes_gmm.data.rows import Rows
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.io.attrs import made_now
from bayes_gmm.results.io.prior_json import prior_to_json


def provenance(fit: MapFit, rows: Rows, draws: Draws) -> dict[str, str | int | float]:
    """What made these draws, as attributes that NetCDF can hold.

    Parameters
    ----------
    fit : MapFit
        The modes that the draws belong to.
    rows : Rows
        The table, standardised.
    draws : Draws
    """
    made: dict[str, str | int | float | None] = {
        **made_now(),
        "method": draws.method,
        "sampler": draws.sampler,
        "tuning_steps": draws.tune,
        "seed": draws.seed,
        "pareto_khat": draws.khat,
        "interrupted": int(draws.interrupted),
        "structure": fit.structure.name,
        "prior": prior_to_json(fit.prior),
        "n_rows": fit.n_rows,
        "total_weight": fit.total_weight,
        "data_fingerprint": fingerprint(rows),
    }
    return {name: value for name, value in made.items() if value is not None}


def fingerprint(rows: Rows) -> str:
    """A digest that two tables share when the model saw the same numbers in the same order.

    "unknown" for rows that do not live in memory.

    Examples
    --------
    >>> from bayes_gmm.data.standardize import Standardizer
    >>> unit = Standardizer.identity(1)
    >>> one, same, other = (
    ...     fingerprint(MemoryRows.from_matrix(np.array([[1.0], [x]]), unit)) for x in (2, 2, 3)
    ... )
    >>> one == same, one == other
    (True, False)
    """
    if not isinstance(rows, MemoryRows):
        return "unknown"
    digest = hashlib.sha256()
    parts: tuple[np.ndarray[Any, Any], ...] = (
        rows.block.values, rows.block.observed, rows.block.weights, rows.block.order,
    )  # fmt: skip
    for part in parts:
        digest.update(repr(part.shape).encode())
        digest.update(np.ascontiguousarray(part).tobytes())
    return f"sha256:{digest.hexdigest()[:32]}"
