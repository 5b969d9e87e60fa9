/* Counts the features of texts. Reads texts that each end in NUL from the standard input, and writes for
 * each a line with its counts in the order of core__feature. fixtures/routing fits the weights on them. */
#include "counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(bool held, const char *what) {
    if (!held) {
        fprintf(stderr, "features: %s\n", what);
        exit(1);
    }
}

/* All of the standard input; `*len` bytes, to be freed. */
static char *read_all(size_t *len) {
    size_t cap = 1 << 16;
    char *all = malloc(cap);
    require(all != NULL, "no memory for the texts");
    *len = 0;
    for (size_t got; (got = fread(all + *len, 1, cap - *len, stdin)) > 0;) {
        *len += got;
        if (*len == cap) {
            cap *= 2;
            char *grown = realloc(all, cap);
            require(grown != NULL, "no memory for the texts");
            all = grown;
        }
    }
    require(!ferror(stdin), "the standard input cannot be read");
    return all;
}

int main(void) {
    size_t len = 0;
    char *all = read_all(&len);
    for (size_t at = 0; at < len;) {
        const char *end = memchr(all + at, '\0', len - at);
        require(end != NULL, "the last text does not end in NUL");
        const size_t after = (size_t)(end - all);
        uint8_t values[CORE__FEATURES];
        core__features_count((core_str){all + at, after - at}, values);
        for (size_t i = 0; i < CORE__FEATURES; i++) {
            printf("%s%u", i == 0 ? "" : " ", (unsigned)values[i]);
        }
        putchar('\n');
        at = after + 1;
    }
    free(all);
    require(fflush(stdout) == 0, "the counts cannot be written");
    return 0;
}
