/* An agent plan: steps and what each must wait for. Validated once, immutable afterwards. */
#ifndef CONVERGIO_CORE_PLAN_H
#define CONVERGIO_CORE_PLAN_H

#include <convergio/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Hard limits of every edition; the edition's max_plan_nodes may be lower. */
#define CORE_PLAN_MAX_NODES 65536u
#define CORE_PLAN_MAX_EDGES 1048576u

typedef struct core_plan core_plan;

typedef struct core_plan_node {
    core_str id;          /* not empty, unique by bytes */
    const core_str *deps; /* ids this node waits for; NULL only when deps_len is 0 */
    size_t deps_len;      /* naming the same dependency twice counts once */
    uint64_t duration_ms; /* expected duration, for the critical path */
} core_plan_node;

/* Validates `nodes` and computes order and critical path; free with core_plan_free(). Nothing of
 * `nodes` is kept: results are indexes into it. count 0 gives an empty plan.
 * Checked in this order, err->offset = index of the node at fault:
 *   CORE_ERR_NULL; CORE_ERR_TOO_LONG (nodes: limit of the built edition; edges); CORE_ERR_INVALID
 *   (empty id); CORE_ERR_PLAN_DUPLICATE_ID (the later one); CORE_ERR_PLAN_SELF_EDGE;
 *   CORE_ERR_PLAN_UNKNOWN_DEP; CORE_ERR_PLAN_CYCLE (lowest index of the cycle that
 *   core_plan_find_cycle() names); CORE_ERR_OVERFLOW (sum of durations on a path);
 *   CORE_ERR_NO_MEMORY at any point. */
CORE_API core_status core_plan_new(const core_allocator *allocator, const core_plan_node *nodes,
                                   size_t count, core_plan **out, core_error *err);

/* NULL is allowed. */
CORE_API void core_plan_free(core_plan *plan);

/* Borrows the execution order: every node after all it waits for; among those that are ready, the
 * one given first comes first (so independent nodes keep their input order). Valid until free.
 * CORE_ERR_NULL. */
CORE_API core_status core_plan_order(const core_plan *plan, const size_t **order, size_t *len);

/* Borrows the critical path, first step first: the chain of dependencies with the greatest sum of
 * durations (the earliest the plan can end with unlimited workers). Ties go to the node given first.
 * Empty for an empty plan. Valid until free. CORE_ERR_NULL. */
CORE_API core_status core_plan_critical_path(const core_plan *plan, const size_t **path,
                                             size_t *len, uint64_t *total_ms);

/* Names one cycle: members[0] waits for members[1], ... and the last waits for members[0]; starts at
 * its lowest index. `members` has room for `count` entries. `*len` = 0 when there is no cycle; a node
 * that waits for itself is a cycle of 1. Deterministic. Same validation as core_plan_new() otherwise. */
CORE_API core_status core_plan_find_cycle(const core_allocator *allocator,
                                          const core_plan_node *nodes, size_t count,
                                          size_t *members, size_t *len, core_error *err);

#ifdef __cplusplus
}
#endif
#endif
