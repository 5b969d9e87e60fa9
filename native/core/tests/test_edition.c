#include "support.h"

static const core_edition_profile *profile_of(core_edition edition) {
    const core_edition_profile *profile = NULL;
    assert_int_equal(core_edition_profile_of(edition, &profile), CORE_OK);
    return profile;
}

static void test_build_is_the_edition_it_was_asked_to_be(void **state) {
    (void)state;
    assert_string_equal(profile_of(core_edition_current())->name, CORE_TEST_EDITION_NAME);
}

static void test_names_round_trip(void **state) {
    (void)state;
    static const char *const names[] = {"master", "education", "business", "developer"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        core_edition edition = CORE_EDITION_MASTER;
        const core_str name = {names[i], strlen(names[i])};
        assert_int_equal(core_edition_parse(name, &edition), CORE_OK);
        assert_int_equal(edition, i + 1);
        assert_string_equal(profile_of(edition)->name, names[i]);
        assert_int_equal(profile_of(edition)->edition, edition);
    }
}

static void test_unknown_editions_are_refused(void **state) {
    (void)state;
    core_edition edition = CORE_EDITION_BUSINESS;
    const core_edition_profile *profile = NULL;
    assert_int_equal(core_edition_parse(STR("Master"), &edition), CORE_ERR_INVALID);
    assert_int_equal(core_edition_parse(STR("maste"), &edition), CORE_ERR_INVALID);
    assert_int_equal(core_edition_parse(STR(""), &edition), CORE_ERR_INVALID);
    assert_int_equal(edition, CORE_EDITION_BUSINESS);
    assert_int_equal(core_edition_profile_of((core_edition)0, &profile), CORE_ERR_INVALID);
    assert_int_equal(core_edition_profile_of((core_edition)5, &profile), CORE_ERR_INVALID);
    assert_null(profile);
    assert_int_equal(core_edition_parse(STR("master"), NULL), CORE_ERR_NULL);
    assert_int_equal(core_edition_parse((core_str){NULL, 1}, &edition), CORE_ERR_NULL);
    assert_int_equal(core_edition_profile_of(CORE_EDITION_MASTER, NULL), CORE_ERR_NULL);
}

static void test_editions_differ_where_they_promise(void **state) {
    (void)state;
    const core_edition_profile *master = profile_of(CORE_EDITION_MASTER);
    const core_edition_profile *education = profile_of(CORE_EDITION_EDUCATION);
    const core_edition_profile *business = profile_of(CORE_EDITION_BUSINESS);
    const core_edition_profile *developer = profile_of(CORE_EDITION_DEVELOPER);
    assert_int_equal(education->default_privacy, CORE_PRIVACY_PREFER_LOCAL);
    assert_int_equal(education->max_query_cost, 20000000);
    assert_true(education->max_query_bytes < master->max_query_bytes);
    assert_true(education->max_plan_nodes < business->max_plan_nodes);
    assert_int_equal(business->max_query_cost, 1000000000);
    assert_true(business->alert_permille < master->alert_permille);
    assert_int_equal(education->features, CORE_FEATURE_AUDIT_REQUIRED);
    assert_int_equal(business->features,
                     CORE_FEATURE_AUDIT_REQUIRED | CORE_FEATURE_RESERVED_CAPACITY);
    assert_int_equal(master->features, CORE_FEATURE_RESERVED_CAPACITY);
    assert_int_equal(developer->features, CORE_FEATURE_VERBOSE_REASONS);
}

/* The built edition is where the modules' defaults come from. */
static void test_defaults_follow_the_built_edition(void **state) {
    (void)state;
    const core_edition_profile *built = profile_of(core_edition_current());
    core_route_request request;
    core_budget_config config;
    assert_int_equal(core_route_request_init(&request), CORE_OK);
    assert_int_equal(request.privacy, built->default_privacy);
    assert_int_equal(request.max_query_cost, built->max_query_cost);
    assert_int_equal(request.max_output_tokens, built->max_output_tokens);
    assert_int_equal(core_budget_config_init(&config), CORE_OK);
    assert_int_equal(config.alert_permille, built->alert_permille);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_build_is_the_edition_it_was_asked_to_be),
    cmocka_unit_test(test_names_round_trip),
    cmocka_unit_test(test_unknown_editions_are_refused),
    cmocka_unit_test(test_editions_differ_where_they_promise),
    cmocka_unit_test(test_defaults_follow_the_built_edition),
};

TEST_MAIN("edition", tests)
