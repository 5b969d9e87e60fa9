/* What the modules share and callers never see. */
#ifndef CONVERGIO_CORE_INTERNAL_H
#define CONVERGIO_CORE_INTERNAL_H

#include <convergio/types.h>

/* Fills `err`, when there is one, and returns `code`, so that a failure is one return statement. */
core_status core__fail(core_error *err, core_status code, size_t offset);

/* A borrowed string must have bytes behind its length. */
static inline bool core__str_valid(core_str text) {
    return text.data != NULL || text.len == 0;
}

bool core__str_equal(core_str a, core_str b);

/* floor(value * permille / 1000) without overflow, permille <= 1000. */
static inline uint64_t core__share(uint64_t value, uint16_t permille) {
    return value / 1000 * permille + value % 1000 * permille / 1000;
}

bool core__allocator_valid(const core_allocator *allocator);

/* Allocates `count` elements of `size` bytes (both > 0); NULL on refusal or when the product
 * overflows. */
void *core__alloc_array(const core_allocator *allocator, size_t count, size_t size);

/* Grows an array that core__alloc_array() gave (not NULL); on NULL the old one stays valid. */
void *core__realloc_array(const core_allocator *allocator, void *array, size_t old_count,
                          size_t new_count, size_t size);

/* Frees what core__alloc_array() gave; NULL is allowed. */
void core__free_array(const core_allocator *allocator, void *array, size_t count, size_t size);

#endif
