#include "support.h"

#define S CORE_ROLE_SYSTEM
#define U CORE_ROLE_USER
#define A CORE_ROLE_ASSISTANT
#define T CORE_ROLE_TOOL

#define MAX_MESSAGES 8

/* Window 1200, 200 reserved: usable 1000, compact above 800, shrink to at most 500. */
static core_compaction_config config(void) {
    core_compaction_config out;
    assert_int_equal(core_compaction_config_init(1200, 200, &out), CORE_OK);
    return out;
}

static void test_table(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t count;
        core_message messages[MAX_MESSAGES];
        const char *keep; /* 'k' kept, '.' compacted */
        uint64_t kept_tokens, summary_tokens;
    } cases[] = {
        {"empty", 0, {{S, false, 0}}, "", 0, 0},
        {"at the trigger nothing happens", 2, {{S, false, 100}, {U, false, 700}}, "kk", 800, 0},
        {"one above it, oldest goes", 3, {{S, false, 100}, {U, false, 301}, {U, false, 400}}, "k.k",
         500, 0},
        {"newest fill the target, no gaps", 5,
         {{S, false, 50}, {U, false, 10}, {A, false, 700}, {U, false, 100}, {A, false, 100}},
         "k..kk", 250, 250},
        {"pinned stays", 4, {{U, true, 100}, {U, false, 500}, {A, false, 200}, {U, false, 150}},
         "k.kk", 450, 50},
        {"newest stays even above the target", 2, {{U, false, 100}, {U, false, 800}}, ".k", 800, 0},
        {"tool answers stay with their call", 5,
         {{U, false, 600}, {A, false, 50}, {T, false, 60}, {T, false, 70}, {U, false, 100}}, ".kkkk",
         280, 220},
        {"tool answers go with their call", 5,
         {{U, false, 100}, {A, false, 300}, {T, false, 100}, {T, false, 200}, {U, false, 200}},
         "....k", 200, 300},
        {"newest unit may be a call and its answers", 4,
         {{S, false, 10}, {U, false, 700}, {A, false, 200}, {T, false, 10}}, "k.kk", 220, 280},
        {"a pinned tool answer keeps its call", 5,
         {{U, false, 200}, {A, false, 50}, {T, true, 50}, {U, false, 450}, {U, false, 100}},
         ".kk.k", 200, 300},
        {"a tool answer without its call is a unit", 3,
         {{U, false, 500}, {T, false, 200}, {U, false, 200}}, ".kk", 400, 100},
        {"late system message stays", 4,
         {{U, false, 500}, {S, false, 100}, {U, false, 300}, {U, false, 100}}, ".kkk", 500, 0},
        {"everything must stay", 2, {{S, false, 500}, {U, false, 450}}, "kk", 950, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const core_compaction_config c = config();
        bool keep[MAX_MESSAGES];
        core_compaction out;
        memset(keep, 0, sizeof keep);
        if (core_compaction_decide(&c, cases[i].messages, cases[i].count, keep, &out, NULL) !=
            CORE_OK) {
            fail_msg("%s: refused", cases[i].name);
        }
        size_t kept = 0;
        for (size_t m = 0; m < cases[i].count; m++) {
            if (keep[m] != (cases[i].keep[m] == 'k')) {
                fail_msg("%s: message %zu", cases[i].name, m);
            }
            kept += keep[m] ? 1 : 0;
        }
        if (out.tokens_kept != cases[i].kept_tokens ||
            out.summary_tokens != cases[i].summary_tokens) {
            fail_msg("%s: kept %llu, summary %llu", cases[i].name,
                     (unsigned long long)out.tokens_kept, (unsigned long long)out.summary_tokens);
        }
        assert_int_equal(out.kept, kept);
        assert_int_equal(out.compacted, cases[i].count - kept);
        assert_int_equal(out.needed, out.tokens_before > 800);
    }
}

static void test_what_cannot_fit_is_said_so(void **state) {
    (void)state;
    const core_compaction_config c = config();
    const core_message messages[] = {{S, false, 300}, {U, false, 10}, {A, false, 100}, {T, false, 601}};
    bool keep[] = {false, true, false, true};
    const bool before[] = {false, true, false, true};
    core_compaction out = {.kept = 77};
    core_error err;
    assert_int_equal(core_compaction_decide(&c, messages, 4, keep, &out, &err),
                     CORE_ERR_CONTEXT_WINDOW);
    assert_int_equal(err.offset, 2); /* the unit starts at the assistant's call */
    assert_int_equal(out.kept, 77);
    assert_memory_equal(keep, before, sizeof keep);
}

