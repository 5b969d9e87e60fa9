#include "support.h"

/* The ABI: numbers and names written out a second time, so that an accidental change shows. */
static const struct {
    int number;
    const char *name;
} pinned[] = {
    {0, "ok"},
    {1, "argument.null"},
    {2, "argument.invalid"},
    {3, "memory.exhausted"},
    {4, "number.overflow"},
    {5, "input.too_long"},
    {6, "buffer.too_small"},
    {20, "utf8.invalid"},
    {40, "route.no_candidates"},
    {41, "privacy.blocked"},
    {42, "offline.blocked"},
    {43, "provider.unavailable"},
    {44, "budget.exceeded"},
    {45, "route.capability"},
    {46, "context.too_small"},
    {47, "host.too_small"},
    {60, "reservation.unknown"},
    {61, "reservation.closed"},
    {70, "retry.exhausted"},
    {71, "retry.too_late"},
    {80, "plan.duplicate_id"},
    {81, "plan.unknown_dependency"},
    {82, "plan.self_dependency"},
    {83, "plan.cycle"},
};

static void test_numbers_and_names_are_pinned(void **state) {
    (void)state;
    assert_int_equal(core_status_count(), COUNT_OF(pinned));
    for (size_t i = 0; i < COUNT_OF(pinned); i++) {
        core_status status = CORE_OK;
        assert_int_equal(core_status_at((int)i, &status), CORE_OK);
        assert_int_equal(status, pinned[i].number);
        assert_string_equal(core_status_name(status), pinned[i].name);
    }
}

static void test_every_text_is_one_fragment_with_a_remedy(void **state) {
    (void)state;
    for (int i = 1; i < core_status_count(); i++) {
        core_status status = CORE_OK;
        assert_int_equal(core_status_at(i, &status), CORE_OK);
        const char *text = core_status_text(status);
        assert_non_null(strstr(text, "; "));
        assert_true(text[0] >= 'a' && text[0] <= 'z');
        assert_int_not_equal(text[strlen(text) - 1], '.');
    }
}

static void test_unknown_numbers_have_a_name_too(void **state) {
    (void)state;
    static const int unknown[] = {-1, 7, 84, 1000000};
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        assert_string_equal(core_status_name((core_status)unknown[i]), "unknown");
        assert_non_null(strstr(core_status_text((core_status)unknown[i]), "core_abi_version"));
    }
}

static void test_at_refuses_what_is_not_there(void **state) {
    (void)state;
    core_status status = CORE_ERR_UTF8;
    assert_int_equal(core_status_at(0, NULL), CORE_ERR_NULL);
    assert_int_equal(core_status_at(-1, &status), CORE_ERR_INVALID);
    assert_int_equal(core_status_at(core_status_count(), &status), CORE_ERR_INVALID);
    assert_int_equal(status, CORE_ERR_UTF8);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_numbers_and_names_are_pinned),
    cmocka_unit_test(test_every_text_is_one_fragment_with_a_remedy),
    cmocka_unit_test(test_unknown_numbers_have_a_name_too),
    cmocka_unit_test(test_at_refuses_what_is_not_there),
};

TEST_MAIN("status", tests)
