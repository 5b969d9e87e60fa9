#!/bin/sh
# Replays tests/fuzz/corpus/NAME through each program .../fuzz_NAME given.
set -eu

if [ "$#" -eq 0 ]; then
    echo "no fuzz targets: expected tests/fuzz/fuzz_*.c" >&2
    exit 1
fi
for program in "$@"; do
    name=$(basename "$program")
    "$program" "tests/fuzz/corpus/${name#fuzz_}"
done
