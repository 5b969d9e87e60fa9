/* A panic in Rust reaches C as a status, and leaves everything usable. */
#include <pthread.h>

#include "fault_injection.h"

CLAIM(a_panic_becomes_a_status)
{
    convergio_context *context = quiet_context();

    CHECK_STATUS(CONVERGIO_INTERNAL_PANIC, convergio_test_panic(context));
    CHECK(contains(last_error(context), "\"code\":\"internal.panic\""));
    /* What the panic said stays inside: it may quote what it was working on. */
    CHECK(!contains(last_error(context), "asked for"));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(the_context_stays_usable_after_many_panics)
{
    convergio_context *context = quiet_context();
    char *text = NULL;

    for (int i = 0; i < 100; i++)
        CHECK_STATUS(CONVERGIO_INTERNAL_PANIC, convergio_test_panic(context));
    CHECK_STATUS(CONVERGIO_OK, convergio_route(context, "hello", &text));
    CHECK_STATUS(CONVERGIO_OK, convergio_string_free(text));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

static void *panic_and_route(void *context)
{
    for (int i = 0; i < 50; i++) {
        char *text = NULL;

        CHECK_STATUS(CONVERGIO_INTERNAL_PANIC, convergio_test_panic(context));
        CHECK_STATUS(CONVERGIO_OK, convergio_route(context, "hello", &text));
        CHECK_STATUS(CONVERGIO_OK, convergio_string_free(text));
    }
    return NULL;
}

CLAIM(panics_in_many_threads_poison_nothing)
{
    convergio_context *context = quiet_context();
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, panic_and_route, context) == 0);
    for (int i = 0; i < 4; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(a_panic_with_a_freed_context_is_not_reached)
{
    convergio_context *context = quiet_context();

    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
    CHECK_STATUS(CONVERGIO_INVALID_HANDLE, convergio_test_panic(context));
}
