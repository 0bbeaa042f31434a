from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from streams.source.keys import partition_of


@given(st.binary(max_size=60), st.integers(1, 1000))
def test_a_key_goes_where_other_kafka_clients_send_it(key, count):
    assert partition_of(key, count) == (murmur2(key) & 0x7FFFFFFF) % count


@given(st.binary(max_size=60), st.integers(1, 50), st.integers(1, 20))
def test_a_partition_that_is_split_keeps_its_keys_apart_from_all_others(key, count, factor):
    assert partition_of(key, count * factor) % count == partition_of(key, count)
