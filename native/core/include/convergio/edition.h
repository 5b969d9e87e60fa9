/* Editions: one source, four builds (`make EDITION=master|education|business|developer`).
 * An edition is a profile of defaults and limits. The profile of every edition is readable in every
 * build (so that tools can compare them); core_edition_current() says which one this build is, and
 * core_route_request_init(), core_budget_config_init() and core_plan_new() start from its profile. */
#ifndef CONVERGIO_CORE_EDITION_H
#define CONVERGIO_CORE_EDITION_H

#include <convergio/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum core_edition {
    CORE_EDITION_MASTER = 1,    /* everything on, widest limits */
    CORE_EDITION_EDUCATION = 2, /* learners: local first, capped size and spending per query, audit */
    CORE_EDITION_BUSINESS = 3,  /* teams: earlier alerts, spending cap per query, audit */
    CORE_EDITION_DEVELOPER = 4  /* tool builders: verbose reasons, large plans */
} core_edition;

/* How strictly a query must stay on this machine. */
typedef enum core_privacy {
    CORE_PRIVACY_ANY = 0,          /* cloud and local alike */
    CORE_PRIVACY_PREFER_LOCAL = 1, /* a local model that is good enough goes first */
    CORE_PRIVACY_LOCAL_ONLY = 2    /* nothing leaves the machine */
} core_privacy;

/* Bits of core_edition_profile.features. */
#define CORE_FEATURE_RESERVED_CAPACITY 0x01u /* house keys may serve tenants without their own */
#define CORE_FEATURE_AUDIT_REQUIRED 0x02u    /* the host must refuse to run without its audit log */
#define CORE_FEATURE_VERBOSE_REASONS 0x04u   /* explain routing decisions verbosely by default */

typedef struct core_edition_profile {
    core_edition edition;
    const char *name;              /* "master"; static */
    const char *title;             /* "Convergio Education"; static */
    uint32_t features;             /* CORE_FEATURE_* */
    core_privacy default_privacy;
    uint64_t max_query_bytes;      /* longest text one query may carry */
    uint64_t max_output_tokens;    /* default ceiling of one answer */
    int64_t max_query_cost;        /* nano-dollars one query may cost at most; INT64_MAX = no cap */
    uint32_t max_plan_nodes;       /* most nodes of one agent plan */
    uint16_t alert_permille;       /* default budget alert threshold, 1/1000 of the limit */
} core_edition_profile;

/* The edition this library was built as. Thread safe. */
CORE_API core_edition core_edition_current(void);

/* Writes a pointer to the static profile of `edition`. CORE_ERR_NULL, CORE_ERR_INVALID. */
CORE_API core_status core_edition_profile_of(core_edition edition,
                                             const core_edition_profile **out);

/* Finds an edition by its exact name. CORE_ERR_NULL; CORE_ERR_INVALID for an unknown name. */
CORE_API core_status core_edition_parse(core_str name, core_edition *out);

#ifdef __cplusplus
}
#endif
#endif
