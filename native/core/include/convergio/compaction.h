/* When a conversation grows towards its context window: what to keep, what to summarise away.
 * Decides only; the caller writes the summary and puts it in place of what is not kept. */
#ifndef CONVERGIO_CORE_COMPACTION_H
#define CONVERGIO_CORE_COMPACTION_H

#include <convergio/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum core_role {
    CORE_ROLE_SYSTEM = 0, /* always kept */
    CORE_ROLE_USER = 1,
    CORE_ROLE_ASSISTANT = 2,
    CORE_ROLE_TOOL = 3 /* answers the nearest ASSISTANT before it; kept or compacted with it */
} core_role;

typedef struct core_message {
    core_role role;
    bool pinned;     /* always kept (together with the tool answers it belongs to) */
    uint64_t tokens; /* estimated */
} core_message;

typedef struct core_compaction_config {
    uint64_t context_window;   /* tokens, > 0 */
    uint64_t reserved_output;  /* tokens kept free for the answer, < context_window */
    uint16_t trigger_permille; /* compact when used tokens exceed this share of the usable window */
    uint16_t target_permille;  /* and shrink to at most this share; 0 < target <= trigger <= 1000 */
} core_compaction_config;

typedef struct core_compaction {
    bool needed;             /* false: everything is kept */
    uint64_t tokens_before;
    uint64_t tokens_kept;
    uint64_t summary_tokens; /* room for the summary: target - kept, 0 when nothing is compacted */
    size_t kept;             /* messages kept */
    size_t compacted;        /* messages to summarise */
} core_compaction;

/* trigger 800, target 500; window and reserve are the caller's. CORE_ERR_NULL. */
CORE_API core_status core_compaction_config_init(uint64_t context_window, uint64_t reserved_output,
                                                 core_compaction_config *out);

/* Decides for `count` messages, oldest first. `keep[i]` becomes true for messages to keep.
 * usable = context_window - reserved_output. Compaction is needed when the sum of tokens exceeds
 * usable * trigger / 1000. Then always kept are: units with a system or pinned message, and
 * the newest unit that is neither; after them older units, newest first and without gaps, while the sum
 * stays within usable * target / 1000. A unit is one message, or an assistant message with the tool messages that
 * follow it. The order of messages is never changed. O(count), allocates nothing.
 * count 0 is valid (`messages` and `keep` may then be NULL).
 * CORE_ERR_NULL; CORE_ERR_INVALID (offset = message index, or `count` for the configuration);
 * CORE_ERR_OVERFLOW; CORE_ERR_CONTEXT_WINDOW when what must be kept exceeds `usable` (offset = index
 * of the newest unit): shorten the newest message. */
CORE_API core_status core_compaction_decide(const core_compaction_config *config,
                                            const core_message *messages, size_t count, bool *keep,
                                            core_compaction *out, core_error *err);

#ifdef __cplusplus
}
#endif
#endif
