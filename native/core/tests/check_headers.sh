#!/bin/sh
# Compiles every public header on its own, twice included, as C11, C17 and C++17.
set -eu

flags="-Wall -Wextra -Werror -Wpedantic -Wconversion -Wshadow -Iinclude -fsyntax-only"
checked=0
for header in "$@"; do
    name=convergio/$(basename "$header")
    for standard in c11 c17; do
        # shellcheck disable=SC2086
        printf '#include <%s>\n#include <%s>\ntypedef int not_empty;\n' "$name" "$name" |
            $CC -std=$standard -xc -Wstrict-prototypes $flags -
    done
    # shellcheck disable=SC2086
    printf '#include <%s>\n#include <%s>\ntypedef int not_empty;\n' "$name" "$name" | $CXX -std=c++17 -xc++ $flags -
    checked=$((checked + 1))
done
if [ "$checked" -eq 0 ]; then
    echo "no headers given" >&2
    exit 1
fi
echo "$checked headers compile alone as C11, C17 and C++17"
