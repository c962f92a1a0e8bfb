/* daemons/api/guard.h — slows down whoever guesses passwords. Counted per account and address together (so that
 * nobody can lock others out of their account from elsewhere) and per address over all accounts; IPv6 by /64.
 * Bounded: 4096 counts, the oldest of eight gives way. Any thread. */
#pragma once
#include "base/address.h"
#include "base/text.h"

#define JW_GUARD_PAIR     5  /* failures until the pair is locked: 30 s, doubling up to 15 min */
#define JW_GUARD_ADDRESS  25 /* the same for an address */
#define JW_GUARD_FORGET_S 3600

struct jw_guard;
struct jw_guard *jw_guard_new(void); /* NULL without memory */
void jw_guard_free(struct jw_guard *guard);
/* Seconds until this sender may try again; 0: now. `now` is steady time, ns. */
int64_t jw_guard_wait(struct jw_guard *guard, jw_text account, const jw_address *address, int64_t now);
void jw_guard_failed(struct jw_guard *guard, jw_text account, const jw_address *address, int64_t now);
void jw_guard_passed(struct jw_guard *guard, jw_text account, const jw_address *address); /* forgets the pair */
