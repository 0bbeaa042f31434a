"""Words that findings and titles share."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun.

    >>> counted(1, "minute"), counted(1200, "minute"), counted(2, "repository", "repositories")
    ('1 minute', '1,200 minutes', '2 repositories')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
