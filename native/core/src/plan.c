#include <convergio/plan.h>

#include <string.h>

#include "internal.h"
#include "plan_graph.h"

#define NONE UINT32_MAX

struct core_plan {
    core_allocator allocator;
    size_t count;
    size_t path_len;
    uint64_t total_ms;
    size_t *order; /* count; NULL when empty */
    size_t *path;  /* count allocated, path_len used; NULL when empty */
};

/* Working memory of one computation: all or nothing. */
typedef struct workspace {
    uint32_t *waiting;    /* dependencies not yet ordered, by node */
    uint32_t *rev_start;  /* count + 1: rows of dependents, as core__graph has of dependencies */
    uint32_t *dependents; /* as many as edges; NULL when there are none */
    uint32_t *heap;       /* nodes that are ready, lowest index first */
    uint32_t *order;      /* result: ordered nodes */
    uint32_t ordered;
} workspace;

static void workspace_free(const core__graph *graph, workspace *w) {
    const core_allocator *allocator = graph->allocator;
    const size_t count = graph->count;
    core__free_array(allocator, w->waiting, count, sizeof(uint32_t));
    core__free_array(allocator, w->rev_start, count + 1, sizeof(uint32_t));
    core__free_array(allocator, w->dependents, graph->edge_capacity, sizeof(uint32_t));
    core__free_array(allocator, w->heap, count, sizeof(uint32_t));
    core__free_array(allocator, w->order, count, sizeof(uint32_t));
}

/* `graph` is not empty. */
static core_status workspace_new(const core__graph *graph, workspace *out) {
    const core_allocator *allocator = graph->allocator;
    const size_t count = graph->count;
    const size_t edges = graph->edge_capacity;
    workspace w = {
        .waiting = core__alloc_array(allocator, count, sizeof(uint32_t)),
        .rev_start = core__alloc_array(allocator, count + 1, sizeof(uint32_t)),
        .dependents = edges == 0 ? NULL : core__alloc_array(allocator, edges, sizeof(uint32_t)),
        .heap = core__alloc_array(allocator, count, sizeof(uint32_t)),
        .order = core__alloc_array(allocator, count, sizeof(uint32_t)),
    };
    if (w.waiting == NULL || w.rev_start == NULL || (edges > 0 && w.dependents == NULL) ||
        w.heap == NULL || w.order == NULL) {
        workspace_free(graph, &w);
        return CORE_ERR_NO_MEMORY;
    }
    *out = w;
    return CORE_OK;
}

/* Turns the rows of dependencies into rows of dependents (counting sort by dependency). */
static void reverse_edges(const core__graph *graph, workspace *w) {
    const uint32_t count = graph->count;
    memset(w->rev_start, 0, ((size_t)count + 1) * sizeof(uint32_t));
    for (uint32_t e = 0; e < graph->dep_start[count]; e++) {
        w->rev_start[graph->deps[e] + 1]++;
    }
    for (uint32_t i = 0; i < count; i++) {
        w->rev_start[i + 1] += w->rev_start[i];
        w->waiting[i] = w->rev_start[i]; /* for now: where the next dependent of i goes */
    }
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t e = graph->dep_start[i]; e < graph->dep_start[i + 1]; e++) {
            w->dependents[w->waiting[graph->deps[e]]++] = i;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        w->waiting[i] = graph->dep_start[i + 1] - graph->dep_start[i];
    }
}

static void heap_push(uint32_t *heap, uint32_t *len, uint32_t value) {
    uint32_t at = (*len)++;
    while (at > 0 && heap[(at - 1) / 2] > value) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = value;
}

static uint32_t heap_pop(uint32_t *heap, uint32_t *len) {
    const uint32_t top = heap[0];
    const uint32_t moving = heap[--(*len)];
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= *len) {
            break;
        }
        child += child + 1 < *len && heap[child + 1] < heap[child] ? 1 : 0;
        if (heap[child] >= moving) {
            break;
        }
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = moving;
    return top;
}

/* Kahn's algorithm; the heap makes the order the smallest one in input order. What lies on a cycle, or
 * behind one, keeps waiting > 0 and is not ordered. */
static void sort_nodes(const core__graph *graph, workspace *w) {
    uint32_t heap_len = 0;
    reverse_edges(graph, w);
    w->ordered = 0;
    for (uint32_t i = 0; i < graph->count; i++) {
        if (w->waiting[i] == 0) {
            heap_push(w->heap, &heap_len, i);
        }
    }
    while (heap_len > 0) {
        const uint32_t node = heap_pop(w->heap, &heap_len);
        w->order[w->ordered++] = node;
        for (uint32_t e = w->rev_start[node]; e < w->rev_start[node + 1]; e++) {
            const uint32_t dependent = w->dependents[e];
            if (--w->waiting[dependent] == 0) {
                heap_push(w->heap, &heap_len, dependent);
            }
        }
    }
}

static uint32_t first_unordered_dep(const core__graph *graph, const workspace *w, uint32_t node) {
    for (uint32_t e = graph->dep_start[node]; e < graph->dep_start[node + 1]; e++) {
        if (w->waiting[graph->deps[e]] > 0) {
            return graph->deps[e];
        }
    }
    return NONE;
}

/* After sort_nodes() left nodes unordered: a node that is on a cycle and the lowest of it. Every
 * unordered node waits for another unordered one, so following the first such dependency for `count`
 * steps must end on a cycle. */
static uint32_t lowest_on_cycle(const core__graph *graph, const workspace *w) {
    uint32_t node = 0;
    while (w->waiting[node] == 0) {
        node++;
    }
    for (uint32_t step = 0; step < graph->count; step++) {
        node = first_unordered_dep(graph, w, node);
    }
    uint32_t lowest = node;
    for (uint32_t at = first_unordered_dep(graph, w, node); at != node;
         at = first_unordered_dep(graph, w, at)) {
        lowest = at < lowest ? at : lowest;
    }
    return lowest;
}

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
    workspace w;
    core_status status = workspace_new(graph, &w);
    if (status != CORE_OK) {
        return core__fail(err, status, 0);
    }
    sort_nodes(graph, &w);
    if (w.ordered < graph->count) {
        status = core__fail(err, CORE_ERR_PLAN_CYCLE, lowest_on_cycle(graph, &w));
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
    workspace_free(graph, &w);
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

static void write_cycle(const core__graph *graph, const workspace *w, size_t *members,
                        size_t *len) {
    const uint32_t first = lowest_on_cycle(graph, w);
    uint32_t node = first;
    size_t at = 0;
    do {
        members[at++] = node;
        node = first_unordered_dep(graph, w, node);
    } while (node != first);
    *len = at;
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
    workspace w;
    status = workspace_new(&graph, &w);
    if (status != CORE_OK) {
        core__graph_free(&graph);
        return core__fail(err, status, 0);
    }
    sort_nodes(&graph, &w);
    if (w.ordered == graph.count) {
        *len = 0;
    } else {
        write_cycle(&graph, &w, members, len);
    }
    workspace_free(&graph, &w);
    core__graph_free(&graph);
    return CORE_OK;
}
