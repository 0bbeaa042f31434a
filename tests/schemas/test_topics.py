import re

import pytest

from schemas.topics import TOPICS, topic


def test_every_topic_is_found_by_its_name():
    assert [topic(spec.name) for spec in TOPICS] == list(TOPICS)


def test_names_are_unique_and_never_mix_dots_with_underscores():
    names = [spec.name for spec in TOPICS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)


def test_an_unknown_topic_is_a_mistake_in_the_code():
    with pytest.raises(KeyError):
        topic("event")


@pytest.mark.parametrize("name", ["events", "verdicts", "checkpoints"])
def test_what_is_evidence_is_kept_for_ever(name):
    assert topic(name).cleanup == "keep"


@pytest.mark.parametrize("name", ["baselines", "directory", "profiles"])
def test_what_is_state_is_compacted(name):
    assert topic(name).cleanup == "compact"


@pytest.mark.parametrize("spec", TOPICS, ids=lambda spec: spec.name)
def test_every_topic_has_writers_readers_a_key_and_a_value(spec):
    assert spec.writers
    assert spec.readers
    assert spec.key
    assert spec.value
