/* CPU time per routing decision on 1 KB of text, and of its parts. Prints one JSON object: the median
 * of interleaved rounds, so that one disturbed round does not decide. */
#include <convergio/core.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_BYTES 1024
#define ROUNDS 21
#define CALLS 2000
#define CANDIDATES 8

static const char paragraph[] =
    "Compare two designs for a rate limiter, a token bucket and a sliding window, and explain which "
    "of them keeps its promise when 300 clients arrive at once.\n\n- memory per client\n- error at "
    "the window's edge\n\n```c\nif (now - bucket->then > 1000) { bucket->tokens = 10; }\n```\n"
    "Perch\303\251 una finestra scorrevole costa di pi\303\271? ";

static uint64_t cpu_ns(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0) {
        perror("clock_gettime");
        exit(1);
    }
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values) {
    qsort(values, ROUNDS, sizeof *values, by_value);
    return values[ROUNDS / 2];
}

static void require(core_status status) {
    if (status != CORE_OK) {
        fprintf(stderr, "bench: %s\n", core_status_text(status));
        exit(1);
    }
}

int main(void) {
    static char text[TEXT_BYTES];
    for (size_t at = 0; at < TEXT_BYTES; at++) {
        text[at] = paragraph[at % (sizeof paragraph - 1)];
    }
    core_route_candidate models[CANDIDATES];
    memset(models, 0, sizeof models);
    for (size_t i = 0; i < CANDIDATES; i++) {
        models[i].locality = i < 2 ? CORE_LOCALITY_LOCAL : CORE_LOCALITY_CLOUD;
        models[i].price.input = i < 2 ? 0 : (int64_t)(i * 400000000);
        models[i].price.output = i < 2 ? 0 : (int64_t)(i * 1600000000);
        models[i].context_window = 128000;
        models[i].capability = (uint16_t)(150 + i * 100);
        models[i].healthy = true;
    }
    core_route_request request;
    require(core_route_request_init(&request));
    request.text = (core_str){text, sizeof text};
    request.max_output_tokens = 1000;

    double decide[ROUNDS];
    double score[ROUNDS];
    double tokens[ROUNDS];
    uint64_t sink = 0; /* printed, so that no call can be optimised away */
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = cpu_ns();
        for (int i = 0; i < CALLS; i++) {
            core_route_decision decision;
            require(core_route_decide(&request, models, CANDIDATES, &decision, NULL));
            sink += decision.chain[0];
        }
        decide[round] = (double)(cpu_ns() - start) / CALLS;
        start = cpu_ns();
        for (int i = 0; i < CALLS; i++) {
            core_complexity complexity;
            require(core_complexity_score(request.text, &complexity));
            sink += complexity.score;
        }
        score[round] = (double)(cpu_ns() - start) / CALLS;
        start = cpu_ns();
        for (int i = 0; i < CALLS; i++) {
            uint64_t count = 0;
            require(core_text_estimate_tokens(request.text, &count));
            sink += count;
        }
        tokens[round] = (double)(cpu_ns() - start) / CALLS;
    }
    printf("{\"text_bytes\": %d, \"candidates\": %d, \"route_decision_ns\": %.0f, "
           "\"complexity_score_ns\": %.0f, \"token_estimate_ns\": %.0f, \"sink\": %" PRIu64 "}\n",
           TEXT_BYTES, CANDIDATES, median(decide), median(score), median(tokens), sink);
    return 0;
}
