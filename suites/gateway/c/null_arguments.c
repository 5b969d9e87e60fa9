/* NULL in any place is refused with its own code, and no output is touched. */
#include "support.h"

CLAIM(context_new_refuses_null)
{
    convergio_context *context = (convergio_context *)UNTOUCHED;

    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_context_new(NULL, &context));
    CHECK((char *)context == UNTOUCHED);
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_context_new("{}", NULL));
}

CLAIM(null_context_is_refused_everywhere)
{
    char *text = UNTOUCHED;
    uint64_t tokens = 77;
    int64_t cost = 77;

    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_query(NULL, "hello", &text));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_route(NULL, "hello", &text));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_plan(NULL, "{\"steps\": []}", &text));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_cost(NULL, "gpt-4o-mini", 1, 0, 1, 0, &cost));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_last_error(NULL, NULL));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_estimate_tokens(NULL, "hello", &tokens));
    CHECK(text == UNTOUCHED);
    CHECK(tokens == 77);
    CHECK(cost == 77);
}

CLAIM(null_text_and_null_output_are_refused)
{
    convergio_context *context = quiet_context();
    char *text = UNTOUCHED;
    uint64_t tokens = 77;
    int64_t cost = 77;

    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_query(context, NULL, &text));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_query(context, "hello", NULL));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_route(context, NULL, &text));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_route(context, "hello", NULL));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_plan(context, NULL, &text));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_plan(context, "{\"steps\": []}", NULL));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_cost(context, NULL, 1, 0, 1, 0, &cost));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_cost(context, "gpt-4o-mini", 1, 0, 1, 0, NULL));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_estimate_tokens(context, NULL, &tokens));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_estimate_tokens(context, "hello", NULL));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_last_error(context, NULL));
    CHECK(text == UNTOUCHED);
    CHECK(tokens == 77);
    CHECK(cost == 77);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(freeing_null_is_refused)
{
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_context_free(NULL));
    CHECK_STATUS(CONVERGIO_NULL_POINTER, convergio_string_free(NULL));
}
