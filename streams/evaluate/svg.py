"""Plots as inline SVG: lines and dots on two axes, and nothing more, so that a page needs no library and no network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from math import isfinite, log10
from typing import Literal, NamedTuple

__all__ = ["Axis", "Marks", "plot"]

_WIDTH, _HEIGHT = 640, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 12, 44


class Axis(NamedTuple):
    """An axis from ``low`` to ``high`` with its ``ticks`` and how they are written; ``log``: by powers of ten."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    log: bool = False

    def share(self, value: float) -> float:
        """How far along the axis a value lies, 0 to 1; what lies beyond its ends is put there."""
        low, high, value = (log10(max(one, 1e-12)) if self.log else one for one in (self.low, self.high, value))
        return min(max((value - low) / (high - low or 1.0), 0.0), 1.0)


class Marks(NamedTuple):
    """Points of one meaning, in the ``colour`` of that number (see the page's style)."""

    label: str
    points: Sequence[tuple[float, float]]
    colour: int
    kind: Literal["line", "dashes", "dots"] = "line"


def plot(title: str, x: Axis, y: Axis, marks: Sequence[Marks]) -> str:
    """The plot as an ``<svg>`` element with a legend under it."""

    def across(value: float) -> float:
        return _LEFT + x.share(value) * (_WIDTH - _LEFT - _RIGHT)

    def down(value: float) -> float:
        return _TOP + (1 - y.share(value)) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [f'<figure><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">']
    for at, name in x.ticks:
        place = across(at)
        parts.append(f'<path class="grid" d="M{place:.1f} {_TOP}V{_HEIGHT - _BOTTOM}"/>')
        parts.append(f'<text x="{place:.1f}" y="{_HEIGHT - _BOTTOM + 16}" class="middle">{escape(name)}</text>')
    for at, name in y.ticks:
        place = down(at)
        parts.append(f'<path class="grid" d="M{_LEFT} {place:.1f}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{place + 4:.1f}" class="end">{escape(name)}</text>')
    parts.append(f'<text x="{(_LEFT + _WIDTH) / 2}" y="{_HEIGHT - 8}" class="middle">{escape(x.label)}</text>')
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    parts.append(
        f'<text transform="translate(14 {middle}) rotate(-90)" class="middle">{escape(y.label)}</text>',
    )
    parts += [_drawn(one, across, down) for one in marks]
    legend = " ".join(f'<span class="c{one.colour}">{_SIGNS[one.kind]} {escape(one.label)}</span>' for one in marks)
    return "".join([*parts, f"</svg><figcaption>{legend}</figcaption></figure>"])


_SIGNS = {"line": "&#9473;", "dashes": "&#9477;", "dots": "&#9679;"}


def _drawn(marks: Marks, across: Callable[[float], float], down: Callable[[float], float]) -> str:
    points = [(across(a), down(b)) for a, b in marks.points if isfinite(a) and isfinite(b)]
    if marks.kind == "dots":
        dots = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in points)
        return f'<path class="dots c{marks.colour}" d="{dots}"/>'
    if not points:
        return ""
    path = "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
    return f'<path class="{marks.kind} c{marks.colour}" d="M{path}"/>'
