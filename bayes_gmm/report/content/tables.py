"""Findings in the table, transformations, and how the numbers were made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bayes_gmm._version import __version__
from bayes_gmm.diagnostics.diagnostic import Diagnostic
from bayes_gmm.diagnostics.fits import written_transform
from bayes_gmm.report.settings import LIMITS
from bayes_gmm.report.source import Source
from bayes_gmm.results.io.prior_json import prior_to_json
from bayes_gmm.text import counted, sentence

EXPLAINED = {"error": "Cannot be used", "warning": "Check this", "note": "For information"}


@dataclass(frozen=True)
class Finding:
    """A finding in the table."""

    code: str
    severity: str
    sign: str
    text: str


@dataclass(frozen=True)
class Transformation:
    """A feature that the fit transforms, and why."""

    feature: str
    name: str
    reason: str


@dataclass(frozen=True)
class Data:
    """Findings and transformations.

    Attributes
    ----------
    findings : tuple of Finding
    more : int
        Further findings that are not listed.
    checked : bool
        Whether the table was available.
    transformations : tuple of Transformation
    """

    findings: tuple[Finding, ...]
    more: int
    checked: bool
    transformations: tuple[Transformation, ...]


@dataclass(frozen=True)
class Setting:
    """A setting of the fit; a program or command is printed in a fixed-width font."""

    name: str
    value: str
    is_code: bool = False


def data(source: Source) -> Data:
    """Findings in the table and transformations of its columns."""
    found = tuple(
        Finding(d.code, d.severity, EXPLAINED[d.severity], sentence(d.text(source.options)))
        for d in source.findings[: LIMITS.findings]
    )
    more = len(source.findings) - len(found)
    return Data(found, more, source.rows is not None, tuple(_transformations(source)))


def _transformations(source: Source) -> Iterator[Transformation]:
    reasons = {d.subject[0]: d for d in source.diagnostics if d.code == "transform_chosen"}
    for name, spec in source.mixture.transforms.specs(source.features).items():
        chosen: Diagnostic | None = reasons.get(name)
        # A saved model does not record whether the user or "auto" chose it.
        reason = "chosen before the fit" if chosen is None else chosen.text(source.options)
        yield Transformation(name, written_transform(spec), sentence(reason))


def method(source: Source) -> tuple[Setting, ...]:
    """How the numbers were made, and the command that repeats it."""
    fit, posterior = source.fit, source.posterior
    of = {} if posterior is None else dict(posterior.provenance)
    found = [
        Setting("model", f"Gaussian mixture of {counted(source.n_components, 'segment')} in "
                f"{counted(len(source.features), 'feature')}, structure '{fit.structure.name}'"),
        Setting("features", ", ".join(source.features)),
        Setting("rows", f"{fit.n_rows:,}" + _total(source)),
        Setting("prior", prior_to_json(fit.prior), is_code=True),
        Setting("log-likelihood and BIC at the mode", f"{fit.log_likelihood:.3f}, {fit.bic:.3f}"),
        *_sampling(source, of),
        Setting("versions", _versions(of)),
    ]  # fmt: skip
    if "created_at" in of:
        found.append(Setting("made at", str(of["created_at"])))
    if "data_fingerprint" in of:
        found.append(Setting("fingerprint of the rows", str(of["data_fingerprint"]), is_code=True))
    is_shell = source.command is not None
    command = source.command or python_code(source)
    found.append(Setting("command" if is_shell else "Python code", command, is_code=True))
    return tuple(found)


def _total(source: Source) -> str:
    total = source.fit.total_weight
    return "" if total == source.fit.n_rows else f" with a total weight of {total:,.6g}"


def _sampling(source: Source, of: dict[str, Any]) -> Iterator[Setting]:
    posterior = source.posterior
    if posterior is None:
        yield Setting("uncertainty", "not computed: the most probable segmentation alone")
        return
    draws = posterior.draws
    name = "NUTS" if draws.method == "nuts" else "Laplace's approximation with importance weights"
    size = f"{counted(draws.n_chains, 'chain')} of {counted(draws.n_draws, 'draw')}"
    tune = f" after {counted(draws.tune, 'warm-up draw')}" if draws.tune else ""
    yield Setting("uncertainty", f"{name} ({draws.sampler}), {size}{tune}")
    yield Setting("seed of the draws", str(of.get("seed", draws.seed)))
    yield Setting("intervals", f"{100.0 * source.ci_prob:g} % credible intervals, equal-tailed")


def _versions(of: dict[str, Any]) -> str:
    made = str(of.get("inference_library_version", __version__))
    parts = [f"bayes_gmm {made}"]
    parts += [f"Python {of['python_version']}"] if "python_version" in of else []
    parts += [f"NumPy {of['numpy_version']}"] if "numpy_version" in of else []
    if made != __version__:
        parts.append(f"report by bayes_gmm {__version__}")
    return ", ".join(parts)


def python_code(source: Source) -> str:
    """Python code that repeats the fit, except for the seed of its starts."""
    fit = source.fit
    options = [str(source.n_components)]
    if fit.structure.name != "full":
        options.append(f"structure={fit.structure.name!r}")
    specs = source.mixture.transforms.specs(source.features)
    options += [f"transforms={specs!r}"] if specs else []
    code = f"model = bg.BayesGMM({', '.join(options)}).fit(X)"
    if source.posterior is None:
        return code
    draws = source.posterior.draws.as_sampled
    arguments = [f"draws={draws.n_draws}", f"chains={draws.n_chains}"]
    arguments += [f"method={draws.method!r}"] if draws.method != "nuts" else []
    arguments.append(f"random_state={draws.seed}")
    return f"{code}\nposterior = model.sample_posterior({', '.join(arguments)})"
