#include "counts.h"

#include <string.h>

#include "words.h"

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

/* Below this, an unknown word may be a particle of any language. */
#define MIN_UNKNOWN_BYTES 5
/* A citation has fewer words than a text that is given to be worked on. */
#define MIN_GIVEN_WORDS 5
/* With fewer, one word would be a large share. */
#define MIN_WORDS 4
/* Most of one feature that count; saying more of the same makes nothing harder. */
#define MOST_WORDS 4

typedef struct counts {
    size_t words;
    size_t known;
    size_t unknown;
    size_t quoted; /* words between quotation marks: they are worked on, and ask nothing */
    size_t numbers;
    size_t math_signs;
    size_t unicode_math;
    size_t code_signs;
    size_t questions;
    size_t list_items;
    size_t paragraphs; /* breaks between paragraphs */
    bool fence;
    bool unquoted; /* no quotation mark closes from here on */
    /* Words met, by kind: saying "why" ten times is one why. */
    uint16_t met[CORE__WORD_COMMON][MOST_WORDS];
    uint8_t met_count[CORE__WORD_COMMON];
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
    char padded[CORE__WORD_BYTES] = {0};
    const bool room = text.len - start >= CORE__WORD_BYTES;
    const char *bytes = text.data + start;
    if (!room) {
        memcpy(padded, bytes, len);
        bytes = padded;
    }
    const uint64_t raw = core__word_pack(bytes);
    const uint64_t lower = raw | (~raw & UINT64_C(0x8080808080808080)) >> 2;
    return len >= CORE__WORD_BYTES ? lower : lower & ~(UINT64_MAX >> (8 * len));
}

/* Notes a word of a kind that counts, unless it was met before. */
static void meet(counts *n, unsigned index, unsigned kind) {
    const uint8_t count = n->met_count[kind];
    if (count == MOST_WORDS) {
        return;
    }
    for (uint8_t i = 0; i < count; i++) {
        if (n->met[kind][i] == index) {
            return;
        }
    }
    n->met[kind][count] = (uint16_t)index;
    n->met_count[kind]++;
}

static void count_word(core_str text, size_t start, size_t len, counts *n) {
    n->words++;
    const int found = core__word_find(pack_word(text, start, len));
    if (found < 0) {
        n->unknown += len >= MIN_UNKNOWN_BYTES ? 1 : 0;
        return;
    }
    n->known++;
    const unsigned kind = core__words[found].kind;
    if (kind < CORE__WORD_COMMON) {
        meet(n, (unsigned)found, kind);
    }
}

/* What of the bytes from 0x80 up is no letter: U+2200..U+22FF, "Mathematical Operators" (E2 88 80 ..
 * E2 8B BF), U+2000..U+203F with the typographic quotation marks (E2 80 xx), and U+0080..U+00BF with the
 * angular ones (C2 xx). */
typedef enum mark { MARK_NONE, MARK_MATH, MARK_OTHER } mark;

