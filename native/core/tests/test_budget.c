#include "support.h"

static core_budget_config config_for(int64_t limit) {
    return (core_budget_config){
        .limit = limit,
        .alert_permille = 800,
        .cheaper_permille = 900,
        .block_permille = 1000,
        .max_open = 1000,
    };
}

static core_budget *new_budget(test_memory *memory, const core_budget_config *config) {
    *memory = (test_memory){.fail_at = -1};
    const core_allocator allocator = test_allocator(memory);
    core_budget *budget = NULL;
    assert_int_equal(core_budget_new(&allocator, config, &budget), CORE_OK);
    return budget;
}

static core_budget_state read_state(const core_budget *budget) {
    core_budget_state out;
    assert_int_equal(core_budget_read(budget, &out), CORE_OK);
    return out;
}

static void test_defaults(void **state) {
    (void)state;
    core_budget_config config;
    assert_int_equal(core_budget_config_init(&config), CORE_OK);
    assert_int_equal(config.cheaper_permille, 900);
    assert_int_equal(config.block_permille, 1000);
    assert_true(config.max_open > 0);
    assert_int_equal(core_budget_config_init(NULL), CORE_ERR_NULL);
}

/* Limit 1000: levels change exactly at 800, 900, 1000; each is announced once. */
static void test_levels_at_their_thresholds(void **state) {
    (void)state;
    static const struct {
        int64_t amount;
        core_budget_level level;
        bool first;
    } steps[] = {
        {799, CORE_BUDGET_NORMAL, false}, {1, CORE_BUDGET_ALERT, true},
        {99, CORE_BUDGET_ALERT, false},   {1, CORE_BUDGET_CHEAPER, true},
        {99, CORE_BUDGET_CHEAPER, false}, {1, CORE_BUDGET_BLOCKED, true},
        {0, CORE_BUDGET_BLOCKED, false},
    };
    test_memory memory;
    const core_budget_config config = config_for(1000);
    core_budget *budget = new_budget(&memory, &config);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        core_reservation id = 0;
        core_budget_change change;
        assert_int_equal(core_budget_reserve(budget, steps[i].amount, &id, &change), CORE_OK);
        assert_int_equal(change.level, steps[i].level);
        assert_int_equal(change.first_reached, steps[i].first);
    }
    core_reservation id = 77;
    assert_int_equal(core_budget_reserve(budget, 1, &id, NULL), CORE_ERR_BUDGET_EXCEEDED);
    assert_int_equal(id, 77);
    assert_int_equal(read_state(budget).left, 0);
    core_budget_free(budget);
    assert_no_leaks(&memory);
}

/* 80 % of 7 is 5.6: reached at 6, not at 5. Thresholds never round in the spender's favour. */
static void test_thresholds_that_are_no_integers(void **state) {
    (void)state;
    test_memory memory;
    core_budget_config config = config_for(7);
    config.block_permille = 950; /* 6.65: at most 6 may be committed */
    core_budget *budget = new_budget(&memory, &config);
    core_reservation id;
    core_budget_change change;
    assert_int_equal(core_budget_reserve(budget, 5, &id, &change), CORE_OK);
    assert_int_equal(change.level, CORE_BUDGET_NORMAL);
    assert_int_equal(core_budget_reserve(budget, 2, &id, &change), CORE_ERR_BUDGET_EXCEEDED);
    assert_int_equal(core_budget_reserve(budget, 1, &id, &change), CORE_OK);
    assert_int_equal(change.level, CORE_BUDGET_BLOCKED);
    core_budget_free(budget);
}

static void test_settle_and_release(void **state) {
    (void)state;
    test_memory memory;
    const core_budget_config config = config_for(1000);
    core_budget *budget = new_budget(&memory, &config);
    core_reservation a, b;
    core_budget_change change;
    assert_int_equal(core_budget_reserve(budget, 600, &a, NULL), CORE_OK);
    assert_int_equal(core_budget_reserve(budget, 300, &b, &change), CORE_OK);
    assert_int_equal(change.level, CORE_BUDGET_CHEAPER);
    assert_int_equal(core_budget_settle(budget, a, 450, &change), CORE_OK);
    assert_int_equal(change.level, CORE_BUDGET_NORMAL); /* 750 */
    assert_int_equal(core_budget_release(budget, b, &change), CORE_OK);
    const core_budget_state figures = read_state(budget);
    assert_int_equal(figures.spent, 450);
    assert_int_equal(figures.reserved, 0);
    assert_int_equal(figures.left, 550);
    assert_int_equal(figures.open, 0);
    core_budget_free(budget);
    assert_no_leaks(&memory);
}

