#include <convergio/budget.h>

#include <convergio/edition.h>

#include "internal.h"

/* A reservation is slot index + 1 in the low half and the slot's generation in the high half. A slot
 * is reused with the next generation, so that a closed reservation is told from an open one, and from
 * one never issued, without keeping history. */
typedef struct slot {
    int64_t amount;
    uint32_t generation; /* of the newest reservation in this slot; >= 1 once used */
    uint32_t next_free;  /* index of the next free slot, NO_SLOT at the end */
    bool open;
} slot;

#define NO_SLOT UINT32_MAX
#define FIRST_SLOTS 16u

struct core_budget {
    core_allocator allocator;
    core_budget_config config; /* spent is only its start value */
    int64_t block_at;          /* most that may be committed: floor(limit * block / 1000) */
    int64_t spent;
    int64_t reserved;
    core_budget_level highest; /* reached in this period */
    slot *slots;
    uint32_t slot_count;
    uint32_t first_free;
    uint32_t open;
};

core_status core_budget_config_init(core_budget_config *out) {
    if (out == NULL) {
        return CORE_ERR_NULL;
    }
    const core_edition_profile *profile = NULL;
    const core_status status = core_edition_profile_of(core_edition_current(), &profile);
    if (status != CORE_OK) {
        return status;
    }
    *out = (core_budget_config){
        .alert_permille = profile->alert_permille,
        .cheaper_permille = 900,
        .block_permille = 1000,
        .max_open = 4096,
    };
    return CORE_OK;
}

static bool config_valid(const core_budget_config *config) {
    return config->limit >= 0 && config->spent >= 0 && config->alert_permille > 0 &&
           config->alert_permille <= config->cheaper_permille &&
           config->cheaper_permille <= config->block_permille && config->block_permille <= 1000 &&
           config->max_open > 0 && config->max_open < NO_SLOT;
}

static int64_t share_floor(int64_t limit, uint16_t permille) {
    return (int64_t)core__share((uint64_t)limit, permille);
}

/* committed / limit >= permille / 1000, exactly: committed >= ceil(limit * permille / 1000). */
static bool reached(int64_t committed, int64_t limit, uint16_t permille) {
    const int64_t whole = share_floor(limit, permille);
    const bool exact = limit % 1000 * permille % 1000 == 0;
    return exact ? committed >= whole : committed > whole;
}

/* Saturates: spent may be anything the provider charged. */
static int64_t committed(const core_budget *budget) {
    return budget->spent > INT64_MAX - budget->reserved ? INT64_MAX
                                                        : budget->spent + budget->reserved;
}

static core_budget_level level_of(const core_budget *budget) {
    const core_budget_config *config = &budget->config;
    const int64_t used = committed(budget);
    if (used >= budget->block_at) {
        return CORE_BUDGET_BLOCKED;
    }
    if (reached(used, config->limit, config->cheaper_permille)) {
        return CORE_BUDGET_CHEAPER;
    }
    return reached(used, config->limit, config->alert_permille) ? CORE_BUDGET_ALERT
                                                                : CORE_BUDGET_NORMAL;
}

/* Notes the level after a change; a level counts as reached when it or a higher one first is. */
static void note_change(core_budget *budget, core_budget_change *change) {
    const core_budget_level level = level_of(budget);
    const bool first = level > budget->highest;
    if (first) {
        budget->highest = level;
    }
    if (change != NULL) {
        *change = (core_budget_change){.level = level, .first_reached = first};
    }
}

core_status core_budget_new(const core_allocator *allocator, const core_budget_config *config,
                            core_budget **out) {
    if (!core__allocator_valid(allocator) || config == NULL || out == NULL) {
        return CORE_ERR_NULL;
    }
    if (!config_valid(config)) {
        return CORE_ERR_INVALID;
    }
    core_budget *budget = core__alloc_array(allocator, 1, sizeof *budget);
    if (budget == NULL) {
        return CORE_ERR_NO_MEMORY;
    }
    *budget = (core_budget){
        .allocator = *allocator,
        .config = *config,
        .block_at = share_floor(config->limit, config->block_permille),
        .spent = config->spent,
        .first_free = NO_SLOT,
    };
    budget->highest = level_of(budget); /* notified before the restart */
    *out = budget;
    return CORE_OK;
}

void core_budget_free(core_budget *budget) {
    if (budget == NULL) {
        return;
    }
    const core_allocator allocator = budget->allocator;
    core__free_array(&allocator, budget->slots, budget->slot_count, sizeof *budget->slots);
    core__free_array(&allocator, budget, 1, sizeof *budget);
}

