#include <convergio/core.h>
#include <inttypes.h>
#include <stdio.h>

/* Which model should answer, and why? */
int main(void) {
    static const char question[] = "How many legs does a spider have?";
    const core_route_candidate models[] = {
        {
            .id = {"small-local", 11},
            .provider = {"ollama", 6},
            .locality = CORE_LOCALITY_LOCAL,
            .context_window = 32768,
            .capability = CORE_COMPLEXITY_EVEN,
            .healthy = true,
        },
        {
            .id = {"large-cloud", 11},
            .provider = {"openai", 6},
            .price = {.input = 2500000000, .output = 10000000000}, /* $2.50 and $10 per million */
            .context_window = 128000,
            .capability = 900,
            .healthy = true,
        },
    };

    core_route_request request;
    core_route_decision decision;
    core_error error;
    core_status status = core_route_request_init(&request);
    if (status != CORE_OK) {
        return 1;
    }
    request.text = (core_str){question, sizeof question - 1};
    request.max_output_tokens = 1000;
    status = core_route_decide(&request, models, 2, &decision, &error);
    if (status != CORE_OK) {
        fprintf(stderr, "%s: %s\n", core_status_name(error.code), error.text);
        return 1;
    }

    char line[CORE_ROUTE_EXPLAIN_MAX];
    size_t len = 0;
    status = core_route_explain(&decision, models, 2, false, line, sizeof line, &len);
    if (status != CORE_OK) {
        return 1;
    }
    printf("%.*s\n", (int)len, line);
    return decision.chain[0] == 0 && decision.estimated_cost == 0 ? 0 : 1;
}
