#include "support.h"

#include "counts.h"
#include "words.h"

static core_complexity score(core_str text) {
    core_complexity c;
    memset(&c, 0xEE, sizeof c);
    assert_int_equal(core_complexity_score(text, &c), CORE_OK);
    const int sum = c.base + c.subject + c.reasoning + c.everyday + c.given + c.vocabulary + c.math +
                    c.code + c.structure + c.length;
    assert_int_equal(c.score, sum < 0 ? 0 : sum > 1000 ? 1000 : sum);
    assert_int_equal(c.version, CORE_COMPLEXITY_VERSION);
    /* Directions are promised: nothing demanding makes a text look simpler, nor the other way round. */
    assert_true(c.everyday <= 0 && c.given <= 0);
    assert_true(c.subject >= 0 && c.reasoning >= 0 && c.vocabulary >= 0 && c.math >= 0);
    assert_true(c.code >= 0 && c.structure >= 0 && c.length >= 0);
    return c;
}

/* Counts by the rules in src/counts.h, worked out by hand. The words tested are in the lists for good. */
static void test_counts_by_feature(void **state) {
    (void)state;
    static const struct {
        core_str text;
        /* subject, reasoning, everyday, given, vocabulary, math, code, structure, length */
        uint8_t expected[CORE__FEATURES];
    } cases[] = {
        {TEXT(""), {0, 0, 0, 0, 0, 0, 0, 0, 0}},
        {TEXT("it was so"), {0, 0, 0, 0, 0, 0, 0, 0, 0}},
        /* said twice counts once; upper case counts */
        {TEXT("why WHY Why"), {0, 1, 0, 0, 0, 0, 0, 0, 0}},
        /* prefixes of eight bytes, whole words below: `provence` is in no list, 1 of 4 at least */
        {TEXT("architectural theorems provence"), {2, 0, 0, 0, 4, 0, 0, 0, 0}},
        /* four of a kind are the most */
        {TEXT("theorem lemma corollary deadlock mutex"), {4, 0, 0, 0, 0, 0, 0, 0, 0}},
        /* Italian with accents, and what is easy */
        {TEXT("perch\303\251 grazie"), {0, 1, 1, 0, 0, 0, 0, 0, 0}},
        /* a quotation of five words is a text to work on, of four a citation; neither asks */
        {TEXT("it was \"theorem theorem why zyzzyva so\""), {0, 0, 0, 1, 0, 0, 0, 0, 0}},
        {TEXT("it was \"theorem why zyzzyva so\""), {0, 0, 0, 0, 0, 0, 0, 0, 0}},
        {TEXT("it was \342\200\234so it was so so\342\200\235"), {0, 0, 0, 1, 0, 0, 0, 0, 0}},
        {TEXT("it was \342\200\236so it was so so\342\200\234"), {0, 0, 0, 1, 0, 0, 0, 0, 0}},
        {TEXT("it was \302\253so it was so so\302\273"), {0, 0, 0, 1, 0, 0, 0, 0, 0}},
        /* what nothing closes quotes nothing, and no later mark is tried */
        {TEXT("it was 5\" why"), {0, 1, 0, 0, 0, 1, 0, 0, 0}},
        {TEXT("\302\253 it \"so it was so so\""), {0, 0, 0, 0, 0, 0, 0, 0, 0}},
        /* a typographic apostrophe ends a word as the plain one does */
        {TEXT("l\342\200\231algoritmo"), {1, 0, 0, 0, 0, 0, 0, 0, 0}},
        /* hardly a known word: another language, of which nothing is said */
        {TEXT("kissa istuu ikkunalla ja katselee ulos"), {0, 0, 0, 0, 0, 0, 0, 0, 0}},
        /* unknown words of fewer than five bytes tell nothing; more than half are all there is */
        {TEXT("zyz zyzy it was so"), {0, 0, 0, 0, 0, 0, 0, 0, 0}},
        {TEXT("zyzzyva zyzzyvas xylem"), {0, 0, 0, 0, 0, 0, 0, 0, 0}},
        {TEXT("it zyzzyva zyzzyvas xylem"), {0, 0, 0, 0, 8, 0, 0, 0, 0}},
        /* two numbers, two signs (+ =); too few signs for code */
        {TEXT("12 + 4 ="), {0, 0, 0, 0, 0, 4, 0, 0, 0}},
        /* an operator counts twice; its neighbours U+20AC and U+2300 are none, U+22FF is the last */
        {TEXT("\342\210\221"), {0, 0, 0, 0, 0, 2, 0, 0, 0}},
        {TEXT("\342\213\277"), {0, 0, 0, 0, 0, 2, 0, 0, 0}},
        {TEXT("\342\202\254 \342\214\200"), {0, 0, 0, 0, 0, 0, 0, 0, 0}},
        {TEXT("1 2 3 4 5 6 7 8 9"), {0, 0, 0, 0, 0, 8, 0, 0, 0}},
        /* every fourth sign of code; a fence is four */
        {TEXT("a(b)c(d"), {0, 0, 0, 0, 0, 0, 0, 0, 0}},
        {TEXT("a(b)c(d)"), {0, 0, 0, 0, 0, 0, 1, 0, 0}},
        {TEXT("```"), {0, 0, 0, 0, 0, 0, 4, 0, 0}},
        {TEXT("``` {{{{{{{{{{{{{{{{"), {0, 0, 0, 0, 0, 0, 8, 0, 0}},
        /* questions after the first, list items, breaks between paragraphs; six are the most */
        {TEXT("a? b? c?"), {0, 0, 0, 0, 0, 0, 0, 2, 0}},
        {TEXT("1. a\n2) b"), {0, 0, 0, 0, 0, 2, 0, 2, 0}},
        {TEXT("-x\na b\n- c"), {0, 0, 0, 0, 0, 0, 0, 1, 0}},
        {TEXT("a\n\n\n\nb"), {0, 0, 0, 0, 0, 0, 0, 1, 0}},
        {TEXT("????????"), {0, 0, 0, 0, 0, 0, 0, 6, 0}},
        /* 64 bytes are the first doubling, 63 none */
        {TEXT("                                                               "),
         {0, 0, 0, 0, 0, 0, 0, 0, 0}},
        {TEXT("                                                                "),
         {0, 0, 0, 0, 0, 0, 0, 0, 1}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t actual[CORE__FEATURES];
        core__features_count(cases[i].text, actual);
        for (size_t at = 0; at < CORE__FEATURES; at++) {
            if (actual[at] != cases[i].expected[at]) {
                fail_msg("case %zu \"%.*s\": feature %zu is %u, not %u", i, (int)cases[i].text.len,
                         cases[i].text.data, at, actual[at], cases[i].expected[at]);
            }
        }
    }
}

static void test_length_doubles(void **state) {
    (void)state;
    static char text[1 << 17];
    memset(text, ' ', sizeof text);
    for (uint8_t doubled = 1; doubled <= 8; doubled++) {
        uint8_t values[CORE__FEATURES];
        core__features_count((core_str){text, (size_t)32 << doubled}, values);
        assert_int_equal(values[CORE__FEATURE_LENGTH], doubled);
        core__features_count((core_str){text, ((size_t)32 << doubled) - 1}, values);
        assert_int_equal(values[CORE__FEATURE_LENGTH], doubled - 1);
    }
    uint8_t values[CORE__FEATURES];
    core__features_count((core_str){text, sizeof text}, values);
    assert_int_equal(values[CORE__FEATURE_LENGTH], 8);
}

/* The weights are fitted, so their numbers are not asserted; what they are for is. */
static void test_orders_simple_before_demanding(void **state) {
    (void)state;
    static const core_str rising[] = {
        TEXT("Hello, thank you for the kind birthday message"),
        TEXT("What is the capital of France?"),
        TEXT("Compare quicksort and mergesort: why is one of them stable?"),
        TEXT("Prove that the distributed algorithm is free of deadlock, and justify each step"),
    };
    for (size_t i = 1; i < COUNT_OF(rising); i++) {
        assert_true(score(rising[i]).score > score(rising[i - 1]).score);
    }
    assert_true(score(rising[1]).score < CORE_COMPLEXITY_EVEN);
    assert_true(score(rising[2]).score > CORE_COMPLEXITY_EVEN);
    assert_int_equal(score(rising[0]).score, 0);
    assert_int_equal(CORE_COMPLEXITY_VERSION, 2);
}

static void test_all_features_together_reach_exactly_the_maximum(void **state) {
    (void)state;
    static const core_str rich = TEXT(
        "```{};{};{};{};{};{};{};\ntheorem deadlock statute dosage why compare unless derive\n\n\n"
        "- zyzzyva? \342\210\221\n- xylem? \342\210\253\n- c?\n1. 2 3 4 5 6 7 8 9 10 11 12 = + ^ % \n");
    assert_int_equal(score(rich).score, CORE_COMPLEXITY_MAX);
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
            static const char common[] =
                "why`?\n-*1. \342\210\221{}\"\"\342\200\234\342\200\235\302\253\302\273";
            const uint64_t r = test_random(&seed);
            bytes[i] = r % 4 == 0 ? (char)(r >> 8) : common[(r >> 8) % (sizeof common - 1)];
        }
        const core_complexity first = score((core_str){bytes, len});
        const core_complexity second = score((core_str){bytes, len});
        assert_memory_equal(&first, &second, sizeof first);
        free(bytes);
    }
}

