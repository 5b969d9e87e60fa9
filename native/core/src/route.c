#include <convergio/route.h>

#include <convergio/text.h>

#include <string.h>

#include "internal.h"

core_status core_route_request_init(core_route_request *out) {
    if (out == NULL) {
        return CORE_ERR_NULL;
    }
    const core_edition_profile *profile = NULL;
    const core_status status = core_edition_profile_of(core_edition_current(), &profile);
    if (status != CORE_OK) {
        return status;
    }
    *out = (core_route_request){
        .max_output_tokens = profile->max_output_tokens,
        .budget_left = CORE_ROUTE_NO_BUDGET,
        .max_query_cost = profile->max_query_cost,
        .memory_available = CORE_ROUTE_MEMORY_UNKNOWN,
        .privacy = profile->default_privacy,
    };
    return CORE_OK;
}

/* One decision in the making. `left` holds the indexes of candidates that passed so far. */
typedef struct routing {
    const core_route_request *request;
    const core_route_candidate *candidates;
    uint64_t input_tokens;
    uint16_t score;
    uint16_t left[CORE_ROUTE_MAX_CANDIDATES];
    uint16_t left_count;
    int64_t cost[CORE_ROUTE_MAX_CANDIDATES]; /* by candidate index; INT64_MAX = incalculable */
    bool affordable[CORE_ROUTE_MAX_CANDIDATES];
} routing;

static bool request_valid(const core_route_request *request) {
    return core__str_valid(request->text) && request->input_tokens <= INT64_MAX &&
           request->max_output_tokens <= INT64_MAX && request->budget_left >= 0 &&
           request->max_query_cost >= 0 && (int)request->privacy >= CORE_PRIVACY_ANY &&
           (int)request->privacy <= CORE_PRIVACY_LOCAL_ONLY &&
           request->min_capability <= CORE_COMPLEXITY_MAX &&
           request->local_margin >= -(int)CORE_COMPLEXITY_MAX &&
           request->local_margin <= (int)CORE_COMPLEXITY_MAX;
}

static bool candidate_valid(const core_route_candidate *candidate) {
    const core_price *price = &candidate->price;
    return core__str_valid(candidate->id) && core__str_valid(candidate->provider) &&
           (candidate->locality == CORE_LOCALITY_CLOUD ||
            candidate->locality == CORE_LOCALITY_LOCAL) &&
           price->input >= 0 && price->cached_input >= 0 && price->output >= 0 &&
           price->reasoning >= 0 && price->cache_write >= 0 && price->cache_write_long >= 0 &&
           candidate->context_window > 0 && candidate->capability <= CORE_COMPLEXITY_MAX;
}

static bool is_local(const routing *r, uint16_t index) {
    return r->candidates[index].locality == CORE_LOCALITY_LOCAL;
}

static bool is_capable(const routing *r, uint16_t index) {
    const int margin = is_local(r, index) ? r->request->local_margin : 0;
    return (int)r->candidates[index].capability >= (int)r->score + margin;
}

/* Estimates what the candidate would cost and whether that may be spent. */
static void price_candidate(routing *r, uint16_t index) {
    const core_route_request *request = r->request;
    const core_usage usage = {
        .input = (int64_t)r->input_tokens,
        .output = (int64_t)request->max_output_tokens,
    };
    int64_t cost = INT64_MAX;
    const core_status status = core_cost_total(&r->candidates[index].price, &usage, &cost);
    r->cost[index] = cost;
    r->affordable[index] = status == CORE_OK && cost <= request->budget_left &&
                           cost <= request->max_query_cost;
}

static bool passes(const routing *r, uint16_t index, core_route_stage stage) {
    const core_route_request *request = r->request;
    const core_route_candidate *candidate = &r->candidates[index];
    switch (stage) {
    case CORE_STAGE_PRIVACY:
        return request->privacy != CORE_PRIVACY_LOCAL_ONLY || is_local(r, index);
    case CORE_STAGE_OFFLINE:
        return !request->offline || is_local(r, index);
    case CORE_STAGE_HEALTH:
        return candidate->healthy;
    case CORE_STAGE_BUDGET:
        return r->affordable[index];
    case CORE_STAGE_CAPABILITY:
        return candidate->capability >= request->min_capability &&
               (candidate->features & request->required_features) == request->required_features;
    case CORE_STAGE_FIT:
        return r->input_tokens <= candidate->context_window &&
               request->max_output_tokens <= candidate->context_window - r->input_tokens;
    case CORE_STAGE_HOST:
        return candidate->memory_bytes <= request->memory_available;
    }
    return false;
}

