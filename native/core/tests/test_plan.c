#include "support.h"

#define MAX_NODES 8

/* A plan in a line: "a:b,c=5 b=2 c=1" is a waiting for b and c for 5 ms, ... */
typedef struct script {
    char text[256];
    core_str deps[MAX_NODES][MAX_NODES];
    core_plan_node nodes[MAX_NODES];
    size_t count;
} script;

static void parse(const char *line, script *out) {
    memset(out, 0, sizeof *out);
    assert_true(strlen(line) < sizeof out->text);
    memcpy(out->text, line, strlen(line));
    char *rest = NULL;
    for (char *word = strtok_r(out->text, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        assert_true(out->count < MAX_NODES);
        core_plan_node *node = &out->nodes[out->count];
        char *equals = strchr(word, '=');
        if (equals != NULL) {
            node->duration_ms = strtoull(equals + 1, NULL, 10);
            *equals = '\0';
        }
        char *colon = strchr(word, ':');
        if (colon != NULL) {
            *colon = '\0';
            char *more = NULL;
            for (char *dep = strtok_r(colon + 1, ",", &more); dep != NULL;
                 dep = strtok_r(NULL, ",", &more)) {
                out->deps[out->count][node->deps_len++] = (core_str){dep, strlen(dep)};
            }
            node->deps = out->deps[out->count];
        }
        node->id = (core_str){word, strlen(word)};
        out->count++;
    }
}

static void assert_indexes(const size_t *actual, size_t len, const char *expected) {
    assert_int_equal(len, strlen(expected));
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(actual[i], expected[i] - '0');
    }
}

static void test_order_and_critical_path(void **state) {
    (void)state;
    static const struct {
        const char *plan, *order, *path;
        uint64_t total;
    } cases[] = {
        {"", "", "", 0},
        {"a=7", "0", "0", 7},
        {"a b c", "012", "0", 0}, /* independent: input order; tie: the first */
        {"a:b b:c c", "210", "210", 0},
        {"a:c=1 b=9 c=3", "120", "1", 9},
        {"a=1 b:a=2 c:a=5 d:b,c=1", "0123", "023", 7}, /* the diamond's slower side */
        {"a=1 b:a=2 c:a=2 d:b,c=1", "0123", "013", 4}, /* tie: the one given first */
        {"d:c,b=1 c:a=2 b:a=2 a=1", "3120", "310", 4},
        {"a:b,b,b=1 b=1", "10", "10", 2}, /* named three times, counted once */
        {"x=4 y:x=0 z=4", "012", "0", 4},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        script s;
        parse(cases[i].plan, &s);
        test_memory memory = {.fail_at = -1};
        const core_allocator allocator = test_allocator(&memory);
        core_plan *plan = NULL;
        assert_int_equal(core_plan_new(&allocator, s.nodes, s.count, &plan, NULL), CORE_OK);
        const size_t *indexes = NULL;
        size_t len = 99;
        uint64_t total = 99;
        assert_int_equal(core_plan_order(plan, &indexes, &len), CORE_OK);
        assert_indexes(indexes, len, cases[i].order);
        assert_int_equal(core_plan_critical_path(plan, &indexes, &len, &total), CORE_OK);
        assert_indexes(indexes, len, cases[i].path);
        assert_int_equal(total, cases[i].total);
        core_plan_free(plan);
        assert_no_leaks(&memory);
    }
}

