/* lib/workflow/workflow_fixture.h — a small city for tests: a database, an organisation of three levels, ledgers
 * and flows that each test writes, people with roles, and a clock that the test turns. */
#pragma once
#include "workflow.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "store/store_fixture.h"
#include "test/test.h"

#define UNITS                                                     \
    "title: {zh: 组织机构}\nunit: parent\nfields:\n"          \
    "  name: {title: {zh: 名称}, type: text, required: true}\n" \
    "  parent: {title: {zh: 上级}, type: unit}\n"
#define PERSONS                                                   \
    "title: {zh: 人员}\nunit: unit\nfields:\n"                  \
    "  name: {title: {zh: 姓名}, type: text, required: true}\n" \
    "  unit: {title: {zh: 单位}, type: unit}\n"
#define MONDAY INT64_C(1780275600000000) /* 2026-06-01 09:00 in China, a working day */

struct city {
    char folder[3000], db[3100];
    struct jw_ledgers *ledgers;
    struct jw_flows *flows;
    struct jw_calendar *calendar;
    struct jw_store *store;
    struct jw_workflow *workflow;
    int64_t now;
    struct jw_outcome *last;
    char refused[2000]; /* what the loaders complained about */
};

static inline int64_t city_clock(void *context) { return ((struct city *)context)->now; }

static inline void city_write(const struct city *c, const char *kind, const char *name, const char *text) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", c->folder, kind);
    mkdir(path, 0700);
    snprintf(path, sizeof path, "%s/%s/%s.yaml", c->folder, kind, name);
    FILE *file = fopen(path, "we");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

static inline void city_refused(void *context, const char *file, int line, int column, const char *reason) {
    struct city *c = context;
    const char *slash = strrchr(file, '/');
    size_t len = strlen(c->refused);
    snprintf(c->refused + len, sizeof c->refused - len, "%s:%d:%d: %s\n", slash ? slash + 1 : file, line, column,
             reason);
}

static inline void city_close(struct city *c) {
    jw_workflow_free(c->workflow);
    jw_store_close(c->store);
    jw_flows_free(c->flows);
    jw_calendar_free(c->calendar);
    jw_ledgers_free(c->ledgers);
    if (c->last)
        json_decref(c->last->record);
    free(c->last);
    c->workflow = NULL, c->store = NULL, c->flows = NULL, c->ledgers = NULL, c->calendar = NULL, c->last = NULL;
}

/* Reads the files again and opens everything anew: what a restart does. */
static inline void city_open(struct jw_test *t, struct city *c) {
    char path[4096];
    city_close(c);
    *c->refused = '\0';
    c->last = calloc(1, sizeof *c->last);
    snprintf(path, sizeof path, "%s/ledgers", c->folder);
    JW_CHECK_OK(t, jw_ledgers_load(path, NULL, city_refused, c, &c->ledgers, &t->err));
    snprintf(path, sizeof path, "%s/workflows", c->folder);
    JW_CHECK_OK(t, jw_flows_load(path, c->ledgers, NULL, city_refused, c, &c->flows, &t->err));
    snprintf(path, sizeof path, "%s/content/calendars", jw_test_source());
    JW_CHECK_OK(t, jw_calendar_load(path, NULL, city_refused, c, &c->calendar, &t->err));
    JW_CHECK_OK(t, jw_store_open(c->db, c->ledgers, &c->store, &t->err));
    JW_CHECK_OK(t, jw_store_migrate(c->store, NULL, NULL, &t->err));
    struct jw_workflow_options options = {.store = c->store,
                                          .ledgers = c->ledgers,
                                          .flows = c->flows,
                                          .calendar = c->calendar,
                                          .clock = city_clock,
                                          .clock_context = c};
    JW_CHECK_OK(t, jw_workflow_new(&options, &c->workflow, &t->err));
    if (!c->workflow)
        exit(1);
}

static inline void city_begin(struct jw_test *t, struct city *c) {
    *c = (struct city){.now = MONDAY};
    snprintf(c->folder, sizeof c->folder, "%.2900s", t->folder);
    fixture_database(t, c->db, sizeof c->db);
    city_write(c, "ledgers", "organisation", UNITS);
    city_write(c, "ledgers", "person", PERSONS);
}

static inline const struct jw_ledger *city_ledger(const struct city *c, const char *name) {
    return jw_ledgers_find(c->ledgers, jw_text_from(name));
}