static core_status stage_status(core_route_stage stage) {
    switch (stage) {
    case CORE_STAGE_PRIVACY:
        return CORE_ERR_PRIVACY_BLOCKED;
    case CORE_STAGE_OFFLINE:
        return CORE_ERR_OFFLINE_BLOCKED;
    case CORE_STAGE_HEALTH:
        return CORE_ERR_UNAVAILABLE;
    case CORE_STAGE_BUDGET:
        return CORE_ERR_BUDGET_EXCEEDED;
    case CORE_STAGE_CAPABILITY:
        return CORE_ERR_CAPABILITY;
    case CORE_STAGE_FIT:
        return CORE_ERR_CONTEXT_WINDOW;
    case CORE_STAGE_HOST:
        return CORE_ERR_HOST_MEMORY;
    }
    return CORE_ERR_INVALID;
}

/* Removes what a stage does not let pass; its status when nothing is left. */
static core_status apply_stage(routing *r, core_route_stage stage, uint16_t *removed,
                               core_error *err) {
    uint16_t kept = 0;
    uint16_t first_removed = 0;
    *removed = 0;
    for (uint16_t i = 0; i < r->left_count; i++) {
        const uint16_t index = r->left[i];
        if (passes(r, index, stage)) {
            r->left[kept++] = index;
        } else if ((*removed)++ == 0) {
            first_removed = index;
        }
    }
    r->left_count = kept;
    return kept > 0 ? CORE_OK : core__fail(err, stage_status(stage), first_removed);
}

