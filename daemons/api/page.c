/* daemons/api/page.c — the console from memory, under a strict content security policy. */
#include "page.h"
#include "forward.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "os/file.h"

#define MARK      "@NONCE@"
#define FILE_MOST (16u << 20)
#define FILES     512

struct file {
    char name[128];
    jw_buffer plain, packed; /* packed: gzip, empty when there is none */
};

struct jw_site {
    jw_buffer page;
    struct file files[FILES];
    size_t count;
};

static const struct {
    const char *ending, *type;
} types[] = {
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".json", "application/json"},
    {".woff2", "font/woff2"},
};

static const char *type_of(const char *name) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (jw_text_ends(jw_text_from(name), jw_text_from(types[i].ending)))
            return types[i].type;
    return NULL;
}

/* --- at the start
 * ------------------------------------------------------------------------------------------------- */
/* build/daemons/api/jw-api finds build/console/site. */
static const char *find_folder(const struct jw_api *api, char out[JW_PATH]) {
    const char *given = jw_daemon_text(api->run, "console");
    char program[JW_PATH - 64];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    if (given)
        return given;
    program[len > 0 ? len : 0] = '\0';
    for (int up = 0; up < 3; up++) {
        char *slash = strrchr(program, '/');
        if (slash)
            *slash = '\0';
    }
    snprintf(out, JW_PATH, "%s/console/site", program);
    return access(out, R_OK) == 0 ? out : "/usr/share/jinwu/console";
}

static jw_status read_asset(struct jw_site *site, const char *folder, const char *name, struct jw_error *err) {
    char path[JW_PATH];
    if (!type_of(name) || strlen(name) >= sizeof site->files->name)
        return JW_OK; /* packed ones are read beside their plain one */
    if (site->count == FILES)
        return jw_fail(err, JW_E_LIMIT, "%s: more than %d files", folder, FILES);
    struct file *file = &site->files[site->count++];
    snprintf(file->name, sizeof file->name, "%s", name);
    file->plain = file->packed = JW_BUFFER(FILE_MOST);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    jw_status st = jw_file_read(path, &file->plain, err);
    if (st != JW_OK)
        return st < 0 ? st : jw_fail(err, JW_E_SYSTEM, "%s went away", path);
    snprintf(path, sizeof path, "%s/%s.gz", folder, name);
    st = jw_file_read(path, &file->packed, err);
    return st < 0 ? st : JW_OK;
}

static jw_status read_assets(struct jw_site *site, const char *folder, struct jw_error *err) {
    DIR *list = opendir(folder);
    jw_status st = JW_OK;
    for (struct dirent *one; list && st == JW_OK && (one = readdir(list));)
        st = read_asset(site, folder, one->d_name, err);
    if (list)
        closedir(list);
    return st;
}

jw_status jw_page_open(struct jw_api *api, struct jw_error *err) {
    char found[JW_PATH], path[JW_PATH + 16];
    const char *folder = find_folder(api, found);
    api->site = calloc(1, sizeof *api->site);
    if (!api->site)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    api->site->page = JW_BUFFER(FILE_MOST);
    snprintf(path, sizeof path, "%s/index.html", folder);
    jw_status st = jw_file_read(path, &api->site->page, err);
    if (st == JW_AGAIN) {
        jw_log(JW_LOG_WARNING, "no console in %s: build it with ./run --build, or give --console", folder);
        return JW_OK;
    }
    snprintf(path, sizeof path, "%s/assets", folder);
    return st < 0 ? st : read_assets(api->site, path, err);
}

void jw_page_close(struct jw_api *api) {
    for (size_t i = 0; api->site && i < api->site->count; i++) {
        jw_buffer_free(&api->site->files[i].plain);
        jw_buffer_free(&api->site->files[i].packed);
    }
    if (api->site)
        jw_buffer_free(&api->site->page);
    free(api->site);
}

/* --- for browsers
 * ------------------------------------------------------------------------------------------------- */
static void make_nonce(char out[33]) {
    unsigned char random[16];
    jw_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(out + 2 * i, 3, "%02x", random[i]);
}

/* Scripts come from our own files alone. Styles that components make while they run carry the nonce of this page;
 * whatever an event might smuggle in does not. */
void jw_page_app(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    const struct jw_api *api = context;
    jw_text page = jw_buffer_text(&api->site->page);
    char nonce[33], policy[400];
    size_t at;
    (void)request;
    if (!page.len) {
        jw_http_response_error(out, 503, "no_console", -1,
                               "the console is not built here: ./run --build; /api/v1 serves all the same");
        return;
    }
    make_nonce(nonce);
    out->type = "text/html; charset=utf-8";
    while (jw_text_find(page, JW_TEXT(MARK), &at)) {
        jw_buffer_add(&out->body, (jw_text){page.ptr, at});
        jw_buffer_add(&out->body, jw_text_from(nonce));
        page = (jw_text){page.ptr + at + sizeof MARK - 1, page.len - at - (sizeof MARK - 1)};
    }
    jw_buffer_add(&out->body, page);
    snprintf(policy, sizeof policy,
             "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-%s'; img-src 'self' data:; "
             "font-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
             nonce);
    jw_http_response_header(out, "Content-Security-Policy", jw_text_from(policy));
}

void jw_page_root(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    const struct jw_api_caller *caller = request->user;
    if (caller->is == JW_API_SENDER)
        jw_forward_elastic(context, request, out);
    else
        jw_page_app(context, request, out);
}

static bool takes_gzip(const struct jw_http_request *request) {
    size_t at;
    return jw_text_find(jw_http_request_header(request, "Accept-Encoding"), JW_TEXT("gzip"), &at);
}

void jw_page_asset(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    const struct jw_api *api = context;
    jw_text name = jw_http_request_value(request, "name");
    const struct file *file = NULL;
    for (size_t i = 0; !file && i < api->site->count; i++)
        if (jw_text_is(name, jw_text_from(api->site->files[i].name)))
            file = &api->site->files[i];
    if (!file) {
        jw_http_response_error(out, 404, "not_found", -1, "there is no such file");
        return;
    }
    bool packed = file->packed.len && takes_gzip(request);
    jw_http_response_text(out, type_of(file->name), jw_buffer_text(packed ? &file->packed : &file->plain));
    jw_http_response_header(out, "Cache-Control", JW_TEXT("public, max-age=31536000, immutable"));
    jw_http_response_header(out, "Vary", JW_TEXT("Accept-Encoding"));
    if (packed)
        jw_http_response_header(out, "Content-Encoding", JW_TEXT("gzip"));
}
