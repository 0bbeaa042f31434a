"""What every record that crosses a topic has in common: frozen, closed, and one JSON spelling.

A record's JSON leaves out what is ``None``, writes times in RFC 3339 with ``Z``, and keeps the order in which the
fields are declared, so that the same record always has the same bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, StringConstraints, ValidationError

__all__ = ["YEARS", "Identifier", "Record", "Text", "UtcTime", "explain_validation"]

YEARS = range(2000, 2100)
"""What lies outside these years is a broken clock or a wrong unit, not an event."""


def _as_utc(value: datetime) -> datetime:
    if 1 < value.year < 9999:  # at either end a change of offset would overflow
        value = value.astimezone(UTC)
    if value.year not in YEARS:
        raise ValueError("is outside the years 2000 to 2099")
    return value


UtcTime = Annotated[AwareDatetime, AfterValidator(_as_utc)]
"""A moment with an offset, kept in UTC, between 2000 and 2099."""

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""What names a thing: 1 to 512 characters, none of them a control character."""

Text = Annotated[str, StringConstraints(max_length=4096)]
"""Free text of at most 4,096 characters."""


class Record(BaseModel):
    """Base of all records: frozen, and closed to fields that it doesn't know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_json(self) -> bytes:
        """The record's one JSON spelling, UTF-8."""
        return self.model_dump_json(exclude_none=True).encode()

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """The record that ``data`` spells.

        Raises:
            pydantic.ValidationError: where it isn't such a record.
        """
        return cls.model_validate_json(data)


def explain_validation(error: ValidationError) -> str:
    """One sentence on the first thing that is wrong, without quoting the value (it may be huge or secret)."""
    first: Any = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the record"
    message = first["msg"].removeprefix("Value error, ")
    more = error.error_count() - 1
    return f"{where}: {message}" + (f" (and {more} more)" if more else "")
