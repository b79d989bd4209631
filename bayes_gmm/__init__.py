"""Bayesian Gaussian mixture models with credible intervals for segmentation."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from bayes_gmm._version import __version__

__all__ = [
    "LKJ",
    "AmbiguousLabelsWarning",
    "BayesGMM",
    "Candidate",
    "ChangesOverTime",
    "Classification",
    "Comparison",
    "ConvergenceWarning",
    "DataError",
    "DataWarning",
    "Diagnostic",
    "FitError",
    "HalfNormal",
    "HierarchicalWishart",
    "InverseGamma",
    "LogNormal",
    "MapFit",
    "Mixture",
    "Mode",
    "MultimodalWarning",
    "Normal",
    "Posterior",
    "Prior",
    "PriorWarning",
    "Profile",
    "Scan",
    "ShapeCheck",
    "ShapeWarning",
    "Structure",
    "__version__",
    "build_model",
    "check_table",
    "compare",
    "datasets",
    "export_sql",
    "load",
    "plots",
    "read_table",
    "scan",
    "write_assignments",
    "write_report",
]

_NAMES_OF = {
    "bayes_gmm.estimator": ("BayesGMM",),
    "bayes_gmm.model.prior": (
        "Prior", "Normal", "LogNormal", "LKJ", "HierarchicalWishart", "HalfNormal", "InverseGamma",
    ),
    "bayes_gmm.model.structure": ("Structure",),
    "bayes_gmm.model.mixture": ("Mixture",),
    "bayes_gmm.results.fit.map_fit": ("MapFit", "Mode"),
    "bayes_gmm.results.posterior.posterior": ("Posterior",),
    "bayes_gmm.results.comparison.comparison": ("Candidate", "Comparison"),
    "bayes_gmm.results.comparison.compare": ("compare",),
    "bayes_gmm.model.pymc_model": ("build_model",),
    "bayes_gmm.data.table": ("read_table",),
    "bayes_gmm.data.spool.scan": ("scan",),
    "bayes_gmm.data.spool.record": ("Scan",),
    "bayes_gmm.results.assignments": ("write_assignments",),
    "bayes_gmm.data.checks.check_table": ("check_table",),
    "bayes_gmm.diagnostics.diagnostic": ("Diagnostic",),
    "bayes_gmm.results.load": ("load",),
    "bayes_gmm.results.profile.record": ("Profile",),
    "bayes_gmm.results.shape.record": ("ShapeCheck",),
    "bayes_gmm.results.classification": ("Classification",),
    "bayes_gmm.results.posterior.changes_over_time": ("ChangesOverTime",),
    "bayes_gmm.results.sql.export": ("export_sql",),
    "bayes_gmm.report.write": ("write_report",),
    "bayes_gmm.errors": (
        "DataError", "DataWarning", "FitError", "ConvergenceWarning", "AmbiguousLabelsWarning",
        "MultimodalWarning", "ShapeWarning", "PriorWarning",
    ),
}  # fmt: skip
_WHERE = {name: module for module, names in _NAMES_OF.items() for name in names}
_MODULES = {"datasets": "bayes_gmm.data.datasets", "plots": "bayes_gmm.views.plots"}

if TYPE_CHECKING:
    from bayes_gmm.data import datasets
    from bayes_gmm.data.checks.check_table import check_table
    from bayes_gmm.data.spool.record import Scan
    from bayes_gmm.data.spool.scan import scan
    from bayes_gmm.data.table import read_table
    from bayes_gmm.diagnostics.diagnostic import Diagnostic
    from bayes_gmm.errors import (
        AmbiguousLabelsWarning,
        ConvergenceWarning,
        DataError,
        DataWarning,
        FitError,
        MultimodalWarning,
        PriorWarning,
        ShapeWarning,
    )
    from bayes_gmm.estimator import BayesGMM
    from bayes_gmm.model.mixture import Mixture
    from bayes_gmm.model.prior import (
        LKJ,
        HalfNormal,
        HierarchicalWishart,
        InverseGamma,
        LogNormal,
        Normal,
        Prior,
    )
    from bayes_gmm.model.pymc_model import build_model
    from bayes_gmm.model.structure import Structure
    from bayes_gmm.report.write import write_report
    from bayes_gmm.results.classification import Classification
    from bayes_gmm.results.comparison.compare import compare
    from bayes_gmm.results.comparison.comparison import Candidate, Comparison
    from bayes_gmm.results.fit.map_fit import MapFit, Mode
    from bayes_gmm.results.load import load
    from bayes_gmm.results.posterior.changes_over_time import ChangesOverTime
    from bayes_gmm.results.posterior.posterior import Posterior
    from bayes_gmm.results.profile.record import Profile
    from bayes_gmm.results.shape.record import ShapeCheck
    from bayes_gmm.results.sql.export import export_sql
    from bayes_gmm.views import plots


def __getattr__(name: str) -> Any:
    """Load a public name on first use, so that importing the package is fast."""
    if name in _MODULES:
        value: Any = importlib.import_module(_MODULES[name])
    elif name in _WHERE:
        value = getattr(importlib.import_module(_WHERE[name]), name)
    else:
        raise AttributeError(f"module 'bayes_gmm' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
