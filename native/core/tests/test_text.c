#include "support.h"

#define NO_LIMIT SIZE_MAX

static void test_accepts_well_formed(void **state) {
    (void)state;
    static const core_str cases[] = {
        TEXT(""),
        TEXT("plain ASCII, longer than one machine word"),
        TEXT("nul \0 inside"),
        TEXT("\x7F\xC2\x80\xDF\xBF"),                 /* U+007F, U+0080, U+07FF */
        TEXT("\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80"), /* U+0800, U+D7FF, U+E000 */
        TEXT("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"),     /* U+10000, U+10FFFF */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(core_text_validate(cases[i], NO_LIMIT, NULL), CORE_OK);
    }
    assert_int_equal(core_text_validate((core_str){NULL, 0}, 0, NULL), CORE_OK);
}

static void test_refuses_ill_formed_at_its_first_byte(void **state) {
    (void)state;
    static const struct {
        core_str text;
        size_t offset;
    } cases[] = {
        {TEXT("\x80"), 0},                  /* continuation alone */
        {TEXT("ab\xC0\xAF"), 2},            /* overlong '/' in two */
        {TEXT("\xC1\xBF"), 0},              /* overlong in two */
        {TEXT("\xE0\x9F\xBF"), 0},          /* overlong in three */
        {TEXT("\xF0\x8F\xBF\xBF"), 0},      /* overlong in four */
        {TEXT("12345678\xED\xA0\x80"), 8}, /* surrogate U+D800 */
        {TEXT("\xF4\x90\x80\x80"), 0},      /* U+110000 */
        {TEXT("\xF5\x80\x80\x80"), 0},
        {TEXT("\xFF"), 0},
        {TEXT("a\xC3"), 1}, /* cut short */
        {TEXT("a\xE2\x82"), 1},
        {TEXT("a\xF0\x9F\x98"), 1},
        {TEXT("\xE2\x28\xA1"), 0}, /* bad second byte */
        {TEXT("\xE2\x82\x28"), 0}, /* bad third byte */
        {TEXT("\xF0\x9F\x98\x28"), 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        core_error err = {CORE_OK, NULL, 99};
        assert_int_equal(core_text_validate(cases[i].text, NO_LIMIT, &err), CORE_ERR_UTF8);
        assert_int_equal(err.code, CORE_ERR_UTF8);
        assert_int_equal(err.offset, cases[i].offset);
    }
}

static void test_limit_is_checked_first(void **state) {
    (void)state;
    core_error err;
    assert_int_equal(core_text_validate(STR("\xFF\xFF\xFF"), 2, &err), CORE_ERR_TOO_LONG);
    assert_int_equal(err.offset, 2);
    assert_int_equal(core_text_validate(STR("abc"), 3, NULL), CORE_OK);
    assert_int_equal(core_text_validate((core_str){NULL, 1}, 9, NULL), CORE_ERR_NULL);
}

/* Encodes by the definition of UTF-8 (RFC 3629 section 3), independently of the decoder. */
static size_t encode(uint32_t c, char *out) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

static void test_every_code_point(void **state) {
    (void)state;
    for (uint32_t c = 0; c <= 0x110FFF; c++) {
        char bytes[4];
        const core_str text = {bytes, encode(c, bytes)};
        const bool valid = c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
        if ((core_text_validate(text, NO_LIMIT, NULL) == CORE_OK) != valid) {
            fail_msg("U+%04X: expected %s", c, valid ? "valid" : "invalid");
        }
    }
}

/* Sums of the documented weights, worked out by hand. */
static void test_estimates_by_the_documented_weights(void **state) {
    (void)state;
    static const struct {
        core_str text;
        uint64_t tokens;
    } cases[] = {
        {TEXT(""), 0},
        {TEXT("a"), 1},                                      /* 240 */
        {TEXT("hello"), 2},                                  /* 1200 */
        {TEXT("Hello, world!"), 4},                         /* 270+9*240+450+125+450 = 3455 */
        {TEXT("1234"), 2},                                   /* 2000 */
        {TEXT("12345"), 3},                                  /* 2500 */
        {TEXT("\n\t"), 1},                                   /* 360 */
        {TEXT("\xC3\xA9"), 2},                               /* e acute: 1100 */
        {TEXT("\xD0\xB4\xD0\xB0"), 1},                       /* Cyrillic: 720 */
        {TEXT("\xE4\xBD\xA0\xE5\xA5\xBD"), 2},               /* two ideographs: 1760 */
        {TEXT("\xED\x95\x9C"), 1},                           /* Hangul: 750 */
        {TEXT("\xF0\x9F\x98\x80"), 3},                       /* emoji: 2500 */
        {TEXT("\xE2\x88\x91"), 2},                           /* sum sign: 2000 */
        {TEXT("\xFF\xFE"), 2},                               /* ill-formed: 2000 */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t tokens = 99;
        assert_int_equal(core_text_estimate_tokens(cases[i].text, &tokens), CORE_OK);
        assert_int_equal(tokens, cases[i].tokens);
    }
    assert_int_equal(CORE_TEXT_ESTIMATE_VERSION, 1);
}

static uint64_t estimate(const char *bytes, size_t len) {
    uint64_t tokens = 0;
    assert_int_equal(core_text_estimate_tokens((core_str){bytes, len}, &tokens), CORE_OK);
    return tokens;
}

static size_t random_text(uint64_t *seed, char *out, size_t max_points) {
    static const uint32_t limits[] = {0x80, 0x80, 0x80, 0x800, 0x10000, 0x110000};
    size_t len = 0;
    for (uint64_t n = test_below(seed, max_points + 1); n > 0; n--) {
        uint32_t c = (uint32_t)test_below(seed, limits[test_below(seed, COUNT_OF(limits))]);
        c = c >= 0xD800 && c <= 0xDFFF ? 'x' : c;
        len += encode(c, out + len);
    }
    return len;
}

static void test_estimate_is_monotone_and_subadditive(void **state) {
    (void)state;
    uint64_t seed = 20251226;
    char text[400];
    for (int round = 0; round < 20000; round++) {
        const size_t a_len = random_text(&seed, text, 40);
        const size_t b_len = random_text(&seed, text + a_len, 40);
        const uint64_t a = estimate(text, a_len);
        const uint64_t b = estimate(text + a_len, b_len);
        const uint64_t both = estimate(text, a_len + b_len);
        assert_true(both >= a && both >= b);
        assert_true(both <= a + b && both + 1 >= a + b);
        assert_true((a == 0) == (a_len == 0));
    }
}

static void test_truncates_between_code_points(void **state) {
    (void)state;
    const core_str text = STR("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z");
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t max = 0; max < COUNT_OF(expected); max++) {
        size_t len = 99;
        assert_int_equal(core_text_truncate(text, max, &len), CORE_OK);
        assert_int_equal(len, expected[max]);
    }
    size_t len = 99;
    assert_int_equal(core_text_truncate((core_str){NULL, 0}, 5, &len), CORE_OK);
    assert_int_equal(len, 0);
    assert_int_equal(core_text_truncate(STR("\x80\x80\x80\x80\x80\x80"), 5, &len), CORE_OK);
    assert_true(len <= 5);
}

static void test_null_is_refused(void **state) {
    (void)state;
    size_t len = 7;
    uint64_t tokens = 7;
    assert_int_equal(core_text_truncate(STR("a"), 1, NULL), CORE_ERR_NULL);
    assert_int_equal(core_text_truncate((core_str){NULL, 1}, 1, &len), CORE_ERR_NULL);
    assert_int_equal(core_text_estimate_tokens(STR("a"), NULL), CORE_ERR_NULL);
    assert_int_equal(core_text_estimate_tokens((core_str){NULL, 1}, &tokens), CORE_ERR_NULL);
    assert_int_equal(len, 7);
    assert_int_equal(tokens, 7);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_accepts_well_formed),
    cmocka_unit_test(test_refuses_ill_formed_at_its_first_byte),
    cmocka_unit_test(test_limit_is_checked_first),
    cmocka_unit_test(test_every_code_point),
    cmocka_unit_test(test_estimates_by_the_documented_weights),
    cmocka_unit_test(test_estimate_is_monotone_and_subadditive),
    cmocka_unit_test(test_truncates_between_code_points),
    cmocka_unit_test(test_null_is_refused),
};

TEST_MAIN("text", tests)
