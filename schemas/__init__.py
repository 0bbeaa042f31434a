"""What crosses a topic: records, the topic table and the tree of errors. Pure data, no I/O."""
