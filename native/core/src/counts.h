/* What is counted in a text before it is weighed. Part of the complexity score; apart from the weights,
 * because those are fitted on exactly these numbers. */
#ifndef CONVERGIO_CORE_COUNTS_H
#define CONVERGIO_CORE_COUNTS_H

#include <convergio/types.h>

typedef enum core__feature {
    CORE__FEATURE_SUBJECT,    /* 0..4 distinct demanding words */
    CORE__FEATURE_REASONING,  /* 0..4 distinct thoughtful words */
    CORE__FEATURE_EVERYDAY,   /* 0..4 distinct easy words */
    CORE__FEATURE_GIVEN,      /* 0..1 a text to work on is given in quotation marks */
    CORE__FEATURE_VOCABULARY, /* 0..8 sixteenths of the words that are in no list */
    CORE__FEATURE_MATH,       /* 0..8 numbers and mathematical signs */
    CORE__FEATURE_CODE,       /* 0..8 a fence and signs of source code */
    CORE__FEATURE_STRUCTURE,  /* 0..6 further questions, list items, breaks between paragraphs */
    CORE__FEATURE_LENGTH      /* 0..8 doublings of 64 bytes */
} core__feature;
#define CORE__FEATURES 9

/* Counts in one pass, O(len), for any bytes. */
void core__features_count(core_str text, uint8_t out[CORE__FEATURES]);

#endif
