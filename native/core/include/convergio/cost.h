/* Money is integer nano-dollars (10^-9 US dollar) in int64_t: up to about 9.2 billion dollars.
 * Amounts, prices and token counts are never negative. */
#ifndef CONVERGIO_CORE_COST_H
#define CONVERGIO_CORE_COST_H

#include <convergio/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Nano-dollars per million tokens. A list price of $2.50 per million is 2500000000. */
typedef struct core_price {
    int64_t input;
    int64_t cached_input;
    int64_t output;
    int64_t reasoning;
    int64_t cache_write;      /* prompt tokens written to the provider's cache, short-lived */
    int64_t cache_write_long; /* the same, kept longer at a higher price */
} core_price;

/* Tokens by kind. Kinds are disjoint: a cached token is not also an input token. Providers that
 * report totals (OpenAI: prompt_tokens includes cached, completion_tokens includes reasoning) go
 * through core_usage_split(). */
typedef struct core_usage {
    int64_t input;
    int64_t cached_input;
    int64_t output;
    int64_t reasoning;
    int64_t cache_write;
    int64_t cache_write_long;
} core_usage;

/* Splits inclusive totals into disjoint kinds; nothing was written to a cache. CORE_ERR_NULL; CORE_ERR_INVALID when a count is
 * negative, cached > total_input or reasoning > total_output. */
CORE_API core_status core_usage_split(int64_t total_input, int64_t cached, int64_t total_output,
                                      int64_t reasoning, core_usage *out);

/* Writes the cost in nano-dollars: round_half_up(sum(price[k] * usage[k]) / 1000000), exact; the sum
 * is rounded once, not each kind. CORE_ERR_NULL; CORE_ERR_INVALID on a negative number;
 * CORE_ERR_OVERFLOW when the result exceeds INT64_MAX. */
CORE_API core_status core_cost_total(const core_price *price, const core_usage *usage,
                                     int64_t *out);

/* Adds two amounts. CORE_ERR_NULL, CORE_ERR_INVALID on a negative amount, CORE_ERR_OVERFLOW. */
CORE_API core_status core_cost_add(int64_t a, int64_t b, int64_t *out);

#ifdef __cplusplus
}
#endif
#endif
