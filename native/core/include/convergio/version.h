/* Version and ABI of the library. CORE_VERSION_STRING is the one declared place here; it repeats
 * the repository's VERSION file. There are no hand-kept numeric macros beside it: the parts are
 * derived from the string at run time, so that they cannot disagree with it. */
#ifndef CONVERGIO_CORE_VERSION_H
#define CONVERGIO_CORE_VERSION_H

#include <convergio/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* SemVer 2.0.0. */
#define CORE_VERSION_STRING "7.0.0-rc1"

/* Raised by one with every change that breaks a compiled caller (a struct, an enum number, a
 * signature). Compare it with core_abi_version() before any other call. */
#define CORE_ABI_VERSION 2u

typedef struct core_version_parts {
    uint32_t major;
    uint32_t minor;
    uint32_t patch;
    core_str prerelease; /* after '-', len 0 when there is none; points into the input */
    core_str build;      /* after '+', len 0 when there is none; points into the input */
} core_version_parts;

/* The version the library was built as, e.g. "7.0.0-rc1". Static storage. Thread safe. */
CORE_API const char *core_version(void);

/* The parts of core_version(), pointing into its static storage. CORE_ERR_NULL. */
CORE_API core_status core_version_get(core_version_parts *out);

/* Parses one SemVer 2.0.0 version (https://semver.org, grammar of item 9 and 10).
 * CORE_ERR_NULL; CORE_ERR_INVALID with offset = first offending byte; CORE_ERR_OVERFLOW when a
 * numeric part exceeds 32 bits. */
CORE_API core_status core_version_parse(core_str text, core_version_parts *out, core_error *err);

/* CORE_ABI_VERSION as compiled into the library. Thread safe. */
CORE_API uint32_t core_abi_version(void);

#ifdef __cplusplus
}
#endif
#endif
