/* Contexts share nothing, one context serves many threads, and a free in the middle is safe. */
#include <pthread.h>
#include <stdatomic.h>

#include "support.h"

#define THREADS 8
#define ROUNDS 200

static void run_threads(void *(*body)(void *), void *argument)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, body, argument) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

static void *own_context(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        convergio_context *context = quiet_context();
        char *text = NULL;

        CHECK_STATUS(CONVERGIO_OK, convergio_route(context, "hello", &text));
        CHECK_STATUS(CONVERGIO_OK, convergio_string_free(text));
        CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
    }
    return NULL;
}

CLAIM(a_context_per_thread)
{
    run_threads(own_context, NULL);
}

static void *shared_context(void *context)
{
    for (int i = 0; i < ROUNDS; i++) {
        char *text = NULL;
        uint64_t tokens = 0;

        CHECK_STATUS(CONVERGIO_OK, convergio_route(context, "hello", &text));
        CHECK(contains(text, "\"model\""));
        CHECK_STATUS(CONVERGIO_OK, convergio_string_free(text));
        CHECK_STATUS(CONVERGIO_OK, convergio_estimate_tokens(context, "hello", &tokens));
        CHECK_STATUS(CONVERGIO_INVALID_UTF8, convergio_route(context, "\xff", &text));
    }
    return NULL;
}

CLAIM(one_context_for_all_threads)
{
    convergio_context *context = quiet_context();

    run_threads(shared_context, context);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

static void *query(void *context)
{
    for (int i = 0; i < 4; i++) {
        char words[32];
        char *text = NULL;

        CHECK(snprintf(words, sizeof words, "number %d", i) > 0);
        CHECK_STATUS(CONVERGIO_OK, convergio_query(context, words, &text));
        CHECK(contains(text, words));
        CHECK_STATUS(CONVERGIO_OK, convergio_string_free(text));
    }
    return NULL;
}

CLAIM(concurrent_queries_get_their_own_answers)
{
    convergio_context *context = simulator_context();

    run_threads(query, context);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

static atomic_bool started;

static void *use_until_refused(void *context)
{
    int32_t status = CONVERGIO_OK;

    while (status == CONVERGIO_OK) {
        char *text = UNTOUCHED;

        status = convergio_route(context, "hello", &text);
        atomic_store(&started, true);
        if (status == CONVERGIO_OK)
            CHECK_STATUS(CONVERGIO_OK, convergio_string_free(text));
        else
            CHECK(text == UNTOUCHED);
    }
    CHECK_STATUS(CONVERGIO_INVALID_HANDLE, status);
    return NULL;
}

CLAIM(a_free_while_others_use_it_refuses_them_and_harms_nobody)
{
    convergio_context *context = quiet_context();
    pthread_t threads[THREADS];

    atomic_store(&started, false);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, use_until_refused, context) == 0);
    while (!atomic_load(&started)) continue;
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
}

struct race {
    convergio_context *context;
    atomic_int freed;
};

static void *free_once(void *argument)
{
    struct race *race = argument;
    int32_t status = convergio_context_free(race->context);

    if (status == CONVERGIO_OK)
        atomic_fetch_add(&race->freed, 1);
    else
        CHECK_STATUS(CONVERGIO_INVALID_HANDLE, status);
    return NULL;
}

CLAIM(of_many_frees_exactly_one_succeeds)
{
    for (int i = 0; i < 20; i++) {
        struct race race = {.context = quiet_context()};

        atomic_init(&race.freed, 0);
        run_threads(free_once, &race);
        CHECK(atomic_load(&race.freed) == 1);
    }
}
