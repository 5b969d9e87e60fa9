#include "support.h"

#include <stdio.h>

#define DOLLARS_PER_MILLION(d) ((int64_t)(d) * 1000000000)

/* 0 small local, 1 large local, 2 cheap cloud, 3 strong cloud. */
enum { SMALL, LARGE, CHEAP, STRONG, MODELS };

static void models(core_route_candidate out[MODELS]) {
    memset(out, 0, MODELS * sizeof *out);
    static const char *const names[MODELS] = {"small", "large", "cheap", "strong"};
    static const uint16_t capabilities[MODELS] = {200, 450, 600, 950};
    for (size_t i = 0; i < MODELS; i++) {
        out[i].id = (core_str){names[i], strlen(names[i])};
        out[i].provider = i < CHEAP ? STR("ollama") : STR("openai");
        out[i].locality = i < CHEAP ? CORE_LOCALITY_LOCAL : CORE_LOCALITY_CLOUD;
        out[i].context_window = i < CHEAP ? 8000 : 100000;
        out[i].capability = capabilities[i];
        out[i].features = i == SMALL ? 0 : 1;
        out[i].healthy = true;
    }
    out[CHEAP].price.input = DOLLARS_PER_MILLION(1);
    out[CHEAP].price.output = DOLLARS_PER_MILLION(4);
    out[STRONG].price.input = DOLLARS_PER_MILLION(5);
    out[STRONG].price.output = DOLLARS_PER_MILLION(20);
}

/* Three easy words, and one that asks for thought: below SMALL, and between SMALL and LARGE, whatever the
 * weights of the score; test_texts_are_as_hard_as_the_tests_need says so. */
static const core_str simple = TEXT("Hello, please translate");
static const core_str hard = TEXT("Tell me why it is so, ok");

static core_route_request request_for(core_str text) {
    core_route_request request;
    memset(&request, 0, sizeof request);
    request.text = text;
    request.input_tokens = 1000;
    request.max_output_tokens = 500;
    request.budget_left = CORE_ROUTE_NO_BUDGET;
    request.max_query_cost = INT64_MAX;
    return request;
}

static core_route_decision decide(const core_route_request *request,
                                  const core_route_candidate *candidates, size_t count) {
    core_route_decision decision;
    memset(&decision, 0xEE, sizeof decision);
    const core_status status = core_route_decide(request, candidates, count, &decision, NULL);
    if (status != CORE_OK) {
        fail_msg("decide: %s", core_status_name(status));
    }
    return decision;
}

static void assert_chain(core_route_decision decision, const uint16_t *chain, size_t len) {
    assert_int_equal(decision.chain_len, len);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(decision.chain[i], chain[i]);
    }
}
#define ASSERT_CHAIN(decision, ...)                                                                \
    assert_chain((decision), (const uint16_t[]){__VA_ARGS__},                                     \
                 COUNT_OF(((const uint16_t[]){__VA_ARGS__})))

static void test_texts_are_as_hard_as_the_tests_need(void **state) {
    (void)state;
    core_complexity c;
    assert_int_equal(core_complexity_score(simple, &c), CORE_OK);
    assert_in_range(c.score, 0, 50); /* a quarter of SMALL, which test_reasons makes of it */
    assert_int_equal(core_complexity_score(hard, &c), CORE_OK);
    assert_in_range(c.score, 238, 450); /* above a quarter of STRONG */
}

static void test_simple_stays_local_and_hard_goes_up(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    core_route_request request = request_for(simple);
    core_route_decision d = decide(&request, m, MODELS);
    assert_int_equal(d.complexity.version, CORE_COMPLEXITY_VERSION);
    ASSERT_CHAIN(d, SMALL, LARGE, CHEAP, STRONG); /* both local ones are free: least surplus first */
    assert_int_equal(d.reason, CORE_REASON_SIMPLE_LOCAL);
    assert_int_equal(d.estimated_cost, 0);
    assert_true(d.capable);

    request.text = hard;
    d = decide(&request, m, MODELS);
    ASSERT_CHAIN(d, LARGE, CHEAP, STRONG, SMALL);

    m[LARGE].healthy = false;
    d = decide(&request, m, MODELS);
    ASSERT_CHAIN(d, CHEAP, STRONG, SMALL);
    assert_int_equal(d.reason, CORE_REASON_CHEAPEST_CAPABLE);
    assert_int_equal(d.estimated_cost, 1000000 + 2000000); /* 1000 in at $1, 500 out at $4 */
    assert_int_equal(d.removed[CORE_STAGE_HEALTH], 1);
}

