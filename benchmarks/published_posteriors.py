"""Our posterior beside the published one of a table whose two groups nearly coincide.

The file is `low_dim_gauss_mix_collapse.json` of the public database posteriordb, whose model is
w ~ Dirichlet(5, 5), mu ~ Normal(0, 2), sigma ~ HalfNormal(2), not ordered; published means and
standard deviations are over both numberings, so ours are taken over both too.

    python benchmarks/published_posteriors.py low_dim_gauss_mix_collapse.json
"""

import argparse
import json
import warnings
from pathlib import Path

import numpy as np

from bayes_gmm import LKJ, BayesGMM, HalfNormal, Normal, Prior

PUBLISHED = {
    "means": ((-0.2509, -0.2853), (0.767, 0.765)),
    "scales": ((1.0306, 1.0258), (0.161, 0.161)),
    "weights": ((0.5015, 0.4985), (0.166, 0.166)),
}
"""Mean and standard deviation of each of the two components, of a million draws."""


def main() -> None:
    """Print a line for each parameter."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    y = np.array(json.loads(parser.parse_args().data.read_text())["y"])[:, None]
    prior = Prior(
        concentration=5.0, means=Normal(0.0, 2.0), covariances=LKJ(scales=HalfNormal(2.0))
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the published model has no maximum
        model = BayesGMM(2, prior=prior, standardize=False, resolution=None, random_state=0).fit(y)
        posterior = model.sample_posterior(draws=20_000, random_state=0, progress=False)
    divergent = int(posterior.draws.stats["diverging"].sum())
    print(f"{posterior.draws.mode.size} draws, {divergent} divergent")
    for name, (mean, sd) in PUBLISHED.items():
        ours = getattr(posterior.parameters, name)
        print(
            f"{name:8} mean {ours.mean():8.4f} (published {np.mean(mean):8.4f})"
            f"  sd {ours.std():.4f} (published {np.mean(sd):.4f})"
        )


if __name__ == "__main__":
    main()
