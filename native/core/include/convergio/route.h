/* Which model answers a query: a pure decision among the candidates the caller gives.
 *
 * Stages, in this order; each removes candidates, and when none is left its status is returned:
 *   1. privacy     local-only removes cloud               CORE_ERR_PRIVACY_BLOCKED
 *   2. offline     removes cloud                          CORE_ERR_OFFLINE_BLOCKED
 *   3. health      removes unhealthy                      CORE_ERR_UNAVAILABLE
 *   4. budget      estimated cost above what may be spent CORE_ERR_BUDGET_EXCEEDED
 *   5. capability  below min_capability, or a required feature missing  CORE_ERR_CAPABILITY
 *   6. fit         input + output tokens exceed the context window      CORE_ERR_CONTEXT_WINDOW
 *   7. host        needs more memory than this machine has available    CORE_ERR_HOST_MEMORY
 * What remains is ordered; the first is chosen, the rest is the fallback chain. A candidate is
 * "capable" when its capability reaches the complexity score; a local one, when it reaches the score and
 * `local_margin` on top. So what is simple stays local and what is complex goes to the cloud; both
 * thresholds, `capability` and `local_margin`, are the caller's configuration.
 *   normal          capable first; cheapest; then least surplus capability; then input order.
 *                   Those not capable follow: most capable, then cheapest.
 *   prefer_local    as normal, but capable local ones go before capable cloud ones.
 *   prefer_cheaper  cheapest; then most capable; then input order (budget nearly used up). */
#ifndef CONVERGIO_CORE_ROUTE_H
#define CONVERGIO_CORE_ROUTE_H

#include <convergio/complexity.h>
#include <convergio/cost.h>
#include <convergio/edition.h>
#include <convergio/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CORE_ROUTE_MAX_CANDIDATES 64u
/* core_route_request.budget_left when no budget applies. */
#define CORE_ROUTE_NO_BUDGET INT64_MAX
/* core_route_request.memory_available when nobody looked: no candidate is removed for it. */
#define CORE_ROUTE_MEMORY_UNKNOWN UINT64_MAX
/* core_route_decision.elsewhere when there is nothing to compare with. */
#define CORE_ROUTE_NOWHERE UINT16_MAX
/* Upper bound of what core_route_explain() writes, ids of up to 128 bytes included. */
#define CORE_ROUTE_EXPLAIN_MAX 1536u

typedef enum core_locality {
    CORE_LOCALITY_CLOUD = 0,
    CORE_LOCALITY_LOCAL = 1
} core_locality;

typedef struct core_route_candidate {
    core_str id;             /* model name; only used by core_route_explain() */
    core_str provider;       /* provider name; only used by core_route_explain() */
    core_locality locality;
    core_price price;        /* nano-dollars per million tokens; all 0 for local models */
    uint64_t context_window; /* tokens, > 0 */
    uint64_t memory_bytes;   /* what it still has to load on this host; 0 = nothing, or unknown */
    uint32_t features;       /* caller-defined bits: tools, vision, ... */
    uint16_t capability;     /* 0..1000, same scale as core_complexity.score */
    bool healthy;
} core_route_candidate;

typedef struct core_route_request {
    core_str text;              /* what is scored, normally the newest user message */
    uint64_t input_tokens;      /* whole prompt; 0 = estimate from `text` */
    uint64_t max_output_tokens; /* reserved for the answer, in cost and in fit */
    int64_t budget_left;        /* nano-dollars, >= 0; CORE_ROUTE_NO_BUDGET = unlimited */
    int64_t max_query_cost;     /* nano-dollars, >= 0; cap of this one query; INT64_MAX = none */
    uint64_t memory_available;  /* bytes models may load here; CORE_ROUTE_MEMORY_UNKNOWN */
    core_privacy privacy;
    uint32_t required_features; /* every bit must be set in a candidate's features */
    uint16_t min_capability;    /* 0..1000, a hard floor; complexity is a soft one */
    int16_t local_margin;       /* -1000..1000, points a local model must have above the score:
                                   more sends more to the cloud, below 0 keeps more here */
    bool offline;
    bool prefer_cheaper;
} core_route_request;

