/* How demanding a query looks, from its text alone: 0 (greeting) to 1000 (long, technical, many
 * steps). A transparent heuristic, not a model: every point is accounted for by a feature. */
#ifndef CONVERGIO_CORE_COMPLEXITY_H
#define CONVERGIO_CORE_COMPLEXITY_H

#include <convergio/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever core_complexity_score() may answer differently for the same text. */
#define CORE_COMPLEXITY_VERSION 1u
#define CORE_COMPLEXITY_MAX 1000u

/* Points by feature; `score` is their sum, each feature is capped so that the sum is <= 1000. */
typedef struct core_complexity {
    uint16_t score;
    uint16_t length;     /* 0..250: estimated size of the text */
    uint16_t reasoning;  /* 0..300: words that ask for thought ("prove", "compare", "why", ...) */
    uint16_t code;       /* 0..200: source code, markup, shell */
    uint16_t math;       /* 0..100: figures and mathematical signs */
    uint16_t structure;  /* 0..100: list items, several questions, several paragraphs */
    uint16_t vocabulary; /* 0..50: share of long words */
} core_complexity;

/* Scores `text` in one pass, O(len). Well-formedness is not required; the answer is deterministic
 * for any bytes. Word lists cover English, Italian, Spanish, French and German. CORE_ERR_NULL. */
CORE_API core_status core_complexity_score(core_str text, core_complexity *out);

#ifdef __cplusplus
}
#endif
#endif
