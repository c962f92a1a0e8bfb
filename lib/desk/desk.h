/* lib/desk/desk.h — what a person may do with records: rights, masks, the store and proof in one place. The API and
 * the console ask here and nowhere else.
 *
 * Whatever is asked is answered with a status as HTTP has them and a JSON body that the asker may see. What an
 * asker may not read is not there for that asker: the same 404, after the same work. Any thread. */
#pragma once
#include "rights/rights.h"
#include "store/store.h"
#include "workflow/workflow.h"

/* --- the declarations in force (desk.c, declared.c)
 * --------------------------------------------------------------- */
struct jw_desk;
/* News of opening and reloading, for a log: "content/ledgers/x.yaml:3:7: …", a step of a migration. */
typedef enum jw_desk_news { JW_NEWS_REFUSED, JW_NEWS_STEP, JW_NEWS_NOTE } jw_desk_news;
typedef void (*jw_desk_told)(void *context, jw_desk_news news, const char *text);
struct jw_desk_options {
    const char *content; /* folder with ledgers/ and roles.yaml */
    const char *data;    /* DATA: below DATA/ledger the last good declarations, attachments, and the database */
    const char *db;      /* as jw_sql_open; NULL: DATA/ledger/ledger.db */
    jw_desk_told told;   /* may be NULL */
    void *context;
};
/* A ledger whose file is broken is in force as it was when it was good, also over restarts. */
JW_MUST_CHECK jw_status jw_desk_open(const struct jw_desk_options *options, struct jw_desk **out,
                                     struct jw_error *err);
void jw_desk_close(struct jw_desk *desk); /* nobody may hold anything any more */
JW_DEFINE_AUTO(jw_desk, jw_desk_close)
/* Reads content again. Requests that run finish on what they began with. One at a time. JW_E_DENIED: the tables
 * cannot follow (told); everything stays as it was. */
JW_MUST_CHECK jw_status jw_desk_reload(struct jw_desk *desk, struct jw_error *err);
struct jw_store *jw_desk_store(struct jw_desk *desk); /* the same as long as the desk is open */
const char *jw_desk_data(const struct jw_desk *desk);

/* What is in force at one moment; read-only. */
struct jw_generation {
    struct jw_ledgers *ledgers;
    struct jw_roles *roles;
    struct jw_flows *flows;
    struct jw_calendar *calendar;
    struct jw_workflow *workflow; /* as it is, any thread */
    uint64_t number;              /* 1, 2 …: of this process */
    uint64_t refused;             /* files that are not in force as they stand */
};
const struct jw_generation *jw_desk_hold(struct jw_desk *desk);
void jw_desk_release(struct jw_desk *desk, const struct jw_generation *generation);

/* --- asking (answer.c)
 * -------------------------------------------------------------------------------------------- */
struct jw_asker {
    const struct jw_holder *holder;
    jw_text origin;    /* address, or "cli" */
    jw_text why;       /* may be empty; stands in the history */
    jw_text operation; /* how the asker came here, for the audit entry of a refusal; may be empty */
    bool english;      /* language of error texts; else Chinese */
};
/* Bodies of errors: {"error": {"code", "message", "faults": [{"field", "rule", "text"}]}}.
 *   200 201       done
 *   400 bad_query, bad_body     what was asked is not understood: faults say where
 *   403 forbidden               the record may be read, but this may not be done with it
 *   404 not_found
 *   409 conflict                somebody else changed it: "record" is what it is now
 *   422 invalid                 faults, each with its field; nothing was written
 *   500 failed, 503 busy        `err` is for the log, not for the asker */
struct jw_answer {
    unsigned status;
    json_t *body;    /* owned by the caller */
    int64_t version; /* of the record; 0: none */
    struct jw_error err;
};
void jw_answer_free(struct jw_answer *answer);

/* One ledger as one person meets it: for those who do more with records than is here (import, workflow). */
struct jw_visit {
    struct jw_desk *desk;
    const struct jw_generation *now;
    const struct jw_ledger *ledger;
    struct jw_rights *rights;
    const struct jw_asker *asker;
};
/* False: `answer` says why (404: no such ledger, or nothing of it may be read or made). */
bool jw_desk_enter(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, struct jw_visit *out,
                   struct jw_answer *answer);
void jw_desk_leave(struct jw_visit *visit);

/* --- reading (reading.c, question.c)
 * ------------------------------------------------------------------------------ */
#define JW_DESK_FILTERS 32
struct jw_desk_query {
    jw_text filters[JW_DESK_FILTERS]; /* FIELD:OPERATOR:VALUE, see docs/api.md */
    size_t filter_count;
    jw_text sort;   /* FIELD or -FIELD; empty: the newest records first */
    jw_text words;  /* full text */
    jw_text fields; /* names with commas; empty: those of the ledger's list; "*": all */
    int64_t limit;  /* 1 to JW_STORE_PAGE; 0: 50 */
    int64_t offset, after;
    bool count, removed, unmask;
};
/* {"records": […], "total", "more", "next"}: next is `after` of the next page, null at the end; total and more only
 * with `count`: at most JW_STORE_COUNTED, and whether there are more. */
void jw_desk_list(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger,
                  const struct jw_desk_query *query, struct jw_answer *out);
void jw_desk_get(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, int64_t id, bool unmask,
                 struct jw_answer *out);
/* {"versions": […], "next"}: newest first, masked like the record. `before`: versions below it; 0: all. */
void jw_desk_history(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, int64_t id, int64_t before,
                     int64_t limit, bool unmask, struct jw_answer *out);
/* `figures`: "count", "sum:FIELD", "min:FIELD", "max:FIELD" with commas; `by`: a field, "state" or empty. Order and
 * page of the query are not looked at. {"groups": [{"by", "count", "sum:FIELD", …}]} */
