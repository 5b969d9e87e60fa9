/* What the header promises when nothing goes wrong, the network included. */
#include "support.h"

CLAIM(version_is_the_one_asked_for)
{
    CHECK(strcmp(convergio_version(), environment("EXPECTED_VERSION")) == 0);
    CHECK(convergio_abi_version() == CONVERGIO_ABI_VERSION);
    CHECK(strcmp(convergio_core_version(), environment("EXPECTED_VERSION")) == 0);
    CHECK(strcmp(convergio_edition(), "master") == 0 || strcmp(convergio_edition(), "business") == 0
          || strcmp(convergio_edition(), "education") == 0
          || strcmp(convergio_edition(), "developer") == 0);
}

CLAIM(a_query_is_answered_over_http)
{
    convergio_context *context = simulator_context();
    char *result = NULL;

    CHECK_STATUS(CONVERGIO_OK, convergio_query(context, "where is it?", &result));
    CHECK(contains(result, "Simulated answer to: where is it?"));
    CHECK(contains(result, "\"provider\":\"openai\""));
    CHECK(contains(result, "\"credential_source\":\"house\""));
    CHECK(contains(result, "\"usage\""));
    CHECK(contains(result, "\"cost_nano_usd\":"));
    CHECK(!contains(result, environment("SIMULATOR_KEY")));
    CHECK_STATUS(CONVERGIO_OK, convergio_string_free(result));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(the_callers_own_key_is_named_as_such)
{
    convergio_context *context = provider_context("gpt-4o-mini", "user");
    char *result = NULL;

    CHECK_STATUS(CONVERGIO_OK, convergio_query(context, "hello", &result));
    CHECK(contains(result, "\"credential_source\":\"user\""));
    CHECK_STATUS(CONVERGIO_OK, convergio_string_free(result));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(text_beyond_ascii_survives_both_ways)
{
    convergio_context *context = simulator_context();
    const char *words = "na\xc3\xafve \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x8e\x88";
    char *result = NULL;

    CHECK_STATUS(CONVERGIO_OK, convergio_query(context, words, &result));
    CHECK(contains(result, words));
    CHECK_STATUS(CONVERGIO_OK, convergio_string_free(result));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(a_route_is_decided_without_the_network)
{
    convergio_context *context = quiet_context();
    char *first = NULL;
    char *second = NULL;

    CHECK_STATUS(CONVERGIO_OK, convergio_route(context, "hello", &first));
    CHECK_STATUS(CONVERGIO_OK, convergio_route(context, "hello", &second));
    CHECK(contains(first, "\"model\""));
    CHECK(contains(first, "\"reason\""));
    CHECK(first != second);
    CHECK(strcmp(first, second) == 0);
    CHECK_STATUS(CONVERGIO_OK, convergio_string_free(first));
    CHECK_STATUS(CONVERGIO_OK, convergio_string_free(second));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(longer_text_never_has_fewer_tokens)
{
    convergio_context *context = quiet_context();
    char text[2048] = "";
    uint64_t before = 0;

    for (size_t length = 0; length < sizeof text - 1; length += 64) {
        uint64_t tokens = UINT64_MAX;
        memset(text, 'a', length);
        text[length] = '\0';
        CHECK_STATUS(CONVERGIO_OK, convergio_estimate_tokens(context, text, &tokens));
        CHECK(tokens >= before && tokens <= length);
        before = tokens;
    }
    CHECK(before > 0);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(cost_is_exact_in_nano_dollars)
{
    /* 0.15 and 0.60 dollars per million tokens: 150 and 600 nano-dollars each. */
    convergio_context *context = provider_context("priced", "house");
    int64_t cost = 0;

    CHECK_STATUS(CONVERGIO_OK, convergio_cost(context, "priced", 1000, 0, 500, 0, &cost));
    CHECK(cost == 1000 * 150 + 500 * 600);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(a_plan_is_ordered_and_its_critical_path_found)
{
    convergio_context *context = quiet_context();
    char *schedule = NULL;

    CHECK_STATUS(CONVERGIO_OK, convergio_plan(context,
        "{\"steps\": [{\"id\": \"c\", \"needs\": [\"a\", \"b\"], \"duration_ms\": 5},"
        " {\"id\": \"a\", \"needs\": [], \"duration_ms\": 10},"
        " {\"id\": \"b\", \"needs\": [], \"duration_ms\": 1}]}", &schedule));
    CHECK(contains(schedule, "\"critical_path\":[\"a\",\"c\"]"));
    CHECK(contains(schedule, "\"total_ms\":15"));
    CHECK_STATUS(CONVERGIO_OK, convergio_string_free(schedule));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}
