/* lib/exchange/names.c — what the records of a ledger are called, loaded whole: a file of a thousand rows asks for
 * a thousand names, and a search for each would be a scan for each. A person finds only the records that person may
 * read. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "ledger/characters.h"
#include "store/column.h"

#define MEM  ((size_t)512 << 20)
#define MOST ((size_t)2 << 20) /* records of one ledger */

struct index {
    const struct jw_ledger *ledger;
    struct jw_name *list; /* by number */
    uint32_t *by_hash;
    size_t count, room;
    struct jw_rights_scope scope;
    struct jw_rights *rights;
};
struct jw_names {
    const struct jw_exchange *exchange;
    struct jw_arena *mem;
    struct index *indexes[64];
    size_t count;
};

struct jw_names *jw_names_new(const struct jw_exchange *exchange) {
    struct jw_names *names = calloc(1, sizeof *names);
    if (!names)
        return NULL;
    names->exchange = exchange;
    names->mem = jw_arena_new(MEM);
    if (names->mem)
        return names;
    free(names);
    return NULL;
}

static void free_index(struct index *index) {
    free(index->list);
    free(index->by_hash);
    jw_rights_free(index->rights);
    free(index);
}

void jw_names_free(struct jw_names *names) {
    if (!names)
        return;
    for (size_t i = 0; i < names->count; i++)
        free_index(names->indexes[i]);
    jw_arena_free(names->mem);
    free(names);
}

/* --- loading --- */
struct loading {
    struct jw_names *names;
    struct index *index;
};

static bool reaches(const struct jw_rights_scope *scope, jw_text place, int64_t owner) {
    if (scope->all || (scope->owner && scope->owner == owner))
        return true;
    for (const char *const *p = scope->places; *p; p++)
        if (jw_text_starts(place, jw_text_from(*p)))
            return true;
    for (const char *const *u = scope->units; *u; u++)
        if (jw_text_is(place, jw_text_from(*u)))
            return true;
    return false;
}

static jw_status take(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct loading *loading = context;
    struct index *index = loading->index;
    (void)columns;
    if (row[1].kind != JW_SQL_TEXT || !reaches(&index->scope, row[2].text, row[3].integer))
        return JW_OK;
    if (index->count == index->room) {
        size_t room = index->room ? index->room * 2 : 256;
        struct jw_name *list = room > MOST ? NULL : realloc(index->list, room * sizeof *list);
        if (!list)
            return jw_fail(err, JW_E_LIMIT, "%s: more than %zu records to choose from", index->ledger->name,
                           index->room);
        index->list = list;
        index->room = room;
    }
    jw_text name = jw_arena_copy(loading->names->mem, row[1].text);
    jw_text place = jw_arena_copy(loading->names->mem, row[2].text);
    if ((!name.ptr && row[1].text.len) || (!place.ptr && row[2].text.len))
        return jw_fail(err, JW_E_LIMIT, "%s: too many records to choose from", index->ledger->name);
    index->list[index->count++] =
        (struct jw_name){.id = row[0].integer, .hash = jw_hash(name), .name = name, .place = place};
    return JW_OK;
}

static jw_status ask(void *context, struct jw_sql *sql, struct jw_error *err) {
    struct loading *loading = context;
    const struct jw_ledger *ledger = loading->index->ledger;
    char text[400], called[JW_COLUMN], owner[JW_COLUMN] = "id";
    jw_column_name(&ledger->fields[ledger->called], called);
    if (ledger->owner >= 0)
        jw_column_name(&ledger->fields[ledger->owner], owner);
    snprintf(text, sizeof text, "SELECT id, %s, place, coalesce(%s, 0) FROM l_%s WHERE removed = 0 ORDER BY id",
             called, ledger->owner >= 0 ? owner : "0", ledger->name);
    return jw_sql_run(sql, text, NULL, 0, take, loading, err);
}

static int by_hash(const void *a, const void *b, void *list) {
    const struct jw_name *names = list;
    uint64_t x = names[*(const uint32_t *)a].hash, y = names[*(const uint32_t *)b].hash;
    return x < y ? -1 : x > y ? 1 : *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

static jw_status sort(struct index *index, struct jw_error *err) {
    index->by_hash = calloc(index->count + 1, sizeof *index->by_hash);
    if (!index->by_hash)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    for (size_t i = 0; i < index->count; i++)
        index->by_hash[i] = (uint32_t)i;
    if (index->count)
        qsort_r(index->by_hash, index->count, sizeof *index->by_hash, by_hash, index->list);
    for (size_t i = 1; i < index->count; i++) {
        struct jw_name *a = &index->list[index->by_hash[i - 1]], *b = &index->list[index->by_hash[i]];
        if (a->hash == b->hash)
            a->doubled = b->doubled = true;
    }
    return JW_OK;
}

static jw_status load(struct jw_names *names, struct index *index, struct jw_error *err) {
    const struct jw_exchange *exchange = names->exchange;
    struct loading loading = {names, index};
    index->scope.all = exchange->holder->root;
    if (!exchange->holder->root) {
        jw_status st = jw_rights_new(exchange->roles, index->ledger, exchange->holder, &index->rights, err);
        if (st != JW_OK)
            return st;
        jw_rights_get_scope(index->rights, JW_MAY_READ, index->ledger->called, &index->scope);
    }
    jw_status st = jw_store_look(exchange->store, ask, &loading, err);
    return st == JW_OK ? sort(index, err) : st;
}

/* *out NULL: there is no such ledger. */
static jw_status index_of(struct jw_names *names, const char *ledger, const struct index **out,
                          struct jw_error *err) {
    *out = NULL;
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->indexes[i]->ledger->name, ledger) == 0)
            return *out = names->indexes[i], JW_OK;
    const struct jw_ledger *found = jw_ledgers_find(names->exchange->ledgers, jw_text_from(ledger));
    if (!found || found->called < 0)
        return JW_OK;
    struct index *index = names->count < 64 ? calloc(1, sizeof *index) : NULL;
    if (!index)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    index->ledger = found;
    jw_status st = load(names, index, err);
    if (st == JW_OK)
        *out = names->indexes[names->count++] = index;
    else
        free_index(index);
    return st;
}

/* --- asking --- */
jw_status jw_names_get(struct jw_names *names, const char *ledger, int64_t id, const struct jw_name **out,
                       struct jw_error *err) {
    const struct index *index;
    jw_status st = index_of(names, ledger, &index, err);
    *out = NULL;
    if (st != JW_OK || !index)
        return st;
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (index->list[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < index->count && index->list[low].id == id)
        *out = &index->list[low];
    return JW_OK;
}

jw_status jw_names_find(struct jw_names *names, const char *ledger, jw_text name, const struct jw_name **out,
                        size_t room, size_t *count, struct jw_error *err) {
    const struct index *index;
    jw_status st = index_of(names, ledger, &index, err);
    *count = 0;
    if (st != JW_OK || !index)
        return st;
    uint64_t hash = jw_hash(name);
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (index->list[index->by_hash[middle]].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < index->count && index->list[index->by_hash[low]].hash == hash; low++) {
        const struct jw_name *found = &index->list[index->by_hash[low]];
        if (jw_text_is(found->name, name) && (*count)++ < room)
            out[*count - 1] = found;
    }
    return JW_OK;
}
