"""Progress bars in terminals and notebooks."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from bayes_gmm.console import progress_console


class Progress:
    """A progress bar on standard error; hidden unless it is a terminal or notebook.

    Parameters
    ----------
    total : int
        Total number of steps.
    shown : bool
        False disables the bar.
    title : str
    """

    def __init__(self, total: int, *, shown: bool, title: str = "Sampling") -> None:
        self.total = total
        self.bar: Any = None
        console = progress_console(shown=shown)
        if console is not None:
            from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeRemainingColumn

            self.bar = Progress(
                title, BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), console=console
            )

    def __enter__(self) -> Self:
        if self.bar is not None:
            self.bar.__enter__()
            self.task = self.bar.add_task("", total=self.total)
        return self

    def advance(self, steps: int) -> None:
        """Advance the bar by a number of steps."""
        if self.bar is not None:
            self.bar.update(self.task, advance=steps)

    def show(self, done: int) -> None:
        """Set the number of completed steps."""
        if self.bar is not None:
            self.bar.update(self.task, completed=done)

    def say(self, text: str) -> None:
        """Print a line above the bar."""
        if self.bar is not None:
            self.bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.bar is not None:
            if error is None:
                self.bar.update(self.task, completed=self.total)
            self.bar.__exit__(kind, error, trace)
