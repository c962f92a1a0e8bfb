/* lib/desk/declared.c — what is declared now, and what was declared when it was last good. */
#include "declared.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "os/file.h"

#define FILE_MOST ((size_t)1 << 20)
#define NO_ROLES  "roles:\n  nobody: {title: {zh: 无, en: Nobody}}\n"

struct reading {
    const struct jw_desk_options *options;
    uint64_t refused;
};

static void tell(const struct jw_desk_options *options, jw_desk_news news, const char *text) {
    if (options->told)
        options->told(options->context, news, text);
}

static void on_refused(void *context, const char *file, int line, int column, const char *reason) {
    struct reading *reading = context;
    char text[PATH_MAX + 512];
    reading->refused++;
    snprintf(text, sizeof text, "%s:%d:%d: %s", file, line, column, reason);
    tell(reading->options, JW_NEWS_REFUSED, text);
}

static void copies_folder(const struct jw_desk_options *options, char out[PATH_MAX]) {
    snprintf(out, PATH_MAX, "%s/ledger/declared", options->data);
}

static void roles_copy(const struct jw_desk_options *options, char out[PATH_MAX]) {
    snprintf(out, PATH_MAX, "%s/ledger/roles.yaml", options->data);
}

/* --- roles
 * -------------------------------------------------------------------------------------------------------- */
static jw_status read_roles(const char *path, struct jw_roles **out, struct jw_error *err) {
    jw_buffer bytes = JW_BUFFER(FILE_MOST);
    jw_status st = jw_file_read(path, &bytes, err);
    if (st == JW_OK)
        st = jw_roles_read(jw_buffer_text(&bytes), path, out, err);
    jw_buffer_free(&bytes);
    return st;
}

/* Those of content, else those that were kept, else none: then nobody may do anything. */
static jw_status find_roles(struct reading *reading, struct jw_roles **out, struct jw_error *err) {
    char path[PATH_MAX];
    struct jw_error why = {{0}};
    snprintf(path, sizeof path, "%s/roles.yaml", reading->options->content);
    jw_status st = read_roles(path, out, &why);
    if (st == JW_OK)
        return JW_OK;
    if (st == JW_AGAIN)
        jw_fail(&why, st, "%s:1:1: the file is missing", path);
    reading->refused++;
    tell(reading->options, JW_NEWS_REFUSED, why.text);
    roles_copy(reading->options, path);
    return read_roles(path, out, &why) == JW_OK ? JW_OK : jw_roles_read(JW_TEXT(NO_ROLES), "no roles", out, err);
}

/* --- reading
 * ------------------------------------------------------------------------------------------------------ */
static jw_status make_folders(const struct jw_desk_options *options, struct jw_error *err) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/ledger", options->data);
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    copies_folder(options, path);
    return mkdir(path, 0700) == 0 || errno == EEXIST ? JW_OK
                                                     : jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
}

static jw_status load_kept(const struct jw_desk_options *options, struct jw_ledgers **out, struct jw_error *err) {
    char path[PATH_MAX];
    jw_status st = make_folders(options, err);
    copies_folder(options, path);
    return st == JW_OK ? jw_ledgers_load(path, NULL, NULL, NULL, out, err) : st;
}

/* Without flows records follow none, and nothing is lost: a folder that cannot be read is told of, and that is all.
 */
static jw_status read_flows(struct reading *reading, const struct jw_generation *before, struct jw_generation *out,
                            struct jw_error *err) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/calendars", reading->options->content);
    jw_status st =
        jw_calendar_load(path, before ? before->calendar : NULL, on_refused, reading, &out->calendar, err);
    snprintf(path, sizeof path, "%s/workflows", reading->options->content);
    if (st == JW_OK)
        st =
            jw_flows_load(path, out->ledgers, before ? before->flows : NULL, on_refused, reading, &out->flows, err);
    return st;
}

jw_status jw_declared_kept(const struct jw_desk_options *options, struct jw_generation *out, struct jw_error *err) {
    struct reading reading = {.options = options};
    jw_status st = load_kept(options, &out->ledgers, err);
    if (st == JW_OK)
        st = find_roles(&reading, &out->roles, err);
    return st == JW_OK ? read_flows(&reading, NULL, out, err) : st;
}

