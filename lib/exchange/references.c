/* lib/exchange/references.c — "一号机房", "#17", "张三 #17", and several of them with 、 between: what people write
 * for records of another ledger. A name that two have is no answer: who could be meant is told, with the unit of
 * each. */
#include "parts.h"

#include <string.h>

#include "ledger/characters.h"
#include "ledger/rules.h"

#define TOLD 5

static const char *pick(const struct jw_references *r, const char *zh, const char *en) {
    return jw_columns_pick(r->exchange->english, zh, en);
}

/* The unit of a place "1.15.": its last number. */
static void add_unit(const struct jw_references *r, jw_text place, jw_buffer *out) {
    jw_text rest = place, piece, last = {0};
    const struct jw_name *unit = NULL;
    int64_t id;
    while (jw_text_next(&rest, '.', &piece))
        if (piece.len)
            last = piece;
    if (jw_text_i64(last, &id) && jw_names_get(r->names, "organisation", id, &unit, NULL) == JW_OK && unit) {
        jw_buffer_print(out, "%s", pick(r, "（", " ("));
        jw_buffer_add(out, unit->name);
        jw_buffer_print(out, "%s", pick(r, "）", ")"));
    }
}

static jw_status ambiguous(const struct jw_references *r, jw_text name, const struct jw_name *const *found,
                           size_t count, struct jw_error *err) {
    jw_buffer list = JW_BUFFER(1024);
    for (size_t i = 0; i < count && i < TOLD; i++) {
        jw_buffer_print(&list, "%s#%lld", i ? pick(r, "、", ", ") : "", (long long)found[i]->id);
        add_unit(r, found[i]->place, &list);
    }
    jw_buffer_byte(&list, '\0');
    jw_fail(err, JW_E_SYNTAX,
            pick(r, "有%zu个“%.*s”：%s；请写编号，例如 #%lld",
                 "%zu records are called \"%.*s\": %s; write the number, for example #%lld"),
            count, (int)(name.len < 60 ? name.len : 60), name.ptr, list.failed ? "…" : list.ptr,
            (long long)found[0]->id);
    jw_characters_mend(err->text);
    jw_buffer_free(&list);
    return JW_E_SYNTAX;
}

static jw_status is_there(const struct jw_references *r, const char *ledger, int64_t id, jw_text text, int64_t *out,
                          struct jw_error *err) {
    const struct jw_name *name;
    jw_status st = jw_names_get(r->names, ledger, id, &name, err);
    if (st == JW_OK && !name)
        st = jw_fail(err, JW_E_SYNTAX, pick(r, "没有编号为 %.*s 的记录", "there is no record %.*s"),
                     (int)(text.len < 60 ? text.len : 60), text.ptr);
    *out = id;
    return st;
}

static jw_status not_there(const struct jw_references *r, const char *ledger, jw_text text, struct jw_error *err) {
    const struct jw_ledger *to = jw_ledgers_find(r->exchange->ledgers, jw_text_from(ledger));
    const char *title = !to ? ledger : r->exchange->english ? to->title.en : to->title.zh;
    jw_fail(err, JW_E_SYNTAX,
            pick(r, "台账“%s”里没有“%.*s”；先登记它，或改写名称", "%s: nothing is called \"%.*s\""), title,
            (int)(text.len < 90 ? text.len : 90), text.ptr);
    jw_characters_mend(err->text);
    return JW_E_SYNTAX;
}

static jw_status read_one(const struct jw_references *r, const char *ledger, jw_text text, int64_t *out,
                          struct jw_error *err) {
    const struct jw_name *found[TOLD];
    size_t count, mark = text.len;
    int64_t id;
    while (mark > 0 && text.ptr[mark - 1] >= '0' && text.ptr[mark - 1] <= '9')
        mark--;
    if (mark > 0 && text.ptr[mark - 1] == '#' && jw_text_i64((jw_text){text.ptr + mark, text.len - mark}, &id) &&
        id < JW_ROW_FIRST)
        return is_there(r, ledger, id, text, out, err);
    jw_status st = jw_names_find(r->names, ledger, text, found, TOLD, &count, err);
    if (st != JW_OK)
        return st;
    uint32_t row = strcmp(ledger, r->exchange->ledger->name) == 0 ? jw_seen_find(r->rows, r->what, text) : 0;
    if (count > 1)
        return ambiguous(r, text, found, count, err);
    if (row == JW_SEEN_TWICE)
        return jw_fail(
            err, JW_E_SYNTAX, "%s",
            pick(r, "本文件中有几行叫这个名称，分不清是哪一行", "several rows of this file are called so"));
    if (count == 0 && row == 0) {
        if (mark == 0 && jw_text_i64(text, &id) && id < JW_ROW_FIRST)
            return is_there(r, ledger, id, text, out, err);
        return not_there(r, ledger, text, err);
    }
    *out = count ? found[0]->id : JW_ROW_FIRST + row;
    return JW_OK;
}

static bool next_piece(jw_text *rest, jw_text *out) {
    static const char *const cuts[] = {"、", "，", "；", ",", ";", "\n"};
    size_t end = rest->len, skip = 0;
    if (rest->len == 0)
        return false;
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        size_t at;
        if (jw_text_find(*rest, jw_text_from(cuts[i]), &at) && at < end)
            end = at, skip = strlen(cuts[i]);
    }
    *out = jw_characters_trim((jw_text){rest->ptr, end});
    *rest = (jw_text){rest->ptr + end + skip, rest->len - end - skip};
    return true;
}

jw_status jw_references_read(const struct jw_references *r, const struct jw_ledger_field *field, jw_text text,
                             json_t **out, struct jw_error *err) {
    const char *ledger = jw_rule_reference(field)->ledger;
    int64_t id = 0;
    jw_text piece;
    if (!field->type->many) {
        jw_status st = read_one(r, ledger, jw_characters_trim(text), &id, err);
        *out = st == JW_OK ? json_integer(id) : NULL;
        return st;
    }
    json_t *list = json_array();
    jw_status st = JW_OK;
    while (st == JW_OK && next_piece(&text, &piece)) {
        if (piece.len == 0)
            continue;
        st = read_one(r, ledger, piece, &id, err);
        if (st == JW_OK && json_array_append_new(list, json_integer(id)) != 0)
            st = jw_fail(err, JW_E_LIMIT, "no memory");
    }
    if (st == JW_OK)
        *out = list;
    else
        json_decref(list);
    return st;
}
