#include "support.h"

static core_retry_policy policy(void) {
    core_retry_policy out;
    assert_int_equal(core_retry_policy_init(&out), CORE_OK);
    return out;
}

static void test_full_range_of_the_jitter(void **state) {
    (void)state;
    /* base 500, cap 8000: ceilings 500, 1000, 2000, 4000, 8000, 8000. */
    static const uint64_t ceilings[] = {500, 1000, 2000, 4000, 8000, 8000};
    core_retry_policy p = policy();
    p.max_retries = UINT32_MAX;
    for (uint32_t retry = 0; retry < COUNT_OF(ceilings); retry++) {
        uint64_t least = 99, middle = 99, most = 99;
        assert_int_equal(core_retry_delay(&p, retry, 0, -1, &least), CORE_OK);
        assert_int_equal(core_retry_delay(&p, retry, UINT64_C(1) << 63, -1, &middle), CORE_OK);
        assert_int_equal(core_retry_delay(&p, retry, UINT64_MAX, -1, &most), CORE_OK);
        assert_int_equal(least, 0);
        assert_int_equal(middle, (ceilings[retry] + 1) / 2);
        assert_int_equal(most, ceilings[retry]);
    }
}

static void test_retry_after_is_honoured(void **state) {
    (void)state;
    static const struct {
        int64_t retry_after;
        uint64_t random;
        core_status status;
        uint64_t delay;
    } cases[] = {
        {0, 0, CORE_OK, 0},
        {0, UINT64_MAX, CORE_OK, 500},
        {300, 0, CORE_OK, 300},
        {300, UINT64_MAX, CORE_OK, 500},
        {9000, UINT64_MAX, CORE_OK, 9000}, /* above cap, because the server said so */
        {60000, 0, CORE_OK, 60000},
        {60001, 0, CORE_ERR_RETRY_TOO_LATE, 77},
        {INT64_MAX, 0, CORE_ERR_RETRY_TOO_LATE, 77},
        {-2, 0, CORE_ERR_INVALID, 77},
    };
    const core_retry_policy p = policy();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t delay = 77;
        assert_int_equal(
            core_retry_delay(&p, 0, cases[i].random, cases[i].retry_after, &delay),
            cases[i].status);
        assert_int_equal(delay, cases[i].delay);
    }
}

static void test_never_above_cap_nor_below_what_was_asked(void **state) {
    (void)state;
    uint64_t seed = 99;
    for (int round = 0; round < 100000; round++) {
        core_retry_policy p;
        p.base_ms = (uint32_t)(test_random(&seed) >> (32 + test_below(&seed, 32)));
        p.base_ms = p.base_ms == 0 ? 1 : p.base_ms;
        const uint64_t room = (uint64_t)UINT32_MAX - p.base_ms;
        p.cap_ms = p.base_ms + (uint32_t)test_below(&seed, room + 1);
        p.max_retries = UINT32_MAX;
        p.max_retry_after_ms = UINT32_MAX;
        const uint32_t retry = (uint32_t)test_below(&seed, 200);
        const int64_t asked = (int64_t)test_below(&seed, 100000) - 1;
        uint64_t plain = 0, with_asked = 0;
        const uint64_t random = test_random(&seed);
        assert_int_equal(core_retry_delay(&p, retry, random, CORE_RETRY_AFTER_NONE, &plain),
                         CORE_OK);
        assert_true(plain <= p.cap_ms);
        assert_int_equal(core_retry_delay(&p, retry, random, asked, &with_asked), CORE_OK);
        assert_true(with_asked == plain || (asked > 0 && with_asked == (uint64_t)asked));
        assert_true((int64_t)with_asked >= asked);
    }
}

static void test_attempts_run_out(void **state) {
    (void)state;
    const core_retry_policy p = policy();
    uint64_t delay = 77;
    assert_int_equal(core_retry_delay(&p, 1, 0, -1, &delay), CORE_OK);
    delay = 77;
    assert_int_equal(core_retry_delay(&p, 2, 0, -1, &delay), CORE_ERR_RETRY_EXHAUSTED);
    assert_int_equal(core_retry_delay(&p, UINT32_MAX, 0, -1, &delay), CORE_ERR_RETRY_EXHAUSTED);
    assert_int_equal(delay, 77);
}

static void test_bad_policies_and_null_are_refused(void **state) {
    (void)state;
    uint64_t delay = 77;
    core_retry_policy p = policy();
    p.base_ms = 0;
    assert_int_equal(core_retry_delay(&p, 0, 0, -1, &delay), CORE_ERR_INVALID);
    p.base_ms = p.cap_ms + 1;
    assert_int_equal(core_retry_delay(&p, 0, 0, -1, &delay), CORE_ERR_INVALID);
    assert_int_equal(core_retry_delay(NULL, 0, 0, -1, &delay), CORE_ERR_NULL);
    assert_int_equal(core_retry_delay(&p, 0, 0, -1, NULL), CORE_ERR_NULL);
    assert_int_equal(core_retry_policy_init(NULL), CORE_ERR_NULL);
    assert_int_equal(delay, 77);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_full_range_of_the_jitter),
    cmocka_unit_test(test_retry_after_is_honoured),
    cmocka_unit_test(test_never_above_cap_nor_below_what_was_asked),
    cmocka_unit_test(test_attempts_run_out),
    cmocka_unit_test(test_bad_policies_and_null_are_refused),
};

TEST_MAIN("retry", tests)
