#include <convergio/plan.h>

#include "internal.h"
#include "plan_sort.h"

#define NONE UINT32_MAX

struct core_plan {
    core_allocator allocator;
    size_t count;
    size_t path_len;
    uint64_t total_ms;
    size_t *order; /* count; NULL when empty */
    size_t *path;  /* count allocated, path_len used; NULL when empty */
};

/* Longest path by dynamic programming over the order. Fills plan->path and plan->total_ms.
 * `finish` and `previous` have one entry per node. */
static core_status find_critical_path(const core__graph *graph, const core_plan_node *nodes,
                                      uint64_t *finish, uint32_t *previous, core_plan *plan,
                                      core_error *err) {
    uint32_t last = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const size_t node = plan->order[i];
        uint32_t latest = NONE;
        for (uint32_t e = graph->dep_start[node]; e < graph->dep_start[node + 1]; e++) {
            const uint32_t dep = graph->deps[e];
            if (latest == NONE || finish[dep] > finish[latest] ||
                (finish[dep] == finish[latest] && dep < latest)) {
                latest = dep;
            }
        }
        const uint64_t start = latest == NONE ? 0 : finish[latest];
        if (nodes[node].duration_ms > UINT64_MAX - start) {
            return core__fail(err, CORE_ERR_OVERFLOW, node);
        }
        finish[node] = start + nodes[node].duration_ms;
        previous[node] = latest;
    }
    for (uint32_t i = 1; i < plan->count; i++) {
        last = finish[i] > finish[last] ? i : last;
    }
    size_t len = 0;
    for (uint32_t node = last; node != NONE; node = previous[node]) {
        plan->path[len++] = node;
    }
    for (size_t i = 0; i < len / 2; i++) {
        const size_t other = plan->path[i];
        plan->path[i] = plan->path[len - 1 - i];
        plan->path[len - 1 - i] = other;
    }
    plan->path_len = len;
    plan->total_ms = finish[last];
    return CORE_OK;
}

/* Fills a plan whose arrays exist, from a graph that is not empty. */
static core_status fill_plan(const core__graph *graph, const core_plan_node *nodes,
                             core_plan *plan, core_error *err) {
    core__sort w;
    core_status status = core__sort_new(graph, &w);
    if (status != CORE_OK) {
        return core__fail(err, status, 0);
    }
    core__sort_run(graph, &w);
    if (w.ordered < graph->count) {
        status = core__fail(err, CORE_ERR_PLAN_CYCLE, core__sort_lowest_on_cycle(graph, &w));
    } else {
        for (uint32_t i = 0; i < graph->count; i++) {
            plan->order[i] = w.order[i];
        }
        uint64_t *finish = core__alloc_array(graph->allocator, graph->count, sizeof *finish);
        status = finish == NULL
                     ? core__fail(err, CORE_ERR_NO_MEMORY, 0)
                     : find_critical_path(graph, nodes, finish, w.waiting, plan, err);
        core__free_array(graph->allocator, finish, graph->count, sizeof *finish);
    }
    core__sort_free(graph, &w);
    return status;
}

static core_status plan_from_graph(const core__graph *graph, const core_plan_node *nodes,
                                   core_plan **out, core_error *err) {
    const core_allocator *allocator = graph->allocator;
    core_plan *plan = core__alloc_array(allocator, 1, sizeof *plan);
    if (plan == NULL) {
        return core__fail(err, CORE_ERR_NO_MEMORY, 0);
    }
    *plan = (core_plan){.allocator = *allocator, .count = graph->count};
    core_status status = CORE_OK;
    if (graph->count > 0) {
        plan->order = core__alloc_array(allocator, graph->count, sizeof *plan->order);
        plan->path = core__alloc_array(allocator, graph->count, sizeof *plan->path);
        status = plan->order == NULL || plan->path == NULL
                     ? core__fail(err, CORE_ERR_NO_MEMORY, 0)
                     : fill_plan(graph, nodes, plan, err);
    }
    if (status != CORE_OK) {
        core_plan_free(plan);
        return status;
    }
    *out = plan;
    return CORE_OK;
}

core_status core_plan_new(const core_allocator *allocator, const core_plan_node *nodes,
                          size_t count, core_plan **out, core_error *err) {
    if (!core__allocator_valid(allocator) || (nodes == NULL && count > 0) || out == NULL) {
        return core__fail(err, CORE_ERR_NULL, 0);
    }
    core__graph graph;
    core_status status =
        core__graph_build(allocator, nodes, count, CORE__SELF_EDGES_REFUSED, &graph, err);
    if (status == CORE_OK) {
        status = plan_from_graph(&graph, nodes, out, err);
        core__graph_free(&graph);
    }
    return status;
}

void core_plan_free(core_plan *plan) {
    if (plan == NULL) {
        return;
    }
    const core_allocator allocator = plan->allocator;
    core__free_array(&allocator, plan->order, plan->count, sizeof *plan->order);
    core__free_array(&allocator, plan->path, plan->count, sizeof *plan->path);
    core__free_array(&allocator, plan, 1, sizeof *plan);
}

core_status core_plan_order(const core_plan *plan, const size_t **order, size_t *len) {
    if (plan == NULL || order == NULL || len == NULL) {
        return CORE_ERR_NULL;
    }
    *order = plan->order;
    *len = plan->count;
    return CORE_OK;
}

core_status core_plan_critical_path(const core_plan *plan, const size_t **path, size_t *len,
                                    uint64_t *total_ms) {
    if (plan == NULL || path == NULL || len == NULL || total_ms == NULL) {
        return CORE_ERR_NULL;
    }
    *path = plan->path;
    *len = plan->path_len;
    *total_ms = plan->total_ms;
    return CORE_OK;
}

core_status core_plan_find_cycle(const core_allocator *allocator, const core_plan_node *nodes,
                                 size_t count, size_t *members, size_t *len, core_error *err) {
    if (!core__allocator_valid(allocator) || len == NULL ||
        (count > 0 && (nodes == NULL || members == NULL))) {
        return core__fail(err, CORE_ERR_NULL, 0);
    }
    core__graph graph;
    core_status status =
        core__graph_build(allocator, nodes, count, CORE__SELF_EDGES_KEPT, &graph, err);
    if (status != CORE_OK) {
        return status;
    }
    if (count == 0) {
        *len = 0;
        return CORE_OK;
    }
    core__sort w;
    status = core__sort_new(&graph, &w);
    if (status != CORE_OK) {
        core__graph_free(&graph);
        return core__fail(err, status, 0);
    }
    core__sort_run(&graph, &w);
    if (w.ordered == graph.count) {
        *len = 0;
    } else {
        core__sort_write_cycle(&graph, &w, members, len);
    }
    core__sort_free(&graph, &w);
    core__graph_free(&graph);
    return CORE_OK;
}
