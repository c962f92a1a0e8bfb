/* lib/sigma/tally.c — counting values: open addressing with linear probing, never more than 3/4 full. */
#include "window.h"

#include <stdlib.h>

/* Values are keyed hashes or small numbers we chose: one multiplication spreads them. */
static uint32_t place(const struct jw_tally *tally, int64_t value) {
    return (uint32_t)((uint64_t)value * UINT64_C(0x9E3779B97F4A7C15) >> 40) & (tally->room - 1);
}

static struct jw_tally_slot *slot_of(const struct jw_tally *tally, int64_t value) {
    uint32_t at = place(tally, value);
    while (tally->slots[at].count && tally->slots[at].value != value)
        at = (at + 1) & (tally->room - 1);
    return &tally->slots[at];
}

static bool grow(struct jw_tally *tally) {
    struct jw_tally bigger = {.used = tally->used, .room = tally->room ? tally->room * 2 : 4};
    bigger.slots = calloc(bigger.room, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (uint32_t i = 0; i < tally->room; i++)
        if (tally->slots[i].count)
            *slot_of(&bigger, tally->slots[i].value) = tally->slots[i];
    free(tally->slots);
    *tally = bigger;
    return true;
}

bool jw_tally_add(struct jw_tally *tally, int64_t value) {
    if (tally->used + 1 > tally->room / 4 * 3 && !grow(tally))
        return false;
    struct jw_tally_slot *slot = slot_of(tally, value);
    tally->used += slot->count == 0;
    slot->value = value;
    slot->count++;
    return true;
}

/* Values behind the freed slot move up, so that no search meets a hole it should not. */
static void close_hole(struct jw_tally *tally, uint32_t hole) {
    uint32_t mask = tally->room - 1;
    for (uint32_t at = (hole + 1) & mask; tally->slots[at].count; at = (at + 1) & mask) {
        uint32_t wanted = place(tally, tally->slots[at].value);
        if (((at - wanted) & mask) >= ((at - hole) & mask)) {
            tally->slots[hole] = tally->slots[at];
            tally->slots[at].count = 0;
            hole = at;
        }
    }
}

void jw_tally_take(struct jw_tally *tally, int64_t value) {
    struct jw_tally_slot *slot = slot_of(tally, value);
    if (--slot->count)
        return;
    tally->used--;
    close_hole(tally, (uint32_t)(slot - tally->slots));
}

uint32_t jw_tally_get(const struct jw_tally *tally, int64_t value) {
    return tally->room ? slot_of(tally, value)->count : 0;
}

void jw_tally_empty(struct jw_tally *tally) {
    if (tally->used)
        memset(tally->slots, 0, tally->room * sizeof *tally->slots);
    tally->used = 0;
}

void jw_tally_clear(struct jw_tally *tally) {
    free(tally->slots);
    *tally = (struct jw_tally){0};
}
