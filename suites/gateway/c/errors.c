/* What goes wrong on either side arrives on the other with its name: the C core's failures pass
 * through Rust to C, the provider's through HTTP and Rust to C; outputs stay untouched. */
#include <pthread.h>

#include "support.h"

CLAIM(every_status_has_a_name_of_its_own)
{
    static const int32_t known[] = {
        CONVERGIO_INTERNAL_PANIC, CONVERGIO_OK, CONVERGIO_NULL_POINTER, CONVERGIO_INVALID_UTF8,
        CONVERGIO_TOO_LARGE, CONVERGIO_INVALID_HANDLE, CONVERGIO_INVALID_STRING,
        CONVERGIO_INVALID_CONFIG, CONVERGIO_INVALID_ARGUMENT, CONVERGIO_OUT_OF_MEMORY,
        CONVERGIO_INTERNAL, CONVERGIO_NOT_FOUND, CONVERGIO_AUTH_INVALID, CONVERGIO_BYOK_MISSING_KEY,
        CONVERGIO_BUDGET_EXCEEDED, CONVERGIO_PRIVACY_BLOCKED, CONVERGIO_AUTH_FORBIDDEN,
        CONVERGIO_REQUEST_CONFLICT, CONVERGIO_RATE_LIMITED, CONVERGIO_PROVIDER_TIMEOUT,
        CONVERGIO_PROVIDER_RATE_LIMITED, CONVERGIO_PROVIDER_UNAVAILABLE,
        CONVERGIO_PROVIDER_TRUNCATED,
    };
    size_t named = 0;

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        CHECK(strcmp(convergio_status_name(known[i]), "unknown") != 0);
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(convergio_status_name(known[i]), convergio_status_name(known[j])) != 0);
    }
    for (int32_t number = -1000; number < 1000; number++)
        named += strcmp(convergio_status_name(number), "unknown") != 0;
    CHECK(named == sizeof known / sizeof *known);
    CHECK(strcmp(convergio_status_name(INT32_MIN), "unknown") == 0);
    CHECK(strcmp(convergio_status_name(INT32_MAX), "unknown") == 0);
}

CLAIM(a_success_has_no_error_and_does_not_erase_one)
{
    convergio_context *context = quiet_context();
    uint64_t tokens = 0;

    CHECK(contains(last_error(context), "\"code\":\"ok\""));
    CHECK_STATUS(CONVERGIO_INVALID_UTF8, convergio_estimate_tokens(context, "\xff", &tokens));
    CHECK_STATUS(CONVERGIO_OK, convergio_estimate_tokens(context, "hello", &tokens));
    CHECK(contains(last_error(context), "\"code\":\"abi.invalid_utf8\""));
    CHECK(contains(last_error(context), "\"code\":\"abi.invalid_utf8\""));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(an_error_belongs_to_its_context)
{
    convergio_context *failed = quiet_context();
    convergio_context *innocent = quiet_context();
    uint64_t tokens = 0;

    CHECK_STATUS(CONVERGIO_INVALID_UTF8, convergio_estimate_tokens(failed, "\xff", &tokens));
    CHECK(contains(last_error(innocent), "\"code\":\"ok\""));
    CHECK(contains(last_error(NULL), "\"code\":\"abi.invalid_utf8\""));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(failed));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(innocent));
}

static void *see_no_error(void *context)
{
    CHECK(contains(last_error(context), "\"code\":\"ok\""));
    return NULL;
}

