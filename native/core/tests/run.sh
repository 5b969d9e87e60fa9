#!/bin/sh
# Runs every test program given and fails when any fails or when there was none to run.
# RUNNER, when set, is a command put before each program (valgrind and its flags).
set -u

failed=0
ran=0
for program in "$@"; do
    ran=$((ran + 1))
    # RUNNER is a command with arguments: splitting it is the point.
    # shellcheck disable=SC2086
    if ! ${RUNNER:-} "$program"; then
        failed=$((failed + 1))
        echo "FAILED: $program" >&2
    fi
done
if [ "$ran" -eq 0 ]; then
    echo "no test programs to run: expected tests/test_*.c" >&2
    exit 1
fi
echo "$ran test programs, $failed failed"
[ "$failed" -eq 0 ]
