/* lib/sigma/groups.c — groups in a chained table, and in a list by last touch: the oldest makes room. */
#include "correlate.h"

#include <stdlib.h>

#define BYTES_MOST ((size_t)256 << 20) /* of all windows together */

bool jw_groups_new(struct jw_correlator *c, uint32_t most) {
    uint32_t slots = 64;
    c->most = most;
    while (slots < most + most / 2)
        slots *= 2;
    c->mask = slots - 1;
    c->groups = calloc(most, sizeof *c->groups);
    c->links = calloc(most, sizeof *c->links);
    c->table = calloc(slots, sizeof *c->table);
    return c->groups && c->links && c->table;
}

void jw_groups_free(struct jw_correlator *c) {
    for (uint32_t i = 0; c->groups && i < c->used; i++)
        jw_window_clear(&c->groups[i].window);
    free(c->groups);
    free(c->links);
    free(c->table);
}

static uint32_t slot_of(const struct jw_correlator *c, uint32_t correlation, const uint64_t key[2]) {
    return (uint32_t)(key[0] + correlation * UINT64_C(0x9E3779B97F4A7C15)) & c->mask;
}

static void unlist(struct jw_correlator *c, uint32_t at) {
    struct jw_link link = c->links[at - 1];
    *(link.older ? &c->links[link.older - 1].newer : &c->oldest) = link.newer;
    *(link.newer ? &c->links[link.newer - 1].older : &c->newest) = link.older;
}

static void list_newest(struct jw_correlator *c, uint32_t at) {
    c->links[at - 1] = (struct jw_link){.older = c->newest};
    *(c->newest ? &c->links[c->newest - 1].newer : &c->oldest) = at;
    c->newest = at;
}

void jw_groups_drop(struct jw_correlator *c, struct jw_group *g) {
    uint32_t at = (uint32_t)(g - c->groups) + 1;
    uint32_t *link = &c->table[slot_of(c, g->correlation, g->key)];
    while (*link != at)
        link = &c->groups[*link - 1].next;
    *link = g->next;
    unlist(c, at);
    c->counts.bytes -= jw_window_bytes(&g->window);
    jw_window_clear(&g->window);
    *g = (struct jw_group){.next = c->free_list};
    c->free_list = at;
    c->counts.groups--;
}

/* Nobody misses a group that nothing touched for as long as its entries count. */
static void evict(struct jw_correlator *c, int64_t now) {
    struct jw_group *g = &c->groups[c->oldest - 1];
    int64_t span = c->set->rules[g->correlation]->correlation.span_ns;
    if (now < g->touched || (uint64_t)now - (uint64_t)g->touched <= 2 * (uint64_t)span)
        c->counts.evictions++;
    jw_groups_drop(c, g);
}

struct jw_group *jw_groups_find(struct jw_correlator *c, uint32_t correlation, const uint64_t key[2], int64_t now) {
    uint32_t slot = slot_of(c, correlation, key);
    for (uint32_t i = c->table[slot]; i; i = c->groups[i - 1].next) {
        struct jw_group *g = &c->groups[i - 1];
        if (g->key[0] != key[0] || g->key[1] != key[1] || g->correlation != correlation)
            continue;
        if (c->newest != i) {
            unlist(c, i);
            list_newest(c, i);
        }
        g->touched = now;
        return g;
    }
    if (c->used == c->most && !c->free_list)
        evict(c, now);
    uint32_t at = c->free_list ? c->free_list : ++c->used;
    struct jw_group *g = &c->groups[at - 1];
    if (c->free_list)
        c->free_list = g->next;
    *g = (struct jw_group){
        .key = {key[0], key[1]}, .correlation = correlation, .next = c->table[slot], .touched = now};
    jw_window_init(&g->window);
    c->table[slot] = at;
    list_newest(c, at);
    c->counts.groups++;
    return g;
}

void jw_groups_fit(struct jw_correlator *c, int64_t now) {
    while (c->counts.bytes > BYTES_MOST && c->oldest != c->newest)
        evict(c, now);
}