static void test_overspending_is_recorded_and_then_blocks(void **state) {
    (void)state;
    test_memory memory;
    const core_budget_config config = config_for(1000);
    core_budget *budget = new_budget(&memory, &config);
    core_reservation id;
    core_budget_change change;
    assert_int_equal(core_budget_reserve(budget, 10, &id, NULL), CORE_OK);
    assert_int_equal(core_budget_settle(budget, id, 5000, &change), CORE_OK);
    assert_int_equal(change.level, CORE_BUDGET_BLOCKED);
    assert_true(change.first_reached);
    assert_int_equal(read_state(budget).spent, 5000);
    assert_int_equal(read_state(budget).left, 0);
    assert_int_equal(core_budget_reserve(budget, 1, &id, NULL), CORE_ERR_BUDGET_EXCEEDED);
    assert_int_equal(core_budget_reserve(budget, 0, &id, NULL), CORE_OK); /* local stays possible */
    core_budget_free(budget);
}

static void test_double_settle_and_unknown_ids(void **state) {
    (void)state;
    test_memory memory;
    const core_budget_config config = config_for(1000);
    core_budget *budget = new_budget(&memory, &config);
    core_reservation first, second;
    assert_int_equal(core_budget_settle(budget, 1, 0, NULL), CORE_ERR_RESERVATION_UNKNOWN);
    assert_int_equal(core_budget_reserve(budget, 1, &first, NULL), CORE_OK);
    assert_int_equal(core_budget_settle(budget, first, 1, NULL), CORE_OK);
    assert_int_equal(core_budget_settle(budget, first, 1, NULL), CORE_ERR_RESERVATION_CLOSED);
    assert_int_equal(core_budget_release(budget, first, NULL), CORE_ERR_RESERVATION_CLOSED);
    assert_int_equal(core_budget_reserve(budget, 1, &second, NULL), CORE_OK);
    assert_true(second != first); /* the slot is the same, the reservation is not */
    assert_int_equal(core_budget_settle(budget, first, 1, NULL), CORE_ERR_RESERVATION_CLOSED);
    const core_reservation unknown[] = {0, second + 1, second + (UINT64_C(1) << 32), UINT64_MAX,
                                        second & UINT32_MAX, UINT64_C(5) << 32};
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        assert_int_equal(core_budget_settle(budget, unknown[i], 1, NULL),
                         CORE_ERR_RESERVATION_UNKNOWN);
    }
    assert_int_equal(read_state(budget).spent, 1);
    assert_int_equal(read_state(budget).open, 1);
    core_budget_free(budget);
}

static void test_settling_beyond_int64_keeps_the_reservation_open(void **state) {
    (void)state;
    test_memory memory;
    core_budget_config config = config_for(INT64_MAX);
    config.spent = INT64_MAX - 10;
    core_budget *budget = new_budget(&memory, &config);
    core_reservation id;
    assert_int_equal(core_budget_reserve(budget, 11, &id, NULL), CORE_ERR_BUDGET_EXCEEDED);
    assert_int_equal(core_budget_reserve(budget, 10, &id, NULL), CORE_OK);
    assert_int_equal(core_budget_settle(budget, id, 11, NULL), CORE_ERR_OVERFLOW);
    assert_int_equal(read_state(budget).open, 1);
    assert_int_equal(core_budget_settle(budget, id, 10, NULL), CORE_OK);
    assert_true(read_state(budget).spent == INT64_MAX);
    core_budget_free(budget);
}

static void test_restart_does_not_announce_again(void **state) {
    (void)state;
    test_memory memory;
    core_budget_config config = config_for(1000);
    config.spent = 850;
    core_budget *budget = new_budget(&memory, &config);
    core_reservation id;
    core_budget_change change;
    assert_int_equal(read_state(budget).level, CORE_BUDGET_ALERT);
    assert_int_equal(core_budget_reserve(budget, 10, &id, &change), CORE_OK);
    assert_int_equal(change.level, CORE_BUDGET_ALERT);
    assert_false(change.first_reached);
    core_budget_free(budget);
}

static void test_new_period(void **state) {
    (void)state;
    test_memory memory;
    const core_budget_config config = config_for(1000);
    core_budget *budget = new_budget(&memory, &config);
    core_reservation old, id;
    core_budget_change change;
    assert_int_equal(core_budget_reserve(budget, 1000, &old, NULL), CORE_OK);
    assert_int_equal(core_budget_begin_period(budget, 2000), CORE_OK);
    assert_int_equal(read_state(budget).left, 1000);
    assert_int_equal(core_budget_reserve(budget, 600, &id, &change), CORE_OK); /* 1600 of 2000 */
    assert_true(change.first_reached);
    assert_int_equal(core_budget_settle(budget, old, 900, NULL), CORE_OK);
    assert_int_equal(read_state(budget).spent, 900);
    assert_int_equal(core_budget_begin_period(budget, -1), CORE_ERR_INVALID);
    assert_int_equal(core_budget_begin_period(NULL, 1), CORE_ERR_NULL);
    core_budget_free(budget);
}

