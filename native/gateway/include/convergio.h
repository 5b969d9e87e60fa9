/* libconvergio: the C ABI of Convergio.
 *
 * Generated from crates/abi by `cargo run -p xtask -- header`; do not edit.
 *
 * Rules
 * - Functions that can fail return a convergio_status. Outputs come last and are written only on
 *   CONVERGIO_OK.
 * - Texts are NUL-terminated UTF-8 of at most CONVERGIO_MAX_TEXT_BYTES, borrowed for the call.
 * - Strings that are returned belong to the library: give each to convergio_string_free() once.
 * - A context is a handle. It may be used from many threads at once. A handle that was freed, or
 *   never was one, is refused with CONVERGIO_INVALID_HANDLE.
 * - The detail of a failure is in convergio_last_error(), per thread.
 * - No panic crosses: CONVERGIO_INTERNAL_PANIC is what is left of one.
 * - A process that forks must not use, in the child, a context that has answered a query.
 */

#ifndef CONVERGIO_H
#define CONVERGIO_H

#include <stdint.h>

/* SemVer, of the library this header was generated with. */
#define CONVERGIO_VERSION_STRING "7.0.0-rc1"

// Raised by one with every change that breaks a compiled caller. Compare it with
// convergio_abi_version() before any other call.
#define CONVERGIO_ABI_VERSION 1

// Longest text, in bytes without the terminating NUL, that any function accepts. A longer one is
// refused with CONVERGIO_TOO_LARGE after at most this many bytes were read.
#define CONVERGIO_MAX_TEXT_BYTES 16777216