static void test_reasons(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    core_route_request request = request_for(hard);
    request.privacy = CORE_PRIVACY_PREFER_LOCAL;
    assert_int_equal(decide(&request, m, MODELS).reason, CORE_REASON_LOCAL_PREFERRED);

    request = request_for(hard);
    request.privacy = CORE_PRIVACY_LOCAL_ONLY;
    core_route_decision d = decide(&request, m, MODELS);
    assert_int_equal(d.reason, CORE_REASON_PRIVACY_LOCAL_ONLY);
    ASSERT_CHAIN(d, LARGE, SMALL);
    assert_int_equal(d.removed[CORE_STAGE_PRIVACY], 2);

    request = request_for(hard);
    request.offline = true;
    d = decide(&request, m, MODELS);
    assert_int_equal(d.reason, CORE_REASON_OFFLINE);
    ASSERT_CHAIN(d, LARGE, SMALL);
    assert_int_equal(d.removed[CORE_STAGE_OFFLINE], 2);

    request = request_for(hard);
    request.prefer_cheaper = true;
    d = decide(&request, m, MODELS);
    assert_int_equal(d.reason, CORE_REASON_BUDGET_CHEAPER);
    ASSERT_CHAIN(d, LARGE, SMALL, CHEAP, STRONG); /* cheapest; then most capable */

    request = request_for(hard);
    d = decide(&request, &m[STRONG], 1);
    assert_int_equal(d.reason, CORE_REASON_ONLY_CANDIDATE);

    for (size_t i = 0; i < MODELS; i++) {
        m[i].capability = (uint16_t)(m[i].capability / 4); /* 50, 112, 150, 237: none reaches it */
    }
    d = decide(&request, m, MODELS);
    assert_int_equal(d.reason, CORE_REASON_BEST_EFFORT);
    assert_false(d.capable);
    ASSERT_CHAIN(d, STRONG, CHEAP, LARGE, SMALL);
}

static void test_prefer_local_puts_capable_local_before_cheaper_cloud(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    m[LARGE].price.input = DOLLARS_PER_MILLION(9); /* a local model with a running cost */
    core_route_request request = request_for(hard);
    ASSERT_CHAIN(decide(&request, m, MODELS), CHEAP, LARGE, STRONG, SMALL);
    request.privacy = CORE_PRIVACY_PREFER_LOCAL;
    ASSERT_CHAIN(decide(&request, m, MODELS), LARGE, CHEAP, STRONG, SMALL);
}

static void test_local_margin_moves_the_threshold_of_local_models_alone(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    core_route_request request = request_for(hard);
    const uint16_t score = decide(&request, m, MODELS).complexity.score;
    request.local_margin = (int16_t)(m[LARGE].capability - score); /* it just reaches that */
    ASSERT_CHAIN(decide(&request, m, MODELS), LARGE, CHEAP, STRONG, SMALL);
    request.local_margin++;
    ASSERT_CHAIN(decide(&request, m, MODELS), CHEAP, STRONG, LARGE, SMALL);
    request.local_margin = (int16_t)(m[SMALL].capability - score); /* below 0: keeps more here */
    ASSERT_CHAIN(decide(&request, m, MODELS), SMALL, LARGE, CHEAP, STRONG);
}