CLAIM(an_error_belongs_to_its_thread)
{
    convergio_context *context = quiet_context();
    uint64_t tokens = 0;
    pthread_t other;

    CHECK_STATUS(CONVERGIO_INVALID_UTF8, convergio_estimate_tokens(context, "\xff", &tokens));
    CHECK(pthread_create(&other, NULL, see_no_error, context) == 0);
    CHECK(pthread_join(other, NULL) == 0);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(a_wrong_configuration_is_explained_whole)
{
    convergio_context *context = (convergio_context *)UNTOUCHED;

    CHECK_STATUS(CONVERGIO_INVALID_CONFIG, convergio_context_new(
        "{\"routing\": {\"min_capability\": 2000}, \"timeouts\": {\"connect_ms\": 0}}", &context));
    CHECK((char *)context == UNTOUCHED);
    CHECK(contains(last_error(NULL), "min_capability"));
    CHECK(contains(last_error(NULL), "timeouts"));
    CHECK_STATUS(CONVERGIO_INVALID_CONFIG,
                 convergio_context_new("{\"ruoting\": {}}", &context));
    CHECK(contains(last_error(NULL), "ruoting"));
    CHECK((char *)context == UNTOUCHED);
}

CLAIM(the_cores_refusal_of_a_plan_reaches_c)
{
    convergio_context *context = quiet_context();
    char *schedule = UNTOUCHED;

    CHECK_STATUS(CONVERGIO_INVALID_ARGUMENT, convergio_plan(context,
        "{\"steps\": [{\"id\": \"chicken\", \"needs\": [\"egg\"], \"duration_ms\": 1},"
        " {\"id\": \"egg\", \"needs\": [\"chicken\"], \"duration_ms\": 1}]}", &schedule));
    CHECK(contains(last_error(context), "chicken") && contains(last_error(context), "egg"));
    CHECK_STATUS(CONVERGIO_INVALID_ARGUMENT, convergio_plan(context,
        "{\"steps\": [{\"id\": \"a\", \"needs\": [\"nobody\"], \"duration_ms\": 1}]}", &schedule));
    CHECK(contains(last_error(context), "nobody") || contains(last_error(context), "\\\"a\\\""));
    CHECK(schedule == UNTOUCHED);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(the_cores_refusal_of_a_price_reaches_c)
{
    convergio_context *context = quiet_context();
    int64_t cost = 77;

    CHECK_STATUS(CONVERGIO_NOT_FOUND,
                 convergio_cost(context, "no-such-model", 1, 0, 1, 0, &cost));
    CHECK(contains(last_error(context), "no-such-model"));
    CHECK_STATUS(CONVERGIO_INVALID_ARGUMENT,
                 convergio_cost(context, "gpt-4o-mini", -1, 0, 1, 0, &cost));
    CHECK_STATUS(CONVERGIO_INVALID_ARGUMENT,
                 convergio_cost(context, "gpt-4o-mini", 1, 2, 1, 0, &cost));
    CHECK_STATUS(CONVERGIO_INVALID_ARGUMENT,
                 convergio_cost(context, "gpt-4o-mini", INT64_MAX, 0, INT64_MAX, 0, &cost));
    CHECK(cost == 77);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

static void refused_route(const char *config, int32_t expected)
{
    convergio_context *context = NULL;
    char *text = UNTOUCHED;

    CHECK_STATUS(CONVERGIO_OK, convergio_context_new(config, &context));
    CHECK_STATUS(expected, convergio_route(context, "hello", &text));
    CHECK(text == UNTOUCHED);
    CHECK(contains(last_error(context), convergio_status_name(expected)));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(the_cores_refusal_of_a_route_reaches_c)
{
    refused_route("{\"routing\": {\"privacy\": \"local_only\"}}", CONVERGIO_PRIVACY_BLOCKED);
    refused_route("{\"routing\": {\"offline\": true}}", CONVERGIO_PRIVACY_BLOCKED);
    refused_route("{\"budget\": {\"limit_nano_usd\": 0}}", CONVERGIO_BUDGET_EXCEEDED);
    refused_route("{\"routing\": {\"max_query_cost_nano_usd\": 0}}", CONVERGIO_BUDGET_EXCEEDED);
}

static void refused_query(const char *model, const char *credential, int32_t expected)
{
    convergio_context *context = provider_context(model, credential);
    char *text = UNTOUCHED;

    CHECK_STATUS(expected, convergio_query(context, "hello", &text));
    CHECK(text == UNTOUCHED);
    CHECK(contains(last_error(context), convergio_status_name(expected)));
    CHECK(!contains(last_error(context), environment("SIMULATOR_KEY")));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(without_a_key_nothing_is_asked)
{
    refused_query("gpt-4o-mini", "none", CONVERGIO_BYOK_MISSING_KEY);
}

CLAIM(a_key_the_provider_refuses_is_the_callers)
{
    refused_query("gpt-4o-mini~bad_key", "user", CONVERGIO_AUTH_INVALID);
}

CLAIM(a_provider_that_repeats_the_key_gets_it_removed)
{
    refused_query("gpt-4o-mini~echo_key", "user", CONVERGIO_AUTH_INVALID);
}

CLAIM(a_limit_reaches_c_with_its_hint)
{
    convergio_context *context =
        provider_context("gpt-4o-mini~rate_limited;retry_after_ms=90000", "user");
    char *text = UNTOUCHED;

    CHECK_STATUS(CONVERGIO_PROVIDER_RATE_LIMITED, convergio_query(context, "hello", &text));
    CHECK(text == UNTOUCHED);
    CHECK(contains(last_error(context), "\"retry_after_ms\":90000"));
    CHECK(contains(last_error(context), "rate_limit_exceeded"));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(a_failing_provider_is_unavailable)
{
    refused_query("gpt-4o-mini~overloaded", "user", CONVERGIO_PROVIDER_UNAVAILABLE);
    refused_query("gpt-4o-mini~html_error", "user", CONVERGIO_PROVIDER_UNAVAILABLE);
    refused_query("gpt-4o-mini~invalid_utf8", "user", CONVERGIO_PROVIDER_UNAVAILABLE);
}

CLAIM(half_an_answer_is_never_an_answer)
{
    refused_query("gpt-4o-mini~truncated", "user", CONVERGIO_PROVIDER_TRUNCATED);
    refused_query("gpt-4o-mini~dropped", "user", CONVERGIO_PROVIDER_TRUNCATED);
    refused_query("gpt-4o-mini~not_json", "user", CONVERGIO_PROVIDER_TRUNCATED);
    refused_query("gpt-4o-mini~empty_body", "user", CONVERGIO_PROVIDER_TRUNCATED);
}

CLAIM(silence_is_a_timeout)
{
    refused_query("gpt-4o-mini~stall", "user", CONVERGIO_PROVIDER_TIMEOUT);
}

CLAIM(nobody_listening_is_unavailable)
{
    convergio_context *context = NULL;
    char *text = UNTOUCHED;

    CHECK_STATUS(CONVERGIO_OK, convergio_context_new(
        "{\"api_key\": \"sk-sim-x\", \"retry\": {\"base_ms\": 1, \"cap_ms\": 2},"
        " \"providers\": {\"openai\": {\"base_url\": \"http://127.0.0.1:1/v1\"}}}", &context));
    CHECK_STATUS(CONVERGIO_PROVIDER_UNAVAILABLE, convergio_query(context, "hello", &text));
    CHECK(text == UNTOUCHED);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}
