#include "plan_graph.h"

#include <convergio/edition.h>
#include <string.h>

#include "internal.h"

#define NONE UINT32_MAX

/* Nodes sorted by id, for lookup. Sorting rather than hashing: no input can make it slow. */
typedef struct id_index {
    const core_plan_node *nodes;
    uint32_t count;
    uint32_t *sorted;
    uint32_t *scratch;
} id_index;

static int compare_ids(core_str a, core_str b) {
    const size_t shorter = a.len < b.len ? a.len : b.len;
    const int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Merges two neighbouring sorted runs of `from` into `to`; stable. */
static void merge(const core_plan_node *nodes, const uint32_t *from, uint32_t *to, size_t low,
                  size_t middle, size_t high) {
    size_t left = low;
    size_t right = middle;
    for (size_t at = low; at < high; at++) {
        const bool take_left =
            left < middle &&
            (right == high || compare_ids(nodes[from[left]].id, nodes[from[right]].id) <= 0);
        to[at] = take_left ? from[left++] : from[right++];
    }
}

/* Bottom-up merge sort; swaps the two arrays of the index as it goes. */
static void sort_index(id_index *index) {
    const size_t count = index->count;
    for (uint32_t i = 0; i < index->count; i++) {
        index->sorted[i] = i;
    }
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t low = 0; low < count; low += 2 * width) {
            const size_t middle = low + width < count ? low + width : count;
            const size_t high = low + 2 * width < count ? low + 2 * width : count;
            merge(index->nodes, index->sorted, index->scratch, low, middle, high);
        }
        uint32_t *const sorted = index->scratch;
        index->scratch = index->sorted;
        index->sorted = sorted;
    }
}

static uint32_t find_id(const id_index *index, core_str id) {
    uint32_t low = 0;
    uint32_t high = index->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const int order = compare_ids(index->nodes[index->sorted[middle]].id, id);
        if (order == 0) {
            return index->sorted[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NONE;
}

/* Lowest index of a node whose id an earlier node has, or NONE. The sort is stable, so of equal
 * neighbours the second is the later node. */
static uint32_t find_duplicate(const id_index *index) {
    uint32_t lowest = NONE;
    for (uint32_t i = 1; i < index->count; i++) {
        const uint32_t later = index->sorted[i];
        if (later < lowest &&
            core__str_equal(index->nodes[index->sorted[i - 1]].id, index->nodes[later].id)) {
            lowest = later;
        }
    }
    return lowest;
}

/* Checks pointers, limits and ids; counts the edges. */
static core_status check_nodes(const core_plan_node *nodes, size_t count, uint32_t *edges,
                               core_error *err) {
    const core_edition_profile *profile = NULL;
    core_status status = core_edition_profile_of(core_edition_current(), &profile);
    if (status != CORE_OK) {
        return core__fail(err, status, 0);
    }
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const core_plan_node *node = &nodes[i];
        if (!core__str_valid(node->id) || (node->deps == NULL && node->deps_len > 0)) {
            return core__fail(err, CORE_ERR_NULL, i);
        }
        if (i >= profile->max_plan_nodes || i >= CORE_PLAN_MAX_NODES ||
            node->deps_len > CORE_PLAN_MAX_EDGES - sum) {
            return core__fail(err, CORE_ERR_TOO_LONG, i);
        }
        for (size_t d = 0; d < node->deps_len; d++) {
            if (!core__str_valid(node->deps[d])) {
                return core__fail(err, CORE_ERR_NULL, i);
            }
        }
        if (node->id.len == 0) {
            return core__fail(err, CORE_ERR_INVALID, i);
        }
        sum += node->deps_len;
    }
    *edges = (uint32_t)sum;
    return CORE_OK;
}

static core_status check_self_edges(const core_plan_node *nodes, uint32_t count, core_error *err) {
    for (uint32_t i = 0; i < count; i++) {
        for (size_t d = 0; d < nodes[i].deps_len; d++) {
            if (core__str_equal(nodes[i].id, nodes[i].deps[d])) {
                return core__fail(err, CORE_ERR_PLAN_SELF_EDGE, i);
            }
        }
    }
    return CORE_OK;
}

/* Fills the rows. `seen_by[d]` is the last node that named d, which is how duplicates are dropped in
 * linear time; it borrows the index's scratch array. */
static core_status resolve_edges(const id_index *index, core__graph *graph, core_error *err) {
    uint32_t *const seen_by = index->scratch;
    for (uint32_t i = 0; i < graph->count; i++) {
        seen_by[i] = NONE;
    }
    uint32_t at = 0;
    for (uint32_t i = 0; i < graph->count; i++) {
        graph->dep_start[i] = at;
        for (size_t d = 0; d < index->nodes[i].deps_len; d++) {
            const uint32_t dep = find_id(index, index->nodes[i].deps[d]);
            if (dep == NONE) {
                return core__fail(err, CORE_ERR_PLAN_UNKNOWN_DEP, i);
            }
            if (seen_by[dep] != i) {
                seen_by[dep] = i;
                graph->deps[at++] = dep;
            }
        }
    }
    graph->dep_start[graph->count] = at;
    return CORE_OK;
}

static core_status index_and_resolve(const core_plan_node *nodes, core__self_edges self_edges,
                                     id_index *index, core__graph *graph, core_error *err) {
    const bool have_deps = graph->edge_capacity == 0 || graph->deps != NULL;
    if (index->sorted == NULL || index->scratch == NULL || graph->dep_start == NULL || !have_deps) {
        return core__fail(err, CORE_ERR_NO_MEMORY, 0);
    }
    sort_index(index);
    const uint32_t duplicate = find_duplicate(index);
    if (duplicate != NONE) {
        return core__fail(err, CORE_ERR_PLAN_DUPLICATE_ID, duplicate);
    }
    if (self_edges == CORE__SELF_EDGES_REFUSED) {
        const core_status status = check_self_edges(nodes, graph->count, err);
        if (status != CORE_OK) {
            return status;
        }
    }
    return resolve_edges(index, graph, err);
}

core_status core__graph_build(const core_allocator *allocator, const core_plan_node *nodes,
                              size_t count, core__self_edges self_edges, core__graph *out,
                              core_error *err) {
    uint32_t edges = 0;
    core_status status = check_nodes(nodes, count, &edges, err);
    if (status != CORE_OK) {
        return status;
    }
    core__graph graph = {
        .allocator = allocator,
        .count = (uint32_t)count,
        .edge_capacity = edges,
    };
    if (count > 0) {
        graph.dep_start = core__alloc_array(allocator, count + 1, sizeof(uint32_t));
        graph.deps = edges == 0 ? NULL : core__alloc_array(allocator, edges, sizeof(uint32_t));
        id_index index = {
            .nodes = nodes,
            .count = graph.count,
            .sorted = core__alloc_array(allocator, count, sizeof(uint32_t)),
            .scratch = core__alloc_array(allocator, count, sizeof(uint32_t)),
        };
        status = index_and_resolve(nodes, self_edges, &index, &graph, err);
        core__free_array(allocator, index.sorted, count, sizeof(uint32_t));
        core__free_array(allocator, index.scratch, count, sizeof(uint32_t));
    }
    if (status != CORE_OK) {
        core__graph_free(&graph);
        return status;
    }
    *out = graph;
    return CORE_OK;
}

void core__graph_free(core__graph *graph) {
    core__free_array(graph->allocator, graph->dep_start, (size_t)graph->count + 1, sizeof(uint32_t));
    core__free_array(graph->allocator, graph->deps, graph->edge_capacity, sizeof(uint32_t));
}
