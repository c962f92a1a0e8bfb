/* lib/exchange/samples.c — a fictional city in, and out again. */
#include "samples.h"
#include "parts.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/day.h"
#include "os/file.h"

#define FILES_MOST 600
#define GROUP      50 /* records of one transaction */
#define PASSES     12 /* of removing: what is pointed to goes after what points */

static const struct jw_holder root = {.account = "demo", .root = true};
static const struct jw_actor actor = {JW_TEXT("demo"), JW_TEXT(JW_SAMPLES_ORIGIN), JW_TEXT("样例数据")};

/* --- loading --- */
struct dating {
    jw_buffer out;
    int64_t today;
};

/* "+7d", "-3d 09:00" */
static bool add_day(struct dating *dating, jw_text text) {
    char day[JW_DAY_TEXT];
    int64_t days;
    bool back = jw_text_drop(&text, JW_TEXT("-"));
    jw_text head;
    if ((!back && !jw_text_drop(&text, JW_TEXT("+"))) || !jw_text_cut(&text, 'd', &head) ||
        !jw_text_i64(head, &days) || !jw_day_print(dating->today + (back ? -days : days), day))
        return false;
    jw_buffer_add(&dating->out, jw_text_from(day));
    jw_buffer_add(&dating->out, text);
    return true;
}

static jw_status date_row(void *context, const struct jw_row *row, struct jw_error *err) {
    struct dating *dating = context;
    for (size_t i = 0; i < row->count; i++) {
        jw_text text = row->cells[i].text;
        jw_buffer_print(&dating->out, "%s", i ? "," : "");
        if (text.len == 0 || add_day(dating, text))
            continue;
        jw_buffer_byte(&dating->out, '"');
        for (size_t k = 0; k < text.len; k++)
            jw_buffer_print(&dating->out, text.ptr[k] == '"' ? "\"%c" : "%c", text.ptr[k]);
        jw_buffer_byte(&dating->out, '"');
    }
    jw_buffer_byte(&dating->out, '\n');
    return dating->out.failed ? jw_fail(err, JW_E_LIMIT, "too large") : JW_OK;
}

static jw_status import_text(const struct jw_exchange *exchange, jw_text text, const char *name, size_t *records,
                             struct jw_error *err) {
    const struct jw_import import = {.file = text, .file_name = name};
    json_t *report = NULL, *done = NULL;
    jw_status st = jw_exchange_preview(exchange, &import, &report, err);
    const json_t *error = json_array_get(json_object_get(report, "errors"), 0);
    if (st == JW_OK && error)
        st = jw_fail(err, JW_E_SYNTAX, "%s: %s", json_string_value(json_object_get(error, "cell")),
                     json_string_value(json_object_get(error, "text")));
    const char *id = json_string_value(json_object_get(report, "id"));
    if (st == JW_OK)
        st = jw_exchange_accept(exchange, jw_text_from(id), false, &done, err);
    if (st == JW_OK)
        *records += (size_t)json_integer_value(json_object_get(done, "written"));
    if (id)
        jw_kept_forget(exchange->folder, id);
    json_decref(report);
    json_decref(done);
    return st == JW_END ? jw_fail(err, JW_E_SYSTEM, "its preview is gone") : st;
}

/* "010_organisation.csv" → organisation */
static const struct jw_ledger *ledger_of(const struct jw_ledgers *ledgers, const char *file) {
    jw_text name = jw_text_from(file), number;
    if (!jw_text_ends(name, JW_TEXT(".csv")) || !jw_text_cut(&name, '_', &number))
        return NULL;
    return jw_ledgers_find(ledgers, (jw_text){name.ptr, name.len - 4});
}

static jw_status load_file(struct jw_exchange *exchange, const char *folder, const char *name, int64_t today,
                           size_t *records, struct jw_error *err) {
    char path[PATH_MAX];
    jw_buffer file = JW_BUFFER(JW_SHEET_FILE);
    struct dating dating = {JW_BUFFER(JW_SHEET_FILE), today};
    snprintf(path, sizeof path, "%.3800s/%.255s", folder, name);
    exchange->ledger = ledger_of(exchange->ledgers, name);
    if (!exchange->ledger)
        return JW_OK; /* of a ledger that this city has taken out */
    jw_status st = jw_file_read(path, &file, err);
    if (st == JW_OK)
        st = jw_sheet_read(jw_buffer_text(&file), NULL, date_row, &dating, NULL, err);
    if (st == JW_OK)
        st = import_text(exchange, jw_buffer_text(&dating.out), name, records, err);
    jw_buffer_free(&file);
    jw_buffer_free(&dating.out);
    return st == JW_OK ? st : jw_wrap(err, st == JW_AGAIN ? JW_E_SYSTEM : st, "%s", path);
}

static jw_status find_any(void *context, struct jw_sql *sql, struct jw_error *err) {
    jw_sql_value found = {0};
    struct jw_arena *mem = context;
    return jw_sql_one(sql, "SELECT count(*) FROM (SELECT 1 FROM history LIMIT 1) AS one", NULL, 0, mem, &found,
                      err) == JW_OK
               ? (found.integer ? JW_E_DENIED : JW_OK)
               : JW_E_SYSTEM;
}

static int is_sample(const struct dirent *entry) {
    return jw_text_ends(jw_text_from(entry->d_name), JW_TEXT(".csv"));
}

