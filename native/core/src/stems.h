/* Words that ask for thought, by how much. Part of the complexity score. */
#ifndef CONVERGIO_CORE_STEMS_H
#define CONVERGIO_CORE_STEMS_H

#include <stdint.h>

#define CORE__STEM_BYTES 8
#define CORE__STEM_SLOTS 512u /* a quarter used: most words that are no stem meet an empty slot */

typedef struct core__stem {
    char word[CORE__STEM_BYTES + 1]; /* lower case; 8 bytes = a prefix, fewer = the whole word */
    uint8_t points;                  /* 0 = empty slot */
} core__stem;

/* Packs 8 bytes, zero-padded by the caller, big-endian. Written out so that compilers make one load and
 * one byte swap of it; inline because it is in the hottest loop of the library. */
static inline uint64_t core__stem_pack(const char *word) {
    const unsigned char *b = (const unsigned char *)word;
    return (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 |
           (uint64_t)b[3] << 32 | (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 |
           (uint64_t)b[6] << 8 | (uint64_t)b[7];
}

/* Where the search for a packed word starts. */
unsigned core__stem_slot(uint64_t packed);

/* The slot of the stem a packed word matches, or -1. */
int core__stem_find(uint64_t packed);

/* `slot` < CORE__STEM_SLOTS. */
const core__stem *core__stem_at(unsigned slot);

#endif
