/* lib/sigma/correlate.h — the inside of a correlator, shared by what takes events and what saves it. */
#pragma once
#include "set.h"
#include "window.h"

struct jw_group {
    uint64_t key[2];      /* keyed hashes of the values: chosen by peers, so 128 bits of SipHash */
    uint32_t correlation; /* number of the rule */
    uint32_t next;        /* of its chain, + 1 */
    int64_t touched;      /* arrival of its newest event */
    struct jw_window window;
};

/* Neighbours by last touch, + 1. Apart from the groups: moving one to the front touches three. */
struct jw_link {
    uint32_t older, newer;
};

/* The names a field may have in events of one watched rule, best first. */
struct jw_place {
    jw_text name; /* as the correlation calls it in this rule's events */
    jw_text *names;
    jw_field_id *ids;
    uint32_t count; /* 0: the rule is a correlation */
};

/* "When rule R matches, correlation C takes it." */
struct jw_watch {
    uint32_t correlation, next; /* next: + 1 */
    uint32_t rule;              /* place in the correlation's list */
    struct jw_place *places;    /* group-by, then fields */
};

struct jw_correlator {
    const struct jw_sigma *set;
    struct jw_arena *mem; /* names */
    uint64_t secret[4];
    struct jw_group *groups;
    struct jw_link *links;
    uint32_t *table, mask, used, most, free_list, newest, oldest;
    uint32_t *watched; /* by rule: first watch + 1 */
    struct jw_watch *watches;
    bool *restored; /* by rule */
    bool catching_up;
    struct jw_span scratch;
    struct jw_correlation_hit *hits;
    size_t hit_count, hit_room;
    struct jw_correlator_counts counts;
};

/* groups.c: the table of groups. `find` makes the group when it is new, evicts when there is no room for it, and
 * marks it as the newest. */
bool jw_groups_new(struct jw_correlator *c, uint32_t most);
void jw_groups_free(struct jw_correlator *c);
struct jw_group *jw_groups_find(struct jw_correlator *c, uint32_t correlation, const uint64_t key[2], int64_t now);
void jw_groups_drop(struct jw_correlator *c, struct jw_group *group);
/* After the newest group grew: the oldest go until all fit their memory. */
void jw_groups_fit(struct jw_correlator *c, int64_t now);
