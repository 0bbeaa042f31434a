"""Text from outside, made safe to show: a name may try to move the cursor, turn the line round or fill the screen.

Follows Unicode's Technical Report 36 on visual spoofing: what has no shape of its own is shown by its code point.
"""

from __future__ import annotations

import unicodedata

__all__ = ["printable"]

# Control, format (bidirectional marks, zero-width), surrogate, private, unassigned; line and paragraph separators.
_SHAPELESS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me"})
_MOST_MARKS = 2  # living languages stack two combining marks on a letter; more is there to climb out of the line


def printable(text: str, limit: int = 200) -> str:
    """``text`` on one line of at most ``limit`` characters and "…", what is invisible written as its code point."""
    shown: list[str] = []
    length = marks = 0
    for character in text[:limit]:
        category = unicodedata.category(character)
        marks = marks + 1 if category in _MARKS else 0
        piece = _escaped(character) if category in _SHAPELESS or marks > _MOST_MARKS else character
        if length + len(piece) > limit:
            break
        shown.append(piece)
        length += len(piece)
    if len(shown) == len(text):
        return "".join(shown)
    while shown and length >= limit:
        length -= len(shown.pop())
    return "".join(shown) + "…"


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
