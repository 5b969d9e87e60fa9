#include "stems.h"

/* A demanding word nearly always needs a strong model; a thoughtful one counts in numbers. */
#define DEMANDING 60
#define THOUGHTFUL 25

/* English, Italian, Spanish, French and German, in alphabetical order; bytes above 0x7F are octal, so that
 * no compiler's source encoding matters, with the word in a comment. The numbers place each word in an
 * open-addressing hash table: its slot is core__stem_slot() of it, or the next free one. A word is added
 * with any free number; test_complexity then says which it should be, and the compiler refuses a slot
 * given twice. */
static const core__stem stems[CORE__STEM_SLOTS] = {
    [209] = {"algorith", DEMANDING},
    [255] = {"algoritm", DEMANDING},
    [458] = {"alternat", THOUGHTFUL},
    [365] = {"analisi", THOUGHTFUL},
    [158] = {"analiza", THOUGHTFUL},
    [391] = {"analizar", THOUGHTFUL},
    [346] = {"analizza", THOUGHTFUL},
    [225] = {"analyse", THOUGHTFUL},
    [459] = {"analyser", THOUGHTFUL},
    [373] = {"analysie", THOUGHTFUL},
    [149] = {"analysin", THOUGHTFUL},
    [195] = {"analysis", THOUGHTFUL},
    [394] = {"analyze", THOUGHTFUL},
    [317] = {"analyzin", THOUGHTFUL},
    [407] = {"approach", THOUGHTFUL},
    [20] = {"architec", DEMANDING},
    [504] = {"architek", DEMANDING},
    [280] = {"architet", DEMANDING},
    [295] = {"arquitec", DEMANDING},
    [80] = {"asymptot", DEMANDING},
    [499] = {"begr\303\274nd", THOUGHTFUL}, /* begründ */
    [423] = {"berechne", THOUGHTFUL},
    [307] = {"beweis", DEMANDING},
    [249] = {"beweise", DEMANDING},
    [248] = {"bewerte", THOUGHTFUL},
    [239] = {"bewerten", THOUGHTFUL},
    [301] = {"calcola", THOUGHTFUL},
    [479] = {"calcula", THOUGHTFUL},
    [321] = {"calculat", THOUGHTFUL},
    [132] = {"calculer", THOUGHTFUL},
    [428] = {"compara", THOUGHTFUL},
    [150] = {"comparar", THOUGHTFUL},
    [360] = {"compare", THOUGHTFUL},
    [82] = {"comparer", THOUGHTFUL},
    [75] = {"compute", THOUGHTFUL},
    [200] = {"concevoi", THOUGHTFUL},
    [134] = {"concurre", DEMANDING},
    [285] = {"confront", THOUGHTFUL},
    [483] = {"contrast", THOUGHTFUL},
    [99] = {"critique", THOUGHTFUL},
    [369] = {"deadlock", DEMANDING},
    [246] = {"debug", DEMANDING},
    [103] = {"demostra", DEMANDING},
    [259] = {"demuestr", DEMANDING},
    [97] = {"derivati", DEMANDING},
    [31] = {"derive", DEMANDING},
    [390] = {"design", THOUGHTFUL},
    [184] = {"diagnose", DEMANDING},
    [72] = {"dimostra", DEMANDING},
    [130] = {"dise\303\261a", THOUGHTFUL}, /* diseña */
    [363] = {"dise\303\261ar", THOUGHTFUL}, /* diseñar */
    [159] = {"distribu", DEMANDING},
    [224] = {"entwerfe", THOUGHTFUL},
    [468] = {"entwirf", THOUGHTFUL},
    [397] = {"erkl\303\244re", THOUGHTFUL}, /* erkläre */
    [331] = {"estimate", THOUGHTFUL},
    [228] = {"estrateg", DEMANDING},
    [155] = {"evalua", THOUGHTFUL},
    [441] = {"evaluate", THOUGHTFUL},
    [402] = {"explain", THOUGHTFUL},
    [467] = {"explica", THOUGHTFUL},
    [188] = {"explicar", THOUGHTFUL},
    [166] = {"explique", THOUGHTFUL},
    [277] = {"giustifi", THOUGHTFUL},
    [489] = {"how", THOUGHTFUL},
    [315] = {"implemen", THOUGHTFUL},
    [73] = {"improve", THOUGHTFUL},
    [177] = {"justify", THOUGHTFUL},
    [355] = {"l\303\266se", THOUGHTFUL}, /* löse */
    [145] = {"migratio", DEMANDING},
    [308] = {"optimier", DEMANDING},
    [65] = {"optimisa", DEMANDING},
    [309] = {"optimise", DEMANDING},
    [37] = {"optimisi", DEMANDING},
    [330] = {"optimiza", DEMANDING},
    [60] = {"optimize", DEMANDING},
    [302] = {"optimizi", DEMANDING},
    [18] = {"ottimizz", DEMANDING},
    [470] = {"perche", THOUGHTFUL},
    [121] = {"perch\303\251", THOUGHTFUL}, /* perché */
    [266] = {"pianific", THOUGHTFUL},
    [231] = {"plan", THOUGHTFUL},
    [481] = {"planen", THOUGHTFUL},
    [498] = {"planific", THOUGHTFUL},
    [107] = {"planifie", THOUGHTFUL},
    [238] = {"porqu\303\251", THOUGHTFUL}, /* porqué */
    [88] = {"pourquoi", THOUGHTFUL},
    [196] = {"progetta", THOUGHTFUL},
    [430] = {"proof", DEMANDING},
    [226] = {"prouve", DEMANDING},
    [74] = {"prouver", DEMANDING},
    [305] = {"prove", DEMANDING},
    [227] = {"reason", THOUGHTFUL},
    [316] = {"refactor", DEMANDING},
    [241] = {"resuelve", THOUGHTFUL},
    [314] = {"review", THOUGHTFUL},
    [111] = {"rigorous", DEMANDING},
    [7] = {"risolvi", THOUGHTFUL},
    [210] = {"r\303\251soudr", THOUGHTFUL}, /* résoudr */
    [418] = {"security", DEMANDING},
    [264] = {"solve", THOUGHTFUL},
    [125] = {"spiega", THOUGHTFUL},
    [179] = {"strategi", DEMANDING},
    [122] = {"strategy", DEMANDING},
    [191] = {"summaris", THOUGHTFUL},
    [358] = {"summariz", THOUGHTFUL},
    [247] = {"teorema", DEMANDING},
    [384] = {"theorem", DEMANDING},
    [96] = {"therefor", THOUGHTFUL},
    [421] = {"tradeoff", DEMANDING},
    [240] = {"valuta", THOUGHTFUL},
    [123] = {"vergleic", THOUGHTFUL},
    [250] = {"vulnerab", DEMANDING},
    [52] = {"warum", THOUGHTFUL},
    [192] = {"why", THOUGHTFUL},
    [127] = {"\303\251value", THOUGHTFUL}, /* évalue */
    [361] = {"\303\251valuer", THOUGHTFUL}, /* évaluer */
};

/* Fibonacci hashing (Knuth, TAOCP volume 3, 6.4): the top 9 bits of a product with 2^64 / phi. */
unsigned core__stem_slot(uint64_t packed) {
    return (unsigned)(packed * UINT64_C(0x9E3779B97F4A7C15) >> 55);
}

int core__stem_find(uint64_t packed) {
    unsigned slot = core__stem_slot(packed);
    while (stems[slot].points != 0) {
        if (core__stem_pack(stems[slot].word) == packed) {
            return (int)slot;
        }
        slot = (slot + 1) % CORE__STEM_SLOTS;
    }
    return -1;
}

const core__stem *core__stem_at(unsigned slot) {
    return &stems[slot];
}
