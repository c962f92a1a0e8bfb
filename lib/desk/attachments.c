/* lib/desk/attachments.c — files come under the digest of what they hold, and go out through a record that may be
 * read. No word of a client becomes part of a path. */
#include "attachments.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "os/file.h"

#define TABLE                                                                                                    \
    "CREATE TABLE IF NOT EXISTS attachments (sm3 text NOT NULL, who text NOT NULL, at bigint NOT NULL, PRIMARY " \
    "KEY (sm3, who))"

static jw_status make_table(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    (void)context, (void)now;
    return jw_sql_run(sql, TABLE, NULL, 0, NULL, NULL, err);
}

jw_status jw_attachments_prepare(struct jw_store *store, const char *data, struct jw_error *err) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/ledger/attachments", data);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    return jw_store_do(store, make_table, NULL, err);
}

/* `sm3` is 64 hexadecimal digits, made or checked by us. */
static void path_of(const struct jw_visit *visit, const char *sm3, bool folder, char out[PATH_MAX]) {
    snprintf(out, PATH_MAX, "%s/ledger/attachments/%.2s%s%s", jw_desk_data(visit->desk), sm3, folder ? "" : "/",
             folder ? "" : sm3 + 2);
}

/* --- a file comes in
 * ---------------------------------------------------------------------------------------------- */
struct arrival {
    const struct jw_visit *visit;
    const char *sm3;
    jw_text detail;
};

static jw_status note(void *context, struct jw_sql *sql, int64_t now, struct jw_error *err) {
    const struct arrival *arrival = context;
    const struct jw_asker *asker = arrival->visit->asker;
    jw_text who = jw_text_from(asker->holder->account);
    jw_sql_value values[] = {JW_SQL_STR(jw_text_from(arrival->sm3)), JW_SQL_STR(who), JW_SQL_INT(now)};
    jw_status st = jw_sql_run(sql, "INSERT INTO attachments VALUES ($1, $2, $3) ON CONFLICT (sm3, who) DO NOTHING",
                              values, 3, NULL, NULL, err);
    struct jw_audit_entry entry = {.at = now,
                                   .who = who,
                                   .origin = asker->origin,
                                   .action = JW_TEXT("upload"),
                                   .object = jw_text_from(arrival->visit->ledger->name),
                                   .detail = arrival->detail};
    return st == JW_OK ? jw_audit_append(sql, &entry, err) : st;
}

static jw_status store_file(const struct jw_visit *visit, const char *sm3, jw_text bytes, struct jw_error *err) {
    char path[PATH_MAX];
    struct stat there;
    path_of(visit, sm3, true, path);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    path_of(visit, sm3, false, path);
    if (stat(path, &there) == 0 && (size_t)there.st_size == bytes.len)
        return JW_OK; /* the same bytes: once is enough */
    return jw_file_replace(path, bytes, 0600, err);
}

static void keep(const struct jw_visit *visit, int field, const struct jw_desk_file *file, struct jw_answer *out) {
    char sm3[JW_AUDIT_HASH];
    json_t *one = NULL, *list = NULL, *checked = NULL;
    jw_status st = jw_sm3_hex(file->bytes, sm3, &out->err);
    if (st == JW_OK)
        one = json_pack("{ss ss% sI ss%}", "sm3", sm3, "name", file->name.ptr ? file->name.ptr : "", file->name.len,
                        "size", (json_int_t)file->bytes.len, "media", file->media.ptr ? file->media.ptr : "",
                        file->media.len);
    list = one ? json_pack("[O]", one) : NULL;
    if (!list) {
        jw_answer_refuse(out, visit->asker, JW_NO_VALUES);
    } else if (visit->ledger->fields[field].type->check(&visit->ledger->fields[field], list, &checked, &out->err) !=
               JW_OK) {
        jw_answer_refuse(out, visit->asker, JW_NO_VALUES);
        jw_answer_fault(out, visit->asker, visit->ledger->fields[field].name, "type",
                        visit->asker->english ? "%s" : "这个文件不能放在这里：名称或类型不合要求（%s）", "%s",
                        out->err.text);
    } else {
        char *detail = json_dumps(one, JSON_COMPACT | JSON_SORT_KEYS);
        struct arrival arrival = {visit, sm3, jw_text_from(detail)};
        st = detail ? store_file(visit, sm3, file->bytes, &out->err) : JW_E_LIMIT;
        if (st == JW_OK)
            st = jw_store_do(jw_desk_store(visit->desk), note, &arrival, &out->err);
        free(detail);
        if (st == JW_OK)
            jw_answer_give(out, visit->asker, 201, json_incref(one));
        else
            jw_answer_status(out, visit->asker, st);
    }
    json_decref(checked);
    json_decref(list);
    json_decref(one);
}

void jw_desk_keep_file(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, jw_text field,
                       const struct jw_desk_file *file, struct jw_answer *out) {
    struct jw_visit visit;
    if (!jw_desk_enter(desk, asker, ledger, &visit, out))
        return;
    int at = jw_ledger_field_find(visit.ledger, field);
    bool is_file = at >= 0 && strcmp(visit.ledger->fields[at].type->name, "attachment") == 0;
    if (!is_file || (!jw_rights_may_some(visit.rights, JW_MAY_CREATE, at) &&
                     !jw_rights_may_some(visit.rights, JW_MAY_CHANGE, at)))
        jw_visit_refuse(&visit, JW_NO_RECORD, 0, "upload", out);
    else
        keep(&visit, at, file, out);
    jw_desk_leave(&visit);
}

