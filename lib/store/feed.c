/* lib/store/feed.c — the whole at first, then by the audit chain. */
#include "feed.h"
#include "column.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/audit.h"

#define PAGE    10000 /* rows of one statement: PostgreSQL hands over a result in one piece */
#define ENTRIES 2000
#define MEM     ((size_t)1 << 20)

struct wish {
    struct jw_feed_wish ask;
    char *page, *one; /* statements; NULL: the table is not there */
    uint64_t columns; /* a bit for each field whose column is there */
};

struct object {
    size_t wish;
    int64_t id;
};

struct jw_feed {
    char *where;
    struct wish *wishes;
    size_t count;
    struct jw_feed_taker taker;
    struct jw_sql *sql; /* NULL: not connected */
    struct jw_arena *mem;
    bool begun;                /* all records have come once */
    struct jw_audit_head read; /* up to here */
    dev_t device;
    ino_t inode;
    /* while one poll runs */
    size_t now;
    int64_t last;
    uint64_t changes;
    bool found;
    struct object objects[ENTRIES];
    size_t object_count, entries;
};

jw_status jw_feed_new(const char *where, const struct jw_feed_wish *wishes, size_t count,
                      const struct jw_feed_taker *taker, struct jw_feed **out, struct jw_error *err) {
    JW_AUTO(jw_feed_free_p) struct jw_feed *feed = calloc(1, sizeof *feed);
    if (!feed)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    feed->where = strdup(where);
    feed->mem = jw_arena_new(MEM);
    feed->wishes = calloc(count + 1, sizeof *feed->wishes);
    if (!feed->where || !feed->mem || !feed->wishes)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    for (size_t i = 0; i < count; i++)
        feed->wishes[i].ask = wishes[i];
    feed->count = count;
    feed->taker = *taker;
    *out = feed;
    feed = NULL;
    return JW_OK;
}

static void forget_statements(struct wish *wish) {
    free(wish->page);
    free(wish->one);
    wish->page = wish->one = NULL;
}

void jw_feed_free(struct jw_feed *feed) {
    if (!feed)
        return;
    for (size_t i = 0; feed->wishes && i < feed->count; i++)
        forget_statements(&feed->wishes[i]);
    jw_sql_close(feed->sql);
    jw_arena_free(feed->mem);
    free(feed->wishes);
    free(feed->where);
    free(feed);
}

int64_t jw_feed_get_seq(const struct jw_feed *feed) { return feed->read.seq; }

/* --- what is there ----------------------------------------------------------------------------------------------
 */
static jw_status take_column(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct wish *wish = context;
    (void)columns, (void)err;
    wish->columns |= 1ull << 63; /* the table is there */
    for (size_t i = 0; i < wish->ask.count; i++) {
        int field = wish->ask.fields[i];
        if (field >= 0 && jw_text_is(row[0].text, jw_text_from(wish->ask.ledger->fields[field].name)))
            wish->columns |= 1ull << i;
    }
    return JW_OK;
}

static char *statement(const struct wish *wish, const char *where) {
    jw_buffer text = JW_BUFFER(8192);
    char column[JW_COLUMN];
    jw_buffer_print(&text, "SELECT id, removed");
    for (size_t i = 0; i < wish->ask.count; i++) {
        if (wish->columns >> i & 1)
            jw_column_name(&wish->ask.ledger->fields[wish->ask.fields[i]], column);
        jw_buffer_print(&text, ", %s", wish->columns >> i & 1 ? column : "NULL");
    }
    jw_buffer_print(&text, " FROM l_%s WHERE %s", wish->ask.ledger->name, where);
    jw_buffer_byte(&text, '\0');
    if (!text.failed)
        return text.ptr;
    jw_buffer_free(&text);
    return NULL;
}

/* Says whether the tables are others than at the last look. */
static jw_status look_at_tables(struct jw_feed *feed, bool *out_moved, struct jw_error *err) {
    for (size_t i = 0; i < feed->count; i++) {
        struct wish *wish = &feed->wishes[i];
        uint64_t before = wish->columns, wanted = 1ull << 63;
        for (size_t k = 0; k < wish->ask.count; k++)
            wanted |= wish->ask.fields[k] >= 0 ? 1ull << k : 0;
        if (before == wanted)
            continue;
        wish->columns = 0;
        jw_sql_value name = JW_SQL_STR(jw_text_from(wish->ask.ledger->name));
        jw_status st = jw_sql_run(feed->sql, "SELECT field FROM ledger_fields WHERE ledger = $1", &name, 1,
                                  take_column, wish, err);
        if (st != JW_OK)
            return st;
        if (wish->columns == before)
            continue;
        *out_moved = true;
        forget_statements(wish);
        if (!wish->columns)
            continue;
        wish->page = statement(wish, "removed = 0 AND id > $1 ORDER BY id LIMIT $2");
        wish->one = statement(wish, "id = $1");
        if (!wish->page || !wish->one)
            return jw_fail(err, JW_E_LIMIT, "no memory");
    }
    return JW_OK;
}

/* --- the connection ---------------------------------------------------------------------------------------------
 */
static void close_link(struct jw_feed *feed) {
    jw_sql_close(feed->sql);
    feed->sql = NULL;
}

