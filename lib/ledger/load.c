/* lib/ledger/load.c — a folder of ledger files becomes a set; what is refused leaves the others and its own former
 * declaration in force. */
#include "declare.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "os/file.h"

#define MEMORY (32u << 20) /* of one ledger */

/* Sets share the ledgers that stayed as they were. */
struct entry {
    struct jw_ledger ledger; /* first: pointers to it are pointers to the entry */
    struct jw_source source;
    atomic_int users;
    bool former; /* of the set before: it was resolved there */
};
struct jw_ledgers {
    struct entry **list; /* in order of names */
    size_t count;
};

struct load {
    const char *folder;
    const struct jw_ledgers *before;
    jw_ledger_refused refused;
    void *context;
    struct jw_ledgers *out;
    struct jw_error *err;
};

static void entry_free(struct entry *entry) {
    if (!entry || atomic_fetch_sub(&entry->users, 1) > 1)
        return;
    struct jw_arena *mem = entry->source.mem;
    jw_declare_forget(&entry->ledger);
    jw_source_close(&entry->source);
    jw_arena_free(mem);
    free(entry);
}

void jw_ledgers_free(struct jw_ledgers *set) {
    for (size_t i = 0; set && i < set->count; i++)
        entry_free(set->list[i]);
    if (set)
        free(set->list);
    free(set);
}
JW_DEFINE_AUTO(jw_ledgers, jw_ledgers_free)

size_t jw_ledgers_count(const struct jw_ledgers *set) { return set ? set->count : 0; }
const struct jw_ledger *jw_ledgers_get(const struct jw_ledgers *set, size_t i) { return &set->list[i]->ledger; }

