/* Decoding of UTF-8, one code point at a time. Never reads past the bytes it is given. */
#ifndef CONVERGIO_CORE_UTF8_H
#define CONVERGIO_CORE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct core__code_point {
    uint32_t value;
    size_t len; /* bytes taken: 1..4 when valid, 1 when not */
    bool valid;
} core__code_point;

/* Decodes the sequence at `bytes` (`len` > 0). Well-formed means a row of table 3-7 of the Unicode
 * Standard: no overlong forms, no surrogates, nothing above U+10FFFF. */
core__code_point core__utf8_decode(const char *bytes, size_t len);

/* Number of leading bytes below 0x80. */
size_t core__ascii_prefix(const char *bytes, size_t len);

#endif
