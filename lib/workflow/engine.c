/* lib/workflow/engine.c — the tables, and the versions of flows that are kept for what runs on them. */
#include "parts.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "base/time.h"

/* W: text, N: whole number */
static const char *const tables[] = {
    "flow_versions (digest W NOT NULL PRIMARY KEY, name W NOT NULL, text W NOT NULL, at N NOT NULL)",
    "flow_runs (ledger W NOT NULL, record N NOT NULL, flow W NOT NULL, digest W NOT NULL, state W NOT NULL, round "
    "N NOT "
    "NULL, entered_at N NOT NULL, deadline N NOT NULL, started_at N NOT NULL, ended_at N NOT NULL, extended N NOT "
    "NULL, "
    "place W NOT NULL, maker W NOT NULL, maker_person N NOT NULL, last W NOT NULL, last_person N NOT NULL, behalf "
    "W NOT "
    "NULL, behalf_person N NOT NULL, PRIMARY KEY (ledger, record))",
    "flow_steps (ledger W NOT NULL, record N NOT NULL, seq N NOT NULL, round N NOT NULL, at N NOT NULL, kind W NOT "
    "NULL, "
    "step W NOT NULL, from_state W NOT NULL, to_state W NOT NULL, who W NOT NULL, person N NOT NULL, behalf W NOT "
    "NULL, "
    "behalf_person N NOT NULL, line N NOT NULL, version N NOT NULL, origin W NOT NULL, reason W NOT NULL, PRIMARY "
    "KEY (ledger, record, "
    "seq))",
    "flow_tasks (ledger W NOT NULL, record N NOT NULL, seq N NOT NULL, role W NOT NULL, place W NOT NULL, reach N "
    "NOT "
    "NULL, person N NOT NULL, account W NOT NULL, behalf W NOT NULL, behalf_person N NOT NULL, "
    "unit W NOT NULL, made_at N NOT NULL, deadline N NOT NULL, PRIMARY KEY (ledger, record, seq))",
    "flow_notices (id N NOT NULL PRIMARY KEY, at N NOT NULL, kind W NOT NULL, ledger W NOT NULL, record N NOT "
    "NULL, role W "
    "NOT NULL, place W NOT NULL, reach N NOT NULL, person N NOT NULL, account W NOT NULL, detail W NOT NULL)",
    "flow_reads (notice N NOT NULL, account W NOT NULL, at N NOT NULL, PRIMARY KEY (notice, account))",
    "flow_timers (ledger W NOT NULL, record N NOT NULL, name W NOT NULL, at N NOT NULL, PRIMARY KEY (ledger, "
    "record, "
    "name))",
    "flow_asks (ledger W NOT NULL, record N NOT NULL, round N NOT NULL, at N NOT NULL, who W NOT NULL, person N "
    "NOT NULL, "
    "until N NOT NULL, reason W NOT NULL, PRIMARY KEY (ledger, record))",
    "flow_opens (ledger W NOT NULL, record N NOT NULL, round N NOT NULL, seq N NOT NULL, target W NOT NULL, fields "
    "W NOT "
    "NULL, child N NOT NULL, finished N NOT NULL, PRIMARY KEY (ledger, record, round, seq))",
    "flow_lease (name W NOT NULL PRIMARY KEY, holder W NOT NULL, until N NOT NULL)",
};
static const char indexes[] = "CREATE INDEX IF NOT EXISTS flow_tasks_role ON flow_tasks (role, place);"
                              "CREATE INDEX IF NOT EXISTS flow_tasks_person ON flow_tasks (person);"
                              "CREATE INDEX IF NOT EXISTS flow_tasks_account ON flow_tasks (account);"
                              "CREATE INDEX IF NOT EXISTS flow_tasks_unit ON flow_tasks (unit);"
                              "CREATE INDEX IF NOT EXISTS flow_notices_role ON flow_notices (role, place);"
                              "CREATE INDEX IF NOT EXISTS flow_notices_person ON flow_notices (person);"
                              "CREATE INDEX IF NOT EXISTS flow_notices_account ON flow_notices (account);"
                              "CREATE INDEX IF NOT EXISTS flow_timers_at ON flow_timers (at);"
                              "CREATE INDEX IF NOT EXISTS flow_opens_child ON flow_opens (target, child)";

int64_t jw_flow_now(const struct jw_workflow *workflow) {
    return workflow->options.clock ? workflow->options.clock(workflow->options.clock_context)
                                   : jw_time_now() / 1000;
}

jw_status jw_flow_sql(struct jw_sql *sql, struct jw_error *err, const char *text, size_t count, ...) {
    jw_sql_value values[20];
    va_list args;
    va_start(args, count);
    for (size_t i = 0; i < count; i++)
        values[i] = va_arg(args, jw_sql_value);
    va_end(args);
    return jw_sql_run(sql, text, values, count, NULL, NULL, err);
}

