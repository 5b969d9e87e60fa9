/* What words tell of a question. The table is generated (words.c); which words are in it, and why, is
 * kept in fixtures/routing/words. Part of the complexity score. */
#ifndef CONVERGIO_CORE_WORDS_H
#define CONVERGIO_CORE_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define CORE__WORD_BYTES 8
#define CORE__WORD_BUCKETS 8192u

typedef enum core__word_kind {
    CORE__WORD_DEMANDING = 0,  /* of a matter that takes knowledge or care: law, proof, deadlock */
    CORE__WORD_THOUGHTFUL = 1, /* asks for thought or sets a condition: why, compare, without */
    CORE__WORD_EASY = 2,       /* of a simple task: translate, shorten, hello */
    CORE__WORD_COMMON = 3      /* everyday language, which tells nothing */
} core__word_kind;
#define CORE__WORD_KINDS 4

typedef struct core__word {
    char text[CORE__WORD_BYTES + 1]; /* lower case; 8 bytes = a prefix, fewer = the whole word */
    uint8_t kind;                    /* core__word_kind */
} core__word;

/* Ordered by bucket; those of bucket b are core__word_starts[b] .. core__word_starts[b + 1] - 1. */
extern const core__word core__words[];
extern const uint16_t core__word_starts[CORE__WORD_BUCKETS + 1];

/* Packs 8 bytes, zero-padded by the caller, big-endian. Written out so that compilers make one load and
 * one byte swap of it; inline because it is in the hottest loop of the library. */
static inline uint64_t core__word_pack(const char *word) {
    const unsigned char *b = (const unsigned char *)word;
    return (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 |
           (uint64_t)b[3] << 32 | (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 |
           (uint64_t)b[6] << 8 | (uint64_t)b[7];
}

/* Fibonacci hashing (Knuth, TAOCP volume 3, 6.4): the top 13 bits of a product with 2^64 / phi. */
static inline unsigned core__word_bucket(uint64_t packed) {
    return (unsigned)(packed * UINT64_C(0x9E3779B97F4A7C15) >> 51);
}

/* The index of a packed word in core__words, or -1. */
static inline int core__word_find(uint64_t packed) {
    const unsigned bucket = core__word_bucket(packed);
    for (unsigned at = core__word_starts[bucket]; at < core__word_starts[bucket + 1]; at++) {
        if (core__word_pack(core__words[at].text) == packed) {
            return (int)at;
        }
    }
    return -1;
}

#endif
