from datetime import UTC, datetime, timedelta

import pytest

from schemas.errors import UsageError
from streams.cli.alerts import moment

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("90s", NOW - timedelta(seconds=90), id="seconds"),
        pytest.param("2h", NOW - timedelta(hours=2), id="hours"),
        pytest.param("7d", NOW - timedelta(days=7), id="days"),
        pytest.param("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC), id="date"),
        pytest.param("2026-01-31T09:30Z", datetime(2026, 1, 31, 9, 30, tzinfo=UTC), id="time"),
        pytest.param("2026-01-31T09:30+02:00", datetime(2026, 1, 31, 7, 30, tzinfo=UTC), id="time with an offset"),
    ],
)
def test_since_is_a_date_a_time_or_a_span(text, meant):
    assert moment(text, NOW) == meant


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30", "9999999w", "-1h", "1y", "0001-01-01T00:00+14:00"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(UsageError, match="--since"):
        moment(text, NOW)
