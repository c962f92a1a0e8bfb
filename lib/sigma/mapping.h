/* lib/sigma/mapping.h — which events a logsource means, and what the rule's field names are called in them.
 * The files are content/mappings/NAME.yaml; docs/rules.md shows one. Private to lib/sigma. */
#pragma once
#include "rule.h"

/* A rule's field name and the names it may have in an event; the first that is present counts, and with it those of
 * the same rank (a list within the list: names that together are one field). A '*' in `names` stands for the rule's
 * name; the name "*" is for every field not named. */
struct jw_mapping_field {
    jw_text name;
    jw_text *names;
    uint16_t *ranks; /* never falling */
    uint32_t count;
    struct jw_mapping_field *next;
};

/* One kind of event. A rule belongs to it when every part of its logsource is equal. */
struct jw_mapping_entry {
    struct jw_sigma_logsource source;
    struct jw_sigma_node *when; /* over the rule-side names; NULL: names fields only, routes nothing */
    struct jw_mapping_field *fields, *shared; /* its own, and those of its file */
    struct jw_mapping_entry *next;
};

struct jw_mapping {
    struct jw_mapping_entry *entries;
};

JW_MUST_CHECK jw_status jw_mapping_load(const char *folder, struct jw_arena *mem, struct jw_mapping *out,
                                        struct jw_error *err);
/* Does a rule of logsource `rule` apply to events of kind `event`? */
bool jw_logsource_covers(const struct jw_sigma_logsource *rule, const struct jw_sigma_logsource *event);

#define JW_CANDIDATES 48
/* The event's names for `field` in rules of `source` (in `entry` alone when it is given), best first; the field's
 * own name is always among them. Returns how many. */
uint32_t jw_mapping_names(const struct jw_mapping *mapping, const struct jw_sigma_logsource *source,
                          const struct jw_mapping_entry *entry, jw_text field, struct jw_arena *mem,
                          jw_text out[JW_CANDIDATES]);
/* The same with the rank of each name: the best rank that an event has gives the field, all names of that rank. */
uint32_t jw_mapping_ranked(const struct jw_mapping *mapping, const struct jw_sigma_logsource *source,
                           const struct jw_mapping_entry *entry, jw_text field, struct jw_arena *mem,
                           jw_text out[JW_CANDIDATES], uint16_t ranks[JW_CANDIDATES]);