static struct entry *find(const struct jw_ledgers *set, jw_text name) {
    size_t from = 0, to = set ? set->count : 0;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = jw_text_compare(name, jw_text_from(set->list[middle]->ledger.name));
        if (order == 0)
            return set->list[middle];
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

const struct jw_ledger *jw_ledgers_find(const struct jw_ledgers *set, jw_text name) {
    struct entry *entry = find(set, name);
    return entry ? &entry->ledger : NULL;
}

int jw_ledger_field_find(const struct jw_ledger *ledger, jw_text name) {
    for (size_t i = 0; i < ledger->field_count; i++)
        if (jw_text_is(name, jw_text_from(ledger->fields[i].name)))
            return (int)i;
    return -1;
}

static const struct jw_ledger *find_by_name(const void *set, const char *name) {
    return jw_ledgers_find(set, jw_text_from(name));
}

static void refuse(struct load *load, const char *file, int line, int column, const char *reason) {
    if (load->refused)
        load->refused(load->context, file, line, column, reason);
}

/* --- one file ----------------------------------------------------------------------------------------------------
 */
static bool read_file(const char *path, jw_buffer *bytes, struct jw_source *source) {
    struct jw_error err = {0};
    jw_status st = jw_file_read(path, bytes, &err);
    if (st == JW_OK)
        return true;
    source->state = JW_E_SYNTAX;
    source->line = source->column = 1;
    snprintf(source->reason, sizeof source->reason, "%s",
             st == JW_AGAIN     ? "the file is gone"
             : st == JW_E_LIMIT ? "the file is larger than 1 MiB; split it"
                                : err.text);
    return false;
}

static void read_entry(struct entry *entry, const char *path, const char *name) {
    struct jw_arena *mem = entry->source.mem;
    struct jw_source *source = &entry->source;
    jw_buffer bytes = JW_BUFFER(JW_SOURCE_BYTES);
    if (read_file(path, &bytes, source) && jw_source_open(source, jw_buffer_text(&bytes), mem)) {
        struct jw_error err = {0};
        char digest[JW_AUDIT_HASH] = "";
        jw_declare_ledger(source, name, &entry->ledger);
        if (jw_sm3_hex(jw_buffer_text(&bytes), digest, &err) != JW_OK)
            jw_source_fail(source, source->root, NULL, 0, "%s", err.text);
        memcpy(entry->ledger.digest, digest, sizeof digest);
        entry->ledger.file = jw_source_copy(source, jw_text_from(path));
    }
    jw_buffer_free(&bytes);
}

/* The former one, when there is one, takes the place of what was refused. NULL: nobody. */
static struct entry *former(const struct load *load, const char *name) {
    struct entry *entry = find(load->before, jw_text_from(name));
    if (entry)
        atomic_fetch_add(&entry->users, 1);
    return entry;
}

static jw_status load_file(struct load *load, const char *file) {
    char path[4096], name[256];
    size_t len = strlen(file) - strlen(".yaml");
    snprintf(name, sizeof name, "%.*s", (int)len, file);
    snprintf(path, sizeof path, "%s/%s", load->folder, file);
    struct entry *entry = calloc(1, sizeof *entry);
    struct jw_arena *mem = entry ? jw_arena_new(MEMORY) : NULL;
    if (!mem)
        return free(entry), jw_fail(load->err, JW_E_LIMIT, "%s: no memory", path);
    atomic_init(&entry->users, 1);
    entry->source.mem = mem;
    read_entry(entry, path, name);
    if (!jw_source_good(&entry->source)) {
        refuse(load, path, entry->source.line, entry->source.column, entry->source.reason);
        entry_free(entry);
        entry = former(load, name);
    }
    if (entry)
        load->out->list[load->out->count++] = entry;
    return JW_OK;
}

/* --- the folder --------------------------------------------------------------------------------------------------
 */
static int wanted(const struct dirent *entry) {
    jw_text name = jw_text_from(entry->d_name);
    return *name.ptr != '.' && (jw_text_ends(name, JW_TEXT(".yaml")) || jw_text_ends(name, JW_TEXT(".yml")));
}

static int by_stem(const struct dirent **a, const struct dirent **b) {
    jw_text x = jw_text_from((*a)->d_name), y = jw_text_from((*b)->d_name);
    x.len -= jw_text_ends(x, JW_TEXT(".yaml")) ? 5 : 4; /* as names are ordered, without '.' between them */
    y.len -= jw_text_ends(y, JW_TEXT(".yaml")) ? 5 : 4;
    return jw_text_compare(x, y);
}

static jw_status load_files(struct load *load, struct dirent **files, size_t count) {
    jw_status st = JW_OK;
    for (size_t i = 0; i < count && st == JW_OK; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", load->folder, files[i]->d_name);
        if (jw_text_ends(jw_text_from(files[i]->d_name), JW_TEXT(".yml")))
            refuse(load, path, 1, 1, "the name of a ledger file ends with .yaml; rename it");
        else if (load->out->count == JW_LEDGERS)
            refuse(load, path, 1, 1, "more than 500 ledgers");
        else
            st = load_file(load, files[i]->d_name);
    }
    return st;
}

/* A ledger that points to a refused one is refused with it, and so on until nothing more falls. The former ones
 * stay: what they point to may be gone, which the store tells record by record. */
static void resolve(struct load *load) {
    bool fell = true;
    while (fell) {
        fell = false;
        for (size_t i = 0; i < load->out->count; i++) {
            struct entry *entry = load->out->list[i];
            if (entry->former)
                continue;
            jw_declare_resolve(&entry->source, &entry->ledger, find_by_name, load->out);
            if (jw_source_good(&entry->source))
                continue;
            fell = true;
            refuse(load, entry->ledger.file, entry->source.line, entry->source.column, entry->source.reason);
            struct entry *instead = former(load, entry->ledger.name);
            entry_free(entry);
            load->out->list[i] = instead;
            if (!instead) {
                load->out->count--;
                memmove(&load->out->list[i], &load->out->list[i + 1],
                        (load->out->count - i) * sizeof *load->out->list);
                i--;
            }
        }
    }
    for (size_t i = 0; i < load->out->count; i++)
        load->out->list[i]->former = true;
}

jw_status jw_ledgers_load(const char *folder, const struct jw_ledgers *before, jw_ledger_refused refused,
                          void *context, struct jw_ledgers **out, struct jw_error *err) {
    struct dirent **files = NULL;
    int count = scandir(folder, &files, wanted, by_stem);
    if (count < 0)
        return jw_fail(err, JW_E_SYSTEM, "ledgers in %s: %s", folder, strerror(errno));
    JW_AUTO(jw_ledgers_free_p) struct jw_ledgers *set = calloc(1, sizeof *set);
    struct load load = {folder, before, refused, context, set, err};
    jw_status st = JW_E_LIMIT;
    if (set && (set->list = calloc(JW_LEDGERS, sizeof *set->list)))
        st = load_files(&load, files, (size_t)count);
    for (int i = 0; i < count; i++)
        free(files[i]);
    free(files);
    if (st != JW_OK)
        return set && set->list ? st : jw_fail(err, st, "ledgers in %s: no memory", folder);
    resolve(&load);
    *out = set;
    set = NULL;
    return JW_OK;
}
