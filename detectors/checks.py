"""The laws that every detector obeys, as plain functions over a class and a stream of sightings.

As river runs its checks over every estimator, the tests run ``LAWS`` over ``detectors.profile.DETECTORS``: a new
detector gets them by its line in that registry. A broken law is an ``AssertionError`` that says which and where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import Final

import msgspec

from detectors.base import Sighting
from detectors.detector import Detector
from schemas.alert import NotEvaluable

__all__ = [
    "LARGEST_STATE",
    "LAWS",
    "law_judging_changes_nothing",
    "law_learning_leaves_its_argument",
    "law_nothing_is_known_of_a_stranger",
    "law_runs_agree",
    "law_scores_are_explained",
    "law_scores_are_finite",
    "law_state_is_bounded",
    "law_state_survives_bytes",
]

LARGEST_STATE: Final = 1_536
"""Bytes that no detector's stored state exceeds, whatever it is fed."""

Law = Callable[[type[Detector], Sequence[Sighting]], None]


def law_scores_are_finite(detector: type[Detector], stream: Sequence[Sighting]) -> None:
    """A score is a finite number, or there is none; nothing raises on a valid event."""
    for model, x in _run(detector, stream):
        score = model.score_one(x)
        _require(score is None or isfinite(score), f"{detector.name} scored {score}")


def law_judging_changes_nothing(detector: type[Detector], stream: Sequence[Sighting]) -> None:
    """``score_one`` and ``explain_one`` leave the state as it was, and give the same answer again."""
    for model, x in _run(detector, stream):
        before = _encode(model)
        answers = (model.score_one(x), model.explain_one(x))
        _require(answers == (model.score_one(x), model.explain_one(x)), f"{detector.name} changed its mind")
        _require(_encode(model) == before, f"{detector.name} learned while judging")


def law_learning_leaves_its_argument(detector: type[Detector], stream: Sequence[Sighting]) -> None:
    """``learn_one`` and ``skip_one`` return None and change nothing of what they are given."""
    model = detector()
    for number, x in enumerate(stream):
        before = _slots(x)
        learn: Callable[[Sighting], object] = model.skip_one if number % 3 == 2 else model.learn_one
        _require(learn(x) is None, f"{detector.name} returned something")
        _require(_slots(x) == before, f"{detector.name} changed its argument")


def law_runs_agree(detector: type[Detector], stream: Sequence[Sighting]) -> None:
    """The same stream gives the same scores and the same stored bytes."""
    first = [(model.score_one(x), _encode(model)) for model, x in _run(detector, stream)]
    again = [(model.score_one(x), _encode(model)) for model, x in _run(detector, stream)]
    _require(first == again, f"{detector.name} is not deterministic")


def law_state_survives_bytes(detector: type[Detector], stream: Sequence[Sighting]) -> None:
    """A state that was stored and read back scores, learns and is stored like the one that stayed in memory."""
    stays, moves = detector(), detector()
    for number, x in enumerate(stream):
        moves = detector.of_row(msgspec.msgpack.decode(_encode(moves), type=detector.layout))
        _require(moves.score_one(x) == stays.score_one(x), f"{detector.name} lost something in its bytes")
        _take(stays, x, number)
        _take(moves, x, number)
        _require(_encode(moves) == _encode(stays), f"{detector.name} stores the same state in two ways")


def law_state_is_bounded(detector: type[Detector], stream: Sequence[Sighting]) -> None:
    """No stream makes the stored state larger than ``LARGEST_STATE``."""
    for model, _ in _run(detector, stream):
        size = len(_encode(model))
        _require(size <= LARGEST_STATE, f"{detector.name} grew to {size} bytes")


def law_scores_are_explained(detector: type[Detector], stream: Sequence[Sighting]) -> None:
    """``explain_one`` gives a finding with that score and with words, or says why there is none."""
    for model, x in _run(detector, stream):
        score, explained = model.score_one(x), model.explain_one(x)
        _require(explained.detector == detector.name, f"{detector.name} calls itself {explained.detector}")
        _require(bool(explained.reason), f"{detector.name} gave no reason")
        if isinstance(explained, NotEvaluable):
            _require(score is None, f"{detector.name} has a score, but doesn't explain it")
        else:
            _require(explained.score == score, f"{detector.name} explained another score")
            _require(bool(explained.observed), f"{detector.name} left out what it saw")
            _require(bool(explained.expected), f"{detector.name} left out what it expected")


def law_nothing_is_known_of_a_stranger(detector: type[Detector], stream: Sequence[Sighting]) -> None:
    """A subject's first event is not evaluable: novelty alone is no evidence."""
    for x in stream:
        _require(detector().score_one(x) is None, f"{detector.name} judged a stranger")


LAWS: Final[tuple[Law, ...]] = (
    law_scores_are_finite,
    law_judging_changes_nothing,
    law_learning_leaves_its_argument,
    law_runs_agree,
    law_state_survives_bytes,
    law_state_is_bounded,
    law_scores_are_explained,
    law_nothing_is_known_of_a_stranger,
)


_ENCODER: Final = msgspec.msgpack.Encoder()


def _require(truth: bool, otherwise: str) -> None:
    if not truth:
        raise AssertionError(otherwise)


def _run(detector: type[Detector], stream: Sequence[Sighting]) -> Iterator[tuple[Detector, Sighting]]:
    """Each sighting with the state that meets it; the state then learns, or every third time skips."""
    model = detector()
    for number, x in enumerate(stream):
        yield model, x
        _take(model, x, number)


def _take(model: Detector, x: Sighting, number: int) -> None:
    if number % 3 == 2:
        model.skip_one(x)
    else:
        model.learn_one(x)


def _encode(model: Detector) -> bytes:
    return _ENCODER.encode(model.row())


def _slots(x: Sighting) -> tuple[object, ...]:
    names = [name for name in dir(x) if not name.startswith("_")]  # a compiled class has no __slots__ to go by
    return tuple(getattr(x, name) for name in names)