void jw_desk_aggregate(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger,
                       const struct jw_desk_query *query, jw_text by, jw_text figures, struct jw_answer *out);

/* --- writing (writing.c, bulk.c)
 * ---------------------------------------------------------------------------------- */
struct jw_deed_asked {
    jw_deed deed;
    int64_t id;           /* not for JW_CREATE */
    int64_t version;      /* the one that was read; 0: whatever it is now */
    const json_t *fields; /* JW_CREATE, JW_CHANGE */
    /* In the transaction of the change, as in struct jw_change; may be NULL. */
    jw_status (*also)(void *context, struct jw_sql *sql, const struct jw_outcome *made, struct jw_error *err);
    void *context;
    const char *state; /* of the workflow from now on; NULL: as it is */
};
/* The record as it is now, as the asker may see it; 201 for a new one. */
void jw_desk_do(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger,
                const struct jw_deed_asked *asked, struct jw_answer *out);
/* `body`: {"items": [{"deed": "create" | "change" | "remove" | "restore", "id", "version", "fields"}], "atomic":
 * false}, at most JW_DESK_BULK items. {"results": [{"status", "id", "version"} or {"status", "error"}]}, each for
 * itself; with `atomic` all of them or none: then the first that could not be made is the answer, and its error has
 * "item". */
#define JW_DESK_BULK 1000
void jw_desk_bulk(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, const json_t *body,
                  struct jw_answer *out);

/* --- about (about.c)
 * ---------------------------------------------------------------------------------------------- */
/* {"ledgers": [{"name", "title", "about", "may", …}]}: those of which the asker may read or make something. */
void jw_desk_ledgers(struct jw_desk *desk, const struct jw_asker *asker, struct jw_answer *out);
/* What forms are made from: fields with types, choices, help, and what the asker may do with each. */
void jw_desk_declaration(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, struct jw_answer *out);
/* OpenAPI 3.1 of the ledgers that the asker may read or write (openapi.c). */
void jw_desk_openapi(struct jw_desk *desk, const struct jw_asker *asker, struct jw_answer *out);

/* --- the audit chain (entries.c)
 * ---------------------------------------------------------------------------------- */
struct jw_desk_entries {
    jw_text who, action, object; /* exactly these; empty: any. object "asset/": all of that ledger */
    int64_t before;              /* number: entries below it; 0: from the newest */
    int64_t limit;               /* 1 to JW_STORE_PAGE; 0: 50 */
};
/* {"entries": [{"seq", "at", "who", "origin", "action", "object", "detail", "hash"}], "next"}: newest first. Wants
 * the power audit.read; reading it is an entry itself. */
void jw_desk_entries(struct jw_desk *desk, const struct jw_asker *asker, const struct jw_desk_entries *asked,
                     struct jw_answer *out);

/* --- workflow (flow.c)
 * -------------------------------------------------------------------------------------------- */
/* As jw_workflow_show tells; 404 as well for a record that follows none. */
void jw_desk_flow(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, int64_t id,
                  struct jw_answer *out);
struct jw_flow_asked {
    enum {
        JW_FLOW_STEP,
        JW_FLOW_WITHDRAW,
        JW_FLOW_URGE,
        JW_FLOW_DELEGATE,
        JW_FLOW_EXTEND,
        JW_FLOW_GRANT,
        JW_FLOW_REFUSE
    } deed;
    int64_t id, version;         /* version: the one that was read; 0: whatever it is now */
    jw_text step, reason, until; /* until: a day, of JW_FLOW_EXTEND */
    const json_t *fields;        /* of JW_FLOW_STEP; NULL: none */
    int64_t person;              /* of JW_FLOW_DELEGATE */
};
/* The record as it is then. 403 with a fault of rule "workflow" that says why not, 422 with faults. */
void jw_desk_act(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger,
                 const struct jw_flow_asked *asked, struct jw_answer *out);
/* {"tasks": […]}; which: "mine" (usual), "late", "units". */
void jw_desk_tasks(struct jw_desk *desk, const struct jw_asker *asker, jw_text which, int64_t limit,
                   struct jw_answer *out);
/* {"notices": […], "unread"} */
void jw_desk_notices(struct jw_desk *desk, const struct jw_asker *asker, int64_t before, bool unread_only,
                     int64_t limit, struct jw_answer *out);
void jw_desk_notices_read(struct jw_desk *desk, const struct jw_asker *asker, const json_t *ids,
                          struct jw_answer *out);
void jw_desk_flows(struct jw_desk *desk, const struct jw_asker *asker, struct jw_answer *out);
/* SVG; JW_END: no such workflow. */
JW_MUST_CHECK jw_status jw_desk_draw(struct jw_desk *desk, const struct jw_asker *asker, jw_text name,
                                     jw_text state, jw_buffer *out, struct jw_error *err);

/* --- files (attachments.c)
 * -------------------------------------------------------------------------------------------- */
/* A file is brought first and then named in an attachment field, by who brought it; it is kept once for each SM3.
 */
#define JW_DESK_FILE (64 << 20)
struct jw_desk_file {
    jw_text name, media; /* 报告.pdf, application/pdf */
    jw_text bytes;       /* at most JW_DESK_FILE */
};
/* 201 {"sm3", "name", "size", "media"}: an entry for the field. */
void jw_desk_keep_file(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, jw_text field,
                       const struct jw_desk_file *file, struct jw_answer *out);
/* 200 with that entry and *out_fd, which the caller closes; else -1. */
void jw_desk_open_file(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, int64_t id, jw_text sm3,
                       int *out_fd, struct jw_answer *out);
