#include "support.h"

#include "stems.h"

static core_complexity score(core_str text) {
    core_complexity result;
    memset(&result, 0xEE, sizeof result);
    assert_int_equal(core_complexity_score(text, &result), CORE_OK);
    assert_int_equal(result.score, result.length + result.reasoning + result.code + result.math +
                                       result.structure + result.vocabulary);
    assert_in_range(result.score, 0, CORE_COMPLEXITY_MAX);
    return result;
}

/* Points by the rules in complexity.h and src/complexity.c, worked out by hand. */
static void test_points_by_feature(void **state) {
    (void)state;
    static const struct {
        core_str text;
        core_complexity expected; /* score, length, reasoning, code, math, structure, vocabulary */
    } cases[] = {
        {TEXT(""), {0, 0, 0, 0, 0, 0, 0}},
        {TEXT("Hi!"), {0, 0, 0, 0, 0, 0, 0}},
        /* 24 bytes: length 1; why: 25 */
        {TEXT("Tell me why it is so, ok"), {26, 1, 25, 0, 0, 0, 0}},
        /* said twice counts once; upper case counts */
        {TEXT("why WHY Why"), {25, 0, 25, 0, 0, 0, 0}},
        /* prefixes of eight bytes: architecture 60, implementation 25; whole words: provence is none */
        {TEXT("architecture implementation provence"), {86, 1, 85, 0, 0, 0, 0}},
        /* Italian and French with accents: perche' 25, evaluer 25 */
        {TEXT("perch\xC3\xA9 \xC3\xA9valuer"), {50, 0, 50, 0, 0, 0, 0}},
        /* two numbers: 12; two signs (+ =): 8; too few signs for code */
        {TEXT("12 + x = 40"), {20, 0, 0, 0, 20, 0, 0}},
        /* a sum sign: 20 */
        {TEXT("\xE2\x88\x91 x"), {20, 0, 0, 0, 20, 0, 0}},
        /* the signs next to the operators' block are none: euro U+20AC, diameter U+2300 */
        {TEXT("\xE2\x82\xAC \xE2\x8C\x80"), {0, 0, 0, 0, 0, 0, 0}},
        /* the block's last: U+22FF */
        {TEXT("\xE2\x8B\xBF"), {20, 0, 0, 0, 20, 0, 0}},
        /* four signs of code are the minimum: 400 permille, capped; three are none */
        {TEXT("a(b)c(d)ef"), {100, 0, 0, 100, 0, 0, 0}},
        {TEXT("a(b)c(d ef"), {0, 0, 0, 0, 0, 0, 0}},
        /* three questions: 40 */
        {TEXT("a? b? c?"), {40, 0, 0, 0, 0, 40, 0}},
        /* two list items: 30; the numbers: 12 */
        {TEXT("1. a\n2) b"), {42, 0, 0, 0, 12, 30, 0}},
        {TEXT("- a\n  * b\nx"), {34, 0, 0, 0, 4, 30, 0}},
        /* no items: a mark without a space after it, a letter with one, a number without a mark */
        {TEXT("-x\na b\n*c"), {4, 0, 0, 0, 4, 0, 0}},
        {TEXT("1 a\n2b. c\n-"), {12, 0, 0, 0, 12, 0, 0}},
        /* one break between paragraphs, however wide */
        {TEXT("a\n\n\n\nb"), {10, 0, 0, 0, 0, 10, 0}},
        /* a fence: 100; 3 signs are below the density's minimum */
        {TEXT("```"), {100, 0, 0, 100, 0, 0, 0}},
        /* 12 bytes, 6 signs = 500 permille: capped at 100; = and + are maths: 8 */
        {TEXT("a{b;c=d+e;}f"), {108, 0, 0, 100, 8, 0, 0}},
        /* 8 words, 4 of them long: 500 permille / 6 = 83, capped at 50; 58 bytes: 2 */
        {TEXT("elephantine hippopotamus rhinoceroses crocodilians a b c d"),
         {52, 2, 0, 0, 0, 0, 50}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const core_complexity actual = score(cases[i].text);
        if (memcmp(&actual, &cases[i].expected, sizeof actual) != 0) {
            fail_msg("case %zu: score %u length %u reasoning %u code %u math %u structure %u "
                     "vocabulary %u",
                     i, actual.score, actual.length, actual.reasoning, actual.code, actual.math,
                     actual.structure, actual.vocabulary);
        }
    }
    assert_int_equal(CORE_COMPLEXITY_VERSION, 1);
}

static void test_orders_simple_before_demanding(void **state) {
    (void)state;
    static const core_str rising[] = {
        TEXT("Hello"),
        TEXT("What is the capital of France, and why?"),
        TEXT("Compare quicksort and mergesort, explain how each behaves on sorted input?"),
        {"Prove that the distributed algorithm is free of deadlock, analyze its complexity, "
         "design a migration strategy and compare 3 alternatives:\n- a\n- b\n- c\n```\nf(x) = x^2;\n```",
         160},
    };
    for (size_t i = 1; i < COUNT_OF(rising); i++) {
        assert_true(score(rising[i]).score > score(rising[i - 1]).score);
    }
}

static void test_all_features_together_reach_exactly_the_maximum(void **state) {
    (void)state;
    static char text[9000];
    size_t len = 0;
    static const char rich[] =
        "```{};{};{};{};{};{};{};\narchitecture algorithm asymptotic concurrency deadlock refactoring\n\n\n"
        "- a? \xE2\x88\x91\n- b? \xE2\x88\xAB\n- c?\n1. 2 3 4 5 6 7 8 9 10 11 12 = + ^ % \n";
    while (len + sizeof rich < sizeof text) {
        memcpy(text + len, rich, sizeof rich - 1);
        len += sizeof rich - 1;
    }
    const core_complexity result = score((core_str){text, len});
    assert_int_equal(result.length, 250);
    assert_int_equal(result.reasoning, 300);
    assert_int_equal(result.code, 200);
    assert_int_equal(result.math, 100);
    assert_int_equal(result.structure, 100);
    assert_int_equal(result.vocabulary, 50);
    assert_int_equal(result.score, CORE_COMPLEXITY_MAX);
}

/* Any bytes at all: bounded, summed right, the same every time; exact-size copies let the address
 * sanitizer see a read past the end. */
static void test_any_bytes_are_scored(void **state) {
    (void)state;
    uint64_t seed = 4;
    for (int round = 0; round < 5000; round++) {
        const size_t len = (size_t)test_below(&seed, 64) + 1;
        char *bytes = malloc(len);
        assert_non_null(bytes);
        for (size_t i = 0; i < len; i++) {
            static const char common[] = "why`?\n-*1. \xE2\x88\x91{}";
            const uint64_t r = test_random(&seed);
            bytes[i] = r % 4 == 0 ? (char)(r >> 8) : common[(r >> 8) % (sizeof common - 1)];
        }
        const core_complexity first = score((core_str){bytes, len});
        const core_complexity second = score((core_str){bytes, len});
        assert_memory_equal(&first, &second, sizeof first);
        free(bytes);
    }
}

static void test_stem_table_is_in_its_slots(void **state) {
    (void)state;
    int words = 0;
    for (unsigned slot = 0; slot < CORE__STEM_SLOTS; slot++) {
        const core__stem *stem = core__stem_at(slot);
        if (stem->points == 0) {
            continue;
        }
        const uint64_t packed = core__stem_pack(stem->word);
        const int found = core__stem_find(packed);
        if (found != (int)slot) {
            fail_msg("stem \"%s\" is in slot %u but the search starts at %u and ends at %d: put it "
                     "in the first free slot from there",
                     stem->word, slot, core__stem_slot(packed), found);
        }
        for (const char *c = stem->word; *c != '\0'; c++) {
            assert_false(*c >= 'A' && *c <= 'Z');
        }
        assert_true(strlen(stem->word) >= 3 && strlen(stem->word) <= CORE__STEM_BYTES);
        words++;
    }
    assert_in_range(words, 100, CORE__STEM_SLOTS / 2);
}

static void test_null_is_refused(void **state) {
    (void)state;
    core_complexity result = {.score = 7};
    assert_int_equal(core_complexity_score(STR("a"), NULL), CORE_ERR_NULL);
    assert_int_equal(core_complexity_score((core_str){NULL, 1}, &result), CORE_ERR_NULL);
    assert_int_equal(result.score, 7);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_points_by_feature),
    cmocka_unit_test(test_orders_simple_before_demanding),
    cmocka_unit_test(test_all_features_together_reach_exactly_the_maximum),
    cmocka_unit_test(test_any_bytes_are_scored),
    cmocka_unit_test(test_stem_table_is_in_its_slots),
    cmocka_unit_test(test_null_is_refused),
};

TEST_MAIN("complexity", tests)
