//! Compares every declaration of this crate with what the C compiler says in `layout.c`.
use core::mem::{offset_of, size_of};

use convergio_core_sys::{
    budget::*, compaction::*, complexity::*, cost::*, edition::*, plan::*, retry::*, route::*,
    status::*, types::*, version::*,
};

/// Defines one test: the C table `symbol` must equal the Rust size and field offsets.
macro_rules! same_layout {
    ($test:ident, $symbol:literal, $type:ident { $($field:ident),+ }) => {
        #[test]
        fn $test() {
            let ours = [size_of::<$type>(), $(offset_of!($type, $field)),+];
            // The fields of the array are counted by `ours`, so the lengths agree by construction;
            // a field missing here shows as a size or offset that differs.
            #[allow(improper_ctypes, reason = "an array of size_t")]
            unsafe extern "C" {
                #[link_name = $symbol]
                static THEIRS: [usize; 1 + [$(stringify!($field)),+].len()];
            }
            // SAFETY: a constant table of the C file compiled by this crate's build script.
            let theirs = unsafe { THEIRS };
            assert_eq!(ours, theirs, "{} differs from its C declaration", stringify!($type));
        }
    };
}

same_layout!(str_, "convergio_layout_str", core_str { data, len });
same_layout!(error, "convergio_layout_error", core_error { code, text, offset });
same_layout!(
    allocator,
    "convergio_layout_allocator",
    core_allocator { user, alloc, realloc, free }
);
same_layout!(
    version_parts,
    "convergio_layout_version_parts",
    core_version_parts { major, minor, patch, prerelease, build }
);
same_layout!(
    edition_profile,
    "convergio_layout_edition_profile",
    core_edition_profile {
        edition,
        name,
        title,
        features,
        default_privacy,
        max_query_bytes,
        max_output_tokens,
        max_query_cost,
        max_plan_nodes,
        alert_permille
    }
);
same_layout!(
    price,
    "convergio_layout_price",
    core_price { input, cached_input, output, reasoning, cache_write, cache_write_long }
);
same_layout!(
    usage,
    "convergio_layout_usage",
    core_usage { input, cached_input, output, reasoning, cache_write, cache_write_long }
);
same_layout!(
    complexity,
    "convergio_layout_complexity",
    core_complexity {
        version,
        score,
        base,
        subject,
        reasoning,
        everyday,
        given,
        vocabulary,
        math,
        code,
        structure,
        length
    }
);
same_layout!(
    route_candidate,
    "convergio_layout_route_candidate",
    core_route_candidate {
        id,
        provider,
        locality,
        price,
        context_window,
        memory_bytes,
        features,
        capability,
        healthy
    }
);
same_layout!(
    route_request,
    "convergio_layout_route_request",
    core_route_request {
        text,
        input_tokens,
        max_output_tokens,
        budget_left,
        max_query_cost,
        memory_available,
        privacy,
        required_features,
        min_capability,
        local_margin,
        offline,
        prefer_cheaper
    }
);
same_layout!(
    route_decision,
    "convergio_layout_route_decision",
    core_route_decision {
        complexity,
        input_tokens,
        estimated_cost,
        elsewhere_cost,
        reason,
        reason_text,
        elsewhere,
        capable,
        removed,
        chain_len,
        chain
    }
);
same_layout!(
    retry_policy,
    "convergio_layout_retry_policy",
    core_retry_policy { base_ms, cap_ms, max_retries, max_retry_after_ms }
);
same_layout!(
    budget_config,
    "convergio_layout_budget_config",
    core_budget_config { limit, spent, alert_permille, cheaper_permille, block_permille, max_open }
);
same_layout!(
    budget_state,
    "convergio_layout_budget_state",
    core_budget_state { limit, spent, reserved, left, level, open }
);
same_layout!(
    budget_change,
    "convergio_layout_budget_change",
    core_budget_change { level, first_reached }
);
same_layout!(message, "convergio_layout_message", core_message { role, pinned, tokens });
same_layout!(
    compaction_config,
    "convergio_layout_compaction_config",
    core_compaction_config { context_window, reserved_output, trigger_permille, target_permille }
);
same_layout!(
    compaction,
    "convergio_layout_compaction",
    core_compaction { needed, tokens_before, tokens_kept, summary_tokens, kept, compacted }
);
same_layout!(
    plan_node,
    "convergio_layout_plan_node",
    core_plan_node { id, deps, deps_len, duration_ms }
);