/* --- it is named in a record
 * -------------------------------------------------------------------------------------- */
struct search {
    jw_text sm3, who;
    bool found;
};

static jw_status on_found(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct search *search = context;
    (void)row, (void)columns, (void)err;
    search->found = true;
    return JW_OK;
}

static jw_status look(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct search *search = context;
    jw_sql_value values[] = {JW_SQL_STR(search->sm3), JW_SQL_STR(search->who)};
    return jw_sql_run(sql, "SELECT 1 FROM attachments WHERE sm3 = $1 AND who = $2", values, 2, on_found, search,
                      err);
}

static bool names(const json_t *list, const char *sm3) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *one = json_string_value(json_object_get(json_array_get(list, i), "sm3"));
        if (one && strcmp(one, sm3) == 0)
            return true;
    }
    return false;
}

static jw_status check_field(const struct jw_visit *visit, const json_t *value, const json_t *before,
                             struct jw_error *err) {
    for (size_t i = 0; i < json_array_size(value); i++) {
        const char *sm3 = json_string_value(json_object_get(json_array_get(value, i), "sm3"));
        if (!sm3 || names(before, sm3)) /* no file at all: the type says so */
            continue;
        struct search search = {.sm3 = jw_text_from(sm3), .who = jw_text_from(visit->asker->holder->account)};
        jw_status st =
            jw_text_is_utf8(search.sm3) ? jw_store_look(jw_desk_store(visit->desk), look, &search, err) : JW_OK;
        if (st != JW_OK)
            return st;
        if (!search.found)
            return jw_fail(err, JW_E_DENIED, "%.64s was not brought by %s", sm3, visit->asker->holder->account);
    }
    return JW_OK;
}

bool jw_attachments_check(const struct jw_visit *visit, const json_t *fields, const json_t *before,
                          struct jw_answer *answer) {
    for (size_t i = 0; i < visit->ledger->field_count; i++) {
        const struct jw_ledger_field *field = &visit->ledger->fields[i];
        const json_t *given = json_object_get(fields, field->name);
        if (!given || strcmp(field->type->name, "attachment") != 0)
            continue;
        jw_status st = check_field(visit, given, json_object_get(before, field->name), &answer->err);
        if (st == JW_OK)
            continue;
        jw_answer_status(answer, visit->asker, st == JW_E_DENIED ? JW_E_SYNTAX : st);
        if (st == JW_E_DENIED)
            jw_answer_fault(answer, visit->asker, field->name, "attachment", "“%s”中有您没有上传过的文件，请先上传",
                            "%s names a file that you have not uploaded; upload it first",
                            visit->asker->english ? field->title.en : field->title.zh);
        return false;
    }
    return true;
}

/* --- it goes out
 * -------------------------------------------------------------------------------------------------- */
/* The entry of the record that names it, in a field that may be seen as it is. NULL: none. */
static const json_t *find_file(const struct jw_visit *visit, const json_t *record, jw_text sm3, bool *sensitive) {
    for (int i = 0; i < (int)visit->ledger->field_count; i++) {
        const struct jw_ledger_field *field = &visit->ledger->fields[i];
        if (strcmp(field->type->name, "attachment") != 0 ||
            !jw_rights_may_field(visit->rights, JW_MAY_SENSITIVE, record, i))
            continue;
        const json_t *list = json_object_get(json_object_get(record, "fields"), field->name);
        for (size_t k = 0; k < json_array_size(list); k++) {
            const json_t *one = json_array_get(list, k);
            *sensitive = field->sensitivity != JW_OPEN;
            if (jw_text_is(sm3, jw_text_from(json_string_value(json_object_get(one, "sm3")))))
                return one;
        }
    }
    return NULL;
}

static void open_file(const struct jw_visit *visit, int64_t id, jw_text sm3, int *out_fd, struct jw_answer *out) {
    char path[PATH_MAX], object[JW_LEDGER_NAME + 24];
    json_t *record = NULL;
    bool sensitive = false;
    if (!jw_visit_read(visit, id, &record, out))
        return;
    const json_t *file = find_file(visit, record, sm3, &sensitive);
    jw_status st = JW_OK;
    if (file && sensitive) {
        json_t *detail = json_pack("{sO}", "file", json_object_get(file, "sm3"));
        snprintf(object, sizeof object, "%s/%lld", visit->ledger->name, (long long)id);
        st = jw_visit_audit(visit, "read", object, detail, &out->err);
        json_decref(detail);
    }
    if (!file) {
        jw_visit_refuse(visit, JW_NO_RECORD, id, "download", out);
    } else if (st == JW_OK) { /* the digest as the record has it, which its type has checked */
        path_of(visit, json_string_value(json_object_get(file, "sm3")), false, path);
        *out_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (*out_fd < 0)
            st = jw_fail(&out->err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
        else
            jw_answer_give(out, visit->asker, 200, json_deep_copy(file));
    }
    if (st != JW_OK)
        jw_answer_status(out, visit->asker, st);
    json_decref(record);
}

void jw_desk_open_file(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, int64_t id, jw_text sm3,
                       int *out_fd, struct jw_answer *out) {
    struct jw_visit visit;
    *out_fd = -1;
    if (!jw_desk_enter(desk, asker, ledger, &visit, out))
        return;
    open_file(&visit, id, sm3, out_fd, out);
    jw_desk_leave(&visit);
}
