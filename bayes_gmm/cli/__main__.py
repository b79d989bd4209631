"""``python -m bayes_gmm.cli``."""

import sys

from bayes_gmm.cli import main

if __name__ == "__main__":
    sys.exit(main())
