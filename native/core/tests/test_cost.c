#include "support.h"

static void test_golden_amounts(void **state) {
    (void)state;
    /* Expectations were computed with arbitrary-precision fractions, not with this code. */
    static const struct {
        core_price price;
        core_usage usage;
        int64_t cost;
    } cases[] = {
        {{0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}, 0},
        {{2500000000, 0, 10000000000, 0, 0, 0}, {1000, 0, 500, 0, 0, 0}, 7500000}, /* $0.0075 */
        {{150000000, 75000000, 600000000, 600000000, 0, 0}, {812, 188, 90, 410, 0, 0}, 435900},
        {{1, 0, 0, 0, 0, 0}, {499999, 0, 0, 0, 0, 0}, 0},
        {{1, 0, 0, 0, 0, 0}, {500000, 0, 0, 0, 0, 0}, 1},           /* exactly half goes up */
        {{1, 1, 1, 1, 0, 0}, {125000, 125000, 125000, 125000, 0, 0}, 1}, /* rounded once */
        {{1, 1, 1, 1, 0, 0}, {124999, 125000, 125000, 125000, 0, 0}, 0},
        /* A cached prompt at Anthropic's factors: writes at 1.25 and 2 times, reads at a tenth. */
        {{3000000000, 300000000, 15000000000, 15000000000, 3750000000, 6000000000},
         {100, 2000, 300, 0, 4096, 1000},
         26760000},
        {{0, 0, 0, 0, 1, 1}, {0, 0, 0, 0, 250000, 250000}, 1},
        {{INT64_MAX, 0, 0, 0, 0, 0}, {1000000, 0, 0, 0, 0, 0}, INT64_MAX},
        {{INT64_MAX, 0, 0, 0, 0, 0}, {1, 0, 0, 0, 0, 0}, 9223372036855},
        {{1000000, 0, 0, 0, 0, 0}, {INT64_MAX, 0, 0, 0, 0, 0}, INT64_MAX},
        {{3037000499, 0, 0, 0, 0, 0}, {3037000499, 0, 0, 0, 0, 0}, 9223372030926},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t cost = -1;
        assert_int_equal(core_cost_total(&cases[i].price, &cases[i].usage, &cost), CORE_OK);
        if (cost != cases[i].cost) {
            fail_msg("case %zu: %lld, expected %lld", i, (long long)cost, (long long)cases[i].cost);
        }
    }
}

