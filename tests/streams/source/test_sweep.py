from hypothesis import given
from hypothesis import strategies as st

from streams.source import sweep as module
from streams.source.state import MemoryState
from streams.source.sweep import Forgetting, Sweep

AFTER_S = 6_400
FORGETTING = Forgetting(int, lambda last_seen, newest: newest - last_seen > AFTER_S)


def value(seconds):
    return str(seconds).encode()


def swept(sweep, state, changes):
    """One batch: what it commits, and the tombstones that the sweep added."""
    extended = sweep.extend(state, changes)
    state.apply(extended, 0)
    return {key for key, found in extended.items() if found is None and key not in changes}


def test_keys_silent_for_too_long_are_forgotten_a_slice_with_each_batch(monkeypatch):
    monkeypatch.setattr(module, "_SLICE", 10)
    state = MemoryState({b"old-%d" % number: value(0) for number in range(25)} | {b"young": value(5_000)})
    sweep = Sweep(FORGETTING)
    forgotten = [swept(sweep, state, {b"now": value(AFTER_S + 1)}) for _ in range(4)]
    assert [len(keys) for keys in forgotten] == [10, 10, 5, 0]
    assert state == {b"young": value(5_000), b"now": value(AFTER_S + 1)}


def test_nothing_is_forgotten_before_its_time_or_without_a_batch():
    state = MemoryState({b"a": value(0)})
    sweep = Sweep(FORGETTING)
    assert swept(sweep, state, {b"now": value(AFTER_S)}) == set()
    assert swept(sweep, state, {}) == set()


def test_a_key_that_comes_back_in_the_very_batch_or_during_the_pass_stays(monkeypatch):
    monkeypatch.setattr(module, "_SLICE", 1)
    state = MemoryState({b"a": value(0), b"b": value(0)})
    sweep = Sweep(FORGETTING)
    assert swept(sweep, state, {b"a": value(9_000)}) == set()
    assert swept(sweep, state, {b"b": value(9_000)}) == set()
    assert state == {b"a": value(9_000), b"b": value(9_000)}


def test_what_claims_to_be_of_the_future_makes_nothing_old():
    state = MemoryState({b"a": value(0)})
    sweep = Sweep(FORGETTING, now=lambda: 1_000.0)
    assert swept(sweep, state, {b"broken clock": value(999_999)}) == set()
    assert swept(sweep, state, {b"now": value(1_000)}) == set()


def test_a_batch_that_forgets_a_key_itself_is_left_as_it_is():
    state = MemoryState({b"a": value(9_000)})
    assert Sweep(FORGETTING).extend(state, {b"a": None}) == {b"a": None}


@given(
    st.dictionaries(st.binary(max_size=3), st.integers(0, 20_000).map(value), max_size=40),
    st.lists(
        st.dictionaries(st.binary(max_size=3), st.integers(0, 40_000).map(value), min_size=1, max_size=5), max_size=12
    ),
)
def test_what_is_forgotten_was_silent_for_too_long_by_the_newest_of_its_partition(state, batches):
    state, sweep, newest = MemoryState(state), Sweep(FORGETTING), 0
    for changes in batches:
        before = dict(state)
        newest = max([newest, *map(int, changes.values())])
        for key in swept(sweep, state, changes):
            assert int(before[key]) < newest - AFTER_S
        assert {key: state[key] for key in changes} == changes