// What a function of this library answers. The numbers are part of the ABI: never renumbered,
// never reused.
enum convergio_status
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif // defined(__cplusplus) || __STDC_VERSION__ >= 202311L
 {
  // A fault of the library was stopped at the boundary. The context stays usable.
  CONVERGIO_INTERNAL_PANIC = -1,
  // Success; outputs are written.
  CONVERGIO_OK = 0,
  // A required pointer is NULL.
  CONVERGIO_NULL_POINTER = 1,
  // A text is not well-formed UTF-8.
  CONVERGIO_INVALID_UTF8 = 2,
  // A text exceeds CONVERGIO_MAX_TEXT_BYTES.
  CONVERGIO_TOO_LARGE = 3,
  // The context was freed, or never was one of this library.
  CONVERGIO_INVALID_HANDLE = 4,
  // The string was freed, or never was one of this library.
  CONVERGIO_INVALID_STRING = 5,
  // The configuration is wrong; the last error lists every problem.
  CONVERGIO_INVALID_CONFIG = 6,
  // A value is wrong; the last error names it.
  CONVERGIO_INVALID_ARGUMENT = 7,
  // Memory was refused; nothing was changed.
  CONVERGIO_OUT_OF_MEMORY = 8,
  // A fault of the library.
  CONVERGIO_INTERNAL = 9,
  // A model that is named does not exist.
  CONVERGIO_NOT_FOUND = 10,
  // The provider refused the caller's own key.
  CONVERGIO_AUTH_INVALID = 100,
  // There is no key to call a provider with.
  CONVERGIO_BYOK_MISSING_KEY = 101,
  // Nothing permitted is affordable.
  CONVERGIO_BUDGET_EXCEEDED = 102,
  // The privacy or offline rule allows no model.
  CONVERGIO_PRIVACY_BLOCKED = 103,
  // The caller may not do that. Of the gateway; this library has no accounts.
  CONVERGIO_AUTH_FORBIDDEN = 104,
  // It is there already, or was changed meanwhile. Of the gateway.
  CONVERGIO_REQUEST_CONFLICT = 105,
  // The caller asks too often. Of the gateway.
  CONVERGIO_RATE_LIMITED = 106,
  // The provider did not answer in time.
  CONVERGIO_PROVIDER_TIMEOUT = 110,
  // The provider limits the key.
  CONVERGIO_PROVIDER_RATE_LIMITED = 111,
  // The provider cannot be reached, or fails.
  CONVERGIO_PROVIDER_UNAVAILABLE = 112,
  // The answer ended before the provider said that it was complete.
  CONVERGIO_PROVIDER_TRUNCATED = 113,
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum convergio_status convergio_status;
#else
typedef int32_t convergio_status;
#endif // __STDC_VERSION__ >= 202311L
#endif // __cplusplus

// One independent engine: configuration, catalogue, budget, connections. Opaque: the pointer is a
// handle and points at nothing. It may be used from many threads at once.
typedef struct convergio_context convergio_context;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the library, SemVer. Static storage, never NULL.
const char *convergio_version(void);

// The version of the C core inside, SemVer. Static storage, never NULL.
const char *convergio_core_version(void);

// The edition this library was built as: "master", "education", "business" or "developer".
// Static storage, never NULL.
const char *convergio_edition(void);

// CONVERGIO_ABI_VERSION as compiled into the library.
uint32_t convergio_abi_version(void);

// The stable code of a status, such as "provider.timeout"; "unknown" for any other number.
// Static storage, never NULL.
const char *convergio_status_name(int32_t status);

// Creates a context from a JSON configuration and writes it to `*out_ctx`. "{}" takes every
// default. Connects to nothing. Free it with convergio_context_free().
//
// Keys, all optional; an unknown one is refused:
//   "api_key"    the caller's own provider key; answers then say credential_source "user"
//   "providers"  {"openai": {"base_url", "api_key" (the house key), "allow_plaintext_http"}}
//   "routing"    {"privacy": "any"|"prefer_local"|"local_only", "offline", "min_capability",
//                 "local_margin", "max_output_tokens", "max_query_cost_nano_usd"}
//   "retry"      {"max_retries", "base_ms", "cap_ms", "max_retry_after_ms"}
//   "timeouts"   {"connect_ms", "request_ms", "stream_idle_ms"}
//   "budget"     {"limit_nano_usd", "spent_nano_usd"}
//   "models"     [...] replaces the built-in catalogue
//
// CONVERGIO_NULL_POINTER, CONVERGIO_INVALID_UTF8, CONVERGIO_TOO_LARGE, CONVERGIO_INVALID_CONFIG
// (every problem is in convergio_last_error(NULL, ...)), CONVERGIO_OUT_OF_MEMORY.
//
// `config_json` is NULL or NUL-terminated; `out_ctx` is NULL or writable.
convergio_status convergio_context_new(const char *config_json, struct convergio_context **out_ctx);

// Frees a context. A call that another thread has begun with it still ends well; any later use of
// the handle is refused. CONVERGIO_NULL_POINTER; CONVERGIO_INVALID_HANDLE for a handle that was
// already freed, or never was one.
convergio_status convergio_context_free(struct convergio_context *ctx);

// Answers `query` (UTF-8 text): routes it in the C core, asks the provider, settles the cost.
// Blocks until the answer is whole. On success `*out_json` is a string to be freed with
// convergio_string_free():
//   {"answer", "provider", "model", "credential_source", "fallback_from"?, "usage": {...},
//    "cost_nano_usd", "route": {...}, "response": the provider's JSON}
//
// Not to be called from inside an async runtime's thread. CONVERGIO_NULL_POINTER,
// CONVERGIO_INVALID_UTF8, CONVERGIO_TOO_LARGE, CONVERGIO_INVALID_HANDLE,
// CONVERGIO_INVALID_ARGUMENT, and the CONVERGIO_* of provider, key, budget and privacy.
//
// `query` is NULL or NUL-terminated; `out_json` is NULL or writable.
convergio_status convergio_query(struct convergio_context *ctx, const char *query, char **out_json);

// Decides which model would answer `query`, and why; calls nobody and spends nothing. On success
// `*out_json` is a string to be freed with convergio_string_free():
//   {"model", "provider", "reason", "reason_text", "explanation", "complexity": {...}, "capable",
//    "input_tokens", "estimated_cost_nano_usd", "elsewhere": null | {"model", "provider",
//    "estimated_cost_nano_usd"}, "fallbacks": [...], "removed": {...}}
//
// Errors as convergio_query(), without those of the provider.
//
// `query` is NULL or NUL-terminated; `out_json` is NULL or writable.
convergio_status convergio_route(struct convergio_context *ctx, const char *query, char **out_json);

// Estimates the tokens of `text`; 0 only for the empty text. For routing and reservations, never
// for billing. CONVERGIO_NULL_POINTER, CONVERGIO_INVALID_UTF8, CONVERGIO_TOO_LARGE,
// CONVERGIO_INVALID_HANDLE.
//
// `text` is NULL or NUL-terminated; `out_tokens` is NULL or writable.
convergio_status convergio_estimate_tokens(struct convergio_context *ctx,
                                           const char *text,
                                           uint64_t *out_tokens);

// What a call to `model` costs at list price, in nano-dollars (10^-9 US dollar). Tokens as OpenAI
// reports them: `prompt_tokens` includes `cached_tokens`, `completion_tokens` includes
// `reasoning_tokens`. CONVERGIO_NOT_FOUND for an unknown model; CONVERGIO_INVALID_ARGUMENT for a
// negative count, a part above its total, or a result that does not fit; else as
// convergio_estimate_tokens().
//
// `model` is NULL or NUL-terminated; `out_nano_usd` is NULL or writable.
convergio_status convergio_cost(struct convergio_context *ctx,
                                const char *model,
                                int64_t prompt_tokens,
                                int64_t cached_tokens,
                                int64_t completion_tokens,
                                int64_t reasoning_tokens,
                                int64_t *out_nano_usd);

// Validates and schedules an agent plan. `plan_json` is
//   {"steps": [{"id", "needs": [ids], "duration_ms"}, ...]}
// On success `*out_json` is a string to be freed with convergio_string_free():
//   {"order": [ids], "critical_path": [ids], "total_ms"}
// CONVERGIO_INVALID_ARGUMENT names the step at fault, or the members of a cycle;
// CONVERGIO_OUT_OF_MEMORY; else as convergio_estimate_tokens().
//
// `plan_json` is NULL or NUL-terminated; `out_json` is NULL or writable.
convergio_status convergio_plan(struct convergio_context *ctx,
                                const char *plan_json,
                                char **out_json);

// The last failure of the calling thread, as a string to be freed with convergio_string_free():
//   {"status", "code", "message", "retryable", "param"?, "retry_after_ms"?, "provider"?: {...}}
// With a context: the last failure of this thread if it concerned that context. With NULL: whatever
// failed last on this thread, convergio_context_new() included. Without a failure, status is 0 and
// code "ok". A later success does not erase it; reading does not either.
//
// `out_json` is NULL or writable.
convergio_status convergio_last_error(struct convergio_context *ctx, char **out_json);

// Frees a string that this library returned. CONVERGIO_NULL_POINTER; CONVERGIO_INVALID_STRING for
// a string that was already freed, or did not come from this library; it is then left alone. (An
// address may be handed out again for a newer string: free each string once.)
convergio_status convergio_string_free(char *string);

#if defined(CONVERGIO_FAULT_INJECTION)
// Panics inside the guard. Answers CONVERGIO_INTERNAL_PANIC; the context stays usable.
convergio_status convergio_test_panic(struct convergio_context *ctx);
#endif

#if defined(CONVERGIO_FAULT_INJECTION)
// As convergio_context_new(), but the allocation after the first `successes` ones fails, once.
//
// `config_json` is NULL or NUL-terminated; `out_ctx` is NULL or writable.
convergio_status convergio_test_context_new(const char *config_json,
                                            uint32_t successes,
                                            struct convergio_context **out_ctx);
#endif

#if defined(CONVERGIO_FAULT_INJECTION)
// Makes the core's allocation after the next `successes` ones fail, once, in this context only;
// a negative number disarms.
convergio_status convergio_test_fail_allocation(struct convergio_context *ctx, int32_t successes);
#endif

#if defined(CONVERGIO_FAULT_INJECTION)
// Writes how many blocks the core holds for this context.
//
// `out_blocks` is NULL or writable.
convergio_status convergio_test_live_blocks(struct convergio_context *ctx, uint64_t *out_blocks);
#endif

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* CONVERGIO_H */
