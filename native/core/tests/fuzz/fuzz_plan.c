#include "fuzz.h"

#define MAX_NODES 40
#define MAX_DEPS 200

/* Plans: bytes become nodes and edges; whatever comes out, the results must be consistent.
 * One byte per id; 0x00..0x7F starts a node of that id, 0x80..0xFF adds a dependency to it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char letters[128];
    core_plan_node nodes[MAX_NODES];
    core_str deps[MAX_DEPS];
    size_t count = 0;
    size_t edges = 0;
    for (size_t i = 0; i < sizeof letters; i++) {
        letters[i] = (char)i;
    }
    for (size_t i = 0; i < size; i++) {
        const core_str id = {&letters[data[i] & 0x7F], 1};
        if (data[i] < 0x80 && count < MAX_NODES) {
            nodes[count++] = (core_plan_node){id, &deps[edges], 0, data[i]};
        } else if (data[i] >= 0x80 && count > 0 && edges < MAX_DEPS) {
            deps[edges++] = id;
            nodes[count - 1].deps_len++;
        }
    }
    const core_allocator allocator = fuzz_allocator();
    core_plan *plan = NULL;
    core_error err = {CORE_OK, NULL, 0};
    size_t members[MAX_NODES];
    size_t cycle = 0;
    const core_status status = core_plan_new(&allocator, nodes, count, &plan, &err);
    const core_status found =
        core_plan_find_cycle(&allocator, nodes, count, members, &cycle, NULL);
    if (status != CORE_OK) {
        REQUIRE(err.offset < count);
        REQUIRE(plan == NULL);
        REQUIRE(status != CORE_ERR_PLAN_CYCLE ||
                (found == CORE_OK && cycle > 1 && members[0] == err.offset));
        REQUIRE(status != CORE_ERR_PLAN_SELF_EDGE || found != CORE_OK || cycle > 0);
        return 0;
    }
    REQUIRE(found == CORE_OK && cycle == 0);
    const size_t *order = NULL;
    const size_t *path = NULL;
    size_t order_len = 0;
    size_t path_len = 0;
    uint64_t total = 0;
    REQUIRE(core_plan_order(plan, &order, &order_len) == CORE_OK && order_len == count);
    REQUIRE(core_plan_critical_path(plan, &path, &path_len, &total) == CORE_OK);
    uint64_t sum = 0;
    for (size_t i = 0; i < path_len; i++) {
        sum += nodes[path[i]].duration_ms;
    }
    REQUIRE(sum == total && path_len <= count);
    core_plan_free(plan);
    return 0;
}
