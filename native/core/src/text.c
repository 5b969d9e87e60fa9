#include <convergio/text.h>

#include <string.h>

#include "internal.h"
#include "utf8.h"

core_status core_text_validate(core_str text, size_t max_len, core_error *err) {
    if (!core__str_valid(text)) {
        return core__fail(err, CORE_ERR_NULL, 0);
    }
    if (text.len > max_len) {
        return core__fail(err, CORE_ERR_TOO_LONG, max_len);
    }
    size_t at = 0;
    while (at < text.len) {
        at += core__ascii_prefix(text.data + at, text.len - at);
        if (at == text.len) {
            break;
        }
        const core__code_point point = core__utf8_decode(text.data + at, text.len - at);
        if (!point.valid) {
            return core__fail(err, CORE_ERR_UTF8, at);
        }
        at += point.len;
    }
    return CORE_OK;
}

core_status core_text_truncate(core_str text, size_t max_len, size_t *out) {
    if (out == NULL || !core__str_valid(text)) {
        return CORE_ERR_NULL;
    }
    size_t len = text.len < max_len ? text.len : max_len;
    /* A code point has at most three continuation bytes; looking back further would only matter for
     * ill-formed text, for which any length will do. */
    for (int back = 0; back < 3 && len > 0 && len < text.len; back++) {
        if (((unsigned char)text.data[len] & 0xC0u) != 0x80u) {
            break;
        }
        len--;
    }
    *out = len;
    return CORE_OK;
}
