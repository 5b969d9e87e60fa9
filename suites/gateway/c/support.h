/* What the test programs share beside claims: contexts, sentinels, words to ask with. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <stdbool.h>

#include "claims.h"

/* A value no function returns: an output still holding it was not written. */
__attribute__((unused)) static char untouched_memory;
#define UNTOUCHED (&untouched_memory)

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL) {
        fprintf(stderr, "%s is not set; the suite that runs this program sets it\n", name);
        exit(2);
    }
    return value;
}

/* A context that asks the simulated provider for `model`, with the key as `credential` names it:
 * "house" or "user". The model's name may carry a behaviour ("gpt-4o-mini~overloaded"), so that a
 * program scripts its provider without a second connection. Short waits, no patience. */
static inline convergio_context *provider_context(const char *model, const char *credential)
{
    static const char form[] =
        "{\"providers\": {\"openai\": {\"base_url\": \"%s\"%s%s%s}}, %s%s%s"
        " \"retry\": {\"max_retries\": 1, \"base_ms\": 1, \"cap_ms\": 5},"
        " \"timeouts\": {\"connect_ms\": 5000, \"request_ms\": %s, \"stream_idle_ms\": 5000},"
        " \"models\": [{\"id\": \"%s\", \"provider\": \"openai\", \"context_window\": 128000,"
        " \"max_output_tokens\": 16384, \"capability\": 1000,"
        " \"price\": {\"input\": 150000000, \"cached_input\": 75000000, \"output\": 600000000,"
        " \"reasoning\": 600000000}}]}";
    bool house = strcmp(credential, "house") == 0;
    bool user = strcmp(credential, "user") == 0;
    const char *key = environment("SIMULATOR_KEY");
    char config[2048];
    convergio_context *context = NULL;
    int length = snprintf(config, sizeof config, form, environment("SIMULATOR_BASE_URL"),
                          house ? ", \"api_key\": \"" : "", house ? key : "", house ? "\"" : "",
                          user ? "\"api_key\": \"" : "", user ? key : "", user ? "\"," : "",
                          strstr(model, "stall") != NULL ? "300" : "30000", model);

    CHECK(length > 0 && (size_t)length < sizeof config);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_new(config, &context));
    CHECK(context != NULL);
    return context;
}

static inline convergio_context *simulator_context(void)
{
    return provider_context("gpt-4o-mini", "house");
}

/* A context that is never asked to talk to anybody. */
static inline convergio_context *quiet_context(void)
{
    convergio_context *context = NULL;
    CHECK_STATUS(CONVERGIO_OK, convergio_context_new("{}", &context));
    CHECK(context != NULL);
    return context;
}

/* The last failure of this thread that concerned `context`, copied into static memory. */
static inline const char *last_error(convergio_context *context)
{
    static _Thread_local char copy[4096];
    char *text = NULL;

    CHECK_STATUS(CONVERGIO_OK, convergio_last_error(context, &text));
    CHECK(snprintf(copy, sizeof copy, "%s", text) > 0);
    CHECK_STATUS(CONVERGIO_OK, convergio_string_free(text));
    return copy;
}

static inline bool contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

#endif
