/* lib/workflow/load.c — a folder of workflow files becomes a set; what is refused stays as it was. */
#include "declare.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"
#include "os/file.h"

#define MEMORY (8u << 20) /* of one flow */

/* Sets share the flows that stayed as they were. */
struct entry {
    struct jw_flow flow; /* first: pointers to it are pointers to the entry */
    struct jw_source source;
    atomic_int users;
};
struct jw_flows {
    struct entry **list; /* in order of names */
    size_t count;
};

static void entry_free(struct entry *entry) {
    if (!entry || atomic_fetch_sub(&entry->users, 1) > 1)
        return;
    struct jw_arena *mem = entry->source.mem;
    jw_source_close(&entry->source);
    jw_arena_free(mem);
    free(entry);
}

void jw_flow_free(struct jw_flow *flow) { entry_free((struct entry *)flow); }

void jw_flows_free(struct jw_flows *set) {
    for (size_t i = 0; set && i < set->count; i++)
        entry_free(set->list[i]);
    if (set)
        free(set->list);
    free(set);
}

size_t jw_flows_count(const struct jw_flows *set) { return set ? set->count : 0; }
const struct jw_flow *jw_flows_get(const struct jw_flows *set, size_t i) { return &set->list[i]->flow; }

const struct jw_flow *jw_flows_find(const struct jw_flows *set, jw_text name) {
    for (size_t i = 0; set && i < set->count; i++)
        if (jw_text_is(name, jw_text_from(set->list[i]->flow.name)))
            return &set->list[i]->flow;
    return NULL;
}

/* --- one text ----------------------------------------------------------------------------------------------------
 */
/* NULL: no memory. A complaint is in entry->source. */
static struct entry *read_text(const char *name, jw_text text) {
    struct entry *entry = calloc(1, sizeof *entry);
    struct jw_arena *mem = entry ? jw_arena_new(MEMORY) : NULL;
    if (!mem)
        return free(entry), NULL;
    atomic_init(&entry->users, 1);
    entry->source.mem = mem;
    if (!jw_source_open(&entry->source, text, mem))
        return entry;
    struct jw_error err = {0};
    char digest[JW_AUDIT_HASH] = "";
    jw_declare_flow(&entry->source, name, &entry->flow);
    if (jw_sm3_hex(text, digest, &err) != JW_OK)
        jw_source_fail(&entry->source, entry->source.root, NULL, 0, "%s", err.text);
    memcpy(entry->flow.digest, digest, sizeof digest);
    entry->flow.text = jw_source_copy(&entry->source, text);
    return entry;
}

jw_status jw_flow_parse(const char *name, jw_text text, struct jw_flow **out, struct jw_error *err) {
    struct entry *entry = read_text(name, text);
    if (!entry)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    if (jw_source_good(&entry->source)) {
        *out = &entry->flow;
        return JW_OK;
    }
    jw_status st = entry->source.state;
    jw_fail(err, st, "%s:%d:%d: %.180s", name, entry->source.line, entry->source.column, entry->source.reason);
    entry_free(entry);
    return st;
}

/* --- the folder --------------------------------------------------------------------------------------------------
 */
struct loading {
    const char *folder;
    const struct jw_ledgers *ledgers;
    const struct jw_flows *before;
    jw_ledger_refused refused;
    void *context;
    struct jw_flows *out;
};

static void refuse(const struct loading *load, const char *file, int line, int column, const char *reason) {
    if (load->refused)
        load->refused(load->context, file, line, column, reason);
}

static void resolve(const struct loading *load, struct entry *entry) {
    for (size_t i = 0; load->ledgers && i < jw_ledgers_count(load->ledgers); i++) {
        const struct jw_ledger *ledger = jw_ledgers_get(load->ledgers, i);
        if (strcmp(ledger->workflow, entry->flow.name) == 0 && jw_source_good(&entry->source))
            jw_declare_flow_resolve(&entry->source, &entry->flow, ledger, load->ledgers);
    }
}

static jw_status load_file(struct loading *load, const char *file, struct jw_error *err) {
    char path[4096], name[256];
    jw_buffer bytes = JW_BUFFER(JW_SOURCE_BYTES);
    struct jw_error why = {0};
    struct entry *entry = NULL;
    snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - strlen(".yaml")), file);
    snprintf(path, sizeof path, "%s/%s", load->folder, file);
    jw_status st = jw_file_read(path, &bytes, &why);
    if (st != JW_OK) {
        refuse(load, path, 1, 1,
               st == JW_E_LIMIT ? "the file is larger than 1 MiB"
               : *why.text      ? why.text
                                : "is gone");
    } else if (!(entry = read_text(name, jw_buffer_text(&bytes)))) {
        jw_buffer_free(&bytes);
        return jw_fail(err, JW_E_LIMIT, "%s: no memory", path);
    }
    jw_buffer_free(&bytes);
    if (entry) {
        resolve(load, entry);
        entry->flow.file = jw_source_copy(&entry->source, jw_text_from(path));
    }
    if (entry && !jw_source_good(&entry->source)) {
        refuse(load, path, entry->source.line, entry->source.column, entry->source.reason);
        entry_free(entry);
        entry = NULL;
    }
    if (!entry && (entry = (struct entry *)(uintptr_t)jw_flows_find(load->before, jw_text_from(name))))
        atomic_fetch_add(&entry->users, 1);
    if (entry)
        load->out->list[load->out->count++] = entry;
    return JW_OK;
}

static int wanted(const struct dirent *entry) {
    return *entry->d_name != '.' && jw_text_ends(jw_text_from(entry->d_name), JW_TEXT(".yaml"));
}

/* A ledger whose flow is not there works, but its records follow nothing: somebody must know. */
static void check_ledgers(const struct loading *load) {
    char reason[160];
    for (size_t i = 0; load->ledgers && i < jw_ledgers_count(load->ledgers); i++) {
        const struct jw_ledger *ledger = jw_ledgers_get(load->ledgers, i);
        if (!*ledger->workflow || jw_flows_find(load->out, jw_text_from(ledger->workflow)))
            continue;
        snprintf(reason, sizeof reason, "workflow: there is no workflow \"%s\"; its records follow none",
                 ledger->workflow);
        refuse(load, ledger->file, 1, 1, reason);
    }
}

jw_status jw_flows_load(const char *folder, const struct jw_ledgers *ledgers, const struct jw_flows *before,
                        jw_ledger_refused refused, void *context, struct jw_flows **out, struct jw_error *err) {
    struct dirent **files = NULL;
    struct jw_flows *set = calloc(1, sizeof *set);
    struct loading load = {folder, ledgers, before, refused, context, set};
    if (!set || !(set->list = calloc(JW_FLOWS, sizeof *set->list)))
        return free(set), jw_fail(err, JW_E_LIMIT, "no memory");
    int count = scandir(folder, &files, wanted, alphasort);
    jw_status st =
        count < 0 && errno != ENOENT ? jw_fail(err, JW_E_SYSTEM, "%s: %s", folder, strerror(errno)) : JW_OK;
    for (int i = 0; i < count; i++) {
        if (set->count == JW_FLOWS)
            refuse(&load, files[i]->d_name, 1, 1, "more than 500 workflows");
        else if (st == JW_OK)
            st = load_file(&load, files[i]->d_name, err);
        free(files[i]);
    }
    free(files);
    if (st != JW_OK) {
        jw_flows_free(set);
        return st;
    }
    check_ledgers(&load);
    *out = set;
    return JW_OK;
}