static void test_what_the_host_cannot_load_is_removed(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    m[LARGE].memory_bytes = 5000000000;
    core_route_request request = request_for(hard);
    request.memory_available = 5000000000;
    ASSERT_CHAIN(decide(&request, m, MODELS), LARGE, CHEAP, STRONG, SMALL);
    request.memory_available--;
    core_route_decision d = decide(&request, m, MODELS);
    ASSERT_CHAIN(d, CHEAP, STRONG, SMALL);
    assert_int_equal(d.removed[CORE_STAGE_HOST], 1);
    request.memory_available = CORE_ROUTE_MEMORY_UNKNOWN;
    m[LARGE].memory_bytes = UINT64_MAX;
    assert_int_equal(decide(&request, m, MODELS).chain_len, MODELS);
    core_error err;
    request.memory_available = 0;
    assert_int_equal(core_route_decide(&request, &m[LARGE], 1, &d, &err), CORE_ERR_HOST_MEMORY);
    assert_int_equal(err.offset, 0);
    assert_int_equal(core_route_request_init(&request), CORE_OK);
    assert_true(request.memory_available == CORE_ROUTE_MEMORY_UNKNOWN);
}

static void test_elsewhere_is_what_the_other_place_would_have_cost(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    core_route_request request = request_for(hard);
    core_route_decision d = decide(&request, m, MODELS);
    ASSERT_CHAIN(d, LARGE, CHEAP, STRONG, SMALL);
    assert_int_equal(d.elsewhere, CHEAP);
    assert_int_equal(d.elsewhere_cost, 1000000 + 2000000);

    /* It is told also where privacy, offline or budget forbid it: that is what they save, or cost. */
    request.privacy = CORE_PRIVACY_LOCAL_ONLY;
    request.offline = true;
    request.max_query_cost = 1;
    d = decide(&request, m, MODELS);
    assert_int_equal(d.elsewhere, CHEAP);
    assert_int_equal(d.elsewhere_cost, 3000000);

    /* What could not have answered is no comparison. */
    m[CHEAP].healthy = false;
    assert_int_equal(decide(&request, m, MODELS).elsewhere, STRONG);
    m[STRONG].context_window = 1;
    d = decide(&request, m, MODELS);
    assert_int_equal(d.elsewhere, CORE_ROUTE_NOWHERE);
    assert_int_equal(d.elsewhere_cost, 0);

    /* A choice of the cloud has a local one beside it: none capable, so the most capable. */
    models(m);
    request = request_for(hard);
    request.local_margin = 1000;
    d = decide(&request, m, MODELS);
    assert_int_equal(d.chain[0], CHEAP);
    assert_int_equal(d.elsewhere, LARGE);
    assert_int_equal(d.elsewhere_cost, 0);
    assert_int_equal(decide(&request, &m[CHEAP], 2).elsewhere, CORE_ROUTE_NOWHERE);
}

static void test_budget_bounds_are_exact(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    core_route_request request = request_for(hard);
    request.budget_left = 15000000; /* exactly what STRONG costs */
    assert_int_equal(decide(&request, &m[CHEAP], 2).chain_len, 2);
    request.budget_left--;
    ASSERT_CHAIN(decide(&request, &m[CHEAP], 2), 0);
    request.budget_left = CORE_ROUTE_NO_BUDGET;
    request.max_query_cost = 15000000;
    assert_int_equal(decide(&request, &m[CHEAP], 2).chain_len, 2);
    request.max_query_cost--;
    core_route_decision d = decide(&request, &m[CHEAP], 2);
    ASSERT_CHAIN(d, 0);
    assert_int_equal(d.removed[CORE_STAGE_BUDGET], 1);
    request.budget_left = 0;
    ASSERT_CHAIN(decide(&request, m, MODELS), LARGE, SMALL); /* free ones still go */
}

static void test_context_window_bound_is_exact(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    core_route_request request = request_for(simple);
    request.input_tokens = 7500;
    assert_int_equal(decide(&request, m, MODELS).removed[CORE_STAGE_FIT], 0);
    request.input_tokens = 7501;
    const core_route_decision d = decide(&request, m, MODELS);
    assert_int_equal(d.removed[CORE_STAGE_FIT], 2);
    ASSERT_CHAIN(d, CHEAP, STRONG);
}

static void test_capability_floor_is_exact(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    core_route_request request = request_for(simple);
    request.min_capability = 950;
    ASSERT_CHAIN(decide(&request, m, MODELS), STRONG);
    m[CHEAP].capability = request.min_capability = CORE_COMPLEXITY_MAX;
    ASSERT_CHAIN(decide(&request, m, MODELS), CHEAP);
}