jw_status jw_declared_read(const struct jw_desk_options *options, const struct jw_generation *before,
                           struct jw_generation *out, struct jw_error *err) {
    struct reading reading = {.options = options};
    struct jw_ledgers *kept = NULL;
    struct jw_error why = {{0}};
    char path[PATH_MAX];
    jw_status st = before ? JW_OK : load_kept(options, &kept, err);
    if (st == JW_OK)
        st = find_roles(&reading, &out->roles, err);
    if (st != JW_OK)
        return jw_ledgers_free(kept), st;
    snprintf(path, sizeof path, "%s/ledgers", options->content);
    st = jw_ledgers_load(path, before ? before->ledgers : kept, on_refused, &reading, &out->ledgers, &why);
    if (st != JW_OK && !before) { /* no such folder: what was kept is all there is */
        on_refused(&reading, path, 1, 1, why.text);
        out->ledgers = kept;
        kept = NULL;
        st = JW_OK;
    }
    jw_ledgers_free(kept);
    if (st == JW_OK)
        st = read_flows(&reading, before, out, &why);
    out->refused = reading.refused;
    if (st == JW_OK)
        return JW_OK;
    jw_roles_free(out->roles);
    out->roles = NULL;
    return jw_wrap(err, st, "%s", why.text);
}

/* --- keeping
 * ------------------------------------------------------------------------------------------------------ */
static jw_status copy(const char *from, const char *to, const char *digest, struct jw_error *err) {
    jw_buffer now = JW_BUFFER(FILE_MOST), then = JW_BUFFER(FILE_MOST);
    char sum[JW_AUDIT_HASH];
    jw_status st = jw_file_read(from, &now, err);
    bool same = st == JW_OK && jw_file_read(to, &then, NULL) == JW_OK &&
                jw_text_is(jw_buffer_text(&now), jw_buffer_text(&then));
    if (st == JW_OK && !same &&
        digest) { /* what was refused, or changed since it was read, is not what is in force */
        st = jw_sm3_hex(jw_buffer_text(&now), sum, err);
        same = st == JW_OK && strcmp(sum, digest) != 0;
    }
    if (st == JW_OK && !same)
        st = jw_file_replace(to, jw_buffer_text(&now), 0600, err);
    jw_buffer_free(&now);
    jw_buffer_free(&then);
    return st == JW_AGAIN ? JW_OK : st;
}

/* A ledger that was taken away is not to come back. */
static void drop_others(const char *folder, const struct jw_ledgers *ledgers) {
    DIR *list = opendir(folder);
    const struct dirent *entry;
    while (list && (entry = readdir(list))) {
        char path[PATH_MAX];
        jw_text name = jw_text_from(entry->d_name);
        if (!jw_text_ends(name, JW_TEXT(".yaml")))
            continue;
        name.len -= strlen(".yaml");
        if (jw_ledgers_find(ledgers, name))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        unlink(path);
    }
    if (list)
        closedir(list);
}

jw_status jw_declared_keep(const struct jw_desk_options *options, const struct jw_generation *now,
                           struct jw_error *err) {
    char folder[PATH_MAX], from[PATH_MAX + 80], to[PATH_MAX + 80];
    struct jw_roles *roles = NULL;
    copies_folder(options, folder);
    jw_status st = JW_OK;
    for (size_t i = 0; i < jw_ledgers_count(now->ledgers) && st == JW_OK; i++) {
        const struct jw_ledger *ledger = jw_ledgers_get(now->ledgers, i);
        snprintf(to, sizeof to, "%s/%s.yaml", folder, ledger->name);
        st = copy(ledger->file, to, ledger->digest, err);
    }
    drop_others(folder, now->ledgers);
    snprintf(from, sizeof from, "%s/roles.yaml", options->content);
    if (st == JW_OK && read_roles(from, &roles, &(struct jw_error){{0}}) == JW_OK) {
        roles_copy(options, folder);
        st = copy(from, folder, NULL, err);
    }
    jw_roles_free(roles);
    return st;
}
