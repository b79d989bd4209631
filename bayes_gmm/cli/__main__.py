"""The program `bayes-gmm`, also ``python -m bayes_gmm.cli``."""

import atexit
import gc
import sys
from typing import NoReturn

from bayes_gmm.cli import main


def program() -> NoReturn:
    """Run the command line in this process and end it.

    The imports make some hundred thousand objects that are kept until the end. With Python's
    defaults the garbage collector examines them many times at the start, and again at the end.
    """
    gc.set_threshold(100_000, 50, 100)
    atexit.register(gc.freeze)
    sys.exit(main())


if __name__ == "__main__":
    program()
