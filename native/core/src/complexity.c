#include <convergio/complexity.h>

#include <string.h>

#include "internal.h"
#include "stems.h"

/* Class of a byte. Everything from 0x80 up counts as a letter: in UTF-8 that is what it mostly is. */
enum {
    O = 0,        /* other: spaces, plain punctuation */
    L = 1 << 0,   /* letter */
    H = 1 << 7 | L, /* letter from 0x80 up */
    D = 1 << 1,   /* digit */
    N = 1 << 2,   /* line feed */
    Q = 1 << 3,   /* question mark */
    C = 1 << 4,   /* sign of source code */
    M = 1 << 5,   /* mathematical sign */
    B = C | M,    /* both: = + % ^ * < > */
    F = 1 << 6 | C /* grave accent: code, and fences when there are three */
};

static const uint8_t classes[256] = {
    /* clang-format off */
    O, O, O, O, O, O, O, O, O, O, N, O, O, O, O, O, /* 0_ */
    O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, /* 1_ */
    O, O, O, C, C, B, C, O, C, C, B, B, O, O, O, C, /* 2_ */
    D, D, D, D, D, D, D, D, D, D, O, C, B, B, B, Q, /* 3_ */
    C, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* 4_ */
    L, L, L, L, L, L, L, L, L, L, L, C, C, C, B, C, /* 5_ */
    F, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, /* 6_ */
    L, L, L, L, L, L, L, L, L, L, L, C, C, C, O, O, /* 7_ */
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, /* 8_ */
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, /* 9_ */
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, /* A_ */
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, /* B_ */
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, /* C_ */
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, /* D_ */
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, /* E_ */
    H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, H, /* F_ */
    /* clang-format on */
};

/* Bytes of a word from which on it is long. */
#define LONG_WORD 10
/* Below these, shares are noise. */
#define MIN_WORDS 8
#define MIN_CODE_SIGNS 4

typedef struct counts {
    uint32_t reasoning; /* points of distinct stems */
    size_t words;
    size_t long_words;
    size_t numbers;
    size_t math_signs;
    size_t unicode_math;
    size_t code_signs;
    size_t questions;
    size_t list_items;
    size_t paragraphs; /* breaks between paragraphs */
    bool fence;
    uint64_t seen[CORE__STEM_SLOTS / 64]; /* stems met: saying "why" ten times is one why */
} counts;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Looks at the line that starts at `at`: a list item, an empty line, or neither. */
static void count_line(core_str text, size_t at, counts *n) {
    if (at > 0 && at < text.len && text.data[at] == '\n') {
        /* Only the first of several empty lines ends a paragraph. */
        n->paragraphs += at < 2 || text.data[at - 2] != '\n' ? 1 : 0;
        return;
    }
    while (at < text.len && (text.data[at] == ' ' || text.data[at] == '\t')) {
        at++;
    }
    const size_t mark = at;
    while (at < text.len && is_digit(text.data[at])) {
        at++;
    }
    if (at + 1 >= text.len || text.data[at + 1] != ' ') {
        return;
    }
    const char c = text.data[at];
    const bool numbered = at > mark && (c == '.' || c == ')');
    const bool bulleted = at == mark && (c == '-' || c == '*' || c == '+');
    n->list_items += numbered || bulleted ? 1 : 0;
}

/* The first 8 bytes of the word, lower case, zero-padded. ASCII letters differ from their lower case in
 * bit 0x20 only; bytes from 0x80 up are left alone. */
static uint64_t pack_word(core_str text, size_t start, size_t len) {
    char padded[CORE__STEM_BYTES] = {0};
    const bool room = text.len - start >= CORE__STEM_BYTES;
    const char *bytes = text.data + start;
    if (!room) {
        memcpy(padded, bytes, len);
        bytes = padded;
    }
    const uint64_t raw = core__stem_pack(bytes);
    const uint64_t lower = raw | (~raw & UINT64_C(0x8080808080808080)) >> 2;
    return len >= CORE__STEM_BYTES ? lower : lower & ~(UINT64_MAX >> (8 * len));
}

static void count_word(core_str text, size_t start, size_t len, counts *n) {
    n->words++;
    n->long_words += len >= LONG_WORD ? 1 : 0;
    if (len < 3) {
        return;
    }
    const int found = core__stem_find(pack_word(text, start, len));
    if (found < 0) {
        return;
    }
    const unsigned slot = (unsigned)found;
    const uint64_t bit = UINT64_C(1) << (slot % 64);
    if ((n->seen[slot / 64] & bit) == 0) {
        n->seen[slot / 64] |= bit;
        n->reasoning += core__stem_at(slot)->points;
    }
}

