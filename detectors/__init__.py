"""Pure online models of what a subject usually does: no I/O, no clock, no global randomness."""
