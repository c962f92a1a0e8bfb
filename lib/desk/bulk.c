/* lib/desk/bulk.c — many changes at once: each for itself, or all of them or none. */
#include "writing.h"

#include <stdlib.h>
#include <string.h>

/* All writings are begun before the first is made: what the writer's thread does must not read the store. */
struct bulk {
    struct jw_visit visit;
    const json_t *items;
    struct jw_deed_asked *asked;
    struct jw_writing **writings;
    size_t count;
    json_t *results;
};

/* --- one item
 * ----------------------------------------------------------------------------------------------------- */
static bool refuse_item(struct bulk *b, size_t i, const char *rule, const char *zh, const char *en,
                        struct jw_answer *out) {
    jw_answer_refuse(out, b->visit.asker, JW_NO_BODY);
    jw_answer_fault(out, b->visit.asker, "items", rule, "%s", "%s", b->visit.asker->english ? en : zh);
    json_object_set_new(json_object_get(out->body, "error"), "item", json_integer((json_int_t)i));
    return false;
}

static bool read_item(struct bulk *b, size_t i, struct jw_answer *out) {
    static const char *const keys[] = {"deed", "id", "version", "fields", NULL};
    static const char *const words[] = {"create", "change", "remove", "restore"};
    json_t *item = json_array_get(b->items, i), *value;
    const char *deed = json_string_value(json_object_get(item, "deed")), *name;
    struct jw_deed_asked *asked = &b->asked[i];
    size_t at = 0;
    while (deed && at < 4 && strcmp(words[at], deed) != 0)
        at++;
    if (!deed || at == 4)
        return refuse_item(b, i, "deed", "deed 应为 create change remove restore 之一",
                           "deed is one of create change remove restore", out);
    json_object_foreach(item, name, value) {
        size_t k = 0;
        while (keys[k] && strcmp(keys[k], name) != 0)
            k++;
        if (!keys[k])
            return refuse_item(b, i, "unknown", "只能有 deed id version fields", "has deed id version fields alone",
                               out);
    }
    *asked = (struct jw_deed_asked){.deed = (jw_deed)at,
                                    .id = json_integer_value(json_object_get(item, "id")),
                                    .version = json_integer_value(json_object_get(item, "version")),
                                    .fields = json_object_get(item, "fields")};
    bool has_fields = asked->deed == JW_CREATE || asked->deed == JW_CHANGE;
    if ((asked->deed != JW_CREATE && asked->id < 1) || asked->version < 0 ||
        has_fields != json_is_object(asked->fields))
        return refuse_item(b, i, "item", "新建要有 fields；修改要有 id 和 fields；删除、恢复要有 id",
                           "create wants fields; change wants id and fields; remove and restore want id", out);
    return true;
}

static bool begin_item(struct bulk *b, size_t i, struct jw_answer *out) {
    struct jw_writing *writing = b->writings[i] = calloc(1, sizeof *writing);
    if (!writing)
        return jw_answer_refuse(out, b->visit.asker, JW_NO_ROOM);
    writing->visit = &b->visit;
    writing->asked = &b->asked[i];
    return jw_writing_begin(writing, out);
}

static void end_item(struct bulk *b, size_t i) {
    if (b->writings[i])
        jw_writing_end(b->writings[i]);
    free(b->writings[i]);
    b->writings[i] = NULL;
}

static void add_result(struct bulk *b, const struct jw_answer *answer) {
    json_t *result =
        json_object_get(answer->body, "error")
            ? json_pack("{si sO}", "status", (int)answer->status, "error", json_object_get(answer->body, "error"))
            : json_pack("{si sO sO}", "status", (int)answer->status, "id", json_object_get(answer->body, "id"),
                        "version", json_object_get(answer->body, "version"));
    json_array_append_new(b->results, result);
}

/* --- each for itself
 * ---------------------------------------------------------------------------------------------- */
static void do_each(struct bulk *b, struct jw_answer *out) {
    for (size_t i = 0; i < b->count; i++) {
        struct jw_answer answer = {0};
        if (begin_item(b, i, &answer)) {
            struct jw_writing *w = b->writings[i];
            jw_status st = jw_store_change(jw_desk_store(b->visit.desk), &w->change, &w->outcome, &answer.err);
            jw_writing_answer(w, st, &answer);
        }
        if (answer.status >= 500)
            out->err = answer.err;
        add_result(b, &answer);
        jw_answer_free(&answer);
        end_item(b, i);
    }
    jw_answer_give(out, b->visit.asker, 200, json_pack("{sO}", "results", b->results));
}