/* U+2200..U+22FF, "Mathematical Operators", is E2 88 80 .. E2 8B BF in UTF-8. */
static bool starts_unicode_math(core_str text, size_t at) {
    if ((unsigned char)text.data[at] != 0xE2u || at + 1 >= text.len) {
        return false;
    }
    const unsigned char next = (unsigned char)text.data[at + 1];
    return next >= 0x88u && next <= 0x8Bu;
}

static void count_sign(core_str text, size_t at, unsigned class, counts *n) {
    const char c = text.data[at];
    n->numbers += (class & D) != 0 && (at == 0 || !is_digit(text.data[at - 1])) ? 1 : 0;
    n->code_signs += (class & C) != 0 ? 1 : 0;
    n->math_signs += (class & M) != 0 ? 1 : 0;
    n->questions += (class & Q) != 0 ? 1 : 0;
    if (class == F && at >= 2 && text.data[at - 1] == c && text.data[at - 2] == c) {
        n->fence = true;
    }
    if (class == N) {
        count_line(text, at + 1, n);
    }
}

/* Walks over the word that starts at `at`; returns where it ends. */
static size_t scan_word(core_str text, size_t at, counts *n) {
    const size_t start = at;
    unsigned class;
    while (at < text.len && ((class = classes[(unsigned char)text.data[at]]) & L) != 0) {
        if (class == H && starts_unicode_math(text, at)) {
            n->unicode_math++;
        }
        at++;
    }
    count_word(text, start, at - start, n);
    return at;
}

static counts count(core_str text) {
    counts n = {0};
    count_line(text, 0, &n);
    for (size_t at = 0; at < text.len;) {
        const unsigned class = classes[(unsigned char)text.data[at]];
        if ((class & L) != 0) {
            at = scan_word(text, at, &n);
            continue;
        }
        if (class != O) {
            count_sign(text, at, class, &n);
        }
        at++;
    }
    return n;
}

/* min(cap, value * factor); `value` may be huge, `cap` is not. */
static uint16_t capped(size_t value, uint16_t factor, uint16_t cap) {
    return value >= cap ? cap : (uint16_t)(value * factor < cap ? value * factor : cap);
}

/* floor(1000 * part / whole), part <= whole, without overflow for any length. */
static size_t permille(size_t part, size_t whole) {
    return whole > SIZE_MAX / 1000 ? part / (whole / 1000) : part * 1000 / whole;
}

static uint16_t code_points(const counts *n, size_t len) {
    uint16_t points = n->fence ? 100 : 0;
    if (n->code_signs >= MIN_CODE_SIGNS) {
        const size_t share = permille(n->code_signs, len);
        points += capped(share > 20 ? share - 20 : 0, 2, 100);
    }
    return points;
}

static uint16_t math_points(const counts *n) {
    const uint16_t signs = capped(n->math_signs, 4, 40);
    const uint16_t operators = capped(n->unicode_math, 20, 40);
    const uint16_t both = (uint16_t)(signs + operators);
    return (uint16_t)(capped(n->numbers, 6, 60) + (both < 40 ? both : 40));
}

static uint16_t structure_points(const counts *n) {
    const unsigned sum = (unsigned)capped(n->questions > 1 ? n->questions - 1 : 0, 20, 100) +
                         capped(n->list_items, 15, 100) + capped(n->paragraphs, 10, 100);
    return (uint16_t)(sum < 100 ? sum : 100);
}

static uint16_t vocabulary_points(const counts *n) {
    if (n->words < MIN_WORDS) {
        return 0;
    }
    return capped(permille(n->long_words, n->words) / 6, 1, 50);
}

core_status core_complexity_score(core_str text, core_complexity *out) {
    if (out == NULL || !core__str_valid(text)) {
        return CORE_ERR_NULL;
    }
    const counts n = count(text);
    core_complexity result = {
        .length = capped(text.len / 24, 1, 250),
        .reasoning = capped(n.reasoning, 1, 300),
        .code = code_points(&n, text.len),
        .math = math_points(&n),
        .structure = structure_points(&n),
        .vocabulary = vocabulary_points(&n),
    };
    result.score = (uint16_t)(result.length + result.reasoning + result.code + result.math +
                              result.structure + result.vocabulary);
    *out = result;
    return CORE_OK;
}