/* Doubles the slots and chains the new ones, lowest first, before the (empty) free list. */
static core_status grow(core_budget *budget) {
    const uint32_t old = budget->slot_count;
    const uint32_t wanted = old == 0 ? FIRST_SLOTS : old * 2;
    const core_allocator *allocator = &budget->allocator;
    if (old > NO_SLOT / 2) {
        return CORE_ERR_NO_MEMORY;
    }
    slot *slots = old == 0 ? core__alloc_array(allocator, wanted, sizeof *slots)
                           : core__realloc_array(allocator, budget->slots, old, wanted,
                                                 sizeof *slots);
    if (slots == NULL) {
        return CORE_ERR_NO_MEMORY;
    }
    for (uint32_t i = old; i < wanted; i++) {
        slots[i] = (slot){.next_free = i + 1 < wanted ? i + 1 : NO_SLOT};
    }
    budget->slots = slots;
    budget->slot_count = wanted;
    budget->first_free = old;
    return CORE_OK;
}

core_status core_budget_reserve(core_budget *budget, int64_t amount, core_reservation *out,
                                core_budget_change *change) {
    if (budget == NULL || out == NULL) {
        return CORE_ERR_NULL;
    }
    if (amount < 0) {
        return CORE_ERR_INVALID;
    }
    const int64_t used = committed(budget);
    if (amount > 0 && (used > budget->block_at || amount > budget->block_at - used)) {
        return CORE_ERR_BUDGET_EXCEEDED;
    }
    if (budget->open == budget->config.max_open) {
        return CORE_ERR_TOO_LONG;
    }
    if (budget->first_free == NO_SLOT) {
        const core_status status = grow(budget);
        if (status != CORE_OK) {
            return status;
        }
    }
    const uint32_t index = budget->first_free;
    slot *const taken = &budget->slots[index];
    budget->first_free = taken->next_free;
    taken->amount = amount;
    taken->generation++;
    taken->open = true;
    budget->reserved += amount;
    budget->open++;
    *out = (uint64_t)taken->generation << 32 | ((uint64_t)index + 1);
    note_change(budget, change);
    return CORE_OK;
}

static core_status find_open(core_budget *budget, core_reservation reservation, slot **out) {
    const uint64_t number = reservation & UINT32_MAX;
    const uint32_t generation = (uint32_t)(reservation >> 32);
    if (number == 0 || number > budget->slot_count || generation == 0) {
        return CORE_ERR_RESERVATION_UNKNOWN;
    }
    slot *const found = &budget->slots[number - 1];
    if (generation > found->generation) {
        return CORE_ERR_RESERVATION_UNKNOWN;
    }
    if (generation < found->generation || !found->open) {
        return CORE_ERR_RESERVATION_CLOSED;
    }
    *out = found;
    return CORE_OK;
}

static void close_slot(core_budget *budget, slot *closing) {
    budget->reserved -= closing->amount;
    budget->open--;
    closing->open = false;
    /* A slot whose generations are used up is retired: its numbers must never come again. */
    if (closing->generation != UINT32_MAX) {
        closing->next_free = budget->first_free;
        budget->first_free = (uint32_t)(closing - budget->slots);
    }
}

core_status core_budget_settle(core_budget *budget, core_reservation reservation, int64_t actual,
                               core_budget_change *change) {
    if (budget == NULL) {
        return CORE_ERR_NULL;
    }
    if (actual < 0) {
        return CORE_ERR_INVALID;
    }
    slot *found = NULL;
    const core_status status = find_open(budget, reservation, &found);
    if (status != CORE_OK) {
        return status;
    }
    if (actual > INT64_MAX - budget->spent) {
        return CORE_ERR_OVERFLOW;
    }
    budget->spent += actual;
    close_slot(budget, found);
    note_change(budget, change);
    return CORE_OK;
}

core_status core_budget_release(core_budget *budget, core_reservation reservation,
                                core_budget_change *change) {
    return core_budget_settle(budget, reservation, 0, change);
}

core_status core_budget_begin_period(core_budget *budget, int64_t limit) {
    if (budget == NULL) {
        return CORE_ERR_NULL;
    }
    if (limit < 0) {
        return CORE_ERR_INVALID;
    }
    budget->config.limit = limit;
    budget->block_at = share_floor(limit, budget->config.block_permille);
    budget->spent = 0;
    budget->highest = CORE_BUDGET_NORMAL;
    return CORE_OK;
}

core_status core_budget_read(const core_budget *budget, core_budget_state *out) {
    if (budget == NULL || out == NULL) {
        return CORE_ERR_NULL;
    }
    const int64_t used = committed(budget);
    *out = (core_budget_state){
        .limit = budget->config.limit,
        .spent = budget->spent,
        .reserved = budget->reserved,
        .left = used < budget->block_at ? budget->block_at - used : 0,
        .level = level_of(budget),
        .open = budget->open,
    };
    return CORE_OK;
}

const char *core_budget_level_name(core_budget_level level) {
    switch (level) {
    case CORE_BUDGET_NORMAL:
        return "normal";
    case CORE_BUDGET_ALERT:
        return "alert";
    case CORE_BUDGET_CHEAPER:
        return "cheaper";
    case CORE_BUDGET_BLOCKED:
        return "blocked";
    }
    return "unknown";
}
