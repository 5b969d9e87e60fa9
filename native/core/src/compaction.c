#include <convergio/compaction.h>

#include "internal.h"

core_status core_compaction_config_init(uint64_t context_window, uint64_t reserved_output,
                                        core_compaction_config *out) {
    if (out == NULL) {
        return CORE_ERR_NULL;
    }
    *out = (core_compaction_config){
        .context_window = context_window,
        .reserved_output = reserved_output,
        .trigger_permille = 800,
        .target_permille = 500,
    };
    return CORE_OK;
}

static bool config_valid(const core_compaction_config *config) {
    return config->context_window > 0 && config->reserved_output < config->context_window &&
           config->target_permille > 0 && config->target_permille <= config->trigger_permille &&
           config->trigger_permille <= 1000;
}

/* Index of the first message of the unit that ends at `last`: its tool answers lead back to the
 * assistant message they belong to. Tool messages without one form a unit of their own. */
static size_t unit_start(const core_message *messages, size_t last) {
    size_t first = last;
    while (first > 0 && messages[first].role == CORE_ROLE_TOOL) {
        const core_role before = messages[first - 1].role;
        if (before != CORE_ROLE_TOOL && before != CORE_ROLE_ASSISTANT) {
            break;
        }
        first--;
    }
    return first;
}

static bool unit_is_fixed(const core_message *messages, size_t first, size_t last) {
    for (size_t i = first; i <= last; i++) {
        if (messages[i].role == CORE_ROLE_SYSTEM || messages[i].pinned) {
            return true;
        }
    }
    return false;
}

static uint64_t unit_tokens(const core_message *messages, size_t first, size_t last) {
    uint64_t sum = 0;
    for (size_t i = first; i <= last; i++) {
        sum += messages[i].tokens; /* the grand total was checked for overflow before */
    }
    return sum;
}

static core_status check(const core_message *messages, size_t count, uint64_t *total,
                         core_error *err) {
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if ((int)messages[i].role < CORE_ROLE_SYSTEM || (int)messages[i].role > CORE_ROLE_TOOL) {
            return core__fail(err, CORE_ERR_INVALID, i);
        }
        if (messages[i].tokens > UINT64_MAX - sum) {
            return core__fail(err, CORE_ERR_OVERFLOW, i);
        }
        sum += messages[i].tokens;
    }
    *total = sum;
    return CORE_OK;
}

/* What is always kept: units with a system or pinned message, and the newest unit that is neither. */
typedef struct must_keep {
    uint64_t tokens;
    size_t newest_end;   /* one past the last message of the newest ordinary unit; 0 = none */
    size_t newest_start;
} must_keep;

static must_keep find_must_keep(const core_message *messages, size_t count) {
    must_keep must = {0, 0, 0};
    for (size_t end = count; end > 0;) {
        const size_t first = unit_start(messages, end - 1);
        const bool fixed = unit_is_fixed(messages, first, end - 1);
        if (fixed || must.newest_end == 0) {
            must.tokens += unit_tokens(messages, first, end - 1);
        }
        if (!fixed && must.newest_end == 0) {
            must.newest_end = end;
            must.newest_start = first;
        }
        end = first;
    }
    return must;
}

core_status core_compaction_decide(const core_compaction_config *config,
                                   const core_message *messages, size_t count, bool *keep,
                                   core_compaction *out, core_error *err) {
    if (config == NULL || out == NULL || (count > 0 && (messages == NULL || keep == NULL))) {
        return core__fail(err, CORE_ERR_NULL, 0);
    }
    if (!config_valid(config)) {
        return core__fail(err, CORE_ERR_INVALID, count);
    }
    uint64_t total = 0;
    const core_status status = check(messages, count, &total, err);
    if (status != CORE_OK) {
        return status;
    }
    const uint64_t usable = config->context_window - config->reserved_output;
    core_compaction result = {
        .needed = total > core__share(usable, config->trigger_permille),
        .tokens_before = total,
        .tokens_kept = total,
        .kept = count,
    };
    if (!result.needed) {
        for (size_t i = 0; i < count; i++) {
            keep[i] = true;
        }
        *out = result;
        return CORE_OK;
    }

    const must_keep must = find_must_keep(messages, count);
    if (must.tokens > usable) {
        return core__fail(err, CORE_ERR_CONTEXT_WINDOW, must.newest_start);
    }
    const uint64_t target = core__share(usable, config->target_permille);
    result.tokens_kept = must.tokens;
    result.kept = 0;
    bool gap = false; /* once an ordinary unit did not fit, no older one is kept */
    for (size_t end = count; end > 0;) {
        const size_t first = unit_start(messages, end - 1);
        bool kept = unit_is_fixed(messages, first, end - 1) || end == must.newest_end;
        if (!kept && !gap) {
            const uint64_t tokens = unit_tokens(messages, first, end - 1);
            kept = result.tokens_kept <= target && tokens <= target - result.tokens_kept;
            gap = !kept;
            result.tokens_kept += kept ? tokens : 0;
        }
        for (size_t i = first; i < end; i++) {
            keep[i] = kept;
        }
        result.kept += kept ? end - first : 0;
        end = first;
    }
    result.compacted = count - result.kept;
    if (result.compacted > 0 && result.tokens_kept < target) {
        result.summary_tokens = target - result.tokens_kept;
    }
    *out = result;
    return CORE_OK;
}
