#include <convergio/complexity.h>

#include "counts.h"
#include "internal.h"
#include "weights.h"

static int16_t points_of(const uint8_t *values, core__feature feature) {
    return (int16_t)(core__weights[feature] * values[feature]);
}

core_status core_complexity_score(core_str text, core_complexity *out) {
    if (out == NULL || !core__str_valid(text)) {
        return CORE_ERR_NULL;
    }
    uint8_t values[CORE__FEATURES];
    core__features_count(text, values);
    core_complexity result = {
        .version = CORE_COMPLEXITY_VERSION,
        .base = CORE__WEIGHT_BASE,
        .subject = points_of(values, CORE__FEATURE_SUBJECT),
        .reasoning = points_of(values, CORE__FEATURE_REASONING),
        .everyday = points_of(values, CORE__FEATURE_EVERYDAY),
        .given = points_of(values, CORE__FEATURE_GIVEN),
        .vocabulary = points_of(values, CORE__FEATURE_VOCABULARY),
        .math = points_of(values, CORE__FEATURE_MATH),
        .code = points_of(values, CORE__FEATURE_CODE),
        .structure = points_of(values, CORE__FEATURE_STRUCTURE),
        .length = points_of(values, CORE__FEATURE_LENGTH),
    };
    const int sum = result.base + result.subject + result.reasoning + result.everyday +
                    result.given + result.vocabulary + result.math + result.code +
                    result.structure + result.length;
    const int most = (int)CORE_COMPLEXITY_MAX;
    result.score = (uint16_t)(sum < 0 ? 0 : sum < most ? sum : most);
    *out = result;
    return CORE_OK;
}