/* --- all or none
 * -------------------------------------------------------------------------------------------------- */
static jw_status next(void *context, size_t i, struct jw_change *out, struct jw_error *err) {
    struct bulk *b = context;
    (void)err;
    if (i == b->count)
        return JW_END;
    *out = b->writings[i]->change;
    return JW_OK;
}

static jw_status made(void *context, size_t i, const struct jw_outcome *outcome, struct jw_error *err) {
    struct bulk *b = context;
    (void)err;
    b->writings[i]->outcome.id = outcome->id;
    b->writings[i]->outcome.version = outcome->version;
    return JW_OK;
}

static void do_all(struct bulk *b, struct jw_answer *out) {
    struct jw_outcome *outcome = calloc(1, sizeof *outcome);
    size_t failed = 0;
    jw_status st = outcome ? JW_OK : JW_E_LIMIT;
    for (; failed < b->count && st == JW_OK; failed++) {
        if (begin_item(b, failed, out))
            continue;
        json_object_set_new(json_object_get(out->body, "error"), "item", json_integer((json_int_t)failed));
        free(outcome);
        return;
    }
    struct jw_batch batch = {.context = b, .next = next, .made = made};
    if (st == JW_OK)
        st = jw_store_change_all(jw_desk_store(b->visit.desk), &batch, &failed, outcome, &out->err);
    for (size_t i = 0; i < b->count && st == JW_OK; i++)
        json_array_append_new(b->results,
                              json_pack("{si sI sI}", "status", b->asked[i].deed == JW_CREATE ? 201 : 200, "id",
                                        (json_int_t)b->writings[i]->outcome.id, "version",
                                        (json_int_t)b->writings[i]->outcome.version));
    if (st == JW_OK) {
        jw_answer_give(out, b->visit.asker, 200, json_pack("{sO}", "results", b->results));
    } else {
        bool stale = st == JW_E_SYNTAX && outcome->fault_count && strcmp(outcome->faults[0].rule, "version") == 0;
        if (st == JW_E_DENIED)
            jw_visit_refuse(&b->visit, JW_NO_RIGHT, b->asked[failed].id, "bulk", out);
        else
            jw_answer_status(out, b->visit.asker, stale ? JW_AGAIN : st);
        if (st == JW_E_SYNTAX && !stale)
            jw_answer_faults(out, b->visit.asker, b->visit.ledger, outcome->faults, outcome->fault_count);
        json_object_set_new(json_object_get(out->body, "error"), "item", json_integer((json_int_t)failed));
    }
    free(outcome);
}

/* --- the request
 * -------------------------------------------------------------------------------------------------- */
static void run(struct bulk *b, bool atomic, struct jw_answer *out) {
    bool good = true;
    for (size_t i = 0; i < b->count && good; i++)
        good = read_item(b, i, out);
    if (!good)
        return;
    if (atomic)
        do_all(b, out);
    else
        do_each(b, out);
    for (size_t i = 0; i < b->count; i++)
        end_item(b, i);
}

void jw_desk_bulk(struct jw_desk *desk, const struct jw_asker *asker, jw_text ledger, const json_t *body,
                  struct jw_answer *out) {
    struct bulk b = {.items = json_object_get(body, "items")};
    b.count = json_array_size(b.items);
    if (!jw_desk_enter(desk, asker, ledger, &b.visit, out))
        return;
    b.asked = calloc(b.count + 1, sizeof *b.asked);
    b.writings = calloc(b.count + 1, sizeof(struct jw_writing *));
    b.results = json_array();
    if (b.count < 1 || b.count > JW_DESK_BULK) {
        jw_answer_refuse(out, asker, JW_NO_BODY);
        jw_answer_fault(out, asker, "items", "number", "items 应有1到%d项", "items wants 1 to %d entries",
                        JW_DESK_BULK);
    } else if (!b.asked || !b.writings || !b.results) {
        jw_answer_refuse(out, asker, JW_NO_ROOM);
    } else {
        run(&b, json_is_true(json_object_get(body, "atomic")), out);
    }
    free(b.asked);
    free(b.writings);
    json_decref(b.results);
    jw_desk_leave(&b.visit);
}
