"""The terminal or notebook for progress bars and progress messages."""

from __future__ import annotations

from typing import Any


def progress_console(*, shown: bool) -> Any:
    """A console on standard error if it is a terminal or notebook, else None.

    Parameters
    ----------
    shown : bool
        False always returns None.
    """
    if not shown:
        return None
    from rich.console import Console

    console = Console(stderr=True)
    return console if console.is_terminal or console.is_jupyter else None


def say(text: str, *, shown: bool) -> None:
    """Print a line on standard error if it is a terminal or notebook."""
    console = progress_console(shown=shown)
    if console is not None:
        console.print(text, markup=False, highlight=False, soft_wrap=True)