static void test_faults_name_the_node(void **state) {
    (void)state;
    static const struct {
        const char *plan;
        core_status status;
        size_t offset;
    } cases[] = {
        {"a b a b", CORE_ERR_PLAN_DUPLICATE_ID, 2},
        {"b a:zz a", CORE_ERR_PLAN_DUPLICATE_ID, 2}, /* before unknown dependencies */
        {"a b:nope", CORE_ERR_PLAN_UNKNOWN_DEP, 1},
        {"a b:A", CORE_ERR_PLAN_UNKNOWN_DEP, 1}, /* by bytes, not by case */
        {"a:nope b:b", CORE_ERR_PLAN_SELF_EDGE, 1}, /* before unknown dependencies */
        {"x a:b b:a", CORE_ERR_PLAN_CYCLE, 1},
        {"w:a x:w a:c b:a c:b", CORE_ERR_PLAN_CYCLE, 2}, /* w and x only wait behind the cycle */
        {"a=18446744073709551615 b:a=1", CORE_ERR_OVERFLOW, 1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        script s;
        parse(cases[i].plan, &s);
        test_memory memory = {.fail_at = -1};
        const core_allocator allocator = test_allocator(&memory);
        core_plan *plan = NULL;
        core_error err = {CORE_OK, NULL, 99};
        if (core_plan_new(&allocator, s.nodes, s.count, &plan, &err) != cases[i].status) {
            fail_msg("%s: %s", cases[i].plan, core_status_name(err.code));
        }
        assert_int_equal(err.code, cases[i].status);
        assert_int_equal(err.offset, cases[i].offset);
        assert_null(plan);
        assert_no_leaks(&memory);
    }
}

static void test_cycle_is_named_by_its_members(void **state) {
    (void)state;
    static const struct {
        const char *plan, *members;
    } cases[] = {
        {"", ""},
        {"a b:a", ""},
        {"a b:b", "1"},
        {"x a:b b:a", "12"},
        {"w:a x:w a:c b:a c:b", "243"}, /* a waits for c, c for b, b for a */
        {"a:b b:c c:d d:b", "123"},
        {"a:a b:c c:b", "0"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        script s;
        parse(cases[i].plan, &s);
        test_memory memory = {.fail_at = -1};
        const core_allocator allocator = test_allocator(&memory);
        size_t members[MAX_NODES];
        size_t len = 99;
        assert_int_equal(
            core_plan_find_cycle(&allocator, s.nodes, s.count, members, &len, NULL), CORE_OK);
        assert_indexes(members, len, cases[i].members);
        assert_no_leaks(&memory);
    }
}

static void test_find_cycle_refuses_other_faults(void **state) {
    (void)state;
    script s;
    parse("a b:nope", &s);
    test_memory memory = {.fail_at = -1};
    const core_allocator allocator = test_allocator(&memory);
    size_t members[MAX_NODES];
    size_t len = 99;
    core_error err;
    assert_int_equal(core_plan_find_cycle(&allocator, s.nodes, s.count, members, &len, &err),
                     CORE_ERR_PLAN_UNKNOWN_DEP);
    assert_int_equal(err.offset, 1);
    assert_int_equal(len, 99);
    assert_no_leaks(&memory);
}

static void test_allocation_failure_at_every_point(void **state) {
    (void)state;
    script s;
    parse("a=1 b:a=2 c:a=5 d:b,c=1", &s);
    for (int find_cycle = 0; find_cycle < 2; find_cycle++) {
        core_status status = CORE_ERR_NO_MEMORY;
        for (long fail_at = 0; status != CORE_OK; fail_at++) {
            test_memory memory = {.fail_at = fail_at};
            const core_allocator allocator = test_allocator(&memory);
            core_plan *plan = NULL;
            size_t members[MAX_NODES];
            size_t len = 99;
            core_error err = {CORE_OK, NULL, 0};
            status = find_cycle ? core_plan_find_cycle(&allocator, s.nodes, s.count, members, &len,
                                                       &err)
                                : core_plan_new(&allocator, s.nodes, s.count, &plan, &err);
            if (status != CORE_OK) {
                assert_int_equal(status, CORE_ERR_NO_MEMORY);
                assert_int_equal(err.code, CORE_ERR_NO_MEMORY);
                assert_null(plan);
                assert_int_equal(len, 99);
            } else {
                assert_true(fail_at >= 9);
            }
            core_plan_free(plan);
            assert_no_leaks(&memory);
        }
    }
}

static void test_limits_and_bad_arguments(void **state) {
    (void)state;
    test_memory memory = {.fail_at = -1};
    const core_allocator allocator = test_allocator(&memory);
    const core_edition_profile *profile = NULL;
    assert_int_equal(core_edition_profile_of(core_edition_current(), &profile), CORE_OK);
    const size_t too_many = (size_t)profile->max_plan_nodes + 1;
    core_plan_node *nodes = calloc(too_many, sizeof *nodes);
    char *names = calloc(too_many, 6);
    assert_non_null(nodes);
    assert_non_null(names);
    for (size_t i = 0; i < too_many; i++) {
        char *name = names + i * 6;
        for (size_t digit = 0, rest = i; digit < 5; digit++, rest /= 26) {
            name[digit] = (char)('a' + rest % 26);
        }
        nodes[i].id = (core_str){name, 5};
    }
    core_plan *plan = NULL;
    core_error err;
    assert_int_equal(core_plan_new(&allocator, nodes, too_many, &plan, &err), CORE_ERR_TOO_LONG);
    assert_int_equal(err.offset, too_many - 1);
    assert_int_equal(core_plan_new(&allocator, nodes, too_many - 1, &plan, &err), CORE_OK);
    core_plan_free(plan);
    plan = NULL;

    const core_str dep = {names, 5};
    nodes[1].deps = &dep;
    nodes[1].deps_len = CORE_PLAN_MAX_EDGES + 1;
    assert_int_equal(core_plan_new(&allocator, nodes, 2, &plan, &err), CORE_ERR_TOO_LONG);
    assert_int_equal(err.offset, 1);
    nodes[1].deps_len = 0;
    nodes[1].id.len = 0;
    assert_int_equal(core_plan_new(&allocator, nodes, 2, &plan, &err), CORE_ERR_INVALID);
    nodes[1].id = (core_str){NULL, 1};
    assert_int_equal(core_plan_new(&allocator, nodes, 2, &plan, &err), CORE_ERR_NULL);
    assert_int_equal(err.offset, 1);
    nodes[1].id = dep;
    nodes[1].deps = NULL;
    nodes[1].deps_len = 1;
    assert_int_equal(core_plan_new(&allocator, nodes, 2, &plan, &err), CORE_ERR_NULL);
    const core_str null_dep = {NULL, 1};
    nodes[1].deps = &null_dep;
    assert_int_equal(core_plan_new(&allocator, nodes, 2, &plan, &err), CORE_ERR_NULL);

    const size_t *indexes = NULL;
    size_t len = 0;
    uint64_t total = 0;
    assert_int_equal(core_plan_new(NULL, nodes, 1, &plan, NULL), CORE_ERR_NULL);
    assert_int_equal(core_plan_new(&allocator, NULL, 1, &plan, NULL), CORE_ERR_NULL);
    assert_int_equal(core_plan_new(&allocator, nodes, 1, NULL, NULL), CORE_ERR_NULL);
    assert_int_equal(core_plan_order(NULL, &indexes, &len), CORE_ERR_NULL);
    assert_int_equal(core_plan_critical_path(NULL, &indexes, &len, &total), CORE_ERR_NULL);
    assert_int_equal(core_plan_find_cycle(&allocator, nodes, 1, NULL, &len, NULL), CORE_ERR_NULL);
    assert_int_equal(core_plan_find_cycle(&allocator, nodes, 1, &len, NULL, NULL), CORE_ERR_NULL);
    core_plan_free(NULL);
    assert_null(plan);
    assert_no_leaks(&memory);
    free(names);
    free(nodes);
}

/* Random graphs against slow, obvious oracles: an order that respects every edge and is the smallest;
 * a path as long as the longest found by relaxing edges until nothing changes. */
static void test_agrees_with_slow_oracles(void **state) {
    (void)state;
    enum { N = 24 };
    uint64_t seed = 3;
    int cyclic = 0;
    for (int round = 0; round < 3000; round++) {
        const size_t count = (size_t)test_below(&seed, N) + 1;
        char names[N];
        core_str deps[N][N];
        bool edge[N][N];
        core_plan_node nodes[N];
        memset(edge, 0, sizeof edge);
        for (size_t i = 0; i < count; i++) {
            names[i] = (char)('A' + (int)((i * 7) % N)); /* ids not in input order */
            nodes[i] = (core_plan_node){{&names[i], 1}, deps[i], 0, test_below(&seed, 50)};
        }
        for (size_t n = test_below(&seed, 2 * count + 1); n > 0; n--) {
            const size_t a = (size_t)test_below(&seed, count);
            const size_t b = (size_t)test_below(&seed, count);
            if (a != b && !edge[a][b]) {
                edge[a][b] = true;
                deps[a][nodes[a].deps_len++] = nodes[b].id;
            }
        }
        /* Oracle: repeatedly take the first node whose dependencies are all done. */
        size_t order[N], ordered = 0;
        uint64_t finish[N] = {0};
        bool done[N] = {false};
        uint64_t longest = 0;
        for (bool progress = true; progress;) {
            progress = false;
            for (size_t i = 0; i < count && !progress; i++) {
                bool ready = !done[i];
                uint64_t start = 0;
                for (size_t d = 0; d < count && ready; d++) {
                    ready = !edge[i][d] || done[d];
                    start = edge[i][d] && finish[d] > start ? finish[d] : start;
                }
                if (ready) {
                    done[i] = progress = true;
                    finish[i] = start + nodes[i].duration_ms;
                    longest = finish[i] > longest ? finish[i] : longest;
                    order[ordered++] = i;
                }
            }
        }
        test_memory memory = {.fail_at = -1};
        const core_allocator allocator = test_allocator(&memory);
        core_plan *plan = NULL;
        const core_status status = core_plan_new(&allocator, nodes, count, &plan, NULL);
        size_t members[N], cycle_len = 99;
        assert_int_equal(
            core_plan_find_cycle(&allocator, nodes, count, members, &cycle_len, NULL), CORE_OK);
        if (ordered < count) {
            assert_int_equal(status, CORE_ERR_PLAN_CYCLE);
            assert_true(cycle_len >= 2);
            for (size_t i = 0; i < cycle_len; i++) {
                assert_true(edge[members[i]][members[(i + 1) % cycle_len]]);
                assert_true(members[i] >= members[0]);
            }
            cyclic++;
        } else {
            assert_int_equal(status, CORE_OK);
            assert_int_equal(cycle_len, 0);
            const size_t *indexes = NULL;
            size_t len = 0;
            uint64_t total = 0, sum = 0;
            assert_int_equal(core_plan_order(plan, &indexes, &len), CORE_OK);
            assert_int_equal(len, count);
            assert_memory_equal(indexes, order, count * sizeof *order);
            assert_int_equal(core_plan_critical_path(plan, &indexes, &len, &total), CORE_OK);
            for (size_t i = 0; i < len; i++) {
                sum += nodes[indexes[i]].duration_ms;
                assert_true(i == 0 || edge[indexes[i]][indexes[i - 1]]);
            }
            assert_int_equal(total, longest);
            assert_int_equal(sum, longest);
        }
        core_plan_free(plan);
        assert_no_leaks(&memory);
    }
    assert_in_range(cyclic, 300, 2700);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_order_and_critical_path),
    cmocka_unit_test(test_faults_name_the_node),
    cmocka_unit_test(test_cycle_is_named_by_its_members),
    cmocka_unit_test(test_find_cycle_refuses_other_faults),
    cmocka_unit_test(test_allocation_failure_at_every_point),
    cmocka_unit_test(test_limits_and_bad_arguments),
    cmocka_unit_test(test_agrees_with_slow_oracles),
};

TEST_MAIN("plan", tests)
