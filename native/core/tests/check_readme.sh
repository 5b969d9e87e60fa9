#!/bin/sh
# Usage: check_readme.sh README EXAMPLE_SOURCE EXAMPLE_PROGRAM
# The first C block of the README is the example, byte for byte, and the example runs.
set -eu

shown=$(mktemp)
trap 'rm -f "$shown"' EXIT
awk '/^```c$/ {inside = 1; next} /^```$/ && inside {exit} inside' "$1" >"$shown"
if ! diff -u "$2" "$shown"; then
    echo "$1: its first C block is not $2; copy the file into the block" >&2
    exit 1
fi
"$3"
