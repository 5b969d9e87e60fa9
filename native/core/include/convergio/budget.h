/* A spending limit that cannot be over-admitted: reserve before the call, settle after it.
 *
 *   reserve --> open --settle--> closed (spent += actual)
 *                    \-release-> closed (nothing spent)
 *
 * committed = spent + reserved. A reservation is admitted only if committed + amount <= block
 * threshold, so that admitted amounts can never exceed the limit however calls interleave. Settling
 * above the reserved amount is recorded in full (the provider has charged it) and may carry spent
 * beyond the limit; then every further paid reservation is refused. A reservation of 0 (local model)
 * is always admitted: it cannot spend.
 * Not internally locked: one thread at a time per budget. */
#ifndef CONVERGIO_CORE_BUDGET_H
#define CONVERGIO_CORE_BUDGET_H

#include <convergio/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct core_budget core_budget;

/* Identifies one reservation of one budget. Never 0; never issued twice by the same budget. */
typedef uint64_t core_reservation;

/* Levels rise with committed / limit. Pinned. */
typedef enum core_budget_level {
    CORE_BUDGET_NORMAL = 0,
    CORE_BUDGET_ALERT = 1,   /* tell the owner */
    CORE_BUDGET_CHEAPER = 2, /* route to cheaper models: core_route_request.prefer_cheaper */
    CORE_BUDGET_BLOCKED = 3  /* no paid call is admitted */
} core_budget_level;

typedef struct core_budget_config {
    int64_t limit;             /* nano-dollars per period, >= 0 */
    int64_t spent;             /* already spent in this period (restart), >= 0 */
    uint16_t alert_permille;   /* thresholds in 1/1000 of the limit: */
    uint16_t cheaper_permille; /* 0 < alert <= cheaper <= block <= 1000 */
    uint16_t block_permille;
    uint32_t max_open;         /* most open reservations at once, > 0 */
} core_budget_config;

typedef struct core_budget_state {
    int64_t limit;
    int64_t spent;
    int64_t reserved;
    int64_t left;             /* what may still be reserved, >= 0 */
    core_budget_level level;
    uint32_t open;            /* open reservations */
} core_budget_state;

/* What an operation did to the level. */
typedef struct core_budget_change {
    core_budget_level level; /* now */
    bool first_reached;      /* this level is reached for the first time in the period: notify once */
} core_budget_change;

/* limit and spent 0; alert as the built edition says (master: 800), cheaper 900, block 1000;
 * max_open 4096. CORE_ERR_NULL. */
CORE_API core_status core_budget_config_init(core_budget_config *out);

/* Creates a budget; free it with core_budget_free(). Levels that config->spent already reaches count as
 * reached (their owner was told before the restart).
 * CORE_ERR_NULL, CORE_ERR_INVALID, CORE_ERR_NO_MEMORY. */
CORE_API core_status core_budget_new(const core_allocator *allocator,
                                     const core_budget_config *config, core_budget **out);

/* Frees a budget and forgets its open reservations. NULL is allowed. */
CORE_API void core_budget_free(core_budget *budget);

/* Reserves `amount` nano-dollars (>= 0) before a provider is called. `change` may be NULL.
 * CORE_ERR_NULL; CORE_ERR_INVALID; CORE_ERR_BUDGET_EXCEEDED (nothing changed: do not call);
 * CORE_ERR_TOO_LONG (max_open reached); CORE_ERR_NO_MEMORY. */
CORE_API core_status core_budget_reserve(core_budget *budget, int64_t amount, core_reservation *out,
                                         core_budget_change *change);

/* Closes a reservation with what was really spent (>= 0 nano-dollars). `change` may be NULL.
 * CORE_ERR_NULL; CORE_ERR_INVALID; CORE_ERR_RESERVATION_UNKNOWN; CORE_ERR_RESERVATION_CLOSED;
 * CORE_ERR_OVERFLOW (the reservation stays open). */
CORE_API core_status core_budget_settle(core_budget *budget, core_reservation reservation,
                                        int64_t actual, core_budget_change *change);

/* Closes a reservation whose call did not happen. Errors as core_budget_settle(). */
CORE_API core_status core_budget_release(core_budget *budget, core_reservation reservation,
                                         core_budget_change *change);

/* Starts a new period: spent becomes 0, the limit `limit` (>= 0), levels may be reached anew; open
 * reservations stay open and count against the new period. CORE_ERR_NULL, CORE_ERR_INVALID. */
CORE_API core_status core_budget_begin_period(core_budget *budget, int64_t limit);

/* Reads the figures. CORE_ERR_NULL. */
CORE_API core_status core_budget_read(const core_budget *budget, core_budget_state *out);

/* "normal", "alert", "cheaper", "blocked"; "unknown" outside the enum. Static. Thread safe. */
CORE_API const char *core_budget_level_name(core_budget_level level);

#ifdef __cplusplus
}
#endif
#endif
