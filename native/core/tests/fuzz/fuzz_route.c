#include "fuzz.h"

#define BYTES_PER_MODEL 8

/* Routing: the first byte says how many models, then eight bytes each, then eight for the request, the
 * rest is text. Values are deliberately not sanitised: the library must. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    core_route_candidate models[CORE_ROUTE_MAX_CANDIDATES + 2];
    memset(models, 0, sizeof models);
    const size_t wanted = size == 0 ? 0 : data[0] % (CORE_ROUTE_MAX_CANDIDATES + 3);
    size_t at = size == 0 ? 0 : 1;
    size_t count = 0;
    while (count < wanted && size - at >= BYTES_PER_MODEL) {
        const uint8_t *b = data + at;
        core_route_candidate *model = &models[count++];
        model->id = (core_str){(const char *)b, BYTES_PER_MODEL};
        model->locality = (core_locality)(b[0] % 3);
        model->price.input = (int64_t)b[1] * 100000000 - (b[1] == 255 ? INT64_MAX : 0);
        model->price.output = b[2] == 255 ? INT64_MAX : (int64_t)b[2] * 100000000;
        model->context_window = (uint64_t)b[3] * 512;
        model->capability = (uint16_t)(b[4] * 4u);
        model->features = b[5];
        model->memory_bytes = b[6];
        model->healthy = (b[6] & 1) != 0;
        at += BYTES_PER_MODEL;
    }
    core_route_request request;
    REQUIRE(core_route_request_init(&request) == CORE_OK);
    if (size - at >= BYTES_PER_MODEL) {
        const uint8_t *b = data + at;
        request.privacy = (core_privacy)(b[0] % 4);
        request.offline = (b[1] & 1) != 0;
        request.prefer_cheaper = (b[1] & 2) != 0;
        request.budget_left = b[2] == 255 ? -1 : (int64_t)b[2] * 1000000;
        request.min_capability = (uint16_t)(b[3] * 4u);
        request.required_features = b[4] & b[5];
        request.max_output_tokens = (uint64_t)b[6] * 16;
        request.memory_available = b[7] == 255 ? CORE_ROUTE_MEMORY_UNKNOWN : b[7];
        request.local_margin = (int16_t)((b[4] - 128) * 8);
        at += BYTES_PER_MODEL;
    }
    request.text = (core_str){(const char *)data + at, size - at};
    core_route_decision decision;
    core_error err = {CORE_OK, NULL, 0};
    const core_status status = core_route_decide(&request, models, count, &decision, &err);
    if (status != CORE_OK) {
        REQUIRE(err.code == status && err.offset <= CORE_ROUTE_MAX_CANDIDATES + 2);
        return 0;
    }
    REQUIRE(decision.chain_len >= 1 && decision.chain_len <= count);
    REQUIRE(decision.estimated_cost >= 0 && decision.estimated_cost <= request.budget_left);
    char line[CORE_ROUTE_EXPLAIN_MAX];
    size_t len = 0;
    REQUIRE(core_route_explain(&decision, models, count, true, line, sizeof line, &len) == CORE_OK);
    REQUIRE(len > 0 && len <= sizeof line);
    return 0;
}