/* Why the chosen one was chosen: the first of these, in this order, that applies. Pinned. */
typedef enum core_route_reason {
    CORE_REASON_PRIVACY_LOCAL_ONLY = 1, /* local only was demanded */
    CORE_REASON_OFFLINE = 2,            /* no network */
    CORE_REASON_BUDGET_CHEAPER = 3,     /* the budget asks for the cheapest */
    CORE_REASON_ONLY_CANDIDATE = 4,     /* nothing else passed the stages */
    CORE_REASON_BEST_EFFORT = 5,        /* none is capable enough: the most capable was taken */
    CORE_REASON_LOCAL_PREFERRED = 6,    /* local first, and it is capable enough */
    CORE_REASON_SIMPLE_LOCAL = 7,       /* cheapest capable one, and it is local */
    CORE_REASON_CHEAPEST_CAPABLE = 8    /* cheapest capable one */
} core_route_reason;

typedef enum core_route_stage {
    CORE_STAGE_PRIVACY = 0,
    CORE_STAGE_OFFLINE = 1,
    CORE_STAGE_HEALTH = 2,
    CORE_STAGE_BUDGET = 3,
    CORE_STAGE_CAPABILITY = 4,
    CORE_STAGE_FIT = 5,
    CORE_STAGE_HOST = 6
} core_route_stage;
#define CORE_ROUTE_STAGES 7u

typedef struct core_route_decision {
    core_complexity complexity;
    uint64_t input_tokens;      /* given or estimated */
    int64_t estimated_cost;     /* nano-dollars of the chosen one: all input uncached + all output */
    int64_t elsewhere_cost;     /* nano-dollars, likewise, with `elsewhere`; 0 when there is none */
    core_route_reason reason;
    const char *reason_text;    /* static */
    uint16_t elsewhere;         /* index of what would have answered in the other place (cloud for a
                                   local choice, local for one of the cloud), were it not for privacy,
                                   offline and budget; CORE_ROUTE_NOWHERE */
    bool capable;               /* the chosen one reaches the complexity score */
    uint16_t removed[CORE_ROUTE_STAGES]; /* candidates removed by each stage */
    uint16_t chain_len;                  /* >= 1 */
    uint16_t chain[CORE_ROUTE_MAX_CANDIDATES]; /* candidate indexes to try in order; [0] = chosen */
} core_route_decision;

/* Fills a request with the defaults of the built edition: empty text, 0 input tokens, the
 * profile's output ceiling, query cost cap and privacy, no budget, no demands. CORE_ERR_NULL. */
CORE_API core_status core_route_request_init(core_route_request *out);

/* Decides. `candidates` has `count` (1..64) entries, borrowed for the call; nothing is allocated.
 * Besides the stages' statuses: CORE_ERR_NULL; CORE_ERR_NO_CANDIDATES (count 0);
 * CORE_ERR_TOO_LONG (count > 64); CORE_ERR_INVALID (offset = candidate index, or `count` when the
 * request is at fault). A candidate whose cost overflows counts as unaffordable. */
CORE_API core_status core_route_decide(const core_route_request *request,
                                       const core_route_candidate *candidates, size_t count,
                                       core_route_decision *out, core_error *err);

/* "simple_local" and friends, stable. Never NULL; "unknown" outside the enum. Thread safe. */
CORE_API const char *core_route_reason_name(core_route_reason reason);
CORE_API const char *core_route_reason_text(core_route_reason reason);

/* Writes one line for a person, without a terminating NUL: chosen model, reason, score and the version
 * of the scoring, cost, what it would have cost elsewhere, fallbacks; `verbose` adds the features of the score and what each stage removed (default of an edition:
 * CORE_FEATURE_VERBOSE_REASONS). `*len` = bytes written. Ids and providers longer than 128 bytes are
 * cut at a code point. CORE_ERR_NULL; CORE_ERR_BUFFER when `cap` is too small (CORE_ROUTE_EXPLAIN_MAX
 * always suffices; `buf` may have been overwritten); CORE_ERR_INVALID for a decision that does not
 * belong to these candidates. */
CORE_API core_status core_route_explain(const core_route_decision *decision,
                                        const core_route_candidate *candidates, size_t count,
                                        bool verbose, char *buf, size_t cap, size_t *len);

#ifdef __cplusplus
}
#endif
#endif
