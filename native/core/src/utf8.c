#include "utf8.h"

#include <string.h>

size_t core__ascii_prefix(const char *bytes, size_t len) {
    size_t at = 0;
    while (len - at >= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes + at, sizeof word);
        if ((word & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
        at += sizeof word;
    }
    while (at < len && (unsigned char)bytes[at] < 0x80u) {
        at++;
    }
    return at;
}

static bool in_range(unsigned char byte, unsigned char low, unsigned char high) {
    return byte >= low && byte <= high;
}

core__code_point core__utf8_decode(const char *bytes, size_t len) {
    const core__code_point ill_formed = {0, 1, false};
    const unsigned char lead = (unsigned char)bytes[0];
    if (lead < 0x80u) {
        return (core__code_point){lead, 1, true};
    }
    size_t need;
    uint32_t value;
    /* The second byte alone rules out overlong forms, surrogates and values above U+10FFFF. */
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (in_range(lead, 0xC2, 0xDF)) {
        need = 2;
        value = lead & 0x1Fu;
    } else if (in_range(lead, 0xE0, 0xEF)) {
        need = 3;
        value = lead & 0x0Fu;
        low = lead == 0xE0 ? 0xA0 : low;
        high = lead == 0xED ? 0x9F : high;
    } else if (in_range(lead, 0xF0, 0xF4)) {
        need = 4;
        value = lead & 0x07u;
        low = lead == 0xF0 ? 0x90 : low;
        high = lead == 0xF4 ? 0x8F : high;
    } else {
        return ill_formed;
    }
    if (len < need || !in_range((unsigned char)bytes[1], low, high)) {
        return ill_formed;
    }
    for (size_t i = 1; i < need; i++) {
        const unsigned char next = (unsigned char)bytes[i];
        if (!in_range(next, 0x80, 0xBF)) {
            return ill_formed;
        }
        value = value << 6 | (next & 0x3Fu);
    }
    return (core__code_point){value, need, true};
}
