/* A fuzz target is one function over arbitrary bytes. The name is libFuzzer's, so that the same source
 * also runs under `clang -fsanitize=fuzzer`; here replay.c drives it. A broken promise aborts. */
#ifndef CORE_TESTS_FUZZ_H
#define CORE_TESTS_FUZZ_H

#include <convergio/core.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition);        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The caller's side of memory: plain malloc, watched by the sanitizers. */
static inline void *fuzz__alloc(void *user, size_t size) {
    (void)user;
    return malloc(size);
}

static inline void *fuzz__realloc(void *user, void *ptr, size_t old_size, size_t new_size) {
    (void)user;
    (void)old_size;
    return realloc(ptr, new_size);
}

static inline void fuzz__free(void *user, void *ptr, size_t size) {
    (void)user;
    (void)size;
    free(ptr);
}

static inline core_allocator fuzz_allocator(void) {
    return (core_allocator){NULL, fuzz__alloc, fuzz__realloc, fuzz__free};
}

#endif