static void test_max_open_is_a_limit(void **state) {
    (void)state;
    test_memory memory;
    core_budget_config config = config_for(1000);
    config.max_open = 2;
    core_budget *budget = new_budget(&memory, &config);
    core_reservation a, b, c;
    assert_int_equal(core_budget_reserve(budget, 1, &a, NULL), CORE_OK);
    assert_int_equal(core_budget_reserve(budget, 1, &b, NULL), CORE_OK);
    assert_int_equal(core_budget_reserve(budget, 1, &c, NULL), CORE_ERR_TOO_LONG);
    assert_int_equal(core_budget_release(budget, a, NULL), CORE_OK);
    assert_int_equal(core_budget_reserve(budget, 1, &c, NULL), CORE_OK);
    core_budget_free(budget);
}

/* Against a naive model, through thousands of interleaved operations. */
static void test_never_over_admits(void **state) {
    (void)state;
    enum { OPEN = 200 };
    uint64_t seed = 20260101;
    test_memory memory;
    core_budget_config config = config_for(100000);
    config.max_open = OPEN;
    core_budget *budget = new_budget(&memory, &config);
    core_reservation ids[OPEN];
    int64_t amounts[OPEN];
    size_t open = 0;
    int64_t spent = 0, reserved = 0;
    int refused = 0;
    for (int round = 0; round < 50000; round++) {
        if (test_below(&seed, 2) == 0 && open < OPEN) {
            const int64_t amount = (int64_t)test_below(&seed, 3000);
            core_reservation id = 0;
            const bool admit = amount == 0 || spent + reserved + amount <= 100000;
            assert_int_equal(core_budget_reserve(budget, amount, &id, NULL),
                             admit ? CORE_OK : CORE_ERR_BUDGET_EXCEEDED);
            refused += admit ? 0 : 1;
            if (admit) {
                ids[open] = id;
                amounts[open++] = amount;
                reserved += amount;
            }
        } else if (open > 0) {
            const size_t at = (size_t)test_below(&seed, open);
            const int64_t actual = (int64_t)test_below(&seed, (uint64_t)amounts[at] / 8 + 1);
            const bool release = test_below(&seed, 3) == 0;
            assert_int_equal(release ? core_budget_release(budget, ids[at], NULL)
                                     : core_budget_settle(budget, ids[at], actual, NULL),
                             CORE_OK);
            spent += release ? 0 : actual;
            reserved -= amounts[at];
            open--;
            ids[at] = ids[open];
            amounts[at] = amounts[open];
        }
        const core_budget_state figures = read_state(budget);
        assert_true(figures.spent == spent && figures.reserved == reserved);
        assert_int_equal(figures.open, open);
        assert_true(figures.spent + figures.reserved <= figures.limit);
        if (spent > 60000) {
            assert_int_equal(core_budget_begin_period(budget, 100000), CORE_OK);
            spent = 0;
        }
    }
    assert_true(refused > 100);
    core_budget_free(budget);
    assert_no_leaks(&memory);
}

static void test_allocation_failure_at_every_point(void **state) {
    (void)state;
    const core_budget_config config = config_for(1000);
    for (long fail_at = 0;; fail_at++) {
        test_memory memory = {.fail_at = fail_at};
        const core_allocator allocator = test_allocator(&memory);
        core_budget *budget = NULL;
        core_status status = core_budget_new(&allocator, &config, &budget);
        core_reservation ids[40];
        size_t admitted = 0;
        while (status == CORE_OK && admitted < COUNT_OF(ids)) {
            status = core_budget_reserve(budget, 1, &ids[admitted], NULL);
            admitted += status == CORE_OK ? 1 : 0;
        }
        if (budget == NULL) {
            assert_int_equal(status, CORE_ERR_NO_MEMORY);
        } else {
            /* What was admitted before the failure is intact and can be settled. */
            assert_int_equal(read_state(budget).open, admitted);
            assert_int_equal(read_state(budget).reserved, admitted);
            for (size_t i = 0; i < admitted; i++) {
                assert_int_equal(core_budget_settle(budget, ids[i], 1, NULL), CORE_OK);
            }
        }
        core_budget_free(budget);
        assert_no_leaks(&memory);
        if (status == CORE_OK) {
            assert_true(fail_at >= 4); /* the object, 16, 32, 64 slots */
            return;
        }
        assert_int_equal(status, CORE_ERR_NO_MEMORY);
    }
}

