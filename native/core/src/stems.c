#include "stems.h"

/* A demanding word nearly always needs a strong model; a thoughtful one counts in numbers. */
#define DEMANDING 60
#define THOUGHTFUL 25

/* English, Italian, Spanish, French and German, sorted by byte. Bytes above 0x7F are octal, so that no
 * compiler's source encoding matters; the word is in the comment. */
static const core__stem stems[] = {
    {"algorith", DEMANDING},
    {"algoritm", DEMANDING},
    {"alternat", THOUGHTFUL},
    {"analisi", THOUGHTFUL},
    {"analiza", THOUGHTFUL},
    {"analizar", THOUGHTFUL},
    {"analizza", THOUGHTFUL},
    {"analyse", THOUGHTFUL},
    {"analyser", THOUGHTFUL},
    {"analysie", THOUGHTFUL},
    {"analysin", THOUGHTFUL},
    {"analysis", THOUGHTFUL},
    {"analyze", THOUGHTFUL},
    {"analyzin", THOUGHTFUL},
    {"approach", THOUGHTFUL},
    {"architec", DEMANDING},
    {"architek", DEMANDING},
    {"architet", DEMANDING},
    {"arquitec", DEMANDING},
    {"asymptot", DEMANDING},
    {"begr\303\274nd", THOUGHTFUL}, /* begründ */
    {"berechne", THOUGHTFUL},
    {"beweis", DEMANDING},
    {"beweise", DEMANDING},
    {"bewerte", THOUGHTFUL},
    {"bewerten", THOUGHTFUL},
    {"calcola", THOUGHTFUL},
    {"calcula", THOUGHTFUL},
    {"calculat", THOUGHTFUL},
    {"calculer", THOUGHTFUL},
    {"compara", THOUGHTFUL},
    {"comparar", THOUGHTFUL},
    {"compare", THOUGHTFUL},
    {"comparer", THOUGHTFUL},
    {"compute", THOUGHTFUL},
    {"concevoi", THOUGHTFUL},
    {"concurre", DEMANDING},
    {"confront", THOUGHTFUL},
    {"contrast", THOUGHTFUL},
    {"critique", THOUGHTFUL},
    {"deadlock", DEMANDING},
    {"debug", DEMANDING},
    {"demostra", DEMANDING},
    {"demuestr", DEMANDING},
    {"derivati", DEMANDING},
    {"derive", DEMANDING},
    {"design", THOUGHTFUL},
    {"diagnose", DEMANDING},
    {"dimostra", DEMANDING},
    {"dise\303\261a", THOUGHTFUL}, /* diseña */
    {"dise\303\261ar", THOUGHTFUL}, /* diseñar */
    {"distribu", DEMANDING},
    {"entwerfe", THOUGHTFUL},
    {"entwirf", THOUGHTFUL},
    {"erkl\303\244re", THOUGHTFUL}, /* erkläre */
    {"estimate", THOUGHTFUL},
    {"estrateg", DEMANDING},
    {"evalua", THOUGHTFUL},
    {"evaluate", THOUGHTFUL},
    {"explain", THOUGHTFUL},
    {"explica", THOUGHTFUL},
    {"explicar", THOUGHTFUL},
    {"explique", THOUGHTFUL},
    {"giustifi", THOUGHTFUL},
    {"how", THOUGHTFUL},
    {"implemen", THOUGHTFUL},
    {"improve", THOUGHTFUL},
    {"justify", THOUGHTFUL},
    {"l\303\266se", THOUGHTFUL}, /* löse */
    {"migratio", DEMANDING},
    {"optimier", DEMANDING},
    {"optimisa", DEMANDING},
    {"optimise", DEMANDING},
    {"optimisi", DEMANDING},
    {"optimiza", DEMANDING},
    {"optimize", DEMANDING},
    {"optimizi", DEMANDING},
    {"ottimizz", DEMANDING},
    {"perche", THOUGHTFUL},
    {"perch\303\251", THOUGHTFUL}, /* perché */
    {"pianific", THOUGHTFUL},
    {"plan", THOUGHTFUL},
    {"planen", THOUGHTFUL},
    {"planific", THOUGHTFUL},
    {"planifie", THOUGHTFUL},
    {"porqu\303\251", THOUGHTFUL}, /* porqué */
    {"pourquoi", THOUGHTFUL},
    {"progetta", THOUGHTFUL},
    {"proof", DEMANDING},
    {"prouve", DEMANDING},
    {"prouver", DEMANDING},
    {"prove", DEMANDING},
    {"reason", THOUGHTFUL},
    {"refactor", DEMANDING},
    {"resuelve", THOUGHTFUL},
    {"review", THOUGHTFUL},
    {"rigorous", DEMANDING},
    {"risolvi", THOUGHTFUL},
    {"r\303\251soudr", THOUGHTFUL}, /* résoudr */
    {"security", DEMANDING},
    {"solve", THOUGHTFUL},
    {"spiega", THOUGHTFUL},
    {"strategi", DEMANDING},
    {"strategy", DEMANDING},
    {"summaris", THOUGHTFUL},
    {"summariz", THOUGHTFUL},
    {"teorema", DEMANDING},
    {"theorem", DEMANDING},
    {"therefor", THOUGHTFUL},
    {"tradeoff", DEMANDING},
    {"valuta", THOUGHTFUL},
    {"vergleic", THOUGHTFUL},
    {"vulnerab", DEMANDING},
    {"warum", THOUGHTFUL},
    {"why", THOUGHTFUL},
    {"\303\251value", THOUGHTFUL}, /* évalue */
    {"\303\251valuer", THOUGHTFUL}, /* évaluer */
};

#define STEM_COUNT (sizeof stems / sizeof stems[0])

_Static_assert(STEM_COUNT <= CORE__STEM_MAX, "a set of stems is a bit set of that size");

/* Written out so that compilers make one load and one byte swap of it. */
uint64_t core__stem_pack(const char *word) {
    const unsigned char *b = (const unsigned char *)word;
    return (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 |
           (uint64_t)b[3] << 32 | (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 |
           (uint64_t)b[6] << 8 | (uint64_t)b[7];
}

int core__stem_find(uint64_t packed) {
    size_t low = 0;
    size_t high = STEM_COUNT;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const uint64_t candidate = core__stem_pack(stems[middle].word);
        if (candidate == packed) {
            return (int)middle;
        }
        if (candidate < packed) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return -1;
}

const core__stem *core__stems(size_t *count) {
    *count = STEM_COUNT;
    return stems;
}
