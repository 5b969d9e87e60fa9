#include <convergio/retry.h>

#include <stddef.h>

core_status core_retry_policy_init(core_retry_policy *out) {
    if (out == NULL) {
        return CORE_ERR_NULL;
    }
    *out = (core_retry_policy){
        .base_ms = 500,
        .cap_ms = 8000,
        .max_retries = 2,
        .max_retry_after_ms = 60000,
    };
    return CORE_OK;
}

core_status core_retry_delay(const core_retry_policy *policy, uint32_t retry, uint64_t random,
                             int64_t retry_after_ms, uint64_t *out_ms) {
    if (policy == NULL || out_ms == NULL) {
        return CORE_ERR_NULL;
    }
    if (policy->base_ms == 0 || policy->cap_ms < policy->base_ms ||
        retry_after_ms < CORE_RETRY_AFTER_NONE) {
        return CORE_ERR_INVALID;
    }
    if (retry >= policy->max_retries) {
        return CORE_ERR_RETRY_EXHAUSTED;
    }
    if (retry_after_ms > (int64_t)policy->max_retry_after_ms) {
        return CORE_ERR_RETRY_TOO_LATE;
    }
    /* base < 2^32, so 32 doublings already exceed any cap and the shift stays below 64 bits. */
    const uint64_t grown = retry >= 32 ? UINT64_MAX : (uint64_t)policy->base_ms << retry;
    const uint64_t ceiling = grown < policy->cap_ms ? grown : policy->cap_ms;
    /* Scaling the high bits avoids the bias of a remainder and needs no wider integer. */
    uint64_t delay = ((random >> 32) * (ceiling + 1)) >> 32;
    if (retry_after_ms > 0 && (uint64_t)retry_after_ms > delay) {
        delay = (uint64_t)retry_after_ms;
    }
    *out_ms = delay;
    return CORE_OK;
}
