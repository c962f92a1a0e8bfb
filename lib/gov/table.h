/* lib/gov/table.h — what the ledgers say of addresses: a table that changes row by row, at a million rows, so that
 * one change costs microseconds. Nothing is inherited in advance: a lookup goes from the narrowest network to the
 * widest, and names of units and owners are found by their numbers, so that one new name serves every row.
 *
 * One thread; jw_gov_live lets others read it meanwhile. */
#pragma once
#include "gov.h"

#define JW_GOV_LEDGERS 250

struct jw_gov_row {
    uint32_t ledger;     /* below JW_GOV_LEDGERS; where two rows claim one address the lower ledger holds, */
    int64_t record;      /* and in one ledger the higher record: it was registered later */
    int64_t unit, owner; /* numbers of names; 0: the row does not say */
    jw_text asset, plane, host;
    jw_network network;
    uint8_t mac[6];
    bool has_network, has_mac;
};

struct jw_gov_table;
struct jw_gov_table *jw_gov_table_new(void); /* NULL: no memory */
void jw_gov_table_free(struct jw_gov_table *table);
JW_DEFINE_AUTO(jw_gov_table, jw_gov_table_free)
/* In the place of what this record said before. Texts are copied, cut at JW_GOV_TEXT bytes. JW_E_LIMIT:
 * JW_GOV_ROWS, a number above 4 billion, or no memory; then the record says nothing. */
JW_MUST_CHECK jw_status jw_gov_table_put(struct jw_gov_table *table, const struct jw_gov_row *row);
void jw_gov_table_drop(struct jw_gov_table *table, uint32_t ledger, int64_t record);
enum jw_gov_kind { JW_GOV_UNIT, JW_GOV_OWNER };
/* Empty: the number has no name any more. */
JW_MUST_CHECK jw_status jw_gov_table_name(struct jw_gov_table *table, enum jw_gov_kind kind, int64_t number,
                                          jw_text name);
size_t jw_gov_table_count(const struct jw_gov_table *table); /* rows */
size_t jw_gov_table_bytes(const struct jw_gov_table *table); /* of memory, about */

/* The four values with the width of the network that gave each: the narrower one wins. */
struct jw_gov_found {
    struct jw_gov_place place;
    uint8_t bits[4]; /* of unit, owner, asset, plane; 128 for an address, a host or a MAC address */
};
/* Fills in what is still empty in `found`; false: the table knows nothing of it. Texts live until the next change.
 */
bool jw_gov_table_find_address(const struct jw_gov_table *table, const jw_address *address,
                               struct jw_gov_found *found);
bool jw_gov_table_find_host(const struct jw_gov_table *table, jw_text lower, struct jw_gov_found *found);
bool jw_gov_table_find_mac(const struct jw_gov_table *table, const uint8_t mac[6], struct jw_gov_found *found);
