/* How long to wait before trying again. The caller brings the randomness and does the waiting. */
#ifndef CONVERGIO_CORE_RETRY_H
#define CONVERGIO_CORE_RETRY_H

#include <convergio/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* retry_after_ms when the answer carried no retry-after. */
#define CORE_RETRY_AFTER_NONE (-1)

typedef struct core_retry_policy {
    uint32_t base_ms;            /* > 0: upper bound of the first delay */
    uint32_t cap_ms;             /* >= base_ms: upper bound of every delay we choose ourselves */
    uint32_t max_retries;        /* retries after the first try; 0 = never retry */
    uint32_t max_retry_after_ms; /* longest retry-after to obey; beyond it, do not wait */
} core_retry_policy;

/* base 500 ms, cap 8000 ms, 2 retries, retry-after obeyed up to 60000 ms. CORE_ERR_NULL. */
CORE_API core_status core_retry_policy_init(core_retry_policy *out);

/* Writes the delay in milliseconds before retry number `retry` (0 = first retry).
 * Full jitter: uniform in [0, min(cap, base * 2^retry)], from the high 32 bits of `random`
 * (uniform 64 bits) [M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015].
 * With retry_after_ms >= 0 (RFC 9110 section 10.2.3, or the retry-after-ms header) the delay is
 * max(jittered, retry_after_ms): never sooner than the server asked, above cap only if it asked so.
 * CORE_ERR_NULL; CORE_ERR_INVALID; CORE_ERR_RETRY_EXHAUSTED (retry >= max_retries);
 * CORE_ERR_RETRY_TOO_LATE (retry_after_ms > max_retry_after_ms: fail over instead). */
CORE_API core_status core_retry_delay(const core_retry_policy *policy, uint32_t retry,
                                      uint64_t random, int64_t retry_after_ms, uint64_t *out_ms);

#ifdef __cplusplus
}
#endif
#endif
