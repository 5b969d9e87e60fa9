#include <convergio/version.h>

#include <string.h>

#include "internal.h"

const char *core_version(void) {
    return CORE_VERSION_STRING;
}

core_status core_version_get(core_version_parts *out) {
    static const char text[] = CORE_VERSION_STRING;
    return core_version_parse((core_str){text, sizeof text - 1}, out, NULL);
}

uint32_t core_abi_version(void) {
    return CORE_ABI_VERSION;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_identifier_char(char c) {
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
}

/* Reads a numeric identifier: digits without a leading zero. Advances `*at`. */
static core_status parse_number(core_str text, size_t *at, uint32_t *out, core_error *err) {
    const size_t start = *at;
    uint32_t value = 0;
    while (*at < text.len && is_digit(text.data[*at])) {
        const uint32_t digit = (uint32_t)(text.data[*at] - '0');
        if (*at > start && value == 0) {
            return core__fail(err, CORE_ERR_INVALID, start);
        }
        if (value > (UINT32_MAX - digit) / 10) {
            return core__fail(err, CORE_ERR_OVERFLOW, start);
        }
        value = value * 10 + digit;
        (*at)++;
    }
    if (*at == start) {
        return core__fail(err, CORE_ERR_INVALID, start);
    }
    *out = value;
    return CORE_OK;
}

/* Reads dot-separated identifiers. Numeric ones may not have a leading zero in a prerelease, but may
 * in build metadata (SemVer 2.0.0 items 9 and 10). */
static core_status parse_identifiers(core_str text, size_t *at, bool leading_zero_allowed,
                                     core_str *out, core_error *err) {
    const size_t start = *at;
    for (;;) {
        const size_t first = *at;
        bool numeric = true;
        while (*at < text.len && is_identifier_char(text.data[*at])) {
            numeric = numeric && is_digit(text.data[*at]);
            (*at)++;
        }
        const size_t len = *at - first;
        if (len == 0 ||
            (numeric && !leading_zero_allowed && len > 1 && text.data[first] == '0')) {
            return core__fail(err, CORE_ERR_INVALID, first);
        }
        if (*at == text.len || text.data[*at] != '.') {
            break;
        }
        (*at)++;
    }
    *out = (core_str){text.data + start, *at - start};
    return CORE_OK;
}

core_status core_version_parse(core_str text, core_version_parts *out, core_error *err) {
    if (out == NULL || !core__str_valid(text)) {
        return core__fail(err, CORE_ERR_NULL, 0);
    }
    core_version_parts parts;
    memset(&parts, 0, sizeof parts);
    uint32_t *const numbers[] = {&parts.major, &parts.minor, &parts.patch};
    size_t at = 0;
    core_status status;
    for (size_t i = 0; i < 3; i++) {
        if (i > 0) {
            if (at == text.len || text.data[at] != '.') {
                return core__fail(err, CORE_ERR_INVALID, at);
            }
            at++;
        }
        status = parse_number(text, &at, numbers[i], err);
        if (status != CORE_OK) {
            return status;
        }
    }
    if (at < text.len && text.data[at] == '-') {
        at++;
        status = parse_identifiers(text, &at, false, &parts.prerelease, err);
        if (status != CORE_OK) {
            return status;
        }
    }
    if (at < text.len && text.data[at] == '+') {
        at++;
        status = parse_identifiers(text, &at, true, &parts.build, err);
        if (status != CORE_OK) {
            return status;
        }
    }
    if (at != text.len) {
        return core__fail(err, CORE_ERR_INVALID, at);
    }
    *out = parts;
    return CORE_OK;
}