#[test]
fn enumerations_and_limits() {
    let ours = [
        size_of::<core_status>(),
        size_of::<core_privacy>(),
        CORE_EDITION_MASTER as usize,
        CORE_EDITION_EDUCATION as usize,
        CORE_EDITION_BUSINESS as usize,
        CORE_EDITION_DEVELOPER as usize,
        CORE_PRIVACY_ANY as usize,
        CORE_PRIVACY_PREFER_LOCAL as usize,
        CORE_PRIVACY_LOCAL_ONLY as usize,
        CORE_LOCALITY_CLOUD as usize,
        CORE_LOCALITY_LOCAL as usize,
        CORE_REASON_PRIVACY_LOCAL_ONLY as usize,
        CORE_REASON_OFFLINE as usize,
        CORE_REASON_BUDGET_CHEAPER as usize,
        CORE_REASON_ONLY_CANDIDATE as usize,
        CORE_REASON_BEST_EFFORT as usize,
        CORE_REASON_LOCAL_PREFERRED as usize,
        CORE_REASON_SIMPLE_LOCAL as usize,
        CORE_REASON_CHEAPEST_CAPABLE as usize,
        CORE_BUDGET_NORMAL as usize,
        CORE_BUDGET_ALERT as usize,
        CORE_BUDGET_CHEAPER as usize,
        CORE_BUDGET_BLOCKED as usize,
        CORE_ROLE_SYSTEM as usize,
        CORE_ROLE_USER as usize,
        CORE_ROLE_ASSISTANT as usize,
        CORE_ROLE_TOOL as usize,
        CORE_ROUTE_MAX_CANDIDATES,
        usize::from(CORE_ROUTE_NOWHERE),
        CORE_ROUTE_STAGES,
        CORE_ROUTE_EXPLAIN_MAX,
        CORE_COMPLEXITY_EVEN as usize,
        CORE_PLAN_MAX_NODES,
        CORE_PLAN_MAX_EDGES,
        CORE_ABI_VERSION as usize,
        CORE_FEATURE_RESERVED_CAPACITY as usize,
        CORE_FEATURE_AUDIT_REQUIRED as usize,
        CORE_FEATURE_VERBOSE_REASONS as usize,
    ];
    unsafe extern "C" {
        #[link_name = "convergio_layout_enums"]
        static THEIRS: [usize; 38];
    }
    // SAFETY: a constant table of the C file compiled by this crate's build script.
    let theirs = unsafe { THEIRS };
    assert_eq!(ours, theirs);
}

/// Every status the library knows is declared here, and nothing else is.
#[test]
fn statuses() {
    let ours = [
        CORE_OK,
        CORE_ERR_NULL,
        CORE_ERR_INVALID,
        CORE_ERR_NO_MEMORY,
        CORE_ERR_OVERFLOW,
        CORE_ERR_TOO_LONG,
        CORE_ERR_BUFFER,
        CORE_ERR_UTF8,
        CORE_ERR_NO_CANDIDATES,
        CORE_ERR_PRIVACY_BLOCKED,
        CORE_ERR_OFFLINE_BLOCKED,
        CORE_ERR_UNAVAILABLE,
        CORE_ERR_BUDGET_EXCEEDED,
        CORE_ERR_CAPABILITY,
        CORE_ERR_CONTEXT_WINDOW,
        CORE_ERR_HOST_MEMORY,
        CORE_ERR_RESERVATION_UNKNOWN,
        CORE_ERR_RESERVATION_CLOSED,
        CORE_ERR_RETRY_EXHAUSTED,
        CORE_ERR_RETRY_TOO_LATE,
        CORE_ERR_PLAN_DUPLICATE_ID,
        CORE_ERR_PLAN_UNKNOWN_DEP,
        CORE_ERR_PLAN_SELF_EDGE,
        CORE_ERR_PLAN_CYCLE,
    ];
    // SAFETY: takes nothing, returns a number.
    let count = unsafe { core_status_count() };
    let theirs: std::vec::Vec<core_status> = (0..count)
        .map(|index| {
            let mut out = 0;
            // SAFETY: `out` is a valid place for one status.
            assert_eq!(unsafe { core_status_at(index, &mut out) }, CORE_OK);
            out
        })
        .collect();
    assert_eq!(ours.as_slice(), theirs.as_slice());
}
