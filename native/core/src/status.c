#include <convergio/status.h>

#include <stddef.h>

typedef struct status_row {
    core_status status;
    const char *name;
    const char *text;
} status_row;

/* Ascending by number: core_status_at() promises that order. */
static const status_row rows[] = {
    {CORE_OK, "ok", "success"},
    {CORE_ERR_NULL, "argument.null", "a required pointer is NULL; pass a valid one"},
    {CORE_ERR_INVALID, "argument.invalid",
     "a value is outside its documented range; see the function's contract"},
    {CORE_ERR_NO_MEMORY, "memory.exhausted",
     "the caller's allocator refused; free memory or raise its limit"},
    {CORE_ERR_OVERFLOW, "number.overflow",
     "the exact result does not fit its type; use smaller amounts"},
    {CORE_ERR_TOO_LONG, "input.too_long", "the input exceeds its limit; shorten or split it"},
    {CORE_ERR_BUFFER, "buffer.too_small", "the output buffer is too small; pass a larger one"},
    {CORE_ERR_UTF8, "utf8.invalid",
     "the text is not well-formed UTF-8; re-encode it from the given byte offset"},
    {CORE_ERR_NO_CANDIDATES, "route.no_candidates",
     "no model was offered; configure at least one provider"},
    {CORE_ERR_PRIVACY_BLOCKED, "privacy.blocked",
     "only local models are allowed and none is configured; add a local model or relax privacy"},
    {CORE_ERR_OFFLINE_BLOCKED, "offline.blocked",
     "the host is offline and no local model is configured; add one or go online"},
    {CORE_ERR_UNAVAILABLE, "provider.unavailable",
     "every permitted model is unhealthy; retry later or add another provider"},
    {CORE_ERR_BUDGET_EXCEEDED, "budget.exceeded",
     "the call would exceed the budget; raise the limit or use a cheaper or local model"},
    {CORE_ERR_CAPABILITY, "route.capability",
     "no affordable model has the demanded capability; lower the demand or add a model"},
    {CORE_ERR_CONTEXT_WINDOW, "context.too_small",
     "the tokens exceed the context window; shorten the input or use a larger window"},
    {CORE_ERR_HOST_MEMORY, "host.too_small",
     "no model left fits the memory of this host; free memory or use a smaller model"},
    {CORE_ERR_RESERVATION_UNKNOWN, "reservation.unknown",
     "this budget never issued that reservation; pass the value core_budget_reserve gave"},
    {CORE_ERR_RESERVATION_CLOSED, "reservation.closed",
     "the reservation was already settled or released; settle each one once"},
    {CORE_ERR_RETRY_EXHAUSTED, "retry.exhausted",
     "no retries are left; report the last error or fall back to another provider"},
    {CORE_ERR_RETRY_TOO_LATE, "retry.too_late",
     "the server asks for a longer wait than the policy allows; fall back to another provider"},
    {CORE_ERR_PLAN_DUPLICATE_ID, "plan.duplicate_id",
     "two steps have the same id; rename the one at the given index"},
    {CORE_ERR_PLAN_UNKNOWN_DEP, "plan.unknown_dependency",
     "a step waits for an id no step has; correct the one at the given index"},
    {CORE_ERR_PLAN_SELF_EDGE, "plan.self_dependency",
     "a step waits for itself; remove that dependency from the one at the given index"},
    {CORE_ERR_PLAN_CYCLE, "plan.cycle",
     "steps wait for each other in a circle; name it with core_plan_find_cycle and cut one edge"},
};

#define ROW_COUNT ((int)(sizeof rows / sizeof rows[0]))

static const status_row *find(core_status status) {
    for (int i = 0; i < ROW_COUNT; i++) {
        if (rows[i].status == status) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *core_status_name(core_status status) {
    const status_row *row = find(status);
    return row == NULL ? "unknown" : row->name;
}

const char *core_status_text(core_status status) {
    const status_row *row = find(status);
    return row == NULL ? "a status this version does not know; compare core_abi_version()" : row->text;
}

int core_status_count(void) {
    return ROW_COUNT;
}

core_status core_status_at(int index, core_status *out) {
    if (out == NULL) {
        return CORE_ERR_NULL;
    }
    if (index < 0 || index >= ROW_COUNT) {
        return CORE_ERR_INVALID;
    }
    *out = rows[index].status;
    return CORE_OK;
}