jw_status jw_samples_load(const struct jw_exchange *given, const char *samples, int64_t today, size_t *out_records,
                          struct jw_error *err) {
    struct jw_exchange exchange = *given;
    struct dirent **files = NULL;
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(1 << 20);
    jw_status st = mem ? jw_store_look(given->store, find_any, mem, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    *out_records = 0;
    if (st == JW_E_DENIED)
        return jw_fail(err, st, "the database has records already: samples go into an empty one only");
    if (st != JW_OK)
        return st;
    int count = scandir(samples, &files, is_sample, alphasort);
    if (count < 0)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", samples, strerror(errno));
    exchange.holder = &root;
    exchange.actor = actor;
    for (int i = 0; i < count; i++) {
        if (st == JW_OK && i < FILES_MOST)
            st = load_file(&exchange, samples, files[i]->d_name, today, out_records, err);
        free(files[i]);
    }
    free(files);
    return st;
}

/* --- removing --- */
struct list {
    int64_t *ids;
    size_t count, room;
    const char *ledger;
};

static jw_status take(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct list *list = context;
    (void)columns;
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 1024;
        int64_t *ids = realloc(list->ids, room * sizeof *ids);
        if (!ids)
            return jw_fail(err, JW_E_LIMIT, "no memory");
        list->ids = ids;
        list->room = room;
    }
    list->ids[list->count++] = row[0].integer;
    return JW_OK;
}

/* The youngest first: what lies below a unit was made after it. */
static jw_status ask(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct list *list = context;
    char text[512];
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(list->ledger)), JW_SQL_STR(JW_TEXT(JW_SAMPLES_ORIGIN))};
    snprintf(
        text, sizeof text,
        "SELECT h.record FROM history h JOIN l_%s r ON r.id = h.record WHERE h.ledger = $1 AND h.version = 1 AND "
        "h.origin = $2 AND r.removed = 0 ORDER BY h.record DESC",
        list->ledger);
    return jw_sql_run(sql, text, values, 2, take, list, err);
}

static jw_status is_touched(struct jw_store *store, const struct jw_ledger *ledger, int64_t id, bool *out,
                            struct jw_error *err) {
    json_t *versions = NULL, *version;
    size_t i;
    jw_status st = jw_store_history(store, ledger, id, 0, 100, &versions, err);
    *out = false;
    json_array_foreach(versions, i, version) {
        const char *origin = json_string_value(json_object_get(version, "origin"));
        *out |= !origin || strcmp(origin, JW_SAMPLES_ORIGIN) != 0;
    }
    json_decref(versions);
    return st;
}

/* A group in one transaction. What something points to is left out of it, perhaps not in the next pass. */
struct group {
    const struct jw_ledger *ledger;
    int64_t ids[GROUP];
    size_t count;
};

static jw_status next_of_group(void *context, size_t i, struct jw_change *out, struct jw_error *err) {
    const struct group *group = context;
    (void)err;
    if (i == group->count)
        return JW_END;
    *out = (struct jw_change){.ledger = group->ledger, .deed = JW_REMOVE, .id = group->ids[i], .actor = actor};
    return JW_OK;
}

static jw_status remove_group(struct jw_store *store, struct group *group, size_t *removed, size_t *left,
                              struct jw_outcome *outcome, struct jw_error *err) {
    const struct jw_batch batch = {.context = group, .next = next_of_group};
    size_t failed;
    jw_status st = JW_E_SYNTAX;
    while (group->count && (st = jw_store_change_all(store, &batch, &failed, outcome, err)) == JW_E_SYNTAX) {
        memmove(&group->ids[failed], &group->ids[failed + 1], (group->count - failed - 1) * sizeof *group->ids);
        group->count--;
        (*left)++;
    }
    if (st == JW_OK)
        *removed += group->count;
    group->count = 0;
    return st == JW_E_SYNTAX ? JW_OK : st;
}

static jw_status remove_of(struct jw_store *store, const struct jw_ledger *ledger, size_t *removed, size_t *left,
                           struct jw_error *err) {
    struct list list = {.ledger = ledger->name};
    struct group group = {.ledger = ledger};
    struct jw_outcome *outcome = calloc(1, sizeof *outcome);
    jw_status st = outcome ? jw_store_look(store, ask, &list, err) : jw_fail(err, JW_E_LIMIT, "no memory");
    for (size_t i = 0; i < list.count && st == JW_OK; i++) {
        bool touched;
        st = is_touched(store, ledger, list.ids[i], &touched, err);
        *left += touched;
        if (st == JW_OK && !touched)
            group.ids[group.count++] = list.ids[i];
        if (st == JW_OK && (group.count == GROUP || i + 1 == list.count))
            st = remove_group(store, &group, removed, left, outcome, err);
    }
    free(list.ids);
    free(outcome);
    return st;
}

jw_status jw_samples_remove(struct jw_store *store, const struct jw_ledgers *ledgers, size_t *out_removed,
                            size_t *out_kept, struct jw_error *err) {
    static const char *const late[] = {"organisation", "person", "system", "supplier"}; /* many point to these */
    jw_status st = JW_OK;
    *out_removed = 0;
    for (int pass = 0; pass < PASSES && st == JW_OK; pass++) {
        size_t before = *out_removed;
        *out_kept = 0;
        for (size_t i = jw_ledgers_count(ledgers); i-- > 0 && st == JW_OK;) {
            const struct jw_ledger *ledger = jw_ledgers_get(ledgers, i);
            bool waits = false;
            for (size_t k = 0; k < sizeof late / sizeof *late; k++)
                waits |= pass < 2 && strcmp(late[k], ledger->name) == 0;
            if (!waits)
                st = remove_of(store, ledger, out_removed, out_kept, err);
        }
        if (*out_removed == before && pass > 2)
            break;
    }
    return st;
}
