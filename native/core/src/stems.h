/* Words that ask for thought, by how much. Part of the complexity score. */
#ifndef CONVERGIO_CORE_STEMS_H
#define CONVERGIO_CORE_STEMS_H

#include <stddef.h>
#include <stdint.h>

#define CORE__STEM_BYTES 8
#define CORE__STEM_MAX 128

typedef struct core__stem {
    char word[CORE__STEM_BYTES + 1]; /* lower case; 8 bytes = a prefix, fewer = the whole word */
    uint8_t points;
} core__stem;

/* Packs 8 bytes, zero-padded by the caller, big-endian: integer order is the order of the bytes. */
uint64_t core__stem_pack(const char *word);

/* Index of the stem a packed word matches, or -1. */
int core__stem_find(uint64_t packed);

/* The table, sorted by packed word; for tests and for points. */
const core__stem *core__stems(size_t *count);

#endif