static void test_bad_arguments(void **state) {
    (void)state;
    const core_compaction_config good = config();
    core_message messages[] = {{U, false, 1}, {U, false, 2}};
    bool keep[2];
    core_compaction out;
    core_error err;
    for (int i = 0; i < 6; i++) {
        core_compaction_config bad = good;
        switch (i) {
        case 0: bad.context_window = 0; break;
        case 1: bad.reserved_output = bad.context_window; break;
        case 2: bad.target_permille = 0; break;
        case 3: bad.target_permille = 801; break;
        case 4: bad.trigger_permille = 1001; break;
        default: bad.trigger_permille = 0; break;
        }
        assert_int_equal(core_compaction_decide(&bad, messages, 2, keep, &out, &err),
                         CORE_ERR_INVALID);
        assert_int_equal(err.offset, 2);
    }
    messages[1].role = (core_role)4;
    assert_int_equal(core_compaction_decide(&good, messages, 2, keep, &out, &err),
                     CORE_ERR_INVALID);
    assert_int_equal(err.offset, 1);
    messages[1] = (core_message){U, false, UINT64_MAX};
    assert_int_equal(core_compaction_decide(&good, messages, 2, keep, &out, &err),
                     CORE_ERR_OVERFLOW);
    assert_int_equal(err.offset, 1);
    assert_int_equal(core_compaction_decide(NULL, messages, 2, keep, &out, NULL), CORE_ERR_NULL);
    assert_int_equal(core_compaction_decide(&good, NULL, 2, keep, &out, NULL), CORE_ERR_NULL);
    assert_int_equal(core_compaction_decide(&good, messages, 2, NULL, &out, NULL), CORE_ERR_NULL);
    assert_int_equal(core_compaction_decide(&good, messages, 2, keep, NULL, NULL), CORE_ERR_NULL);
    assert_int_equal(core_compaction_config_init(1, 0, NULL), CORE_ERR_NULL);
    assert_int_equal(core_compaction_decide(&good, NULL, 0, NULL, &out, NULL), CORE_OK);
    assert_false(out.needed);
}

static bool is_unit_start(const core_message *messages, size_t i) {
    if (i == 0 || messages[i].role != CORE_ROLE_TOOL) {
        return true;
    }
    size_t call = i;
    while (call > 0 && messages[call].role == CORE_ROLE_TOOL) {
        call--;
    }
    return messages[call].role != CORE_ROLE_ASSISTANT && messages[i - 1].role != CORE_ROLE_TOOL;
}

/* For any conversation: system and pinned stay, the newest unit stays, no unit is torn apart, sums are
 * right, and beyond what must stay the target is respected. */
static void test_invariants(void **state) {
    (void)state;
    enum { MANY = 60 };
    uint64_t seed = 5;
    int compacted = 0;
    for (int round = 0; round < 20000; round++) {
        const size_t count = (size_t)test_below(&seed, MANY) + 1;
        core_message messages[MANY];
        bool keep[MANY];
        uint64_t total = 0;
        for (size_t i = 0; i < count; i++) {
            messages[i] = (core_message){(core_role)test_below(&seed, 4),
                                         test_below(&seed, 20) == 0, test_below(&seed, 60)};
            total += messages[i].tokens;
        }
        const core_compaction_config c = config();
        core_compaction out;
        const core_status status =
            core_compaction_decide(&c, messages, count, keep, &out, NULL);
        assert_int_equal(out.tokens_before == total || status != CORE_OK, true);
        if (status != CORE_OK) {
            assert_int_equal(status, CORE_ERR_CONTEXT_WINDOW);
            continue;
        }
        uint64_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            kept += keep[i] ? messages[i].tokens : 0;
            assert_true(keep[i] || (messages[i].role != CORE_ROLE_SYSTEM && !messages[i].pinned));
            assert_true(is_unit_start(messages, i) || keep[i] == keep[i - 1]);
        }
        assert_true(kept == out.tokens_kept && kept <= 1000);
        assert_true(out.summary_tokens == 0 || out.summary_tokens + kept == 500);
        compacted += out.compacted > 0 ? 1 : 0;
    }
    assert_in_range(compacted, 1000, 20000);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_table),
    cmocka_unit_test(test_what_cannot_fit_is_said_so),
    cmocka_unit_test(test_bad_arguments),
    cmocka_unit_test(test_invariants),
};

TEST_MAIN("compaction", tests)
