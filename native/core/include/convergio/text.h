/* UTF-8 validation and token estimate. */
#ifndef CONVERGIO_CORE_TEXT_H
#define CONVERGIO_CORE_TEXT_H

#include <convergio/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever core_text_estimate_tokens() may answer differently for the same text. */
#define CORE_TEXT_ESTIMATE_VERSION 1u

/* Checks that `text` is at most `max_len` bytes of well-formed UTF-8 (RFC 3629: no overlong forms,
 * no surrogates, nothing above U+10FFFF, nothing cut short). U+0000 is allowed; empty is valid.
 * CORE_ERR_NULL; CORE_ERR_TOO_LONG (checked first, offset = max_len); CORE_ERR_UTF8 (offset = first
 * byte of the first ill-formed sequence). */
CORE_API core_status core_text_validate(core_str text, size_t max_len, core_error *err);

/* Estimates how many tokens a current byte-pair tokenizer makes of `text`.
 * Formula: each code point weighs milli-tokens by its class; the sum is divided by 1000, rounded up.
 * The classes and weights are in src/tokens.c, with how they were fitted. It is an estimate for routing
 * and reservation, never for billing: settle on what the provider reports.
 * Promised: deterministic; 0 only for the empty text; for well-formed a and b,
 *   max(est(a), est(b)) <= est(ab)  and  est(a) + est(b) - 1 <= est(ab) <= est(a) + est(b).
 * Bytes that are not well-formed UTF-8 weigh one token each. CORE_ERR_NULL. */
CORE_API core_status core_text_estimate_tokens(core_str text, uint64_t *out);

/* Writes the length of the longest prefix of `text` that is at most `max_len` bytes and does not cut
 * a code point in two. For ill-formed text the result is only promised to be <= max_len.
 * CORE_ERR_NULL. */
CORE_API core_status core_text_truncate(core_str text, size_t max_len, size_t *out);

#ifdef __cplusplus
}
#endif
#endif
