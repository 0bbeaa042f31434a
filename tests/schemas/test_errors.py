import inspect

import pytest

from schemas import errors
from schemas.errors import (
    AirlockError,
    InputError,
    InvalidEventError,
    MalformedInputError,
    UnknownFormatError,
    UsageError,
)

_CLASSES = [item for _, item in inspect.getmembers(errors, inspect.isclass) if item.__module__ == errors.__name__]


def test_there_is_one_tree_and_all_of_it_is_exported():
    assert all(issubclass(error, AirlockError) for error in _CLASSES)
    assert sorted(error.__name__ for error in _CLASSES) == errors.__all__


@pytest.mark.parametrize("error", _CLASSES, ids=lambda error: error.__name__)
def test_the_drawing_in_the_docstring_has_every_error(error):
    assert error.__name__ in errors.__doc__


def test_each_input_error_names_the_step_that_refused():
    stages = {error.stage for error in (MalformedInputError, UnknownFormatError, InvalidEventError)}
    assert stages == {"parse", "recognise", "validate"}
    assert all(f"(stage ``{stage}``)" in errors.__doc__ for stage in stages)


def test_a_persons_mistake_never_becomes_a_dead_letter():
    assert not issubclass(UsageError, InputError)
