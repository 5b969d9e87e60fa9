#include "support.h"

#include <stdio.h>

static void assert_str(core_str actual, const char *expected) {
    assert_int_equal(actual.len, strlen(expected));
    if (actual.len > 0) {
        assert_memory_equal(actual.data, expected, actual.len);
    }
}

static void test_observed_version_is_the_declared_one(void **state) {
    (void)state;
    assert_string_equal(core_version(), CORE_VERSION_STRING);
    assert_int_equal(core_abi_version(), CORE_ABI_VERSION);
}

static void test_parts_put_together_are_the_string(void **state) {
    (void)state;
    core_version_parts parts;
    char rebuilt[64];
    assert_int_equal(core_version_get(&parts), CORE_OK);
    const int len = snprintf(rebuilt, sizeof rebuilt, "%u.%u.%u%s%.*s", parts.major, parts.minor,
                             parts.patch, parts.prerelease.len > 0 ? "-" : "",
                             (int)parts.prerelease.len,
                             parts.prerelease.len > 0 ? parts.prerelease.data : "");
    assert_true(len > 0 && (size_t)len < sizeof rebuilt);
    assert_string_equal(rebuilt, CORE_VERSION_STRING);
}

static void test_parses_semver(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t major, minor, patch;
        const char *prerelease, *build;
    } cases[] = {
        {"0.0.0", 0, 0, 0, "", ""},
        {"7.0.0-rc1", 7, 0, 0, "rc1", ""},
        {"1.2.3+b.007", 1, 2, 3, "", "b.007"},
        {"1.2.3-alpha.1-x.0+sha-5", 1, 2, 3, "alpha.1-x.0", "sha-5"},
        {"4294967295.10.20", UINT32_MAX, 10, 20, "", ""},
        {"1.0.0-0a", 1, 0, 0, "0a", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        core_version_parts parts;
        const core_str text = {cases[i].text, strlen(cases[i].text)};
        assert_int_equal(core_version_parse(text, &parts, NULL), CORE_OK);
        assert_int_equal(parts.major, cases[i].major);
        assert_int_equal(parts.minor, cases[i].minor);
        assert_int_equal(parts.patch, cases[i].patch);
        assert_str(parts.prerelease, cases[i].prerelease);
        assert_str(parts.build, cases[i].build);
    }
}

static void test_refuses_with_offset_and_leaves_output_alone(void **state) {
    (void)state;
    static const struct {
        const char *text;
        core_status status;
        size_t offset;
    } cases[] = {
        {"", CORE_ERR_INVALID, 0},
        {"7", CORE_ERR_INVALID, 1},
        {"7.", CORE_ERR_INVALID, 2},
        {"7.0", CORE_ERR_INVALID, 3},
        {"7.00.0", CORE_ERR_INVALID, 2},
        {"v7.0.0", CORE_ERR_INVALID, 0},
        {"7.0.0-", CORE_ERR_INVALID, 6},
        {"7.0.0-rc.01", CORE_ERR_INVALID, 9},
        {"7.0.0-rc..1", CORE_ERR_INVALID, 9},
        {"7.0.0+", CORE_ERR_INVALID, 6},
        {"7.0.0rc1", CORE_ERR_INVALID, 5},
        {"7.0.0-rc1 ", CORE_ERR_INVALID, 9},
        {"7.4294967296.0", CORE_ERR_OVERFLOW, 2},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        core_version_parts parts = {.major = 99};
        core_error err = {CORE_OK, NULL, 0};
        const core_str text = {cases[i].text, strlen(cases[i].text)};
        assert_int_equal(core_version_parse(text, &parts, &err), cases[i].status);
        assert_int_equal(err.code, cases[i].status);
        assert_int_equal(err.offset, cases[i].offset);
        assert_string_equal(err.text, core_status_text(cases[i].status));
        assert_int_equal(parts.major, 99);
    }
}

static void test_null_is_refused(void **state) {
    (void)state;
    core_version_parts parts;
    assert_int_equal(core_version_get(NULL), CORE_ERR_NULL);
    assert_int_equal(core_version_parse(STR("1.0.0"), NULL, NULL), CORE_ERR_NULL);
    assert_int_equal(core_version_parse((core_str){NULL, 3}, &parts, NULL), CORE_ERR_NULL);
    assert_int_equal(core_version_parse((core_str){NULL, 0}, &parts, NULL), CORE_ERR_INVALID);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_observed_version_is_the_declared_one),
    cmocka_unit_test(test_parts_put_together_are_the_string),
    cmocka_unit_test(test_parses_semver),
    cmocka_unit_test(test_refuses_with_offset_and_leaves_output_alone),
    cmocka_unit_test(test_null_is_refused),
};

TEST_MAIN("version", tests)
