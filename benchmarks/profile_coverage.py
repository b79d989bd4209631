"""How often 94 % intervals of a profile hold the means and shares of segments in the population.

    python benchmarks/profile_coverage.py [--tables 100] [--rows 400] [--separations 2 3 4 6]

Two segments in two features, of shares .6 and .4, whose means are some standard deviations
apart. Six columns that the model does not contain, each with a known mean in each segment:

- "by segment": depends on the segment alone (conditionally independent of the features);
- "by feature": linear in a feature, plus noise, the same in both segments;
- "by both": other intercept and slope in each segment;
- "curved": the square of a feature, plus noise;
- "share by segment", "share by feature": True with a probability that depends on the segment, or
  on a feature.

Each line has the coverage of `Posterior.profile` and of two controls: rows assigned to their most
probable segment, with the t interval of a mean (hard); a membership of each row sampled in each
draw, with the Bayesian bootstrap within segments (sampled). Width is the median width of the
profile's interval relative to that of the hard assignment. The last line of each table has the
coverage of the posterior's own intervals of the means of the features: no profile can do better.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import t as student

import bayes_gmm as bg

PROBABILITY = 0.94
SHARES = (0.6, 0.4)
COLUMNS = (
    "by segment", "by feature", "by both", "curved", "share by segment", "share by feature",
)  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """Separation of the segments in standard deviations, and number of rows."""

    separation: float
    n_rows: int

    @property
    def means(self) -> np.ndarray:
        """Means of the segments, shape (2, 2)."""
        return np.array([[0.0, 0.0], [self.separation, 0.0]])


def outside(z: np.ndarray, x: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Columns of rows with segments z and features x."""
    u, noise = x[:, 0], rng.normal(size=(4, len(z)))
    chance = rng.random((2, len(z)))
    return pd.DataFrame(
        {
            "by segment": np.where(z == 0, 30.0, 45.0) + 10.0 * noise[0],
            "by feature": 3.0 * u + 2.0 * x[:, 1] + 2.0 * noise[1],
            "by both": np.where(z == 0, 2.0 * u, 5.0 - u + x[:, 1]) + noise[2],
            "curved": u**2 + noise[3],
            "share by segment": chance[0] < np.where(z == 0, 0.2, 0.5),
            "share by feature": chance[1] < expit(u - 1.0),
        }
    )


def draw(setting: Setting, rng: np.random.Generator) -> tuple[pd.DataFrame, np.ndarray]:
    """A table with features "x" and "y" and the outside columns, and the segments of its rows."""
    z = (rng.random(setting.n_rows) < SHARES[1]).astype(int)
    x = setting.means[z] + rng.normal(size=(len(z), 2))
    table = outside(z, x, rng)
    table.insert(0, "y", x[:, 1])
    table.insert(0, "x", x[:, 0])
    return table, z


def truth(setting: Setting) -> np.ndarray:
    """Means of the outside columns in each segment, shape (2, columns)."""
    many, z = draw(Setting(setting.separation, 1_000_000), np.random.default_rng(1))
    return np.array([many.loc[z == k, list(COLUMNS)].mean().to_numpy() for k in (0, 1)])


def intervals(setting: Setting, seed: int) -> dict[str, np.ndarray]:
    """Bounds of each method, shape (2 bounds, 2 segments, columns)."""
    table, _ = draw(setting, np.random.default_rng(seed))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = bg.BayesGMM(2, n_init=4, random_state=seed).fit(table[["x", "y"]])
        posterior = model.sample_posterior(250, method="laplace", progress=False).align_to(
            bg.Mixture(SHARES, setting.means, [np.eye(2)] * 2, features=("x", "y"))
        )
        profile = posterior.profile(table, ci_prob=PROBABILITY).table
    by_column = profile.set_index(["column", "segment"])
    own = np.array(
        [
            [by_column.loc[(name, segment), ["lower", "upper"]] for name in COLUMNS]
            for segment in posterior.names
        ],
        dtype=float,
    )
    Y = table[list(COLUMNS)].to_numpy(dtype=float)
    return {
        "profile": own.transpose(2, 0, 1),
        "features": _of_features(posterior),
        "hard": _hard(posterior.predict(table), Y),
        "sampled": _sampled(posterior, table, Y, np.random.default_rng(seed)),
    }


def _of_features(posterior: bg.Posterior) -> np.ndarray:
    """Bounds of the means of the features, shape (2 bounds, 2 segments, 2 features)."""
    table = posterior.segments(PROBABILITY)
    bounds = [table[[f"{name} (mean) {end}" for name in "xy"]] for end in ("lower", "upper")]
    return np.array(bounds)


def _hard(assigned: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Intervals of means of the rows assigned to each segment."""
    found = []
    for k in (0, 1):
        rows = Y[assigned == k] if (assigned == k).sum() > 1 else np.full((2, Y.shape[1]), np.nan)
        half = student.ppf(0.5 + PROBABILITY / 2, len(rows) - 1) * rows.std(axis=0, ddof=1)
        half /= np.sqrt(len(rows))
        found.append([rows.mean(axis=0) - half, rows.mean(axis=0) + half])
    return np.array(found).transpose(1, 0, 2)


def _sampled(
    posterior: bg.Posterior, table: pd.DataFrame, Y: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Bayesian bootstrap within segments, with memberships sampled in each draw."""
    from bayes_gmm.results.posterior.profile import drawn_mixtures

    r = drawn_mixtures(posterior, len(table)).responsibilities(table[["x", "y"]].to_numpy())
    member = rng.random((len(r), len(Y))) < r[:, 1]
    weights = rng.standard_exponential(member.shape)
    draws = []
    for k in (0, 1):
        w = weights * (member == k)
        draws.append(w @ Y / w.sum(axis=1, keepdims=True))
    tails = 0.5 - PROBABILITY / 2, 0.5 + PROBABILITY / 2
    return np.quantile(np.array(draws), tails, axis=1)


def coverage(setting: Setting, n_tables: int) -> pd.DataFrame:
    """Coverage of each method and column over tables and segments, and the relative width."""
    true, found = truth(setting), [intervals(setting, seed) for seed in range(n_tables)]
    columns = {}
    for method in ("profile", "hard", "sampled"):
        bounds = np.array([each[method] for each in found])
        inside = (bounds[:, 0] <= true) & (true <= bounds[:, 1])
        columns[method] = inside.mean(axis=(0, 1))
    width = [np.array([np.ptp(each[m], axis=0) for each in found]) for m in ("profile", "hard")]
    with np.errstate(divide="ignore", invalid="ignore"):
        columns["width"] = np.nanmedian(width[0] / width[1], axis=(0, 1))
    table = pd.DataFrame(columns, index=list(COLUMNS))
    bounds = np.array([each["features"] for each in found])
    inside = (bounds[:, 0] <= setting.means) & (setting.means <= bounds[:, 1])
    table.loc["(means of features)", "profile"] = inside.mean()
    return table


def main() -> None:
    """Print a table for each separation."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tables", type=int, default=100)
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--separations", type=float, nargs="+", default=[2.0, 2.5, 3.0, 4.0, 6.0])
    options = parser.parse_args()
    for separation in options.separations:
        setting = Setting(separation, options.rows)
        print(f"separation {separation:g}, {options.rows} rows")
        print(coverage(setting, options.tables).round(2).to_string(), flush=True)


if __name__ == "__main__":
    main()
