/* The C compiler's own view of every struct and enumeration that this crate declares by hand:
 * for a struct its size and the offset of each field, for an enumeration its values. Only the
 * tests of this crate are linked with these tables. */
#include <stddef.h>

#include <convergio/core.h>

#define AT(type, field) offsetof(type, field)
#define TABLE(name, ...) \
    extern const size_t convergio_layout_##name[]; \
    const size_t convergio_layout_##name[] = {__VA_ARGS__}

TABLE(str, sizeof(core_str), AT(core_str, data), AT(core_str, len));
TABLE(error, sizeof(core_error), AT(core_error, code), AT(core_error, text),
      AT(core_error, offset));
TABLE(allocator, sizeof(core_allocator), AT(core_allocator, user), AT(core_allocator, alloc),
      AT(core_allocator, realloc), AT(core_allocator, free));
TABLE(version_parts, sizeof(core_version_parts), AT(core_version_parts, major),
      AT(core_version_parts, minor), AT(core_version_parts, patch),
      AT(core_version_parts, prerelease), AT(core_version_parts, build));
TABLE(edition_profile, sizeof(core_edition_profile), AT(core_edition_profile, edition),
      AT(core_edition_profile, name), AT(core_edition_profile, title),
      AT(core_edition_profile, features), AT(core_edition_profile, default_privacy),
      AT(core_edition_profile, max_query_bytes), AT(core_edition_profile, max_output_tokens),
      AT(core_edition_profile, max_query_cost), AT(core_edition_profile, max_plan_nodes),
      AT(core_edition_profile, alert_permille));
TABLE(price, sizeof(core_price), AT(core_price, input), AT(core_price, cached_input),
      AT(core_price, output), AT(core_price, reasoning), AT(core_price, cache_write),
      AT(core_price, cache_write_long));
TABLE(usage, sizeof(core_usage), AT(core_usage, input), AT(core_usage, cached_input),
      AT(core_usage, output), AT(core_usage, reasoning), AT(core_usage, cache_write),
      AT(core_usage, cache_write_long));
TABLE(complexity, sizeof(core_complexity), AT(core_complexity, version),
      AT(core_complexity, score), AT(core_complexity, base), AT(core_complexity, subject),
      AT(core_complexity, reasoning), AT(core_complexity, everyday), AT(core_complexity, given),
      AT(core_complexity, vocabulary), AT(core_complexity, math), AT(core_complexity, code),
      AT(core_complexity, structure), AT(core_complexity, length));
TABLE(route_candidate, sizeof(core_route_candidate), AT(core_route_candidate, id),
      AT(core_route_candidate, provider), AT(core_route_candidate, locality),
      AT(core_route_candidate, price), AT(core_route_candidate, context_window),
      AT(core_route_candidate, memory_bytes), AT(core_route_candidate, features), AT(core_route_candidate, capability),
      AT(core_route_candidate, healthy));
TABLE(route_request, sizeof(core_route_request), AT(core_route_request, text),
      AT(core_route_request, input_tokens), AT(core_route_request, max_output_tokens),
      AT(core_route_request, budget_left), AT(core_route_request, max_query_cost),
      AT(core_route_request, memory_available), AT(core_route_request, privacy),
      AT(core_route_request, required_features), AT(core_route_request, min_capability),
      AT(core_route_request, local_margin), AT(core_route_request, offline),
      AT(core_route_request, prefer_cheaper));
TABLE(route_decision, sizeof(core_route_decision), AT(core_route_decision, complexity),
      AT(core_route_decision, input_tokens), AT(core_route_decision, estimated_cost),
      AT(core_route_decision, elsewhere_cost), AT(core_route_decision, reason),
      AT(core_route_decision, reason_text), AT(core_route_decision, elsewhere),
      AT(core_route_decision, capable), AT(core_route_decision, removed),
      AT(core_route_decision, chain_len), AT(core_route_decision, chain));
TABLE(retry_policy, sizeof(core_retry_policy), AT(core_retry_policy, base_ms),
      AT(core_retry_policy, cap_ms), AT(core_retry_policy, max_retries),
      AT(core_retry_policy, max_retry_after_ms));
TABLE(budget_config, sizeof(core_budget_config), AT(core_budget_config, limit),
      AT(core_budget_config, spent), AT(core_budget_config, alert_permille),
      AT(core_budget_config, cheaper_permille), AT(core_budget_config, block_permille),
      AT(core_budget_config, max_open));
TABLE(budget_state, sizeof(core_budget_state), AT(core_budget_state, limit),
      AT(core_budget_state, spent), AT(core_budget_state, reserved), AT(core_budget_state, left),
      AT(core_budget_state, level), AT(core_budget_state, open));
TABLE(budget_change, sizeof(core_budget_change), AT(core_budget_change, level),
      AT(core_budget_change, first_reached));
TABLE(message, sizeof(core_message), AT(core_message, role), AT(core_message, pinned),
      AT(core_message, tokens));
TABLE(compaction_config, sizeof(core_compaction_config), AT(core_compaction_config, context_window),
      AT(core_compaction_config, reserved_output), AT(core_compaction_config, trigger_permille),
      AT(core_compaction_config, target_permille));
TABLE(compaction, sizeof(core_compaction), AT(core_compaction, needed),
      AT(core_compaction, tokens_before), AT(core_compaction, tokens_kept),
      AT(core_compaction, summary_tokens), AT(core_compaction, kept),
      AT(core_compaction, compacted));
TABLE(plan_node, sizeof(core_plan_node), AT(core_plan_node, id), AT(core_plan_node, deps),
      AT(core_plan_node, deps_len), AT(core_plan_node, duration_ms));

TABLE(enums, sizeof(core_status), sizeof(core_privacy), CORE_EDITION_MASTER,
      CORE_EDITION_EDUCATION, CORE_EDITION_BUSINESS, CORE_EDITION_DEVELOPER, CORE_PRIVACY_ANY,
      CORE_PRIVACY_PREFER_LOCAL, CORE_PRIVACY_LOCAL_ONLY, CORE_LOCALITY_CLOUD,
      CORE_LOCALITY_LOCAL, CORE_REASON_PRIVACY_LOCAL_ONLY, CORE_REASON_OFFLINE,
      CORE_REASON_BUDGET_CHEAPER, CORE_REASON_ONLY_CANDIDATE, CORE_REASON_BEST_EFFORT,
      CORE_REASON_LOCAL_PREFERRED, CORE_REASON_SIMPLE_LOCAL, CORE_REASON_CHEAPEST_CAPABLE,
      CORE_BUDGET_NORMAL, CORE_BUDGET_ALERT, CORE_BUDGET_CHEAPER, CORE_BUDGET_BLOCKED,
      CORE_ROLE_SYSTEM, CORE_ROLE_USER, CORE_ROLE_ASSISTANT, CORE_ROLE_TOOL,
      CORE_ROUTE_MAX_CANDIDATES, CORE_ROUTE_NOWHERE, CORE_ROUTE_STAGES, CORE_ROUTE_EXPLAIN_MAX,
      CORE_COMPLEXITY_EVEN, CORE_PLAN_MAX_NODES, CORE_PLAN_MAX_EDGES, CORE_ABI_VERSION, CORE_FEATURE_RESERVED_CAPACITY, CORE_FEATURE_AUDIT_REQUIRED,
      CORE_FEATURE_VERBOSE_REASONS);
