#include <convergio/route.h>

#include <convergio/text.h>
#include <string.h>

#include "internal.h"

#define MAX_NAME_BYTES 128

typedef struct reason_row {
    const char *name;
    const char *text;
} reason_row;

/* Indexed by core_route_reason. */
static const reason_row reasons[] = {
    [0] = {"unknown", "a reason this version does not know"},
    [CORE_REASON_PRIVACY_LOCAL_ONLY] = {"privacy_local_only", "only local models are allowed"},
    [CORE_REASON_OFFLINE] = {"offline", "the host is offline"},
    [CORE_REASON_BUDGET_CHEAPER] = {"budget_cheaper",
                                    "the budget is nearly used up: cheapest model"},
    [CORE_REASON_ONLY_CANDIDATE] = {"only_candidate", "no other model passed"},
    [CORE_REASON_BEST_EFFORT] = {"best_effort",
                                 "no model reaches the complexity: most capable one"},
    [CORE_REASON_LOCAL_PREFERRED] = {"local_preferred",
                                     "local models are preferred and this one is capable"},
    [CORE_REASON_SIMPLE_LOCAL] = {"simple_local", "a local model is capable and cheapest"},
    [CORE_REASON_CHEAPEST_CAPABLE] = {"cheapest_capable", "cheapest capable model"},
};

#define REASON_COUNT ((int)(sizeof reasons / sizeof reasons[0]))

static const reason_row *find_reason(core_route_reason reason) {
    const int number = (int)reason;
    return &reasons[number > 0 && number < REASON_COUNT ? number : 0];
}

const char *core_route_reason_name(core_route_reason reason) {
    return find_reason(reason)->name;
}

const char *core_route_reason_text(core_route_reason reason) {
    return find_reason(reason)->text;
}

/* Appends to a fixed buffer; once something does not fit, nothing more is written. */
typedef struct writer {
    char *buf;
    size_t cap;
    size_t len;
    bool full;
} writer;

static void put_bytes(writer *w, const char *bytes, size_t len) {
    if (w->full || len > w->cap - w->len) {
        w->full = true;
        return;
    }
    if (len > 0) {
        memcpy(w->buf + w->len, bytes, len);
        w->len += len;
    }
}

static void put(writer *w, const char *text) {
    put_bytes(w, text, strlen(text));
}

static void put_name(writer *w, core_str name) {
    size_t len = 0;
    if (core_text_truncate(name, MAX_NAME_BYTES, &len) == CORE_OK) {
        put_bytes(w, name.data, len);
    }
}

static void put_number(writer *w, uint64_t value) {
    char digits[20]; /* 2^64 - 1 has 20 digits */
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    put_bytes(w, digits + at, sizeof digits - at);
}

static void put_field(writer *w, const char *label, uint64_t value) {
    put(w, label);
    put_number(w, value);
}

static void put_candidate(writer *w, const core_route_candidate *candidate) {
    put_name(w, candidate->provider);
    put(w, "/");
    put_name(w, candidate->id);
}

static void put_points(writer *w, const char *label, int points) {
    put(w, label);
    put(w, points < 0 ? "-" : "");
    put_number(w, (uint64_t)(points < 0 ? -points : points));
}

static void put_details(writer *w, const core_route_decision *decision) {
    static const char *const stages[CORE_ROUTE_STAGES] = {
        "privacy ", ", offline ", ", health ", ", budget ", ", capability ", ", fit ", ", host ",
    };
    const core_complexity *c = &decision->complexity;
    put_points(w, "; score: base ", c->base);
    put_points(w, ", subject ", c->subject);
    put_points(w, ", reasoning ", c->reasoning);
    put_points(w, ", everyday ", c->everyday);
    put_points(w, ", given ", c->given);
    put_points(w, ", vocabulary ", c->vocabulary);
    put_points(w, ", math ", c->math);
    put_points(w, ", code ", c->code);
    put_points(w, ", structure ", c->structure);
    put_points(w, ", length ", c->length);
    put(w, "; removed by ");
    for (size_t stage = 0; stage < CORE_ROUTE_STAGES; stage++) {
        put_field(w, stages[stage], decision->removed[stage]);
    }
}

static bool candidate_fits(const core_route_candidate *candidates, size_t count, size_t index) {
    return index < count && core__str_valid(candidates[index].id) &&
           core__str_valid(candidates[index].provider);
}

static bool decision_fits(const core_route_decision *decision,
                          const core_route_candidate *candidates, size_t count) {
    if (decision->chain_len == 0 || decision->chain_len > CORE_ROUTE_MAX_CANDIDATES ||
        decision->estimated_cost < 0 || decision->elsewhere_cost < 0) {
        return false;
    }
    for (size_t i = 0; i < decision->chain_len; i++) {
        if (!candidate_fits(candidates, count, decision->chain[i])) {
            return false;
        }
    }
    return decision->elsewhere == CORE_ROUTE_NOWHERE ||
           candidate_fits(candidates, count, decision->elsewhere);
}

core_status core_route_explain(const core_route_decision *decision,
                               const core_route_candidate *candidates, size_t count, bool verbose,
                               char *buf, size_t cap, size_t *len) {
    if (decision == NULL || candidates == NULL || buf == NULL || len == NULL) {
        return CORE_ERR_NULL;
    }
    if (!decision_fits(decision, candidates, count)) {
        return CORE_ERR_INVALID;
    }
    writer w = {.buf = buf, .cap = cap};
    put_candidate(&w, &candidates[decision->chain[0]]);
    put(&w, ": ");
    put(&w, core_route_reason_text(decision->reason));
    put(&w, " (");
    put(&w, core_route_reason_name(decision->reason));
    put_field(&w, "); complexity ", decision->complexity.score);
    put_field(&w, " by scoring ", decision->complexity.version);
    put(&w, decision->capable ? ", within its capability" : ", beyond its capability");
    put_field(&w, "; ", decision->input_tokens);
    put_field(&w, " input tokens; at most ", (uint64_t)decision->estimated_cost);
    put(&w, " nano-dollars; ");
    if (decision->elsewhere != CORE_ROUTE_NOWHERE) {
        put(&w, "elsewhere ");
        put_candidate(&w, &candidates[decision->elsewhere]);
        put_field(&w, " at most ", (uint64_t)decision->elsewhere_cost);
        put(&w, " nano-dollars; ");
    }
    if (decision->chain_len == 1) {
        put(&w, "no fallback");
    } else {
        put_field(&w, "fallbacks ", decision->chain_len - 1u);
        put(&w, ", first ");
        put_candidate(&w, &candidates[decision->chain[1]]);
    }
    if (verbose) {
        put_details(&w, decision);
    }
    if (w.full) {
        return CORE_ERR_BUFFER;
    }
    *len = w.len;
    return CORE_OK;
}
