/* Runs a fuzz target over a seed corpus and over mutations of each seed. Deterministic: the same corpus
 * gives the same inputs on every machine. Usage: fuzz_NAME CORPUS_DIR */
#include "fuzz.h"

#include <dirent.h>

#define MAX_INPUT 65536u
#define MUTATIONS_PER_SEED 3000u

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* The input in a block of exactly its size, so that a read past it is seen. */
static void run_one(const uint8_t *bytes, size_t size) {
    uint8_t *exact = malloc(size == 0 ? 1 : size);
    if (exact == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    memcpy(exact, bytes, size);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

/* Flips, sets, cuts, repeats or inserts; one to eight of them. */
static size_t mutate(uint8_t *bytes, size_t size, uint64_t *random) {
    for (uint64_t n = next_random(random) % 8 + 1; n > 0; n--) {
        const uint64_t r = next_random(random);
        const size_t at = size == 0 ? 0 : (size_t)(r >> 16) % size;
        switch (r % 5) {
        case 0:
            if (size > 0) {
                bytes[at] = (uint8_t)(bytes[at] ^ 1u << (r >> 8) % 8);
            }
            break;
        case 1:
            if (size > 0) {
                bytes[at] = (uint8_t)(r >> 8);
            }
            break;
        case 2:
            size = at;
            break;
        case 3:
            if (size - at <= MAX_INPUT - size) {
                memcpy(bytes + size, bytes + at, size - at);
                size += size - at;
            }
            break;
        default:
            if (size < MAX_INPUT) {
                memmove(bytes + at + 1, bytes + at, size - at);
                bytes[at] = (uint8_t)(r >> 8);
                size++;
            }
            break;
        }
    }
    return size;
}

static void replay_file(const char *path) {
    static uint8_t seed[MAX_INPUT];
    static uint8_t mutated[MAX_INPUT];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    const size_t size = fread(seed, 1, sizeof seed, file);
    if (ferror(file) != 0 || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    run_one(seed, size);
    uint64_t random = UINT64_C(88172645463325252);
    for (unsigned i = 0; i < MUTATIONS_PER_SEED; i++) {
        memcpy(mutated, seed, size);
        run_one(mutated, mutate(mutated, size, &random));
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS_DIR\n", argv[0]);
        return 2;
    }
    DIR *corpus = opendir(argv[1]);
    if (corpus == NULL) {
        perror(argv[1]);
        return 1;
    }
    unsigned seeds = 0;
    for (struct dirent *entry = readdir(corpus); entry != NULL; entry = readdir(corpus)) {
        char path[4096];
        if (entry->d_name[0] == '.') {
            continue;
        }
        const int len = snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        if (len < 0 || (size_t)len >= sizeof path) {
            fprintf(stderr, "%s: path too long\n", entry->d_name);
            return 1;
        }
        replay_file(path);
        seeds++;
    }
    (void)closedir(corpus);
    if (seeds == 0) {
        fprintf(stderr, "%s: no seeds\n", argv[1]);
        return 1;
    }
    printf("%s: %u seeds, %u inputs\n", argv[1], seeds, seeds * (MUTATIONS_PER_SEED + 1));
    return 0;
}
