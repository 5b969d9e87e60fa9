#include "fuzz.h"

/* Text: validation, truncation, estimate and score agree with each other on any bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const core_str text = {(const char *)data, size};
    core_error err = {CORE_OK, NULL, 0};
    uint64_t tokens = 0;
    core_complexity complexity;
    size_t half = 0;
    const core_status status = core_text_validate(text, SIZE_MAX, &err);
    REQUIRE(status == CORE_OK || (status == CORE_ERR_UTF8 && err.offset < size));
    REQUIRE(core_text_estimate_tokens(text, &tokens) == CORE_OK);
    REQUIRE((tokens == 0) == (size == 0));
    REQUIRE(core_complexity_score(text, &complexity) == CORE_OK);
    REQUIRE(complexity.score <= CORE_COMPLEXITY_MAX);
    REQUIRE(complexity.version == CORE_COMPLEXITY_VERSION);
    REQUIRE(core_text_truncate(text, size / 2, &half) == CORE_OK);
    REQUIRE(half <= size / 2);
    if (status == CORE_OK) {
        REQUIRE(core_text_validate((core_str){text.data, half}, SIZE_MAX, NULL) == CORE_OK);
    } else {
        /* What stands before the first fault is well formed. */
        REQUIRE(core_text_validate((core_str){text.data, err.offset}, SIZE_MAX, NULL) == CORE_OK);
    }
    return 0;
}
