#!/bin/sh
# Prints the Python to set up with: the one named in $1, else the environment's own, else the first new enough on PATH.
# Refuses with one sentence where there is none. Called by the Makefile.

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if [ -n "$1" ]; then
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || {
        echo "Can't run $1: name a Python 3.11 or newer, as in: make PYTHON=python3.11" >&2
        exit 2
    }
    new_enough "$1" || {
        echo "$1 is Python $version, Airlock needs 3.11 or newer: name another one, as in: make PYTHON=python3.11" >&2
        exit 2
    }
    echo "$1"
    exit
fi

for candidate in .venv/bin/python python3 python3.14 python3.13 python3.12 python3.11; do
    if new_enough "$candidate"; then
        echo "$candidate"
        exit
    fi
done
echo "No Python 3.11 or newer on the PATH: install one, or name it, as in: make PYTHON=/path/to/python3.11" >&2
exit 2