jw_status jw_flow_audit(struct jw_workflow *workflow, struct jw_sql *sql, const struct jw_holder *holder,
                        jw_text origin, const char *action, const struct jw_flow_run *run, json_t *detail,
                        struct jw_error *err) {
    char object[JW_LEDGER_NAME + 24];
    char *text = detail ? json_dumps(detail, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    snprintf(object, sizeof object, "%s/%lld", run->ledger->name, (long long)run->record);
    struct jw_audit_entry entry = {.at = jw_flow_now(workflow),
                                   .who = jw_text_from(holder ? holder->account : ""),
                                   .origin = origin,
                                   .action = jw_text_from(action),
                                   .object = jw_text_from(object),
                                   .detail = jw_text_from(text ? text : "{}")};
    jw_status st = detail && !text ? jw_fail(err, JW_E_LIMIT, "no memory") : jw_audit_append(sql, &entry, err);
    free(text);
    json_decref(detail);
    return st;
}

/* --- opening
 * ------------------------------------------------------------------------------------------------------- */
static jw_status make_tables(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    jw_buffer text = JW_BUFFER(32 << 10);
    (void)context, (void)now;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        jw_buffer_print(&text, "CREATE TABLE IF NOT EXISTS ");
        for (const char *p = tables[i]; *p; p++) { /* a lone W or N is a type */
            bool type = (*p == 'W' || *p == 'N') && p > tables[i] && p[-1] == ' ' && p[1] == ' ';
            if (type)
                jw_buffer_print(&text, "%s", jw_sql_type(sql, *p == 'W' ? JW_SQL_TEXT : JW_SQL_INTEGER));
            else
                jw_buffer_byte(&text, *p);
        }
        jw_buffer_print(&text, ";");
    }
    jw_buffer_add(&text, jw_text_from(indexes));
    jw_buffer_byte(&text, '\0');
    jw_status st = text.failed ? jw_fail(err, JW_E_LIMIT, "no memory") : jw_sql_script(sql, text.ptr, err);
    jw_buffer_free(&text);
    return st;
}

static jw_status keep_versions(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    const struct jw_workflow *workflow = context;
    jw_status st = JW_OK;
    for (size_t i = 0; i < jw_flows_count(workflow->options.flows) && st == JW_OK; i++) {
        const struct jw_flow *flow = jw_flows_get(workflow->options.flows, i);
        st = jw_flow_sql(sql, err,
                         "INSERT INTO flow_versions VALUES ($1, $2, $3, $4) ON CONFLICT (digest) DO NOTHING", 4,
                         JW_S(flow->digest), JW_S(flow->name), JW_S(flow->text), JW_SQL_INT(now));
    }
    return st;
}

jw_status jw_workflow_new(const struct jw_workflow_options *options, struct jw_workflow **out,
                          struct jw_error *err) {
    struct jw_workflow *workflow = calloc(1, sizeof *workflow);
    if (!workflow)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    workflow->options = *options;
    pthread_mutex_init(&workflow->lock, NULL);
    jw_status st = jw_store_do(options->store, make_tables, workflow, err);
    if (st == JW_OK)
        st = jw_store_do(options->store, keep_versions, workflow, err);
    if (st != JW_OK) {
        jw_workflow_free(workflow);
        return st;
    }
    *out = workflow;
    return JW_OK;
}

void jw_workflow_free(struct jw_workflow *workflow) {
    if (!workflow)
        return;
    for (size_t i = 0; i < workflow->former_count; i++)
        jw_flow_free(workflow->former[i]);
    pthread_mutex_destroy(&workflow->lock);
    free(workflow);
}

/* --- versions
 * ------------------------------------------------------------------------------------------------------- */
static const struct jw_flow *find_former(struct jw_workflow *workflow, const char *digest) {
    const struct jw_flow *found = NULL;
    pthread_mutex_lock(&workflow->lock);
    for (size_t i = 0; i < workflow->former_count && !found; i++)
        if (strcmp(workflow->former[i]->digest, digest) == 0)
            found = workflow->former[i];
    pthread_mutex_unlock(&workflow->lock);
    return found;
}

/* Versions stay until the engine goes: pointers to them are handed out. Two threads may bring the same; the second
 * one's stays beside it. */
static jw_status keep_former(struct jw_workflow *workflow, struct jw_flow *flow, struct jw_error *err) {
    pthread_mutex_lock(&workflow->lock);
    bool room = workflow->former_count < JW_FLOW_CACHE;
    if (room)
        workflow->former[workflow->former_count++] = flow;
    pthread_mutex_unlock(&workflow->lock);
    if (room)
        return JW_OK;
    jw_flow_free(flow);
    return jw_fail(err, JW_E_LIMIT, "more than %d former versions of workflows are in use", JW_FLOW_CACHE);
}

jw_status jw_flow_version(struct jw_workflow *workflow, struct jw_sql *sql, const char *name, const char *digest,
                          const struct jw_flow **out, struct jw_error *err) {
    const struct jw_flow *flow = jw_flows_find(workflow->options.flows, jw_text_from(name));
    if (!flow || strcmp(flow->digest, digest) != 0)
        flow = find_former(workflow, digest);
    if (flow) {
        *out = flow;
        return JW_OK;
    }
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(2u << 20);
    struct jw_flow *read = NULL;
    jw_sql_value value = JW_S(digest), text = {0};
    jw_status st =
        mem ? jw_sql_one(sql, "SELECT text FROM flow_versions WHERE digest = $1", &value, 1, mem, &text, err)
            : jw_fail(err, JW_E_LIMIT, "no memory");
    if (st == JW_END)
        return jw_fail(err, JW_E_SYSTEM, "the workflow %s in its version %.12s is not kept", name, digest);
    if (st == JW_OK)
        st = jw_flow_parse(name, text.text, &read, err);
    if (st == JW_OK)
        st = keep_former(workflow, read, err);
    if (st == JW_OK)
        *out = read;
    return st;
}