static mark mark_at(core_str text, size_t at) {
    const unsigned char lead = (unsigned char)text.data[at];
    if (lead == 0xC2u) {
        return MARK_OTHER;
    }
    if (lead != 0xE2u || at + 1 >= text.len) {
        return MARK_NONE;
    }
    const unsigned char next = (unsigned char)text.data[at + 1];
    return next >= 0x88u && next <= 0x8Bu ? MARK_MATH : next == 0x80u ? MARK_OTHER : MARK_NONE;
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
static size_t scan_word(core_str text, size_t at) {
    for (;; at++) {
        while (at < text.len && classes[(unsigned char)text.data[at]] == L) {
            at++;
        }
        /* Most words end here; one with a letter from 0x80 up goes on. */
        if (at == text.len || classes[(unsigned char)text.data[at]] != H ||
            mark_at(text, at) != MARK_NONE) {
            return at;
        }
    }
}

/* Bytes of the sign at `at`, which is no letter: a mark from 0x80 up has a lead and what continues it. */
static size_t mark_len(core_str text, size_t at) {
    const unsigned char lead = (unsigned char)text.data[at];
    const size_t most = lead == 0xC2u ? 2 : lead == 0xE2u ? 3 : 1;
    return text.len - at < most ? text.len - at : most;
}

/* Where the quotation that opens at `at` ends (the first byte of its closing mark), or `at` when none
 * opens there or nothing closes it. */
static size_t quotation_end(core_str text, size_t at, counts *n) {
    static const struct {
        const char *opens;
        const char *closes;
    } marks[] = {
        {"\"", "\""},
        {"\342\200\234", "\342\200\235"}, /* typographic */
        {"\342\200\236", "\342\200\234"}, /* German: low to high */
        {"\302\253", "\302\273"},         /* angular */
    };
    for (size_t i = 0; i < sizeof marks / sizeof marks[0] && !n->unquoted; i++) {
        const size_t len = strlen(marks[i].opens);
        if (text.len - at < 2 * len || memcmp(text.data + at, marks[i].opens, len) != 0) {
            continue;
        }
        for (size_t end = at + len; end <= text.len - len; end++) {
            const char *found =
                memchr(text.data + end, marks[i].closes[0], text.len - len - end + 1);
            if (found == NULL) {
                break;
            }
            end = (size_t)(found - text.data);
            if (memcmp(found, marks[i].closes, len) == 0) {
                return end;
            }
        }
        /* Else every mark that nothing closes would be followed to the end of the text again. */
        n->unquoted = true;
    }
    return at;
}

/* Counts the words of a quotation; returns where it ends. */
static size_t scan_quotation(core_str text, size_t at, size_t end, counts *n) {
    while (at < end) {
        const size_t after = scan_word(text, at);
        n->quoted += after > at ? 1 : 0;
        at = after > at ? after : at + mark_len(text, at);
    }
    return end + mark_len(text, end);
}

static counts count(core_str text) {
    counts n = {0};
    count_line(text, 0, &n);
    for (size_t at = 0; at < text.len;) {
        const unsigned class = classes[(unsigned char)text.data[at]];
        const mark found = class == H ? mark_at(text, at) : MARK_NONE;
        if ((class & L) != 0 && found == MARK_NONE) {
            const size_t start = at;
            at = scan_word(text, at);
            count_word(text, start, at - start, &n);
            continue;
        }
        if (found == MARK_OTHER || text.data[at] == '"') {
            const size_t end = quotation_end(text, at, &n);
            if (end > at) {
                at = scan_quotation(text, at, end, &n);
                continue;
            }
        }
        n.unicode_math += found == MARK_MATH ? 1 : 0;
        if (found == MARK_NONE && class != O) {
            count_sign(text, at, class, &n);
        }
        at += mark_len(text, at);
    }
    return n;
}

static uint8_t capped(size_t value, uint8_t most) {
    return value < most ? (uint8_t)value : most;
}

/* Sixteenths of the words that stand in no list, 8 at most. Of a text with hardly a known word nothing
 * is said: its language is one that the lists do not have. */
static uint8_t vocabulary(const counts *n) {
    if (n->known < (n->words + 3) / 4 || n->unknown == 0) {
        return 0;
    }
    const size_t words = n->words < MIN_WORDS ? MIN_WORDS : n->words;
    return n->unknown > words / 2 ? 8 : capped(n->unknown * 16 / words, 8);
}

static uint8_t doublings(size_t len) {
    uint8_t found = 0;
    for (size_t rest = len / 64; rest > 0 && found < 8; rest /= 2) {
        found++;
    }
    return found;
}

void core__features_count(core_str text, uint8_t out[CORE__FEATURES]) {
    const counts n = count(text);
    const uint8_t fence = n.fence ? 4 : 0;
    const uint8_t further = capped(n.questions > 1 ? n.questions - 1 : 0, 6);
    out[CORE__FEATURE_SUBJECT] = n.met_count[CORE__WORD_DEMANDING];
    out[CORE__FEATURE_REASONING] = n.met_count[CORE__WORD_THOUGHTFUL];
    out[CORE__FEATURE_EVERYDAY] = n.met_count[CORE__WORD_EASY];
    out[CORE__FEATURE_GIVEN] = n.quoted >= MIN_GIVEN_WORDS ? 1 : 0;
    out[CORE__FEATURE_VOCABULARY] = vocabulary(&n);
    out[CORE__FEATURE_MATH] =
        capped(capped(n.numbers, 8) + 2u * capped(n.unicode_math, 4) + capped(n.math_signs, 8), 8);
    out[CORE__FEATURE_CODE] = (uint8_t)(fence + capped(n.code_signs / 4, 4));
    out[CORE__FEATURE_STRUCTURE] =
        capped((size_t)further + capped(n.list_items, 6) + capped(n.paragraphs, 6), 6);
    out[CORE__FEATURE_LENGTH] = doublings(text.len);
}
