/* Topological order of a graph, and the cycle that prevents it. */
#ifndef CONVERGIO_CORE_PLAN_SORT_H
#define CONVERGIO_CORE_PLAN_SORT_H

#include "plan_graph.h"

/* Working memory and result of one sort: allocated all or nothing. */
typedef struct core__sort {
    uint32_t *waiting;    /* dependencies not yet ordered, by node */
    uint32_t *rev_start;  /* count + 1: rows of dependents, as core__graph has of dependencies */
    uint32_t *dependents; /* as many as edges; NULL when there are none */
    uint32_t *heap;       /* nodes that are ready, lowest index first */
    uint32_t *order;      /* result: ordered nodes */
    uint32_t ordered;
} core__sort;

/* `graph` is not empty. CORE_ERR_NO_MEMORY leaves nothing allocated. */
core_status core__sort_new(const core__graph *graph, core__sort *out);
void core__sort_free(const core__graph *graph, core__sort *sort);

/* Orders what can be ordered. Nodes on a cycle, or behind one, keep waiting > 0. */
void core__sort_run(const core__graph *graph, core__sort *sort);

/* After core__sort_run() left nodes unordered: one cycle, always the same one for a graph. The first is
 * its lowest index; the second writes all members from there, each waiting for the next. */
uint32_t core__sort_lowest_on_cycle(const core__graph *graph, const core__sort *sort);
void core__sort_write_cycle(const core__graph *graph, const core__sort *sort, size_t *members,
                            size_t *len);

#endif
