#include "plan_sort.h"

#include <string.h>

#include "internal.h"

#define NONE UINT32_MAX

void core__sort_free(const core__graph *graph, core__sort *w) {
    const core_allocator *allocator = graph->allocator;
    const size_t count = graph->count;
    core__free_array(allocator, w->waiting, count, sizeof(uint32_t));
    core__free_array(allocator, w->rev_start, count + 1, sizeof(uint32_t));
    core__free_array(allocator, w->dependents, graph->edge_capacity, sizeof(uint32_t));
    core__free_array(allocator, w->heap, count, sizeof(uint32_t));
    core__free_array(allocator, w->order, count, sizeof(uint32_t));
}

core_status core__sort_new(const core__graph *graph, core__sort *out) {
    const core_allocator *allocator = graph->allocator;
    const size_t count = graph->count;
    const size_t edges = graph->edge_capacity;
    core__sort w = {
        .waiting = core__alloc_array(allocator, count, sizeof(uint32_t)),
        .rev_start = core__alloc_array(allocator, count + 1, sizeof(uint32_t)),
        .dependents = edges == 0 ? NULL : core__alloc_array(allocator, edges, sizeof(uint32_t)),
        .heap = core__alloc_array(allocator, count, sizeof(uint32_t)),
        .order = core__alloc_array(allocator, count, sizeof(uint32_t)),
    };
    if (w.waiting == NULL || w.rev_start == NULL || (edges > 0 && w.dependents == NULL) ||
        w.heap == NULL || w.order == NULL) {
        core__sort_free(graph, &w);
        return CORE_ERR_NO_MEMORY;
    }
    *out = w;
    return CORE_OK;
}

/* Turns the rows of dependencies into rows of dependents (counting sort by dependency). */
static void reverse_edges(const core__graph *graph, core__sort *w) {
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

/* Kahn's algorithm; the heap makes the order the smallest one in input order. */
void core__sort_run(const core__graph *graph, core__sort *w) {
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

static uint32_t first_unordered_dep(const core__graph *graph, const core__sort *w, uint32_t node) {
    for (uint32_t e = graph->dep_start[node]; e < graph->dep_start[node + 1]; e++) {
        if (w->waiting[graph->deps[e]] > 0) {
            return graph->deps[e];
        }
    }
    return NONE;
}

/* Every unordered node waits for another unordered one, so following the first such dependency for
 * `count` steps must end on a cycle. */
uint32_t core__sort_lowest_on_cycle(const core__graph *graph, const core__sort *w) {
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

void core__sort_write_cycle(const core__graph *graph, const core__sort *w, size_t *members,
                        size_t *len) {
    const uint32_t first = core__sort_lowest_on_cycle(graph, w);
    uint32_t node = first;
    size_t at = 0;
    do {
        members[at++] = node;
        node = first_unordered_dep(graph, w, node);
    } while (node != first);
    *len = at;
}