static void test_greatest_token_counts_are_valid(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    m[SMALL].context_window = UINT64_MAX;
    core_route_request request = request_for(simple);
    request.input_tokens = INT64_MAX;
    request.max_output_tokens = INT64_MAX;
    ASSERT_CHAIN(decide(&request, m, MODELS), SMALL);
}

static void test_input_tokens_are_estimated_from_the_text(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    core_route_request request = request_for(simple);
    request.input_tokens = 0;
    uint64_t expected = 0;
    assert_int_equal(core_text_estimate_tokens(simple, &expected), CORE_OK);
    assert_int_equal(decide(&request, m, MODELS).input_tokens, expected);
}

/* Each stage, made impossible on its own, gives its status; the output stays as it was. */
static void test_nothing_possible_says_which_stage(void **state) {
    (void)state;
    enum { LOCAL_ONLY, OFFLINE, SICK, POOR, WEAK, FEATURELESS, LONG, LARGER, CASES };
    static const core_status expected[CASES] = {
        CORE_ERR_PRIVACY_BLOCKED, CORE_ERR_OFFLINE_BLOCKED, CORE_ERR_UNAVAILABLE,
        CORE_ERR_BUDGET_EXCEEDED, CORE_ERR_CAPABILITY,      CORE_ERR_CAPABILITY,
        CORE_ERR_CONTEXT_WINDOW,  CORE_ERR_HOST_MEMORY,
    };
    for (int i = 0; i < CASES; i++) {
        core_route_candidate m[MODELS];
        models(m);
        core_route_request request = request_for(hard);
        request.privacy = i == LOCAL_ONLY ? CORE_PRIVACY_LOCAL_ONLY : CORE_PRIVACY_ANY;
        request.offline = i == OFFLINE;
        m[CHEAP].healthy = m[STRONG].healthy = i != SICK;
        request.budget_left = i == POOR ? 10 : CORE_ROUTE_NO_BUDGET;
        request.min_capability = i == WEAK ? 951 : 0;
        request.required_features = i == FEATURELESS ? 2 : 0;
        request.input_tokens = i == LONG ? 100001 : 1000;
        m[CHEAP].memory_bytes = m[STRONG].memory_bytes = i == LARGER ? 1 : 0;
        core_route_decision decision;
        memset(&decision, 0x5A, sizeof decision);
        const core_route_decision before = decision;
        core_error err = {CORE_OK, NULL, 99};
        assert_int_equal(core_route_decide(&request, &m[CHEAP], 2, &decision, &err), expected[i]);
        assert_int_equal(err.code, expected[i]);
        assert_int_equal(err.offset, 0);
        assert_memory_equal(&decision, &before, sizeof decision);
    }
}

static void test_stages_go_in_their_order(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    core_route_request request = request_for(hard);
    request.privacy = CORE_PRIVACY_LOCAL_ONLY;
    request.offline = true;
    request.budget_left = 0;
    m[CHEAP].healthy = false;
    core_error err;
    core_route_decision d;
    assert_int_equal(core_route_decide(&request, &m[CHEAP], 2, &d, &err),
                     CORE_ERR_PRIVACY_BLOCKED);
    request.privacy = CORE_PRIVACY_ANY;
    assert_int_equal(core_route_decide(&request, &m[CHEAP], 2, &d, &err),
                     CORE_ERR_OFFLINE_BLOCKED);
    request.offline = false; /* CHEAP is sick, STRONG too dear: the last stage names its first */
    assert_int_equal(core_route_decide(&request, &m[CHEAP], 2, &d, &err),
                     CORE_ERR_BUDGET_EXCEEDED);
    assert_int_equal(err.offset, 1);
}

static void test_cost_that_overflows_is_unaffordable(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    m[STRONG].price.input = INT64_MAX;
    core_route_request request = request_for(hard);
    request.input_tokens = 2000000;
    m[STRONG].context_window = UINT64_MAX;
    core_route_decision d;
    assert_int_equal(core_route_decide(&request, &m[STRONG], 1, &d, NULL),
                     CORE_ERR_BUDGET_EXCEEDED);
}