static void test_bad_arguments(void **state) {
    (void)state;
    test_memory memory = {.fail_at = -1};
    core_allocator allocator = test_allocator(&memory);
    const core_budget_config good = config_for(1000);
    core_budget *budget = NULL;
    for (int i = 0; i < 7; i++) {
        core_budget_config bad = good;
        switch (i) {
        case 0: bad.limit = -1; break;
        case 1: bad.spent = -1; break;
        case 2: bad.alert_permille = 0; break;
        case 3: bad.alert_permille = 901; break;
        case 4: bad.cheaper_permille = 1001; break;
        case 5: bad.block_permille = 1001; break;
        default: bad.max_open = 0; break;
        }
        assert_int_equal(core_budget_new(&allocator, &bad, &budget), CORE_ERR_INVALID);
    }
    assert_int_equal(core_budget_new(NULL, &good, &budget), CORE_ERR_NULL);
    assert_int_equal(core_budget_new(&allocator, NULL, &budget), CORE_ERR_NULL);
    assert_int_equal(core_budget_new(&allocator, &good, NULL), CORE_ERR_NULL);
    allocator.realloc = NULL;
    assert_int_equal(core_budget_new(&allocator, &good, &budget), CORE_ERR_NULL);
    assert_null(budget);
    assert_int_equal(memory.requests, 0);

    budget = new_budget(&memory, &good);
    core_reservation id = 77;
    core_budget_state figures;
    assert_int_equal(core_budget_reserve(budget, -1, &id, NULL), CORE_ERR_INVALID);
    assert_int_equal(core_budget_reserve(budget, 1, NULL, NULL), CORE_ERR_NULL);
    assert_int_equal(core_budget_reserve(NULL, 1, &id, NULL), CORE_ERR_NULL);
    assert_int_equal(core_budget_settle(budget, 1, -1, NULL), CORE_ERR_INVALID);
    assert_int_equal(core_budget_settle(NULL, 1, 1, NULL), CORE_ERR_NULL);
    assert_int_equal(core_budget_release(NULL, 1, NULL), CORE_ERR_NULL);
    assert_int_equal(core_budget_read(NULL, &figures), CORE_ERR_NULL);
    assert_int_equal(core_budget_read(budget, NULL), CORE_ERR_NULL);
    assert_int_equal(id, 77);
    core_budget_free(budget);
    core_budget_free(NULL);
}

static void test_limit_zero_admits_only_what_is_free(void **state) {
    (void)state;
    test_memory memory;
    const core_budget_config config = config_for(0);
    core_budget *budget = new_budget(&memory, &config);
    core_reservation id;
    assert_int_equal(read_state(budget).level, CORE_BUDGET_BLOCKED);
    assert_int_equal(core_budget_reserve(budget, 1, &id, NULL), CORE_ERR_BUDGET_EXCEEDED);
    assert_int_equal(core_budget_reserve(budget, 0, &id, NULL), CORE_OK);
    core_budget_free(budget);
}

static void test_thresholds_may_coincide(void **state) {
    (void)state;
    test_memory memory;
    core_budget_config config = config_for(1000);
    config.alert_permille = config.cheaper_permille = config.block_permille = 1000;
    core_budget *budget = new_budget(&memory, &config);
    core_reservation id;
    core_budget_change change;
    assert_int_equal(core_budget_reserve(budget, 999, &id, &change), CORE_OK);
    assert_int_equal(change.level, CORE_BUDGET_NORMAL);
    assert_int_equal(core_budget_reserve(budget, 1, &id, &change), CORE_OK);
    assert_int_equal(change.level, CORE_BUDGET_BLOCKED);
    core_budget_free(budget);
}

static void test_level_names(void **state) {
    (void)state;
    static const char *const names[] = {"normal", "alert", "cheaper", "blocked", "unknown"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_string_equal(core_budget_level_name((core_budget_level)i), names[i]);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_defaults),
    cmocka_unit_test(test_levels_at_their_thresholds),
    cmocka_unit_test(test_thresholds_that_are_no_integers),
    cmocka_unit_test(test_settle_and_release),
    cmocka_unit_test(test_overspending_is_recorded_and_then_blocks),
    cmocka_unit_test(test_double_settle_and_unknown_ids),
    cmocka_unit_test(test_settling_beyond_int64_keeps_the_reservation_open),
    cmocka_unit_test(test_restart_does_not_announce_again),
    cmocka_unit_test(test_new_period),
    cmocka_unit_test(test_max_open_is_a_limit),
    cmocka_unit_test(test_never_over_admits),
    cmocka_unit_test(test_allocation_failure_at_every_point),
    cmocka_unit_test(test_bad_arguments),
    cmocka_unit_test(test_limit_zero_admits_only_what_is_free),
    cmocka_unit_test(test_thresholds_may_coincide),
    cmocka_unit_test(test_level_names),
};

TEST_MAIN("budget", tests)
