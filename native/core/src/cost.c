#include <convergio/cost.h>

#include "internal.h"

#define PER_MILLION ((int64_t)1000000)

/* a + b and a * b for non-negative operands; false when the result would not fit. */
static bool add(int64_t a, int64_t b, int64_t *out) {
    if (a > INT64_MAX - b) {
        return false;
    }
    *out = a + b;
    return true;
}

static bool multiply(int64_t a, int64_t b, int64_t *out) {
    if (a != 0 && b > INT64_MAX / a) {
        return false;
    }
    *out = a * b;
    return true;
}

core_status core_usage_split(int64_t total_input, int64_t cached, int64_t total_output,
                             int64_t reasoning, core_usage *out) {
    if (out == NULL) {
        return CORE_ERR_NULL;
    }
    if (cached < 0 || reasoning < 0 || cached > total_input || reasoning > total_output) {
        return CORE_ERR_INVALID;
    }
    *out = (core_usage){
        .input = total_input - cached,
        .cached_input = cached,
        .output = total_output - reasoning,
        .reasoning = reasoning,
    };
    return CORE_OK;
}

/* Exactness without 128-bit integers. With M = 10^6, price p = ph*M + pl and tokens t = th*M + tl:
 *   p*t / M = p*th + ph*tl + pl*tl / M,   where pl*tl < 10^12.
 * The whole part is summed with overflow checks; the fractions of all kinds are summed before the one
 * rounding. All terms are non-negative, so an overflowing partial sum is an overflowing result. */
core_status core_cost_total(const core_price *price, const core_usage *usage, int64_t *out) {
    if (price == NULL || usage == NULL || out == NULL) {
        return CORE_ERR_NULL;
    }
    const int64_t prices[] = {price->input,     price->cached_input, price->output,
                              price->reasoning, price->cache_write,  price->cache_write_long};
    const int64_t tokens[] = {usage->input,     usage->cached_input, usage->output,
                              usage->reasoning, usage->cache_write,  usage->cache_write_long};
    int64_t whole = 0;
    int64_t fraction = 0;
    bool fits = true;
    for (size_t kind = 0; kind < sizeof prices / sizeof prices[0]; kind++) {
        const int64_t p = prices[kind];
        const int64_t t = tokens[kind];
        if (p < 0 || t < 0) {
            return CORE_ERR_INVALID;
        }
        int64_t by_millions = 0;
        int64_t by_rest = 0;
        fits = fits && multiply(p, t / PER_MILLION, &by_millions) &&
               multiply(p / PER_MILLION, t % PER_MILLION, &by_rest) &&
               add(whole, by_millions, &whole) && add(whole, by_rest, &whole);
        fraction += (p % PER_MILLION) * (t % PER_MILLION);
    }
    int64_t total = 0;
    if (!fits || !add(whole, (fraction + PER_MILLION / 2) / PER_MILLION, &total)) {
        return CORE_ERR_OVERFLOW;
    }
    *out = total;
    return CORE_OK;
}

core_status core_cost_add(int64_t a, int64_t b, int64_t *out) {
    if (out == NULL) {
        return CORE_ERR_NULL;
    }
    if (a < 0 || b < 0) {
        return CORE_ERR_INVALID;
    }
    int64_t sum = 0;
    if (!add(a, b, &sum)) {
        return CORE_ERR_OVERFLOW;
    }
    *out = sum;
    return CORE_OK;
}