/* Negative when a < b, positive when a > b. */
static int compare(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

/* The order of preference in route.h; negative when `a` goes before `b`. Input order breaks ties. */
static int prefer(const routing *r, uint16_t a, uint16_t b) {
    const int by_cost = compare(r->cost[a], r->cost[b]);
    const int by_capability = compare(r->candidates[a].capability, r->candidates[b].capability);
    if (r->request->prefer_cheaper) {
        return by_cost != 0 ? by_cost : -by_capability;
    }
    if (is_capable(r, a) != is_capable(r, b)) {
        return is_capable(r, a) ? -1 : 1;
    }
    if (!is_capable(r, a)) {
        return by_capability != 0 ? -by_capability : by_cost;
    }
    if (r->request->privacy == CORE_PRIVACY_PREFER_LOCAL && is_local(r, a) != is_local(r, b)) {
        return is_local(r, a) ? -1 : 1;
    }
    return by_cost != 0 ? by_cost : by_capability;
}

/* Insertion sort: stable, allocates nothing, and the list has at most 64 entries. */
static void rank(routing *r) {
    for (uint16_t i = 1; i < r->left_count; i++) {
        const uint16_t moving = r->left[i];
        uint16_t at = i;
        while (at > 0 && prefer(r, moving, r->left[at - 1]) < 0) {
            r->left[at] = r->left[at - 1];
            at--;
        }
        r->left[at] = moving;
    }
}

/* What would have answered in the other place than `chosen` does, had neither privacy nor offline nor
 * budget a say: so that a reply can tell what staying here saved, or what going away cost. */
static uint16_t find_elsewhere(const routing *r, uint16_t count, uint16_t chosen) {
    uint16_t best = CORE_ROUTE_NOWHERE;
    for (uint16_t i = 0; i < count; i++) {
        const bool possible = is_local(r, i) != is_local(r, chosen) && r->cost[i] < INT64_MAX &&
                              passes(r, i, CORE_STAGE_HEALTH) &&
                              passes(r, i, CORE_STAGE_CAPABILITY) && passes(r, i, CORE_STAGE_FIT) &&
                              passes(r, i, CORE_STAGE_HOST);
        if (possible && (best == CORE_ROUTE_NOWHERE || prefer(r, i, best) < 0)) {
            best = i;
        }
    }
    return best;
}

static core_route_reason reason_for(const routing *r, uint16_t chosen) {
    if (r->request->privacy == CORE_PRIVACY_LOCAL_ONLY) {
        return CORE_REASON_PRIVACY_LOCAL_ONLY;
    }
    if (r->request->offline) {
        return CORE_REASON_OFFLINE;
    }
    if (r->request->prefer_cheaper) {
        return CORE_REASON_BUDGET_CHEAPER;
    }
    if (r->left_count == 1) {
        return CORE_REASON_ONLY_CANDIDATE;
    }
    if (!is_capable(r, chosen)) {
        return CORE_REASON_BEST_EFFORT;
    }
    if (!is_local(r, chosen)) {
        return CORE_REASON_CHEAPEST_CAPABLE;
    }
    return r->request->privacy == CORE_PRIVACY_PREFER_LOCAL ? CORE_REASON_LOCAL_PREFERRED
                                                            : CORE_REASON_SIMPLE_LOCAL;
}

static core_status check_arguments(const core_route_request *request,
                                   const core_route_candidate *candidates, size_t count,
                                   core_error *err) {
    if (count == 0) {
        return core__fail(err, CORE_ERR_NO_CANDIDATES, 0);
    }
    if (count > CORE_ROUTE_MAX_CANDIDATES) {
        return core__fail(err, CORE_ERR_TOO_LONG, CORE_ROUTE_MAX_CANDIDATES);
    }
    if (!request_valid(request)) {
        return core__fail(err, CORE_ERR_INVALID, count);
    }
    for (size_t i = 0; i < count; i++) {
        if (!candidate_valid(&candidates[i])) {
            return core__fail(err, CORE_ERR_INVALID, i);
        }
    }
    return CORE_OK;
}

core_status core_route_decide(const core_route_request *request,
                              const core_route_candidate *candidates, size_t count,
                              core_route_decision *out, core_error *err) {
    if (request == NULL || out == NULL || (candidates == NULL && count > 0)) {
        return core__fail(err, CORE_ERR_NULL, 0);
    }
    core_status status = check_arguments(request, candidates, count, err);
    if (status != CORE_OK) {
        return status;
    }
    core_route_decision decision;
    memset(&decision, 0, sizeof decision);
    routing r;
    r.request = request;
    r.candidates = candidates;
    r.left_count = (uint16_t)count;
    status = core_complexity_score(request->text, &decision.complexity);
    if (status == CORE_OK && request->input_tokens == 0) {
        status = core_text_estimate_tokens(request->text, &decision.input_tokens);
    } else {
        decision.input_tokens = request->input_tokens;
    }
    if (status != CORE_OK) {
        return core__fail(err, status, count);
    }
    r.score = decision.complexity.score;
    r.input_tokens = decision.input_tokens;
    for (uint16_t i = 0; i < r.left_count; i++) {
        r.left[i] = i;
        price_candidate(&r, i);
    }
    for (unsigned stage = 0; stage < CORE_ROUTE_STAGES; stage++) {
        status = apply_stage(&r, (core_route_stage)stage, &decision.removed[stage], err);
        if (status != CORE_OK) {
            return status;
        }
    }
    rank(&r);
    const uint16_t chosen = r.left[0];
    decision.reason = reason_for(&r, chosen);
    decision.reason_text = core_route_reason_text(decision.reason);
    decision.estimated_cost = r.cost[chosen];
    decision.elsewhere = find_elsewhere(&r, (uint16_t)count, chosen);
    decision.elsewhere_cost =
        decision.elsewhere == CORE_ROUTE_NOWHERE ? 0 : r.cost[decision.elsewhere];
    decision.capable = is_capable(&r, chosen);
    decision.chain_len = r.left_count;
    memcpy(decision.chain, r.left, r.left_count * sizeof r.left[0]);
    *out = decision;
    return CORE_OK;
}
