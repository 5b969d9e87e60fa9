/* The graph behind a plan: ids resolved to indexes, edges in compressed rows. */
#ifndef CONVERGIO_CORE_PLAN_GRAPH_H
#define CONVERGIO_CORE_PLAN_GRAPH_H

#include <convergio/plan.h>

/* Dependencies of node i are deps[dep_start[i]] .. deps[dep_start[i + 1] - 1], each once, in the order
 * given. All arrays are NULL when count is 0; `deps` is NULL when there is no edge. */
typedef struct core__graph {
    const core_allocator *allocator;
    uint32_t count;
    uint32_t edge_capacity; /* edges before duplicates were dropped: the size of `deps` */
    uint32_t *dep_start;    /* count + 1 */
    uint32_t *deps;
} core__graph;

typedef enum core__self_edges {
    CORE__SELF_EDGES_REFUSED,
    CORE__SELF_EDGES_KEPT /* as cycles of one */
} core__self_edges;

/* Checks everything core_plan_new() promises short of cycles. On failure nothing stays allocated. */
core_status core__graph_build(const core_allocator *allocator, const core_plan_node *nodes,
                              size_t count, core__self_edges self_edges, core__graph *out,
                              core_error *err);

void core__graph_free(core__graph *graph);

#endif
