#include "support.h"

#include <dlfcn.h>
#include <stdio.h>

static void *open_library(void) {
    void *library = dlopen(CORE_TEST_SHARED, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        fail_msg("%s", dlerror());
    }
    return library;
}

/* POSIX promises that a function's address survives the trip through void *; C does not. */
#define LOOKUP(library, pointer, name)                                                             \
    do {                                                                                           \
        void *symbol = dlsym((library), (name));                                                   \
        assert_non_null(symbol);                                                                   \
        memcpy(&(pointer), &symbol, sizeof symbol);                                                \
    } while (0)

static void test_shared_library_says_the_same_version(void **state) {
    (void)state;
    void *library = open_library();
    const char *(*version)(void);
    uint32_t (*abi)(void);
    core_edition (*edition)(void);
    LOOKUP(library, version, "core_version");
    LOOKUP(library, abi, "core_abi_version");
    LOOKUP(library, edition, "core_edition_current");
    assert_string_equal(version(), CORE_VERSION_STRING);
    assert_int_equal(abi(), CORE_ABI_VERSION);
    assert_int_equal(edition(), core_edition_current());
    assert_int_equal(dlclose(library), 0);
}

static void test_every_promised_symbol_is_there(void **state) {
    (void)state;
    void *library = open_library();
    FILE *promised = fopen(CORE_TEST_SYMBOLS, "r");
    assert_non_null(promised);
    char name[128];
    int found = 0;
    while (fgets(name, sizeof name, promised) != NULL) {
        name[strcspn(name, "\n")] = '\0';
        if (dlsym(library, name) == NULL) {
            fail_msg("%s is promised but not exported", name);
        }
        found++;
    }
    assert_int_equal(fclose(promised), 0);
    assert_true(found > 30);
    assert_int_equal(dlclose(library), 0);
}

static void test_internals_are_hidden(void **state) {
    (void)state;
    void *library = open_library();
    assert_null(dlsym(library, "core__fail"));
    assert_null(dlsym(library, "core__stem_find"));
    assert_int_equal(dlclose(library), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_shared_library_says_the_same_version),
    cmocka_unit_test(test_every_promised_symbol_is_there),
    cmocka_unit_test(test_internals_are_hidden),
};

TEST_MAIN("shared", tests)
