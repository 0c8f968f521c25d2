"""Progress of long work: a bar on a terminal, a line every few seconds elsewhere, and nothing for short work."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import click

_PATIENCE = 0.5  # seconds of work before a bar appears
_WIDEST = 36  # columns that a bar takes
_PAUSE = 5.0  # seconds between two lines where there is no terminal


class Progress:
    """The progress of one piece of work.

    Args:
        what: what is done, for instance "issuing".
        total: how many there are to do.

    Attributes:
        done: how many are done.
        seconds: how long that took.
    """

    def __init__(self, what: str, total: int) -> None:
        self.what, self.total, self.done = what, total, 0
        self.seconds = 0.0
        self._bar: Any = None
        self._shown = contextlib.ExitStack()
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._started = self._told = time.monotonic()

    @property
    def rate(self) -> float:
        """How many are done in a second, so far."""
        return self.done / max(self.seconds, 0.001)

    def reach(self, done: int) -> None:
        """Say how many are done in all."""
        self.advance(max(0, done - self.done))

    def advance(self, count: int = 1) -> None:
        """Say that some more are done."""
        self.done += count
        self.seconds = time.monotonic() - self._started
        if self._terminal:
            self._draw(count)
        elif self._started + self.seconds - self._told >= _PAUSE:
            self._told = self._started + self.seconds
            left = (self.total - self.done) / max(self.rate, 0.001)
            click.echo(
                f"{self.what}: {self.done:,} of {self.total:,}, {self.rate:,.0f}/s, {_words(left)} left", err=True
            )

    def close(self) -> None:
        """End the bar, if one was shown."""
        self._shown.close()

    def _draw(self, count: int) -> None:
        if self._bar is None:
            if self.seconds < _PATIENCE:
                return
            count = self.done
            bar: Any = click.progressbar(
                length=self.total,
                label=self.what,
                file=sys.stderr,
                show_pos=True,
                show_eta=True,
                item_show_func=_as_it_is,
                update_min_steps=max(1, self.total // 1000),
                width=fit_bar(self.what, self.total, _count_columns()),
            )
            bar.start = time.time() - self.seconds  # the work began before the bar
            self._bar = self._shown.enter_context(bar)
        self._bar.update(count, current_item=f"{self.rate:,.0f}/s")


class Stages:
    """Progress of work in several stages, as a callback that takes the stage, the number done and the total."""

    def __init__(self) -> None:
        self._stages: dict[str, Progress] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show the progress of a stage."""
        if stage not in self._stages:
            self.close()
            self._stages[stage] = Progress(stage, total)
        self._stages[stage].reach(done)

    def seconds(self, stage: str) -> float:
        """Tell how long a stage has taken."""
        return self._stages[stage].seconds if stage in self._stages else 0.0

    def close(self) -> None:
        """End the bars."""
        for progress in self._stages.values():
            progress.close()


@contextlib.contextmanager
def show_stages() -> Iterator[Stages]:
    """Show the progress of work in several stages, on standard error."""
    stages = Stages()
    try:
        yield stages
    finally:
        stages.close()


@contextlib.contextmanager
def show_progress(what: str, total: int) -> Iterator[Progress]:
    """Show the progress of work, on standard error.

    Args:
        what: what is done, for instance "issuing".
        total: how many there are to do.
    """
    progress = Progress(what, total)
    try:
        yield progress
    finally:
        progress.close()


class Shown:
    """Shows the progress of long work, from its first call until the work is done.

    Args:
        what: what is done, for instance "verifying".
    """

    def __init__(self, what: str) -> None:
        self._what, self._stack = what, contextlib.ExitStack()
        self._progress: Progress | None = None

    def __call__(self, done: int, total: int) -> None:
        """Show how much was done, of how much."""
        if self._progress is None and done < total:
            self._progress = self._stack.enter_context(show_progress(self._what, total))
        if self._progress is not None:
            self._progress.reach(done)
            if done >= total:
                self._stack.close()
                self._progress = None


def fit_bar(what: str, total: int, columns: int) -> int:
    """Find how many columns a bar may take, so that its line is not wrapped: what is wrapped is never erased.

    Args:
        what: what is done.
        total: how many there are to do.
        columns: of the terminal.
    """
    beside = len(what) + 2 * len(str(total)) + len("  []  /  00:00:00  10,000/s")
    return max(1, min(_WIDEST, columns - 1 - beside))


def _count_columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except (OSError, ValueError):  # what stands for a terminal has no size
        return 80


def _as_it_is(rate: str | None) -> str | None:
    return rate


def _words(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
