/* How demanding a query looks, from its text alone: 0 (thanks) to 1000 (a proof in many steps). A linear
 * score of counted features with whole weights: every point is accounted for by a feature, and the same
 * text has the same points everywhere.
 *
 * The weights are fitted on labelled questions in English and Italian ("would a small model answer it as
 * well as a large one?", fixtures/routing), so that CORE_COMPLEXITY_EVEN is where both answers are equally
 * likely, and 100 points more multiply the odds by e. The score knows words, not meaning: for what it is
 * worth on questions that nobody had seen, read fixtures/routing/README.md. */
#ifndef CONVERGIO_CORE_COMPLEXITY_H
#define CONVERGIO_CORE_COMPLEXITY_H

#include <convergio/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever core_complexity_score() may answer differently for the same text. */
#define CORE_COMPLEXITY_VERSION 2u
#define CORE_COMPLEXITY_MAX 1000u
/* Where a small model and a large one are equally likely to be the right choice. */
#define CORE_COMPLEXITY_EVEN 400u

/* Points by feature; `score` is their sum, held within 0..CORE_COMPLEXITY_MAX. */
typedef struct core_complexity {
    uint32_t version;   /* CORE_COMPLEXITY_VERSION that scored it */
    uint16_t score;
    int16_t base;       /* what a text without any feature has */
    int16_t subject;    /* >= 0: words of demanding matters (law, medicine, proof, concurrency, ...) */
    int16_t reasoning;  /* >= 0: words that ask for thought or set conditions ("why", "without", ...) */
    int16_t everyday;   /* <= 0: words of simple tasks ("translate", "shorten", "how many", ...) */
    int16_t given;      /* <= 0: the text to work on is given, in quotation marks */
    int16_t vocabulary; /* >= 0: words outside everyday language */
    int16_t math;       /* >= 0: numbers and mathematical signs */
    int16_t code;       /* >= 0: source code, markup, shell */
    int16_t structure;  /* >= 0: list items, several questions, several paragraphs */
    int16_t length;     /* >= 0: doublings of the size */
} core_complexity;

/* Scores `text` in one pass, O(len). Well-formedness is not required; the answer is deterministic
 * for any bytes. Word lists cover English and Italian, and a little Spanish, French and German; of other
 * languages only signs, structure and length are seen. CORE_ERR_NULL. */
CORE_API core_status core_complexity_score(core_str text, core_complexity *out);

#ifdef __cplusplus
}
#endif
#endif
