#include "internal.h"

#include <string.h>

core_status core__fail(core_error *err, core_status code, size_t offset) {
    if (err != NULL) {
        err->code = code;
        err->text = core_status_text(code);
        err->offset = offset;
    }
    return code;
}

bool core__str_equal(core_str a, core_str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool core__allocator_valid(const core_allocator *allocator) {
    return allocator != NULL && allocator->alloc != NULL && allocator->realloc != NULL &&
           allocator->free != NULL;
}

void *core__alloc_array(const core_allocator *allocator, size_t count, size_t size) {
    if (count > SIZE_MAX / size) {
        return NULL;
    }
    return allocator->alloc(allocator->user, count * size);
}

void *core__realloc_array(const core_allocator *allocator, void *array, size_t old_count,
                          size_t new_count, size_t size) {
    if (new_count > SIZE_MAX / size) {
        return NULL;
    }
    return allocator->realloc(allocator->user, array, old_count * size, new_count * size);
}

void core__free_array(const core_allocator *allocator, void *array, size_t count, size_t size) {
    if (array != NULL) {
        allocator->free(allocator->user, array, count * size);
    }
}
