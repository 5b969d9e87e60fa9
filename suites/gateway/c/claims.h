/* A test program is a list of claims. Run without arguments it checks them all, with `--list` it
 * names them, with a name it checks that one. A claim that does not hold ends the program. */
#ifndef CLAIMS_H
#define CLAIMS_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "convergio.h"

#define CLAIMS_MAX 64

struct claim {
    const char *name;
    void (*check)(void);
};

static struct claim claims[CLAIMS_MAX];
static size_t claim_count;

/* CLAIM(name) { body } defines a claim and enters it in the list before main() runs. */
#define CLAIM(claim_name)                                                     \
    static void claim_name(void);                                             \
    __attribute__((constructor)) static void register_##claim_name(void)      \
    {                                                                         \
        if (claim_count == CLAIMS_MAX) abort();                               \
        claims[claim_count++] = (struct claim){#claim_name, claim_name};      \
    }                                                                         \
    static void claim_name(void)

#define CHECK(condition)                                                      \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, \
                    #condition);                                              \
            exit(1);                                                          \
        }                                                                     \
    } while (0)

/* Evaluates `call` once and compares its result code, naming both codes when they differ. */
#define CHECK_STATUS(expected, call)                                          \
    do {                                                                      \
        int32_t got_ = (int32_t)(call);                                       \
        if (got_ != (int32_t)(expected)) {                                    \
            fprintf(stderr, "%s:%d: %s: expected %s, got %s (%" PRId32 ")\n", \
                    __FILE__, __LINE__, #call,                                \
                    convergio_status_name((int32_t)(expected)),               \
                    convergio_status_name(got_), got_);                       \
            print_last_error();                                               \
            exit(1);                                                          \
        }                                                                     \
    } while (0)

/* What the library says about the last failure of this thread, for whoever reads a failed claim. */
static inline void print_last_error(void)
{
    char *detail = NULL;

    if (convergio_last_error(NULL, &detail) == CONVERGIO_OK) {
        fprintf(stderr, "last error: %s\n", detail);
        convergio_string_free(detail);
    }
}

int main(int argc, char **argv)
{
    size_t checked = 0;

    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        for (size_t i = 0; i < claim_count; i++) puts(claims[i].name);
        return 0;
    }
    for (size_t i = 0; i < claim_count; i++) {
        if (argc == 2 && strcmp(argv[1], claims[i].name) != 0) continue;
        claims[i].check();
        printf("ok %s\n", claims[i].name);
        fflush(stdout);
        checked++;
    }
    if (checked == 0) {
        fprintf(stderr, "no claim is named %s\n", argc > 1 ? argv[1] : "(nothing)");
        return 2;
    }
    return 0;
}

#endif