static void test_bad_arguments(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    core_route_request good = request_for(simple);
    core_route_decision d;
    core_error err;
    assert_int_equal(core_route_decide(NULL, m, 1, &d, NULL), CORE_ERR_NULL);
    assert_int_equal(core_route_decide(&good, NULL, 1, &d, NULL), CORE_ERR_NULL);
    assert_int_equal(core_route_decide(&good, m, 1, NULL, NULL), CORE_ERR_NULL);
    assert_int_equal(core_route_decide(&good, NULL, 0, &d, NULL), CORE_ERR_NO_CANDIDATES);
    assert_int_equal(core_route_decide(&good, m, 65, &d, NULL), CORE_ERR_TOO_LONG);
    assert_int_equal(core_route_request_init(NULL), CORE_ERR_NULL);

    for (int i = 0; i < 9; i++) {
        core_route_request bad = good;
        switch (i) {
        case 0: bad.budget_left = -1; break;
        case 1: bad.max_query_cost = -1; break;
        case 2: bad.privacy = (core_privacy)3; break;
        case 3: bad.min_capability = 1001; break;
        case 4: bad.input_tokens = UINT64_MAX; break;
        case 5: bad.max_output_tokens = UINT64_MAX; break;
        case 6: bad.local_margin = 1001; break;
        case 7: bad.local_margin = -1001; break;
        default: bad.text = (core_str){NULL, 1}; break;
        }
        assert_int_equal(core_route_decide(&bad, m, MODELS, &d, &err), CORE_ERR_INVALID);
        assert_int_equal(err.offset, MODELS);
    }
    for (int i = 0; i < 6; i++) {
        core_route_candidate bad[MODELS];
        models(bad);
        switch (i) {
        case 0: bad[2].price.reasoning = -1; break;
        case 1: bad[2].context_window = 0; break;
        case 2: bad[2].capability = 1001; break;
        case 3: bad[2].locality = (core_locality)2; break;
        case 4: bad[2].id = (core_str){NULL, 1}; break;
        default: bad[2].provider = (core_str){NULL, 1}; break;
        }
        assert_int_equal(core_route_decide(&good, bad, MODELS, &d, &err), CORE_ERR_INVALID);
        assert_int_equal(err.offset, 2);
    }
}

/* Whatever the input, the chain holds each survivor once and nothing that a constraint forbids. */
static void test_chain_never_breaks_a_constraint(void **state) {
    (void)state;
    uint64_t seed = 11;
    int decided = 0;
    for (int round = 0; round < 20000; round++) {
        core_route_candidate m[CORE_ROUTE_MAX_CANDIDATES];
        memset(m, 0, sizeof m);
        const size_t count = (size_t)test_below(&seed, CORE_ROUTE_MAX_CANDIDATES) + 1;
        for (size_t i = 0; i < count; i++) {
            m[i].locality = (core_locality)test_below(&seed, 2);
            m[i].price.input = (int64_t)test_below(&seed, 20) * 1000000000;
            m[i].context_window = test_below(&seed, 4000) + 1;
            m[i].capability = (uint16_t)test_below(&seed, 1001);
            m[i].features = (uint32_t)test_below(&seed, 4);
            m[i].healthy = test_below(&seed, 3) > 0;
            m[i].memory_bytes = test_below(&seed, 4);
        }
        core_route_request request = request_for(test_below(&seed, 2) ? hard : simple);
        request.privacy = (core_privacy)test_below(&seed, 3);
        request.offline = test_below(&seed, 4) == 0;
        request.prefer_cheaper = test_below(&seed, 4) == 0;
        request.budget_left = (int64_t)test_below(&seed, 20000000);
        request.min_capability = (uint16_t)test_below(&seed, 600);
        request.required_features = (uint32_t)test_below(&seed, 2);
        request.memory_available = test_below(&seed, 4);
        request.local_margin = (int16_t)((int)test_below(&seed, 2001) - 1000);
        core_route_decision d;
        if (core_route_decide(&request, m, count, &d, NULL) != CORE_OK) {
            continue;
        }
        decided++;
        uint64_t seen = 0;
        size_t total = d.chain_len;
        for (size_t stage = 0; stage < CORE_ROUTE_STAGES; stage++) {
            total += d.removed[stage];
        }
        assert_int_equal(total, count);
        for (size_t i = 0; i < d.chain_len; i++) {
            const core_route_candidate *c = &m[d.chain[i]];
            const bool local_only =
                request.offline || request.privacy == CORE_PRIVACY_LOCAL_ONLY;
            assert_true(d.chain[i] < count && (seen >> d.chain[i] & 1) == 0);
            seen |= UINT64_C(1) << d.chain[i];
            assert_true(c->healthy && (!local_only || c->locality == CORE_LOCALITY_LOCAL));
            assert_true(c->price.input / 1000 <= request.budget_left);
            assert_true(c->capability >= request.min_capability && c->context_window >= 1500);
            assert_int_equal(c->features & request.required_features, request.required_features);
            assert_true(c->memory_bytes <= request.memory_available);
        }
        if (d.elsewhere != CORE_ROUTE_NOWHERE) {
            assert_true(m[d.elsewhere].healthy && d.elsewhere < count);
            assert_true(m[d.elsewhere].locality != m[d.chain[0]].locality);
        }
    }
    assert_in_range(decided, 5000, 20000);
}

