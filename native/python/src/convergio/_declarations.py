"""What the binding uses of the C header, in the plain C that cffi reads.

`suites/gateway/test_ffi_binding.py` compares every line with the generated header.
"""

ABI_VERSION = 1
MAX_TEXT_BYTES = 16 * 1024 * 1024

DECLARATIONS = """
typedef int32_t convergio_status;
typedef struct convergio_context convergio_context;

const char *convergio_version(void);
const char *convergio_core_version(void);
const char *convergio_edition(void);
uint32_t convergio_abi_version(void);
const char *convergio_status_name(int32_t status);

convergio_status convergio_context_new(const char *config_json, convergio_context **out_ctx);
convergio_status convergio_context_free(convergio_context *ctx);
convergio_status convergio_query(convergio_context *ctx, const char *query, char **out_json);
convergio_status convergio_route(convergio_context *ctx, const char *query, char **out_json);
convergio_status convergio_estimate_tokens(convergio_context *ctx, const char *text,
                                           uint64_t *out_tokens);
convergio_status convergio_cost(convergio_context *ctx, const char *model, int64_t prompt_tokens,
                                int64_t cached_tokens, int64_t completion_tokens,
                                int64_t reasoning_tokens, int64_t *out_nano_usd);
convergio_status convergio_plan(convergio_context *ctx, const char *plan_json, char **out_json);
convergio_status convergio_last_error(convergio_context *ctx, char **out_json);
convergio_status convergio_string_free(char *string);
"""
