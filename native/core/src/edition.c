#include <convergio/edition.h>

#include <string.h>

#include "internal.h"

/* The build says -DCORE_EDITION=CORE_EDITION_<NAME>; the Makefile checks the name. No default: a
 * library that does not know its edition must not build. */
#ifndef CORE_EDITION
#error "CORE_EDITION is not set: build with make EDITION=master|education|business|developer"
#endif

_Static_assert(CORE_EDITION >= CORE_EDITION_MASTER && CORE_EDITION <= CORE_EDITION_DEVELOPER,
               "CORE_EDITION must be one of the four core_edition values");

#define MIB ((uint64_t)1024 * 1024)
#define DOLLAR ((int64_t)1000000000)

/* Why the numbers: education keeps a class's queries small and at most 2 cents each; business caps
 * one query at a dollar and warns at 70 %, while there is still time to ask for more. */
static const core_edition_profile profiles[] = {
    {
        .edition = CORE_EDITION_MASTER,
        .name = "master",
        .title = "Convergio Master",
        .features = CORE_FEATURE_RESERVED_CAPACITY,
        .default_privacy = CORE_PRIVACY_ANY,
        .max_query_bytes = 4 * MIB,
        .max_output_tokens = 16384,
        .max_query_cost = INT64_MAX,
        .max_plan_nodes = 65536,
        .alert_permille = 800,
    },
    {
        .edition = CORE_EDITION_EDUCATION,
        .name = "education",
        .title = "Convergio Education",
        .features = CORE_FEATURE_AUDIT_REQUIRED,
        .default_privacy = CORE_PRIVACY_PREFER_LOCAL,
        .max_query_bytes = MIB / 4,
        .max_output_tokens = 4096,
        .max_query_cost = DOLLAR / 50,
        .max_plan_nodes = 256,
        .alert_permille = 800,
    },
    {
        .edition = CORE_EDITION_BUSINESS,
        .name = "business",
        .title = "Convergio Business",
        .features = CORE_FEATURE_RESERVED_CAPACITY | CORE_FEATURE_AUDIT_REQUIRED,
        .default_privacy = CORE_PRIVACY_ANY,
        .max_query_bytes = 4 * MIB,
        .max_output_tokens = 16384,
        .max_query_cost = DOLLAR,
        .max_plan_nodes = 4096,
        .alert_permille = 700,
    },
    {
        .edition = CORE_EDITION_DEVELOPER,
        .name = "developer",
        .title = "Convergio Developer",
        .features = CORE_FEATURE_VERBOSE_REASONS,
        .default_privacy = CORE_PRIVACY_ANY,
        .max_query_bytes = 4 * MIB,
        .max_output_tokens = 16384,
        .max_query_cost = INT64_MAX,
        .max_plan_nodes = 65536,
        .alert_permille = 800,
    },
};

#define PROFILE_COUNT (sizeof profiles / sizeof profiles[0])

core_edition core_edition_current(void) {
    return CORE_EDITION;
}

core_status core_edition_profile_of(core_edition edition, const core_edition_profile **out) {
    if (out == NULL) {
        return CORE_ERR_NULL;
    }
    for (size_t i = 0; i < PROFILE_COUNT; i++) {
        if (profiles[i].edition == edition) {
            *out = &profiles[i];
            return CORE_OK;
        }
    }
    return CORE_ERR_INVALID;
}

core_status core_edition_parse(core_str name, core_edition *out) {
    if (out == NULL || !core__str_valid(name)) {
        return CORE_ERR_NULL;
    }
    for (size_t i = 0; i < PROFILE_COUNT; i++) {
        const core_str known = {profiles[i].name, strlen(profiles[i].name)};
        if (core__str_equal(name, known)) {
            *out = profiles[i].edition;
            return CORE_OK;
        }
    }
    return CORE_ERR_INVALID;
}
