/* What every test program shares: cmocka, a counting and failing allocator, a seeded PRNG. */
#ifndef CORE_TESTS_SUPPORT_H
#define CORE_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <convergio/core.h>

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* A core_str of a string literal, embedded NULs included. */
#define STR(literal) ((core_str){(literal), sizeof(literal) - 1})

/* The same as an initialiser. */
#define TEXT(literal) {(literal), sizeof(literal) - 1}

/* A program of no tests does not compile: the array would have no elements. */
#define TEST_MAIN(group, tests)                                                                    \
    int main(void) {                                                                               \
        _Static_assert(COUNT_OF(tests) > 0, "a test program needs tests");                         \
        return cmocka_run_group_tests_name(group, tests, NULL, NULL) == 0 ? 0 : 1;                 \
    }

/* Counts blocks and bytes; refuses every request from number `fail_at` on (-1 = never). */
typedef struct test_memory {
    long requests;
    long fail_at;
    long blocks;
    size_t bytes;
} test_memory;

static inline bool test__refuses(test_memory *memory) {
    const long number = memory->requests++;
    return memory->fail_at >= 0 && number >= memory->fail_at;
}

static inline void *test__alloc(void *user, size_t size) {
    test_memory *memory = user;
    if (size == 0 || test__refuses(memory)) {
        return NULL;
    }
    void *block = malloc(size);
    if (block != NULL) {
        memset(block, 0xA5, size); /* so that reading uninitialised memory shows */
        memory->blocks++;
        memory->bytes += size;
    }
    return block;
}

static inline void test__free(void *user, void *ptr, size_t size) {
    test_memory *memory = user;
    memory->blocks--;
    memory->bytes -= size;
    free(ptr);
}

/* Always moves, so that a stale pointer is caught. */
static inline void *test__realloc(void *user, void *ptr, size_t old_size, size_t new_size) {
    void *block = test__alloc(user, new_size);
    if (block != NULL) {
        memcpy(block, ptr, old_size < new_size ? old_size : new_size);
        test__free(user, ptr, old_size);
    }
    return block;
}

static inline core_allocator test_allocator(test_memory *memory) {
    return (core_allocator){memory, test__alloc, test__realloc, test__free};
}

/* Every block was freed, with the size it was asked for. */
#define assert_no_leaks(memory)                                                                    \
    do {                                                                                           \
        assert_int_equal((memory)->blocks, 0);                                                     \
        assert_int_equal((memory)->bytes, 0);                                                      \
    } while (0)

/* SplitMix64 (Steele, Lea, Flood 2014): deterministic, good enough for choosing cases. */
static inline uint64_t test_random(uint64_t *state) {
    *state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Uniform enough in [0, bound). */
static inline uint64_t test_below(uint64_t *state, uint64_t bound) {
    return test_random(state) % bound;
}

#endif
