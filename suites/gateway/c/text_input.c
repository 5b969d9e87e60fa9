/* Text of every kind: not UTF-8, empty, huge, and exactly at the limit. */
#include "support.h"

static const char *const malformed[] = {
    "\x80",             /* a continuation alone */
    "caf\xc3",          /* cut in the middle */
    "\xc0\xaf",         /* overlong */
    "\xed\xa0\x80",     /* a surrogate */
    "\xf4\x90\x80\x80", /* beyond Unicode */
    "ok \xff end",      /* never a byte of UTF-8 */
};

CLAIM(invalid_utf8_is_refused_with_its_own_code)
{
    convergio_context *context = quiet_context();

    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        char *text = UNTOUCHED;
        uint64_t tokens = 77;
        convergio_context *other = (convergio_context *)UNTOUCHED;

        CHECK_STATUS(CONVERGIO_INVALID_UTF8, convergio_query(context, malformed[i], &text));
        CHECK_STATUS(CONVERGIO_INVALID_UTF8, convergio_route(context, malformed[i], &text));
        CHECK_STATUS(CONVERGIO_INVALID_UTF8,
                     convergio_estimate_tokens(context, malformed[i], &tokens));
        CHECK_STATUS(CONVERGIO_INVALID_UTF8, convergio_context_new(malformed[i], &other));
        CHECK(text == UNTOUCHED);
        CHECK(tokens == 77);
        CHECK((char *)other == UNTOUCHED);
    }
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(the_refusal_says_where_the_bad_byte_is)
{
    convergio_context *context = quiet_context();
    char *text = UNTOUCHED;

    CHECK_STATUS(CONVERGIO_INVALID_UTF8, convergio_route(context, "ok \xff end", &text));
    CHECK(contains(last_error(context), "bad byte at 3"));
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(empty_text_is_text)
{
    convergio_context *context = quiet_context();
    convergio_context *other = (convergio_context *)UNTOUCHED;
    uint64_t tokens = 77;

    CHECK_STATUS(CONVERGIO_OK, convergio_estimate_tokens(context, "", &tokens));
    CHECK(tokens == 0);
    CHECK_STATUS(CONVERGIO_INVALID_CONFIG, convergio_context_new("", &other));
    CHECK((char *)other == UNTOUCHED);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

/* A block of `length` letters; `terminated` or not, exactly as large as it must be. */
static char *letters(size_t length, bool terminated)
{
    char *text = malloc(length + terminated);

    CHECK(text != NULL);
    memset(text, 'a', length);
    if (terminated) text[length] = '\0';
    return text;
}

CLAIM(the_limit_is_exact)
{
    convergio_context *context = quiet_context();
    char *largest = letters(CONVERGIO_MAX_TEXT_BYTES, true);
    char *too_large = letters(CONVERGIO_MAX_TEXT_BYTES + 1, true);
    uint64_t tokens = 77;

    CHECK_STATUS(CONVERGIO_TOO_LARGE, convergio_estimate_tokens(context, too_large, &tokens));
    CHECK(tokens == 77);
    CHECK_STATUS(CONVERGIO_OK, convergio_estimate_tokens(context, largest, &tokens));
    CHECK(tokens > 0 && tokens <= CONVERGIO_MAX_TEXT_BYTES);
    free(largest);
    free(too_large);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(too_large_is_refused_everywhere_without_reading_on)
{
    convergio_context *context = quiet_context();
    convergio_context *other = (convergio_context *)UNTOUCHED;
    /* Without its NUL: a memory checker sees any read beyond the promised limit. */
    char *endless = letters(CONVERGIO_MAX_TEXT_BYTES + 1, false);
    char *text = UNTOUCHED;
    uint64_t tokens = 77;
    int64_t cost = 77;

    CHECK_STATUS(CONVERGIO_TOO_LARGE, convergio_context_new(endless, &other));
    CHECK_STATUS(CONVERGIO_TOO_LARGE, convergio_query(context, endless, &text));
    CHECK_STATUS(CONVERGIO_TOO_LARGE, convergio_route(context, endless, &text));
    CHECK_STATUS(CONVERGIO_TOO_LARGE, convergio_plan(context, endless, &text));
    CHECK_STATUS(CONVERGIO_TOO_LARGE, convergio_estimate_tokens(context, endless, &tokens));
    CHECK_STATUS(CONVERGIO_TOO_LARGE, convergio_cost(context, endless, 1, 0, 1, 0, &cost));
    CHECK((char *)other == UNTOUCHED);
    CHECK(text == UNTOUCHED);
    CHECK(tokens == 77);
    CHECK(cost == 77);
    free(endless);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}

CLAIM(deep_nesting_cannot_exhaust_the_stack)
{
    convergio_context *context = quiet_context();
    convergio_context *other = (convergio_context *)UNTOUCHED;
    char *deep = letters(1000000, true);
    char *text = UNTOUCHED;

    memset(deep, '[', 1000000);
    CHECK_STATUS(CONVERGIO_INVALID_CONFIG, convergio_context_new(deep, &other));
    CHECK_STATUS(CONVERGIO_INVALID_ARGUMENT, convergio_plan(context, deep, &text));
    CHECK((char *)other == UNTOUCHED);
    CHECK(text == UNTOUCHED);
    free(deep);
    CHECK_STATUS(CONVERGIO_OK, convergio_context_free(context));
}
