"""Progress of long work on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["bytes_bar"]


@contextmanager
def bytes_bar(words: str, total: int | None, *, shown: bool) -> Iterator[Callable[[int], None]]:
    """A bar on standard error that is told of bytes; nothing where it isn't ``shown``."""
    if not shown:
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=4) as bar:
        task = bar.add_task(words, total=total)
        yield lambda size: bar.advance(task, size)