/* Marks that nothing closes must not make the search for their ends quadratic: this is a megabyte. */
static void test_unclosed_quotations_take_one_pass(void **state) {
    (void)state;
    static char text[1 << 20];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = "\342\200\234"[i % 3];
    }
    uint8_t values[CORE__FEATURES];
    core__features_count((core_str){text, sizeof text}, values);
    assert_int_equal(values[CORE__FEATURE_GIVEN], 0);
}

static void test_word_table_is_in_its_buckets(void **state) {
    (void)state;
    unsigned kinds[CORE__WORD_KINDS] = {0};
    assert_int_equal(core__word_starts[0], 0);
    for (unsigned bucket = 0; bucket < CORE__WORD_BUCKETS; bucket++) {
        assert_true(core__word_starts[bucket] <= core__word_starts[bucket + 1]);
        for (unsigned at = core__word_starts[bucket]; at < core__word_starts[bucket + 1]; at++) {
            const core__word *word = &core__words[at];
            const uint64_t packed = core__word_pack(word->text);
            assert_int_equal(core__word_bucket(packed), bucket);
            assert_int_equal(core__word_find(packed), at);
            assert_true(word->kind < CORE__WORD_KINDS);
            assert_in_range(strlen(word->text), 1, CORE__WORD_BYTES);
            kinds[word->kind]++;
        }
    }
    for (size_t kind = 0; kind < CORE__WORD_KINDS; kind++) {
        assert_in_range(kinds[kind], 100, 10000);
    }
    assert_int_equal(core__word_find(core__word_pack("zyzzyva\0")), -1);
}

static void test_null_is_refused(void **state) {
    (void)state;
    core_complexity result = {.score = 7};
    assert_int_equal(core_complexity_score(STR("a"), NULL), CORE_ERR_NULL);
    assert_int_equal(core_complexity_score((core_str){NULL, 1}, &result), CORE_ERR_NULL);
    assert_int_equal(result.score, 7);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_counts_by_feature),
    cmocka_unit_test(test_length_doubles),
    cmocka_unit_test(test_orders_simple_before_demanding),
    cmocka_unit_test(test_all_features_together_reach_exactly_the_maximum),
    cmocka_unit_test(test_any_bytes_are_scored),
    cmocka_unit_test(test_unclosed_quotations_take_one_pass),
    cmocka_unit_test(test_word_table_is_in_its_buckets),
    cmocka_unit_test(test_null_is_refused),
};

TEST_MAIN("complexity", tests)
