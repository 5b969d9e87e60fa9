#include "fuzz.h"

/* Versions: a parse either names an offending byte or returns parts that lie within the text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const core_str text = {(const char *)data, size};
    core_version_parts parts;
    core_error err = {CORE_OK, NULL, 0};
    const core_status status = core_version_parse(text, &parts, &err);
    if (status != CORE_OK) {
        REQUIRE(status == CORE_ERR_INVALID || status == CORE_ERR_OVERFLOW);
        REQUIRE(err.offset <= size);
        return 0;
    }
    size_t tail = parts.prerelease.len > 0 ? parts.prerelease.len + 1 : 0;
    tail += parts.build.len > 0 ? parts.build.len + 1 : 0;
    char rebuilt[64];
    const int head =
        snprintf(rebuilt, sizeof rebuilt, "%u.%u.%u", parts.major, parts.minor, parts.patch);
    REQUIRE(head > 0 && (size_t)head + tail == size);
    REQUIRE(memcmp(rebuilt, text.data, (size_t)head) == 0);
    return 0;
}
