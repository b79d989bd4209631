"""Where a posterior comes from: data, model, sampler, versions."""

from __future__ import annotations

from bayes_gmm.data.rows import Rows
from bayes_gmm.inference.sampling.draws import Draws
from bayes_gmm.results.fit.map_fit import MapFit
from bayes_gmm.results.io.file_format import made_now
from bayes_gmm.results.io.prior_json import prior_to_json


def provenance(fit: MapFit, rows: Rows, draws: Draws) -> dict[str, str | int | float]:
    """Provenance of draws, as attributes for NetCDF.

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
        "data_fingerprint": rows.fingerprint(),
    }
    return {name: value for name, value in made.items() if value is not None}
