"""The fault laboratory: real workers on a real broker are killed, frozen, cut off and moved about while events arrive.

After each scenario ``streams.audit`` recomputes everything from the topics. ``docs/faults.md`` tells what is promised.
"""