/* A file that was put in the place of the one that is open would never be seen. */
static jw_status open_link(struct jw_feed *feed, struct jw_error *err) {
    struct stat file = {0};
    if (!strstr(feed->where, "://") && stat(feed->where, &file) != 0) {
        close_link(feed);
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", feed->where, strerror(errno));
    }
    if (file.st_dev != feed->device || file.st_ino != feed->inode)
        close_link(feed);
    if (feed->sql)
        return JW_OK;
    feed->device = file.st_dev;
    feed->inode = file.st_ino;
    return jw_sql_open_reader(feed->where, &feed->sql, err);
}

/* --- all of them ------------------------------------------------------------------------------------------------
 */
static jw_status take_row(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct jw_feed *feed = context;
    (void)columns;
    feed->last = row[0].integer;
    feed->found = true;
    feed->changes++;
    return feed->taker.each(feed->taker.context, feed->now, row[0].integer, row[1].integer ? NULL : row + 2, err);
}

static jw_status read_all(struct jw_feed *feed, struct jw_error *err) {
    jw_status st = feed->taker.begin(feed->taker.context, err);
    for (feed->now = 0; st == JW_OK && feed->now < feed->count; feed->now++) {
        const char *page = feed->wishes[feed->now].page;
        feed->last = 0;
        feed->found = page != NULL;
        while (st == JW_OK && feed->found) {
            jw_sql_value values[] = {JW_SQL_INT(feed->last), JW_SQL_INT(PAGE)};
            feed->found = false;
            st = jw_sql_run(feed->sql, page, values, 2, take_row, feed, err);
        }
    }
    if (st == JW_OK)
        feed->taker.whole(feed->taker.context);
    return st;
}

/* --- what changed -----------------------------------------------------------------------------------------------
 */
static jw_status take_entry(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct jw_feed *feed = context;
    jw_text object = row[1].text, ledger;
    int64_t id;
    (void)columns, (void)err;
    feed->entries++;
    feed->read.seq = row[0].integer;
    snprintf(feed->read.hash, sizeof feed->read.hash, "%.*s", (int)row[2].text.len, row[2].text.ptr);
    if (!jw_text_cut(&object, '/', &ledger) || !jw_text_i64(object, &id))
        return JW_OK;
    for (size_t i = 0; i < feed->count; i++)
        if (jw_text_is(ledger, jw_text_from(feed->wishes[i].ask.ledger->name)))
            feed->objects[feed->object_count++] = (struct object){i, id};
    return JW_OK;
}

static jw_status read_one(struct jw_feed *feed, const struct object *object, struct jw_error *err) {
    const char *one = feed->wishes[object->wish].one;
    jw_sql_value id = JW_SQL_INT(object->id);
    feed->now = object->wish;
    feed->found = false;
    jw_status st = one ? jw_sql_run(feed->sql, one, &id, 1, take_row, feed, err) : JW_OK;
    return st == JW_OK && !feed->found ? feed->taker.each(feed->taker.context, object->wish, object->id, NULL, err)
                                       : st;
}

static jw_status read_changes(struct jw_feed *feed, struct jw_error *err) {
    struct jw_audit_head before;
    jw_status st = JW_OK;
    do {
        jw_sql_value values[] = {JW_SQL_INT(feed->read.seq), JW_SQL_INT(ENTRIES)};
        before = feed->read;
        feed->object_count = feed->entries = 0;
        st = jw_sql_run(feed->sql, "SELECT seq, object, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2",
                        values, 2, take_entry, feed, err);
        for (size_t i = 0; i < feed->object_count && st == JW_OK; i++)
            st = read_one(feed, &feed->objects[i], err);
        if (st != JW_OK)
            feed->read = before;
    } while (st == JW_OK && feed->entries == ENTRIES);
    return st;
}

/* The chain still goes through where we stopped: it is the same database, not an older copy of it. */
static jw_status is_same_chain(struct jw_feed *feed, bool *out, struct jw_error *err) {
    jw_sql_value seq = JW_SQL_INT(feed->read.seq), hash = {0};
    *out = feed->begun;
    if (!feed->begun || feed->read.seq == 0)
        return JW_OK;
    jw_arena_reset(feed->mem);
    jw_status st = jw_sql_one(feed->sql, "SELECT hash FROM audit WHERE seq = $1", &seq, 1, feed->mem, &hash, err);
    *out = st == JW_OK && jw_text_is(hash.text, jw_text_from(feed->read.hash));
    return st == JW_END ? JW_OK : st;
}

static jw_status read_within(struct jw_feed *feed, struct jw_error *err) {
    struct jw_audit_head head;
    bool moved = false, same = false;
    jw_status st = is_same_chain(feed, &same, err);
    if (st == JW_OK)
        st = look_at_tables(feed, &moved, err);
    if (st != JW_OK || (same && !moved))
        return st == JW_OK ? read_changes(feed, err) : st;
    st = jw_audit_get_head(feed->sql, &head, err);
    feed->begun = false;
    if (st == JW_OK)
        st = read_all(feed, err);
    if (st == JW_OK) {
        feed->begun = true;
        feed->read = head;
    }
    return st;
}

jw_status jw_feed_poll(struct jw_feed *feed, uint64_t *out_changes, struct jw_error *err) {
    feed->changes = 0;
    jw_status st = open_link(feed, err);
    if (st == JW_OK)
        st = jw_sql_begin(feed->sql, false, err);
    if (st == JW_OK)
        st = jw_sql_end(feed->sql, read_within(feed, err), err);
    if (st != JW_OK)
        close_link(feed);
    if (out_changes)
        *out_changes = feed->changes;
    return st;
}