/* A change as anybody makes it; `holder` NULL: jinwu itself. */
static inline jw_status city_change(struct city *c, const struct jw_holder *holder, const char *ledger,
                                    jw_deed deed, int64_t id, const char *fields, struct jw_error *err) {
    static const struct jw_holder root = {.account = "root", .root = true};
    json_t *given = fields ? json_loads(fields, 0, NULL) : NULL;
    struct jw_change change = {
        .ledger = city_ledger(c, ledger),
        .deed = deed,
        .id = id,
        .fields = given,
        .actor = {jw_text_from(holder ? holder->account : "root"), JW_TEXT("test"), JW_TEXT("")}};
    json_decref(c->last->record);
    c->last->record = NULL;
    jw_status st = jw_workflow_change(c->workflow, holder ? holder : &root, &change, c->last, err);
    json_decref(given);
    return st;
}

/* 市局 1. > 县局 1.2. > 镇 1.2.3.; persons 1 to 5. */
static inline void city_people(struct jw_test *t, struct city *c) {
    static const char *const units[] = {"{\"name\": \"市局\"}", "{\"name\": \"县局\", \"parent\": 1}",
                                        "{\"name\": \"镇\", \"parent\": 2}", "{\"name\": \"邻县\", \"parent\": 1}"};
    static const char *const persons[] = {"{\"name\": \"王\", \"unit\": 2}", "{\"name\": \"李\", \"unit\": 2}",
                                          "{\"name\": \"赵\", \"unit\": 1}", "{\"name\": \"钱\", \"unit\": 3}",
                                          "{\"name\": \"孙\", \"unit\": 4}"};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        JW_CHECK_OK(t, city_change(c, NULL, "organisation", JW_CREATE, 0, units[i], &t->err));
    for (size_t i = 0; i < sizeof persons / sizeof *persons; i++)
        JW_CHECK_OK(t, city_change(c, NULL, "person", JW_CREATE, 0, persons[i], &t->err));
}

static inline struct jw_holder city_holder(const char *account, int64_t person, const char *place,
                                           const char *role) {
    struct jw_holder holder = {.person = person};
    snprintf(holder.account, sizeof holder.account, "%s", account);
    snprintf(holder.place, sizeof holder.place, "%s", place);
    snprintf(holder.grants[0].role, sizeof holder.grants[0].role, "%s", role);
    holder.grant_count = *role != '\0';
    return holder;
}

static inline jw_status city_take(struct city *c, const struct jw_holder *holder, const char *ledger, int64_t id,
                                  const char *step, const char *fields, const char *reason, struct jw_error *err) {
    json_t *given = fields ? json_loads(fields, 0, NULL) : NULL;
    struct jw_flow_act act = {.ledger = city_ledger(c, ledger),
                              .id = id,
                              .step = jw_text_from(step),
                              .reason = jw_text_from(reason ? reason : ""),
                              .fields = given,
                              .origin = JW_TEXT("test")};
    json_decref(c->last->record);
    c->last->record = NULL;
    jw_status st = jw_workflow_take(c->workflow, holder, &act, c->last, err);
    json_decref(given);
    return st;
}

static inline const char *city_state(struct city *c, const char *ledger, int64_t id, char out[64]) {
    json_t *record = NULL;
    struct jw_error err;
    *out = '\0';
    if (jw_store_get(c->store, city_ledger(c, ledger), id, &record, &err) == JW_OK)
        snprintf(out, 64, "%s", json_string_value(json_object_get(record, "state")));
    json_decref(record);
    return out;
}

static inline size_t city_tasks(struct jw_test *t, struct city *c, const struct jw_holder *holder,
                                jw_task_which which) {
    json_t *rows = NULL;
    JW_CHECK_OK(t, jw_workflow_tasks(c->workflow, holder, which, 100, &rows, &t->err));
    size_t count = json_array_size(rows);
    json_decref(rows);
    return count;
}

/* How many notices of this kind the holder has. */
static inline size_t city_notices(struct jw_test *t, struct city *c, const struct jw_holder *holder,
                                  const char *kind) {
    json_t *rows = NULL, *row;
    size_t count = 0, i;
    JW_CHECK_OK(t, jw_workflow_notices(c->workflow, holder, 0, false, 100, &rows, NULL, &t->err));
    json_array_foreach(rows, i, row) count += strcmp(json_string_value(json_object_get(row, "kind")), kind) == 0;
    json_decref(rows);
    return count;
}

static inline size_t city_tick(struct jw_test *t, struct city *c, int64_t later) {
    size_t done = 0;
    c->now += later;
    JW_CHECK_OK(t, jw_workflow_tick(c->workflow, JW_TEXT("test"), &done, &t->err));
    return done;
}