static void test_reason_names_are_pinned(void **state) {
    (void)state;
    static const char *const names[] = {
        "unknown",      "privacy_local_only", "offline",      "budget_cheaper",   "only_candidate",
        "best_effort",  "local_preferred",    "simple_local", "cheapest_capable", "unknown",
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_string_equal(core_route_reason_name((core_route_reason)i), names[i]);
        assert_true(strlen(core_route_reason_text((core_route_reason)i)) > 10);
    }
}

static void test_explains_in_one_line(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    core_route_request request = request_for(hard);
    m[LARGE].healthy = false;
    core_route_decision d = decide(&request, m, MODELS);
    /* As of a scoring whose weights are known. */
    d.complexity = (core_complexity){
        .version = 9, .score = 303, .base = 340, .subject = 100, .reasoning = 20, .everyday = -120,
        .given = -142, .vocabulary = 25, .math = 33, .code = 4, .structure = 40, .length = 3,
    };
    char line[CORE_ROUTE_EXPLAIN_MAX];
    size_t len = 0;
    assert_int_equal(core_route_explain(&d, m, MODELS, true, line, sizeof line - 1, &len), CORE_OK);
    line[len] = '\0';
    assert_string_equal(line,
                        "openai/cheap: cheapest capable model (cheapest_capable); complexity 303 "
                        "by scoring 9, within its capability; 1000 input tokens; at most 3000000 "
                        "nano-dollars; elsewhere ollama/small at most 0 nano-dollars; fallbacks 2, "
                        "first openai/strong; score: base 340, subject 100, reasoning 20, everyday "
                        "-120, given -142, vocabulary 25, math 33, code 4, structure 40, length 3; "
                        "removed by privacy 0, offline 0, health 1, budget 0, capability 0, fit 0, "
                        "host 0");
    /* Every capacity: either it fits, or it is refused and nothing is written past it. */
    const size_t needed = len;
    for (size_t cap = 0; cap <= needed; cap++) {
        char *exact = malloc(cap + 1);
        assert_non_null(exact);
        exact[cap] = 'G';
        const core_status status = core_route_explain(&d, m, MODELS, true, exact, cap, &len);
        assert_int_equal(status, cap < needed ? CORE_ERR_BUFFER : CORE_OK);
        assert_int_equal(exact[cap], 'G');
        free(exact);
    }
}

