/* One status for the whole library. Numbers are pinned: they are part of the ABI, never
 * renumbered, never reused; a retired number stays listed as retired. */
#ifndef CONVERGIO_CORE_STATUS_H
#define CONVERGIO_CORE_STATUS_H

#include <convergio/export.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum core_status {
    CORE_OK = 0,

    /* 1..19: the caller's arguments and the host. */
    CORE_ERR_NULL = 1,        /* a required pointer is NULL */
    CORE_ERR_INVALID = 2,     /* a value is outside its documented range */
    CORE_ERR_NO_MEMORY = 3,   /* the caller's allocator refused */
    CORE_ERR_OVERFLOW = 4,    /* the exact result does not fit its type; nothing was wrapped */
    CORE_ERR_TOO_LONG = 5,    /* the input exceeds the limit given or documented */
    CORE_ERR_BUFFER = 6,      /* the caller's output buffer is too small */

    /* 20..29: text. */
    CORE_ERR_UTF8 = 20,       /* not well-formed UTF-8; offset = first byte of the bad sequence */

    /* 40..49: routing. offset = index of the first candidate the failing stage removed. */
    CORE_ERR_NO_CANDIDATES = 40,     /* the caller gave no candidate */
    CORE_ERR_PRIVACY_BLOCKED = 41,   /* local only, and no candidate is local */
    CORE_ERR_OFFLINE_BLOCKED = 42,   /* offline, and no candidate is local */
    CORE_ERR_UNAVAILABLE = 43,       /* every permitted candidate is unhealthy */
    CORE_ERR_BUDGET_EXCEEDED = 44,   /* nothing permitted is affordable (also: a refused reservation) */
    CORE_ERR_CAPABILITY = 45,        /* nothing affordable has the demanded capability or features */
    CORE_ERR_CONTEXT_WINDOW = 46,    /* nothing left can hold the tokens (also: compaction) */
    CORE_ERR_HOST_MEMORY = 47,       /* nothing left fits into the memory of this host */

    /* 60..69: budget. */
    CORE_ERR_RESERVATION_UNKNOWN = 60, /* this budget never issued that reservation */
    CORE_ERR_RESERVATION_CLOSED = 61,  /* it was already settled or released */

    /* 70..79: retry. */
    CORE_ERR_RETRY_EXHAUSTED = 70,   /* no attempts left */
    CORE_ERR_RETRY_TOO_LATE = 71,    /* retry-after is longer than the policy is ready to wait */

    /* 80..89: plan. offset = index of the node at fault. */
    CORE_ERR_PLAN_DUPLICATE_ID = 80,
    CORE_ERR_PLAN_UNKNOWN_DEP = 81,
    CORE_ERR_PLAN_SELF_EDGE = 82,
    CORE_ERR_PLAN_CYCLE = 83
} core_status;

/* Returns the stable, dotted code of a status ("budget.exceeded"), for machines and logs.
 * Never NULL; a number outside the enum gives "unknown". Static storage. Thread safe. */
CORE_API const char *core_status_name(core_status status);

/* Returns one English sentence fragment, lower case, saying what happened and what to do next.
 * Never NULL; a number outside the enum gives a text saying so. Static storage. Thread safe. */
CORE_API const char *core_status_text(core_status status);

/* Writes status number `index` (0 .. core_status_count() - 1, in ascending order of number).
 * Lets a binding prove that it maps every status. CORE_ERR_NULL, CORE_ERR_INVALID. */
CORE_API int core_status_count(void);
CORE_API core_status core_status_at(int index, core_status *out);

#ifdef __cplusplus
}
#endif
#endif
