/* lib/desk/desk.c — the declarations in force and the store behind them, exchanged while requests run. */
#include "desk.h"
#include "attachments.h"
#include "declared.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct generation {
    struct jw_generation is; /* first: pointers to it are pointers to the generation */
    size_t users;            /* the desk is one, as long as it is in force */
};

struct jw_desk {
    struct jw_desk_options options;
    char *content, *data, *db;
    pthread_mutex_t lock;
    struct generation *now;
    struct jw_store *store;
};

static void free_generation(struct generation *generation) {
    if (!generation)
        return;
    jw_workflow_free(generation->is.workflow);
    jw_flows_free(generation->is.flows);
    jw_calendar_free(generation->is.calendar);
    jw_ledgers_free(generation->is.ledgers);
    jw_roles_free(generation->is.roles);
    free(generation);
}

const struct jw_generation *jw_desk_hold(struct jw_desk *desk) {
    pthread_mutex_lock(&desk->lock);
    struct generation *now = desk->now;
    now->users++;
    pthread_mutex_unlock(&desk->lock);
    return &now->is;
}

void jw_desk_release(struct jw_desk *desk, const struct jw_generation *held) {
    struct generation *generation = (struct generation *)(uintptr_t)held;
    if (!generation)
        return;
    pthread_mutex_lock(&desk->lock);
    bool last = --generation->users == 0;
    pthread_mutex_unlock(&desk->lock);
    if (!last)
        return;
    jw_store_forget(desk->store, generation->is.ledgers);
    free_generation(generation);
}

const char *jw_desk_data(const struct jw_desk *desk) { return desk->data; }

struct jw_store *jw_desk_store(struct jw_desk *desk) {
    return desk->store;
}

static void on_step(void *context, const struct jw_store_step *step) {
    const struct jw_desk_options *options = context;
    char text[512];
    if (!options->told)
        return;
    snprintf(text, sizeof text, "%s%s%s: %s", step->ledger, *step->field ? "." : "", step->field, step->text);
    if (step->what != JW_STEP_GONE) /* told at every start otherwise */
        options->told(options->context, step->what == JW_STEP_REFUSED ? JW_NEWS_REFUSED : JW_NEWS_STEP, text);
}

static void on_problem(void *context, const char *file, int line, const char *text) {
    const struct jw_desk_options *options = context;
    char whole[PATH_MAX + 512];
    snprintf(whole, sizeof whole, "%s:%d:1: %s", file, line, text);
    if (options->told)
        options->told(options->context, JW_NEWS_NOTE, whole);
}

static void tell_kept(struct jw_desk *desk, const struct generation *now) {
    struct jw_error err = {{0}};
    jw_rights_check_ledgers(now->is.roles, now->is.ledgers, on_problem, &desk->options);
    if (jw_declared_keep(&desk->options, &now->is, &err) != JW_OK && desk->options.told)
        desk->options.told(desk->options.context, JW_NEWS_NOTE, err.text);
}

static jw_status erase(void *context, const char *sm3, struct jw_error *err) {
    const struct jw_desk *desk = context;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/ledger/attachments/%.2s/%s", desk->data, sm3, sm3 + 2);
    return unlink(path) == 0 || errno == ENOENT ? JW_OK
                                                : jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
}

/* Flows stay as they were where their files are broken; what runs has its version in the database. */
static jw_status open_workflow(struct jw_desk *desk, struct generation *next, struct jw_error *err) {
    struct jw_workflow_options options = {.store = desk->store,
                                          .ledgers = next->is.ledgers,
                                          .flows = next->is.flows,
                                          .calendar = next->is.calendar,
                                          .roles = next->is.roles,
                                          .erase = erase,
                                          .erase_context = desk};
    return jw_workflow_new(&options, &next->is.workflow, err);
}

/* --- opening
 * ------------------------------------------------------------------------------------------------------ */
static jw_status open_store(struct jw_desk *desk, struct generation *first, struct jw_error *err) {
    jw_status st = jw_store_open(desk->db, first->is.ledgers, &desk->store, err);
    if (st == JW_OK)
        st = jw_store_migrate(desk->store, on_step, &desk->options, err);
    return st == JW_OK ? open_workflow(desk, first, err) : st;
}

/* The tables cannot follow what content says now: go on with what was good. */
static jw_status fall_back(struct jw_desk *desk, struct generation *first, struct jw_error *err) {
    uint64_t refused = first->is.refused + 1;
    jw_store_close(desk->store);
    desk->store = NULL;
    jw_flows_free(first->is.flows);
    jw_calendar_free(first->is.calendar);
    jw_ledgers_free(first->is.ledgers);
    jw_roles_free(first->is.roles);
    first->is = (struct jw_generation){.number = 1, .refused = refused};
    jw_status st = jw_declared_kept(&desk->options, &first->is, err);
    return st == JW_OK ? open_store(desk, first, err) : st;
}

jw_status jw_desk_open(const struct jw_desk_options *options, struct jw_desk **out, struct jw_error *err) {
    struct jw_desk *desk = calloc(1, sizeof *desk);
    struct generation *first = calloc(1, sizeof *first);
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/ledger/ledger.db", options->data);
    if (!desk || !first || !(desk->content = strdup(options->content)) || !(desk->data = strdup(options->data)) ||
        !(desk->db = strdup(options->db ? options->db : path))) {
        free(first);
        jw_desk_close(desk);
        return jw_fail(err, JW_E_LIMIT, "no memory");
    }
    pthread_mutex_init(&desk->lock, NULL);
    desk->options = *options;
    desk->options.content = desk->content;
    desk->options.data = desk->data;
    desk->options.db = desk->db;
    desk->now = first;
    first->users = 1;
    first->is.number = 1;
    jw_status st = jw_declared_read(&desk->options, NULL, &first->is, err);
    if (st == JW_OK)
        st = open_store(desk, first, err);
    if (st == JW_E_DENIED)
        st = fall_back(desk, first, err);
    else if (st == JW_OK)
        tell_kept(desk, first);
    if (st == JW_OK)
        st = jw_attachments_prepare(desk->store, desk->data, err);
    if (st != JW_OK) {
        jw_desk_close(desk);
        return st;
    }
    *out = desk;
    return JW_OK;
}

void jw_desk_close(struct jw_desk *desk) {
    if (!desk)
        return;
    jw_store_close(desk->store);
    free_generation(desk->now);
    pthread_mutex_destroy(&desk->lock);
    free(desk->content);
    free(desk->data);
    free(desk->db);
    free(desk);
}

jw_status jw_desk_reload(struct jw_desk *desk, struct jw_error *err) {
    struct generation *next = calloc(1, sizeof *next);
    if (!next)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    next->users = 1;
    next->is.number = desk->now->is.number + 1;
    jw_status st = jw_declared_read(&desk->options, &desk->now->is, &next->is, err);
    if (st == JW_OK)
        st = jw_store_declare(desk->store, next->is.ledgers, on_step, &desk->options, err);
    if (st == JW_OK) {
        st = open_workflow(desk, next, err);
        if (st != JW_OK)
            jw_store_forget(desk->store, next->is.ledgers);
    }
    if (st != JW_OK) {
        free_generation(next);
        return st;
    }
    pthread_mutex_lock(&desk->lock);
    struct generation *before = desk->now;
    desk->now = next;
    pthread_mutex_unlock(&desk->lock);
    tell_kept(desk, next);
    jw_desk_release(desk, &before->is);
    return JW_OK;
}
