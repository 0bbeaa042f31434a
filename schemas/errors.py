"""The one tree of errors, and what each of them means for the process that meets it.

::

    AirlockError
    ├── InputError           a publisher's record can't be used: it goes to the dead letters, the stream goes on
    │   ├── MalformedInputError   the bytes are not what the format says they are (stage ``parse``)
    │   ├── UnknownFormatError    no known format claims the bytes (stage ``recognise``)
    │   └── InvalidEventError     well-formed, but not a valid event (stage ``validate``)
    ├── UsageError           a person's mistake: one sentence, exit code 2
    ├── UnavailableError     something outside (broker, Java, disk) isn't there: one sentence with the way out, exit 2
    ├── StateError           stored state can't be trusted: the worker stops
    └── EvidenceError        the evidence contradicts itself: the process stops
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AirlockError",
    "EvidenceError",
    "InputError",
    "InvalidEventError",
    "MalformedInputError",
    "StateError",
    "UnavailableError",
    "UnknownFormatError",
    "UsageError",
]


class AirlockError(Exception):
    """Root of everything Airlock raises on purpose; its text is one sentence for a person."""


class InputError(AirlockError):
    """A record that can't become an event. ``stage`` names the step that refused it."""

    stage: ClassVar[str] = "normalise"


class MalformedInputError(InputError):
    """The bytes don't decode as their format."""

    stage = "parse"


class UnknownFormatError(InputError):
    """No known format claims the bytes."""

    stage = "recognise"


class InvalidEventError(InputError):
    """The bytes decode, but a field is missing, of the wrong type or out of its range."""

    stage = "validate"


class UsageError(AirlockError):
    """A person's mistake at the command line or in the configuration."""


class UnavailableError(AirlockError):
    """A part outside this process can't be reached or started; the text says what to do about it."""


class StateError(AirlockError):
    """Stored state is of an unknown version or damaged; going on would misjudge."""


class EvidenceError(AirlockError):
    """Evidence contradicts itself or the topic it was taken from."""
