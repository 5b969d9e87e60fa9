/* Shared vocabulary: borrowed strings, the caller's allocator, errors.
 *
 * Rules of the whole API
 * - Functions that can fail return core_status. Outputs come last and are written only on CORE_OK.
 * - `core_error *err` may always be NULL; when given it is written only on failure.
 * - The library has no globals, no clock, no I/O, no threads; it never calls malloc.
 * - An opaque object may be used by one thread at a time; different objects are independent.
 *   Functions that take no opaque object are thread safe.
 * - Enum values and sizes arriving from the caller are checked, never trusted. */
#ifndef CONVERGIO_CORE_TYPES_H
#define CONVERGIO_CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <convergio/export.h>
#include <convergio/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `len` bytes at `data`, not NUL-terminated, owned by the caller and only borrowed for the call.
 * `data` may be NULL only when `len` is 0. */
typedef struct core_str {
    const char *data;
    size_t len;
} core_str;

/* What went wrong, beside the status that is returned. */
typedef struct core_error {
    core_status code;
    const char *text; /* static storage, never NULL */
    size_t offset;    /* byte offset into a text, or index into an array; see the function */
} core_error;

/* Where memory comes from. All three functions are required; `user` is passed back untouched.
 * - alloc(user, size): at least `size` (> 0) bytes aligned for max_align_t, or NULL to refuse.
 * - realloc(user, ptr, old_size, new_size): ptr is never NULL, sizes are > 0; on NULL the old
 *   block stays valid.
 * - free(user, ptr, size): ptr is never NULL; `size` is the size last asked for.
 * A refusal becomes CORE_ERR_NO_MEMORY and leaves every object as it was before the call. Objects
 * copy this struct, so it need not outlive the call; what `user` points at must outlive them.
 * The functions must not call back into the object being worked on. */
typedef struct core_allocator {
    void *user;
    void *(*alloc)(void *user, size_t size);
    void *(*realloc)(void *user, void *ptr, size_t old_size, size_t new_size);
    void (*free)(void *user, void *ptr, size_t size);
} core_allocator;

#ifdef __cplusplus
}
#endif
#endif
