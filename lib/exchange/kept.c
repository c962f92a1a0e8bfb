/* lib/exchange/kept.c — a preview waits as two files: ID.json, what was told, and ID.plan, what would be written, a
 * line for each row. The report is written last: a plan without it is none. */
#include "parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/time.h"
#include "os/file.h"

#define REPORT_MOST ((size_t)8 << 20)
#define WAITS_S     86400

static void path_of(const char *folder, const char *id, const char *end, char out[PATH_MAX]) {
    snprintf(out, PATH_MAX, "%.3900s/%.40s.%s", folder, id, end);
}

/* Only what jw_kept_new makes: the identity comes from a URL. */
static bool is_id(jw_text id) {
    if (id.len != JW_KEPT_ID - 1)
        return false;
    for (size_t i = 0; i < id.len; i++)
        if (!strchr("0123456789abcdef", id.ptr[i]) || !id.ptr[i])
            return false;
    return true;
}

void jw_kept_forget(const char *folder, const char *id) {
    char path[PATH_MAX];
    path_of(folder, id, "json", path);
    unlink(path);
    path_of(folder, id, "plan", path);
    unlink(path);
}

/* Those that waited too long go, and files that were on their way out when jinwu was killed; also the oldest
 * preview when there are too many. */
static void tidy(const char *folder) {
    DIR *dir = opendir(folder);
    char oldest[NAME_MAX + 1] = "", path[PATH_MAX];
    time_t now = (time_t)(jw_time_now() / JW_SECOND), least = now;
    size_t count = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        struct stat about;
        snprintf(path, sizeof path, "%.3000s/%s", folder, entry->d_name);
        jw_text name = jw_text_from(entry->d_name);
        bool ours = jw_text_ends(name, JW_TEXT(".json")) || jw_text_ends(name, JW_TEXT(".plan")) ||
                    jw_text_starts(name, JW_TEXT("leaving-")) || jw_text_starts(name, JW_TEXT("export-"));
        if (!ours || stat(path, &about) != 0)
            continue;
        if (now - about.st_mtime > WAITS_S) {
            unlink(path);
            continue;
        }
        if (jw_text_ends(name, JW_TEXT(".json"))) {
            count++;
            if (about.st_mtime <= least)
                least = about.st_mtime, snprintf(oldest, sizeof oldest, "%.*s", (int)(name.len - 5), name.ptr);
        }
    }
    if (dir)
        closedir(dir);
    if (count < JW_EXCHANGE_KEPT)
        return;
    jw_kept_forget(folder, oldest);
}

jw_status jw_kept_new(const char *folder, struct jw_kept *out, struct jw_error *err) {
    unsigned char bytes[(JW_KEPT_ID - 1) / 2];
    char path[PATH_MAX];
    mkdir(folder, 0700);
    tidy(folder);
    jw_random(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out->id + 2 * i, 3, "%02x", bytes[i]);
    path_of(folder, out->id, "plan", path);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    out->plan = fd < 0 ? NULL : fdopen(fd, "w+");
    return out->plan ? JW_OK : jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
}

jw_status jw_kept_finish(const char *folder, struct jw_kept *kept, const json_t *report, struct jw_error *err) {
    char path[PATH_MAX];
    bool good = fflush(kept->plan) == 0 && fsync(fileno(kept->plan)) == 0;
    good = fclose(kept->plan) == 0 && good;
    kept->plan = NULL;
    char *text = json_dumps(report, JSON_COMPACT);
    path_of(folder, kept->id, "json", path);
    jw_status st = good && text ? jw_file_replace(path, jw_text_from(text), 0600, err)
                                : jw_fail(err, JW_E_SYSTEM, "%s: cannot be written", path);
    free(text);
    if (st != JW_OK)
        jw_kept_abandon(folder, kept);
    return st;
}

void jw_kept_abandon(const char *folder, struct jw_kept *kept) {
    char path[PATH_MAX];
    if (kept->plan)
        fclose(kept->plan);
    kept->plan = NULL;
    path_of(folder, kept->id, "plan", path);
    unlink(path);
}

jw_status jw_kept_open(const char *folder, jw_text id, struct jw_kept *out, json_t **report, struct jw_error *err) {
    char path[PATH_MAX];
    jw_buffer text = JW_BUFFER(REPORT_MOST);
    if (!is_id(id))
        return JW_END;
    snprintf(out->id, sizeof out->id, "%.*s", (int)id.len, id.ptr);
    path_of(folder, out->id, "json", path);
    jw_status st = jw_file_read(path, &text, err);
    *report = st == JW_OK ? json_loadb(text.ptr, text.len, 0, NULL) : NULL;
    jw_buffer_free(&text);
    if (st == JW_AGAIN || (st == JW_OK && !*report))
        return JW_END;
    path_of(folder, out->id, "plan", path);
    out->plan = st == JW_OK ? fopen(path, "re") : NULL;
    if (st != JW_OK || out->plan)
        return st;
    json_decref(*report);
    return JW_END;
}
