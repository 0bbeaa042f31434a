"""Where people live and work: cities with their time zone, working week and holidays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from streams.simulate.randomness import derive
from streams.simulate.spec import DAY, HOUR, SECOND

__all__ = ["CITIES", "ELSEWHERE", "City", "days_of_change", "is_holiday", "utc_offset"]

_MONDAY_TO_FRIDAY = (0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class City:
    """A city; ``weight`` is how likely a software company has people there."""

    name: str
    country: str
    zone: str
    weight: float
    workdays: tuple[int, ...] = _MONDAY_TO_FRIDAY


CITIES: tuple[City, ...] = (
    City("Berlin", "DE", "Europe/Berlin", 9),
    City("Munich", "DE", "Europe/Berlin", 5),
    City("London", "GB", "Europe/London", 9),
    City("Paris", "FR", "Europe/Paris", 5),
    City("Amsterdam", "NL", "Europe/Amsterdam", 5),
    City("Dublin", "IE", "Europe/Dublin", 3),
    City("Lisbon", "PT", "Europe/Lisbon", 4),
    City("Madrid", "ES", "Europe/Madrid", 4),
    City("Milan", "IT", "Europe/Rome", 2),
    City("Zurich", "CH", "Europe/Zurich", 2),
    City("Vienna", "AT", "Europe/Vienna", 2),
    City("Prague", "CZ", "Europe/Prague", 2),
    City("Krakow", "PL", "Europe/Warsaw", 6),
    City("Bucharest", "RO", "Europe/Bucharest", 4),
    City("Kyiv", "UA", "Europe/Kyiv", 3),
    City("Stockholm", "SE", "Europe/Stockholm", 3),
    City("Istanbul", "TR", "Europe/Istanbul", 2),
    City("Tel Aviv", "IL", "Asia/Jerusalem", 3, (6, 0, 1, 2, 3)),
    City("Bengaluru", "IN", "Asia/Kolkata", 9),
    City("Hyderabad", "IN", "Asia/Kolkata", 4),
    City("Singapore", "SG", "Asia/Singapore", 4),
    City("Tokyo", "JP", "Asia/Tokyo", 3),
    City("Manila", "PH", "Asia/Manila", 2),
    City("Sydney", "AU", "Australia/Sydney", 3),
    City("Auckland", "NZ", "Pacific/Auckland", 1),
    City("New York", "US", "America/New_York", 7),
    City("Austin", "US", "America/Chicago", 5),
    City("San Francisco", "US", "America/Los_Angeles", 8),
    City("Toronto", "CA", "America/Toronto", 5),
    City("Mexico City", "MX", "America/Mexico_City", 2),
    City("Sao Paulo", "BR", "America/Sao_Paulo", 4),
    City("Buenos Aires", "AR", "America/Argentina/Buenos_Aires", 2),
    City("Cape Town", "ZA", "Africa/Johannesburg", 1),
    City("Nairobi", "KE", "Africa/Nairobi", 1),
)

ELSEWHERE: tuple[City, ...] = (
    City("Athens", "GR", "Europe/Athens", 1),
    City("Bangkok", "TH", "Asia/Bangkok", 1),
    City("Beijing", "CN", "Asia/Shanghai", 1),
    City("Belgrade", "RS", "Europe/Belgrade", 1),
    City("Bogota", "CO", "America/Bogota", 1),
    City("Cairo", "EG", "Africa/Cairo", 1),
    City("Copenhagen", "DK", "Europe/Copenhagen", 1),
    City("Denpasar", "ID", "Asia/Makassar", 1),
    City("Hanoi", "VN", "Asia/Ho_Chi_Minh", 1),
    City("Helsinki", "FI", "Europe/Helsinki", 1),
    City("Hong Kong", "HK", "Asia/Hong_Kong", 1),
    City("Kuala Lumpur", "MY", "Asia/Kuala_Lumpur", 1),
    City("Lagos", "NG", "Africa/Lagos", 1),
    City("Moscow", "RU", "Europe/Moscow", 1),
    City("Oslo", "NO", "Europe/Oslo", 1),
    City("Seoul", "KR", "Asia/Seoul", 1),
    City("Sofia", "BG", "Europe/Sofia", 1),
    City("Taipei", "TW", "Asia/Taipei", 1),
)
"""Where the company has nobody at first: people travel, are hired and attack from there."""


@lru_cache(maxsize=65_536)
def utc_offset(zone: str, day_start: int) -> int:
    """Milliseconds that ``zone`` is ahead of UTC at noon UTC of the day that starts at ``day_start``."""
    noon = datetime.fromtimestamp((day_start + 12 * HOUR) // SECOND, UTC)
    return int((noon.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()).total_seconds()) * SECOND


def days_of_change(zone: str, start: int, end: int) -> list[int]:
    """The starts (ms) of the days between ``start`` and ``end`` on which the clocks of ``zone`` have just changed."""
    return [at for at in range(start + DAY, end, DAY) if utc_offset(zone, at) != utc_offset(zone, at - DAY)]


@lru_cache(maxsize=65_536)
def is_holiday(seed: int, country: str, day: int) -> bool:
    """Whether ``day`` (since 1970) is a public holiday.

    Holidays fall by the seed, about nine weekdays a year: what matters to a detector is that a country goes quiet.
    """
    rng = derive(seed, "holiday", country, day)
    return (day + 3) % 7 < 5 and rng.random() < 9 / 261