static void test_overflow_is_an_error_not_a_wrap(void **state) {
    (void)state;
    static const struct {
        core_price price;
        core_usage usage;
    } cases[] = {
        {{INT64_MAX, 0, 0, 0, 0, 0}, {1000001, 0, 0, 0, 0, 0}},
        {{INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX},
         {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}},
        {{1000000, 1000000, 0, 0, 0, 0}, {INT64_MAX, 1, 0, 0, 0, 0}},
        {{1000000, 0, 1, 0, 0, 0}, {INT64_MAX, 0, 500000, 0, 0, 0}}, /* only the rounding overflows */
        {{INT64_MAX, 0, 0, 0, 0, 0}, {INT64_MAX, 0, 0, 0, 0, 0}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t cost = 42;
        assert_int_equal(core_cost_total(&cases[i].price, &cases[i].usage, &cost),
                         CORE_ERR_OVERFLOW);
        assert_int_equal(cost, 42);
    }
}

/* An oracle by another route: long division in base 2^32 of the full 128-bit sum. */
typedef struct wide {
    uint64_t high, low;
} wide;

static void wide_add_product(wide *sum, uint64_t a, uint64_t b) {
    const uint64_t al = a & UINT32_MAX, ah = a >> 32, bl = b & UINT32_MAX, bh = b >> 32;
    const uint64_t middle = al * bh + (al * bl >> 32);
    const uint64_t middle2 = ah * bl + (middle & UINT32_MAX);
    const uint64_t low = (middle2 << 32) | (al * bl & UINT32_MAX);
    sum->low += low;
    sum->high += ah * bh + (middle >> 32) + (middle2 >> 32) + (sum->low < low ? 1 : 0);
}

static bool wide_round_half_up_million(wide sum, int64_t *out) {
    const uint64_t before = sum.low;
    sum.low += 500000;
    sum.high += sum.low < before ? 1 : 0;
    const uint64_t digits[] = {sum.high >> 32, sum.high & UINT32_MAX, sum.low >> 32,
                               sum.low & UINT32_MAX};
    uint64_t quotient[4];
    uint64_t rest = 0;
    for (size_t i = 0; i < 4; i++) {
        const uint64_t part = rest << 32 | digits[i];
        quotient[i] = part / 1000000;
        rest = part % 1000000;
    }
    const uint64_t value = quotient[2] << 32 | quotient[3];
    if (quotient[0] != 0 || quotient[1] != 0 || value > INT64_MAX) {
        return false;
    }
    *out = (int64_t)value;
    return true;
}

static int64_t random_amount(uint64_t *seed) {
    return (int64_t)(test_random(seed) >> (1 + test_below(seed, 63)));
}

static void test_agrees_with_long_division(void **state) {
    (void)state;
    uint64_t seed = 7;
    int overflows = 0;
    for (int round = 0; round < 200000; round++) {
        const core_price p = {random_amount(&seed), random_amount(&seed), random_amount(&seed),
                              random_amount(&seed), random_amount(&seed), random_amount(&seed)};
        const core_usage u = {random_amount(&seed), random_amount(&seed), random_amount(&seed),
                              random_amount(&seed), random_amount(&seed), random_amount(&seed)};
        wide sum = {0, 0};
        wide_add_product(&sum, (uint64_t)p.input, (uint64_t)u.input);
        wide_add_product(&sum, (uint64_t)p.cached_input, (uint64_t)u.cached_input);
        wide_add_product(&sum, (uint64_t)p.output, (uint64_t)u.output);
        wide_add_product(&sum, (uint64_t)p.reasoning, (uint64_t)u.reasoning);
        wide_add_product(&sum, (uint64_t)p.cache_write, (uint64_t)u.cache_write);
        wide_add_product(&sum, (uint64_t)p.cache_write_long, (uint64_t)u.cache_write_long);
        int64_t expected = 0;
        int64_t actual = 0;
        const bool fits = wide_round_half_up_million(sum, &expected);
        assert_int_equal(core_cost_total(&p, &u, &actual), fits ? CORE_OK : CORE_ERR_OVERFLOW);
        assert_true(!fits || actual == expected);
        overflows += fits ? 0 : 1;
    }
    assert_in_range(overflows, 1000, 199000); /* both branches were really visited */
}

static void test_split_makes_kinds_disjoint(void **state) {
    (void)state;
    core_usage usage = {9, 9, 9, 9, 9, 9};
    assert_int_equal(core_usage_split(1000, 188, 500, 410, &usage), CORE_OK);
    assert_int_equal(usage.input, 812);
    assert_int_equal(usage.cached_input, 188);
    assert_int_equal(usage.output, 90);
    assert_int_equal(usage.reasoning, 410);
    assert_int_equal(usage.cache_write, 0);
    assert_int_equal(usage.cache_write_long, 0);
    assert_int_equal(core_usage_split(1, 2, 0, 0, &usage), CORE_ERR_INVALID);
    assert_int_equal(core_usage_split(0, 0, 1, 2, &usage), CORE_ERR_INVALID);
    assert_int_equal(core_usage_split(-1, -1, 0, 0, &usage), CORE_ERR_INVALID);
    assert_int_equal(core_usage_split(0, 0, 5, -1, &usage), CORE_ERR_INVALID);
    assert_int_equal(core_usage_split(0, 0, 0, 0, NULL), CORE_ERR_NULL);
    assert_int_equal(usage.input, 812);
}

static void test_negative_and_null_are_refused(void **state) {
    (void)state;
    const core_price price = {1, 1, 1, 1, 1, 1};
    const core_price bad_price = {1, 1, 1, 1, 1, -1};
    const core_usage usage = {1, 1, 1, 1, 1, 1};
    const core_usage bad_usage = {1, 1, 1, 1, -1, 1};
    int64_t out = 42;
    assert_int_equal(core_cost_total(&bad_price, &usage, &out), CORE_ERR_INVALID);
    assert_int_equal(core_cost_total(&price, &bad_usage, &out), CORE_ERR_INVALID);
    assert_int_equal(core_cost_total(NULL, &usage, &out), CORE_ERR_NULL);
    assert_int_equal(core_cost_total(&price, NULL, &out), CORE_ERR_NULL);
    assert_int_equal(core_cost_total(&price, &usage, NULL), CORE_ERR_NULL);
    assert_int_equal(out, 42);
}

static void test_add(void **state) {
    (void)state;
    int64_t out = 42;
    assert_int_equal(core_cost_add(INT64_MAX, 1, &out), CORE_ERR_OVERFLOW);
    assert_int_equal(core_cost_add(-1, 1, &out), CORE_ERR_INVALID);
    assert_int_equal(core_cost_add(1, -1, &out), CORE_ERR_INVALID);
    assert_int_equal(core_cost_add(1, 1, NULL), CORE_ERR_NULL);
    assert_int_equal(out, 42);
    assert_int_equal(core_cost_add(INT64_MAX - 1, 1, &out), CORE_OK);
    assert_true(out == INT64_MAX);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_golden_amounts),
    cmocka_unit_test(test_overflow_is_an_error_not_a_wrap),
    cmocka_unit_test(test_agrees_with_long_division),
    cmocka_unit_test(test_split_makes_kinds_disjoint),
    cmocka_unit_test(test_negative_and_null_are_refused),
    cmocka_unit_test(test_add),
};

TEST_MAIN("cost", tests)