static void test_explain_limit_holds_for_the_longest_names(void **state) {
    (void)state;
    char name[300];
    memset(name, 'x', sizeof name);
    core_route_candidate m[MODELS];
    models(m);
    for (size_t i = 0; i < MODELS; i++) {
        m[i].id = m[i].provider = (core_str){name, sizeof name};
    }
    core_route_request request = request_for(hard);
    core_route_decision d = decide(&request, m, MODELS);
    d.estimated_cost = d.elsewhere_cost = INT64_MAX;
    d.elsewhere = SMALL;
    d.input_tokens = UINT64_MAX;
    memset(d.removed, 0xFF, sizeof d.removed);
    d.complexity = (core_complexity){
        .version = UINT32_MAX, .score = UINT16_MAX, .base = INT16_MIN, .subject = INT16_MIN,
        .reasoning = INT16_MIN, .everyday = INT16_MIN, .given = INT16_MIN, .vocabulary = INT16_MIN,
        .math = INT16_MIN, .code = INT16_MIN, .structure = INT16_MIN, .length = INT16_MIN,
    };
    char line[CORE_ROUTE_EXPLAIN_MAX];
    size_t len = 0;
    for (int reason = 1; reason <= CORE_REASON_CHEAPEST_CAPABLE; reason++) {
        d.reason = (core_route_reason)reason;
        assert_int_equal(core_route_explain(&d, m, MODELS, true, line, sizeof line, &len), CORE_OK);
    }
}

static void test_explain_refuses_a_foreign_decision(void **state) {
    (void)state;
    core_route_candidate m[MODELS];
    models(m);
    core_route_request request = request_for(hard);
    core_route_decision d = decide(&request, m, MODELS);
    char line[64];
    size_t len = 7;
    assert_int_equal(core_route_explain(&d, m, 1, false, line, sizeof line, &len),
                     CORE_ERR_INVALID);
    d.chain_len = 0;
    assert_int_equal(core_route_explain(&d, m, MODELS, false, line, sizeof line, &len),
                     CORE_ERR_INVALID);
    d.chain_len = 1;
    d.elsewhere = MODELS;
    assert_int_equal(core_route_explain(&d, m, MODELS, false, line, sizeof line, &len),
                     CORE_ERR_INVALID);
    d.elsewhere = CORE_ROUTE_NOWHERE;
    d.elsewhere_cost = -1;
    assert_int_equal(core_route_explain(&d, m, MODELS, false, line, sizeof line, &len),
                     CORE_ERR_INVALID);
    d.elsewhere_cost = 0;
    d.chain_len = 65;
    assert_int_equal(core_route_explain(&d, m, MODELS, false, line, sizeof line, &len),
                     CORE_ERR_INVALID);
    assert_int_equal(core_route_explain(NULL, m, MODELS, false, line, sizeof line, &len),
                     CORE_ERR_NULL);
    assert_int_equal(core_route_explain(&d, NULL, MODELS, false, line, 1, &len), CORE_ERR_NULL);
    assert_int_equal(core_route_explain(&d, m, MODELS, false, NULL, 1, &len), CORE_ERR_NULL);
    assert_int_equal(core_route_explain(&d, m, MODELS, false, line, 1, NULL), CORE_ERR_NULL);
    assert_int_equal(len, 7);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_texts_are_as_hard_as_the_tests_need),
    cmocka_unit_test(test_simple_stays_local_and_hard_goes_up),
    cmocka_unit_test(test_local_margin_moves_the_threshold_of_local_models_alone),
    cmocka_unit_test(test_what_the_host_cannot_load_is_removed),
    cmocka_unit_test(test_elsewhere_is_what_the_other_place_would_have_cost),
    cmocka_unit_test(test_reasons),
    cmocka_unit_test(test_prefer_local_puts_capable_local_before_cheaper_cloud),
    cmocka_unit_test(test_budget_bounds_are_exact),
    cmocka_unit_test(test_context_window_bound_is_exact),
    cmocka_unit_test(test_capability_floor_is_exact),
    cmocka_unit_test(test_greatest_token_counts_are_valid),
    cmocka_unit_test(test_input_tokens_are_estimated_from_the_text),
    cmocka_unit_test(test_nothing_possible_says_which_stage),
    cmocka_unit_test(test_stages_go_in_their_order),
    cmocka_unit_test(test_cost_that_overflows_is_unaffordable),
    cmocka_unit_test(test_bad_arguments),
    cmocka_unit_test(test_chain_never_breaks_a_constraint),
    cmocka_unit_test(test_reason_names_are_pinned),
    cmocka_unit_test(test_explains_in_one_line),
    cmocka_unit_test(test_explain_limit_holds_for_the_longest_names),
    cmocka_unit_test(test_explain_refuses_a_foreign_decision),
};

TEST_MAIN("route", tests)
