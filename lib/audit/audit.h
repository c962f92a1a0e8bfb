/* lib/audit/audit.h — the audit chain: who did what to which object, when, from where. Each entry carries the SM3
 * (GB/T 32905) of its own words and of the entry before, so that nothing can be changed, taken out, put in or moved
 * without every later entry being wrong. Whoever could rewrite them all cannot rewrite a head that was published.
 *
 * hash = SM3 over netstrings (LENGTH:BYTES,) of seq, at, who, origin, action, object, detail, previous; 64 hex
 * digits. The first entry's previous is 64 zeros. */
#pragma once
#include "base/memory.h"
#include "sql/sql.h"

#define JW_AUDIT_HASH 65

struct jw_audit_entry {
    int64_t seq;    /* 1, 2, 3 …; set by append */
    int64_t at;     /* microseconds since 1970 */
    jw_text who;    /* account; empty: jinwu itself */
    jw_text origin; /* address or the command it came from */
    jw_text action; /* create, change, delete, read, login, grant … */
    jw_text object; /* asset/17, session, rule/… */
    jw_text detail; /* JSON: what a reviewer needs, and the SM3 of what was written */
};
struct jw_audit_head {
    int64_t seq; /* 0: the chain is empty */
    char hash[JW_AUDIT_HASH];
};

/* Tables audit and audit_head; harmless when they are there. */
JW_MUST_CHECK jw_status jw_audit_create(struct jw_sql *sql, struct jw_error *err);
/* Within a write transaction of the caller's, which makes the entry and what it tells of one. Writers of one
 * database queue at the head: JW_AGAIN, do the transaction again. */
JW_MUST_CHECK jw_status jw_audit_append(struct jw_sql *sql, struct jw_audit_entry *entry, struct jw_error *err);
JW_MUST_CHECK jw_status jw_audit_get_head(struct jw_sql *sql, struct jw_audit_head *out, struct jw_error *err);

typedef enum jw_audit_fault {
    JW_AUDIT_CHANGED,  /* its own words do not give its hash */
    JW_AUDIT_REMOVED,  /* entries up to this one are missing */
    JW_AUDIT_INSERTED, /* right in itself, but it does not follow the entry before: put in, or moved */
    JW_AUDIT_CUT,      /* the chain ends before the head */
} jw_audit_fault;
/* `walked` (may be NULL) is told every entry that is right in itself, e.g. to compare it with what it tells of. */
struct jw_audit_watch {
    void *context;
    void (*fault)(void *context, jw_audit_fault fault, int64_t seq, const char *text);
    jw_status (*walked)(void *context, const struct jw_audit_entry *entry, struct jw_error *err);
};
/* The whole chain, and against `published` (may be NULL) a head that was kept elsewhere. JW_OK whatever is found.
 */
JW_MUST_CHECK jw_status jw_audit_verify(struct jw_sql *sql, const struct jw_audit_head *published,
                                        const struct jw_audit_watch *watch, struct jw_error *err);

/* SM3 of `bytes` as 64 hex digits. */
JW_MUST_CHECK jw_status jw_sm3_hex(jw_text bytes, char out[JW_AUDIT_HASH], struct jw_error *err);
