"""The few formulas that the detectors share, in plain Python: numpy loses to it on single events.

Student-t tail: Wallace's normal approximation (Ann. Math. Statist. 30, 1959), within 2% of the true tail's logarithm
for 4 degrees of freedom or more. Evidence from a p-value: the bound of Sellke, Bayarri and Berger (Am. Stat. 55, 2001),
the most that p can say for *any* alternative. Distances: haversine on a sphere of 6,371 km.
"""

from __future__ import annotations

from hashlib import blake2b
from math import asin, cos, e, erfc, log, log1p, log10, radians, sin, sqrt

__all__ = ["distance_km", "evidence_of_tail", "stable_digest", "stable_hash", "student_t_tail"]

_SQRT2 = sqrt(2.0)
_MOST = 30.0  # decades; beyond it erfc underflows


def student_t_tail(t: float, df: float) -> float:
    """P(T > t) of Student's t for ``t >= 0``.

    >>> abs(student_t_tail(2.228, 10) - 0.025) < 0.0005
    True
    """
    z = (8.0 * df + 1.0) / (8.0 * df + 3.0) * sqrt(df * log1p(t * t / df))
    return 0.5 * erfc(z / _SQRT2)


def evidence_of_tail(p: float) -> float:
    """The decades of evidence against "as usual" in a tail of ``p``; 0 where p is not small.

    >>> round(evidence_of_tail(1e-4), 2), evidence_of_tail(0.4)
    (2.6, 0.0)
    """
    if p >= 1.0 / e:
        return 0.0
    if p < 10.0**-_MOST:
        return _MOST
    return -log10(e * p * -log(p))


def distance_km(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Great-circle distance of two points given in degrees.

    >>> round(distance_km(51.5, -0.1, 52.5, 13.4), -1)
    930.0
    """
    a, b = radians(latitude), radians(to_latitude)
    h = sin((b - a) / 2) ** 2 + cos(a) * cos(b) * sin(radians(to_longitude - longitude) / 2) ** 2
    return 12_742.0 * asin(sqrt(min(h, 1.0)))


def stable_hash(text: str) -> int:
    """64 bits that are the same in every process (``hash`` isn't) and that no sender can aim (as a CRC could be)."""
    return int.from_bytes(stable_digest(text), "big")


def stable_digest(text: str) -> bytes:
    """The same 64 bits as eight bytes."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
