/* lib/gov/gov.h — whose is it: from the address plan and the asset list to gov.unit, gov.owner, gov.asset,
 * gov.plane.
 *
 * A plan is a folder of *.yaml, *.yml and *.csv files, read in the order of their names (README.md shows both
 * forms). A row names a network (who answers for it), or an asset by its addresses and host names. What a row
 * leaves empty it takes over from the next wider network; the longest prefix wins; an asset wins over a network of
 * the same one address.
 *
 * A jw_gov is compiled once and then only read: any number of threads. Reloading means loading a second one. What
 * the ledgers say comes beside it (live.h) and changes while it is used: of each of the four values the one from
 * the narrower network wins, and where plan and ledger name the same network, the ledger. */
#pragma once
#include "base/address.h"
#include "record/record.h"

#define JW_GOV_TEXT 256     /* most bytes of one value */
#define JW_GOV_ROWS 2000000 /* most addresses, networks and host names of a plan together */
#define JW_GOV_TOLD 100     /* refused rows that are kept as text; all are counted */

struct jw_gov_place {
    jw_text unit, owner, asset, plane; /* empty: the plan does not say */
};

struct jw_gov;
/* A row that is wrong is refused and told (jw_gov_refused), all others hold; the same for a file that cannot be
 * read. A folder that does not exist is an empty plan. JW_E_LIMIT: no memory; JW_E_SYSTEM: the folder cannot be
 * read. */
JW_MUST_CHECK jw_status jw_gov_load(const char *folder, struct jw_gov **out, struct jw_error *err);
void jw_gov_free(struct jw_gov *gov);
JW_DEFINE_AUTO(jw_gov, jw_gov_free)

struct jw_gov_counts {
    size_t networks, addresses, hosts, refused;
};
struct jw_gov_counts jw_gov_count(const struct jw_gov *gov);
/* "file:line: reason" of refused row `i`; {NULL, 0} past the last one kept. Lives as long as `gov`. */
jw_text jw_gov_refused(const struct jw_gov *gov, size_t i);

/* From now on the ledgers are asked as well. `live` is borrowed; before the first event. */
struct jw_gov_live;
void jw_gov_join(struct jw_gov *gov, struct jw_gov_live *live);

/* What the plan says, without the ledgers; NULL: nothing. Host names compare without case; "web.example" also finds
 * the plan's "web". */
const struct jw_gov_place *jw_gov_find_address(const struct jw_gov *gov, const jw_address *address);
const struct jw_gov_place *jw_gov_find_host(const struct jw_gov *gov, jw_text name);

/* Sets the four gov.* fields of `rec`, and removes any that came with the event: a sender does not choose whose
 * desk it lands on. The first of these that the plan knows decides: the event names both ends of a connection, and
 * the reporting host is not one of them (a firewall, a probe): network.direction inbound or ingress, or the source
 * is a public address: destination.ip, source.ip outbound or egress, or the destination is a public address:
 * source.ip, destination.ip inside to inside: destination.ip (who is aimed at answers first), source.ip then the
 * reporting host as below else: host.name, host.hostname, host.mac, host.ip, destination.ip, source.ip, source.mac,
 * observer.name, observer.ip. Values live as long as `gov` and rec->mem (rec borrows them). */
void jw_gov_attribute(const struct jw_gov *gov, struct jw_record *rec);
