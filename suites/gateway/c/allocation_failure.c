/* Memory is refused at every single point where the core asks for it, one point after the other:
 * each time a status, untouched outputs, nothing leaked, and a context that still works. */
#include "fault_injection.h"

/* More points than any call has; the loops end long before, when nothing failed any more. */
#define POINTS_MAX 1000

static const char with_budget[] = "{\"budget\": {\"limit_nano_usd\": 1000000000}}";

static const char plan[] =
    "{\"steps\": [{\"id\": \"a\", \"needs\": [], \"duration_ms\": 1},"
    " {\"id\": \"b\", \"needs\": [\"a\"], \"duration_ms\": 1},"
    " {\"id\": \"c\", \"needs\": [\"a\", \"b\"], \"duration_ms\": 1}]}";

static uint64_t live_blocks(convergio_context *context)
{
    uint64_t blocks = UINT64_MAX;

    CHECK_STATUS(CONVERGIO_OK, convergio_test_live_blocks(context, &blocks));
    return blocks;
}

CLAIM(a_context_is_made_whole_or_not_at_all)
{
    convergio_context *context = (convergio_context *)UNTOUCHED;
    uint32_t point = 0;

    while (convergio_test_context_new(with_budget, point, &context) != CONVERGIO_OK) {
        CHECK((char *)context == UNTOUCHED);
        CHECK(contains(last_error(NULL), "\"code\":\"internal.out_of_memory\""));
        CHECK(++point < POINTS_MAX);
    }
    /* At least one point was tried, else this claim claims nothing. */
    CHECK(point > 0);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(a_plan_is_scheduled_or_nothing_happened)
{
    convergio_context *context = quiet_context();
    uint64_t before = live_blocks(context);
    char *schedule = UNTOUCHED;
    int32_t point = 0;

    for (;;) {
        int32_t status;

        CHECK_STATUS(CONVERGIO_OK, convergio_test_fail_allocation(context, point));
        status = convergio_plan(context, plan, &schedule);
        if (status == CONVERGIO_OK) break;
        CHECK_STATUS(CONVERGIO_OUT_OF_MEMORY, status);
        CHECK(schedule == UNTOUCHED);
        CHECK(live_blocks(context) == before);
        CHECK(contains(last_error(context), "\"code\":\"internal.out_of_memory\""));
        CHECK(++point < POINTS_MAX);
    }
    CHECK(point > 0);
    CHECK(live_blocks(context) == before);
    CHECK_STATUS(CONVERGIO_OK, convergio_string_free(schedule));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(every_other_call_survives_a_refusal_at_every_point)
{
    convergio_context *context = NULL;
    uint64_t before;

    CHECK_STATUS(CONVERGIO_OK, convergio_context_new(with_budget, &context));
    before = live_blocks(context);
    for (int32_t point = 0; point < 8; point++) {
        char *text = UNTOUCHED;
        uint64_t tokens = 77;
        int64_t cost = 77;
        int32_t status;

        CHECK_STATUS(CONVERGIO_OK, convergio_test_fail_allocation(context, point));
        status = convergio_route(context, "hello", &text);
        CHECK(status == CONVERGIO_OK || status == CONVERGIO_OUT_OF_MEMORY);
        if (status == CONVERGIO_OK)
            CHECK_STATUS(CONVERGIO_OK, convergio_string_free(text));
        else
            CHECK(text == UNTOUCHED);
        CHECK_STATUS(CONVERGIO_OK, convergio_test_fail_allocation(context, point));
        status = convergio_estimate_tokens(context, "hello", &tokens);
        CHECK((status == CONVERGIO_OK) == (tokens != 77));
        CHECK_STATUS(CONVERGIO_OK, convergio_test_fail_allocation(context, point));
        status = convergio_cost(context, "gpt-4o-mini", 1, 0, 1, 0, &cost);
        CHECK((status == CONVERGIO_OK) == (cost != 77));
        CHECK_STATUS(CONVERGIO_OK, convergio_test_fail_allocation(context, -1));
        CHECK(live_blocks(context) == before);
    }
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(a_query_survives_a_refusal_at_every_point)
{
    convergio_context *context = simulator_context();
    uint64_t before = live_blocks(context);

    for (int32_t point = 0; point < 4; point++) {
        char *text = UNTOUCHED;
        int32_t status;

        CHECK_STATUS(CONVERGIO_OK, convergio_test_fail_allocation(context, point));
        status = convergio_query(context, "hello", &text);
        CHECK(status == CONVERGIO_OK || status == CONVERGIO_OUT_OF_MEMORY);
        CHECK((status == CONVERGIO_OK) == (text != UNTOUCHED));
        if (status == CONVERGIO_OK) CHECK_STATUS(CONVERGIO_OK, convergio_string_free(text));
        CHECK_STATUS(CONVERGIO_OK, convergio_test_fail_allocation(context, -1));
        CHECK(live_blocks(context) == before);
    }
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(one_contexts_refusal_is_not_anothers)
{
    convergio_context *starved = quiet_context();
    convergio_context *fed = quiet_context();
    char *schedule = UNTOUCHED;

    CHECK_STATUS(CONVERGIO_OK, convergio_test_fail_allocation(starved, 0));
    CHECK_STATUS(CONVERGIO_OK, convergio_plan(fed, plan, &schedule));
    CHECK_STATUS(CONVERGIO_OK, convergio_string_free(schedule));
    schedule = UNTOUCHED;
    CHECK_STATUS(CONVERGIO_OUT_OF_MEMORY, convergio_plan(starved, plan, &schedule));
    CHECK(schedule == UNTOUCHED);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(starved));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(fed));
}
