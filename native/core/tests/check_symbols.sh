#!/bin/sh
# Usage: check_symbols.sh LIBRARY [sanitized]
# Exported: exactly tests/symbols.txt, all core_*. Imported: only memory and string primitives; an
# allocator, a clock, a file or a lock among them would break the library's promise to be pure.
set -eu

library=$1
exported=$(mktemp)
trap 'rm -f "$exported"' EXIT

"$NM" -D --defined-only "$library" | awk '{print $NF}' | LC_ALL=C sort >"$exported"
if ! diff -u tests/symbols.txt "$exported"; then
    echo "$library: exported symbols differ from tests/symbols.txt (- promised, + exported)" >&2
    exit 1
fi
if grep -v '^core_[a-z]' "$exported"; then
    echo "$library: exports a name outside core_*" >&2
    exit 1
fi

# A sanitizer's runtime is imported on purpose in that build.
[ "${2:-}" = sanitized ] && exit 0

allowed='^(memcpy|memmove|memset|memchr|memcmp|strlen|__(memcpy|memmove|memset)_chk|__stack_chk_fail|__stack_chk_guard|__cxa_finalize|__gmon_start__|_ITM_(de)?registerTMCloneTable)$'
if "$NM" -D --undefined-only "$library" | awk '{sub(/@.*/, "", $NF); print $NF}' | grep -Ev "$allowed"; then
    echo "$library: imports the above; the core may not allocate, do I/O, read a clock or lock" >&2
    exit 1
fi
echo "$(wc -l <"$exported") exported symbols as promised; nothing impure imported"
