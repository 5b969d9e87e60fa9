/* Handles are looked up, never dereferenced: freed, forged and foreign ones are refused. */
#include "support.h"

static void refused_everywhere(convergio_context *context)
{
    char *text = UNTOUCHED;
    uint64_t tokens = 77;
    int64_t cost = 77;

    CHECK_STATUS(CONVERGIO_INVALID_HANDLE, convergio_query(context, "hello", &text));
    CHECK_STATUS(CONVERGIO_INVALID_HANDLE, convergio_route(context, "hello", &text));
    CHECK_STATUS(CONVERGIO_INVALID_HANDLE, convergio_plan(context, "{\"steps\": []}", &text));
    CHECK_STATUS(CONVERGIO_INVALID_HANDLE,
                 convergio_cost(context, "gpt-4o-mini", 1, 0, 1, 0, &cost));
    CHECK_STATUS(CONVERGIO_INVALID_HANDLE, convergio_last_error(context, &text));
    CHECK_STATUS(CONVERGIO_INVALID_HANDLE, convergio_estimate_tokens(context, "hello", &tokens));
    CHECK_STATUS(CONVERGIO_INVALID_HANDLE, convergio_context_free(context));
    CHECK(text == UNTOUCHED);
    CHECK(tokens == 77);
    CHECK(cost == 77);
}

CLAIM(double_free_of_a_context_is_refused)
{
    convergio_context *context = quiet_context();

    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
    CHECK_STATUS(CONVERGIO_INVALID_HANDLE, convergio_context_free(context));
}

CLAIM(use_after_free_is_refused)
{
    convergio_context *context = quiet_context();

    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
    refused_everywhere(context);
}

CLAIM(a_freed_handle_does_not_reach_the_context_that_took_its_place)
{
    convergio_context *old = quiet_context();

    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(old));
    for (int i = 0; i < 1000; i++) {
        convergio_context *young = quiet_context();

        CHECK(young != old);
        CHECK_STATUS(CONVERGIO_INVALID_HANDLE, convergio_context_free(old));
        CHECK_STATUS(CONVERGIO_OK, convergio_context_free(young));
    }
}

CLAIM(forged_handles_are_refused)
{
    static const uintptr_t forged[] = {
        1, 2, 3, 7, 0x10, 0xff, 0xdeadbeef, UINTPTR_MAX, UINTPTR_MAX / 2, UINTPTR_MAX - 1,
    };
    convergio_context *real = quiet_context();
    int on_the_stack = 0;

    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++)
        if (forged[i] != (uintptr_t)real) refused_everywhere((convergio_context *)forged[i]);
    refused_everywhere((convergio_context *)(void *)&on_the_stack);
    /* Every single-bit error in a real handle is caught as well. */
    for (unsigned bit = 0; bit < sizeof(uintptr_t) * 8; bit++)
        refused_everywhere((convergio_context *)((uintptr_t)real ^ ((uintptr_t)1 << bit)));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(real));
}

CLAIM(double_free_of_a_string_is_refused)
{
    convergio_context *context = quiet_context();
    char *text = NULL;

    CHECK_STATUS(CONVERGIO_OK, convergio_route(context, "hello", &text));
    CHECK_STATUS(CONVERGIO_OK, convergio_string_free(text));
    CHECK_STATUS(CONVERGIO_INVALID_STRING, convergio_string_free(text));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(a_string_that_is_not_ours_is_refused)
{
    convergio_context *context = quiet_context();
    char on_the_stack[16] = "mine";
    char *from_malloc = malloc(16);
    char *text = NULL;

    CHECK(from_malloc != NULL);
    CHECK_STATUS(CONVERGIO_OK, convergio_route(context, "hello", &text));
    CHECK_STATUS(CONVERGIO_INVALID_STRING, convergio_string_free(on_the_stack));
    CHECK_STATUS(CONVERGIO_INVALID_STRING, convergio_string_free(from_malloc));
    /* Into the middle of one of ours. */
    CHECK_STATUS(CONVERGIO_INVALID_STRING, convergio_string_free(text + 1));
    CHECK(strcmp(on_the_stack, "mine") == 0);
    CHECK_STATUS(CONVERGIO_OK, convergio_string_free(text));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
    free(from_malloc);
}

CLAIM(a_string_outlives_the_context_that_made_it)
{
    convergio_context *context = quiet_context();
    char *text = NULL;

    CHECK_STATUS(CONVERGIO_OK, convergio_route(context, "hello", &text));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
    CHECK(contains(text, "\"model\""));
    CHECK_STATUS(CONVERGIO_OK, convergio_string_free(text));
}
