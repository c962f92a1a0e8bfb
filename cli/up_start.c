/* cli/up_start.c — folders, programs, arguments, the welcome. */
#include "up.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/account.h"
#include "base/address.h"
#include "base/time.h"
#include "tls/certificate.h"

#define DATA_MOST 3800 /* room for the names below it within PATH_MAX */

static jw_status folder(const char *path, struct jw_error *err) {
    if (mkdir(path, 0750) == 0 || errno == EEXIST)
        return JW_OK;
    return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
}

const char *jw_up_absolute(const char *given, char out[4096]) {
    char here[2048];
    while (given[0] == '.' && (given[1] == '/' || given[1] == '\0'))
        given += given[1] ? 2 : 1;
    if (given[0] == '/' || !getcwd(here, sizeof here))
        snprintf(out, 4096, "%.4000s", given);
    else
        snprintf(out, 4096, "%s%s%.2000s", here, *given && here[1] ? "/" : "", given);
    return out;
}

bool jw_up_is_listen(const char *given) {
    const char *colon = strrchr(given, ':');
    jw_address address;
    uint64_t port;
    if (!colon || !jw_text_u64(jw_text_from(colon + 1), &port) || port > 65535)
        return false;
    jw_text host = {given, (size_t)(colon - given)};
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = (jw_text){host.ptr + 1, host.len - 2};
    return jw_address_parse(host, &address);
}

jw_status jw_up_folders(const struct jw_up_options *options, struct jw_error *err) {
    static const char *const names[] = {"", "/run", "/spool", "/state", "/plan", "/tls", "/ledger"};
    if (strlen(options->data) > DATA_MOST)
        return jw_fail(err, JW_E_LIMIT, "--data: a path of more than %d bytes", DATA_MOST);
    if (strlen(options->data) > sizeof "/run/collect.sock" + 60) /* sun_path holds 108 bytes */
        return jw_fail(err, JW_E_LIMIT, "--data %s: too long for the sockets in it; use a path of at most 75 bytes",
                       options->data);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s%s", options->data, names[i]);
        jw_status st = folder(path, err);
        if (st != JW_OK)
            return st;
    }
    return JW_OK;
}

bool jw_up_program(const char *name, char *out) {
    char here[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", here, sizeof here - 1);
    if (len <= 0)
        return false;
    here[len] = '\0';
    *strrchr(here, '/') = '\0';
    snprintf(out, 4096, "%.3000s/daemons/%s/jw-%s", here, name, name);
    if (access(out, X_OK) == 0)
        return true;
    snprintf(out, 4096, "%.3000s/jw-%s", here, name);
    if (access(out, X_OK) == 0)
        return true;
    snprintf(out, 4096, "/usr/libexec/jinwu/jw-%s", name);
    return access(out, X_OK) == 0;
}

static jw_status say(struct jw_arena *mem, char **argv, size_t *count, size_t most, const char *option,
                     const char *value, struct jw_error *err) {
    size_t size = strlen(option) + strlen(value) + 4;
    char *word = *count + 1 < most ? jw_arena_alloc(mem, size) : NULL;
    if (!word)
        return jw_fail(err, JW_E_LIMIT, "too many options at --%s", option);
    snprintf(word, size, "--%s=%s", option, value);
    argv[(*count)++] = word;
    return JW_OK;
}

jw_status jw_up_arguments(const struct jw_up_options *options, const char *name, struct jw_arena *mem, char **argv,
                          size_t *count, size_t most, struct jw_error *err) {
    jw_status st = say(mem, argv, count, most, "data", options->data, err);
    if (st == JW_OK)
        st = say(mem, argv, count, most, "content", options->content, err);
    if (st == JW_OK && strcmp(name, "api") == 0) {
        st = say(mem, argv, count, most, "listen", options->listen, err);
        if (st == JW_OK && options->insecure_http)
            st = say(mem, argv, count, most, "tls", "off", err);
    }
    return st;
}

/* The sample plan, for --demo: only into a folder without a plan, so that it never mixes with a city's own. */
static jw_status sample_plan(const struct jw_up_options *options, struct jw_error *err) {
    char from[PATH_MAX], to[PATH_MAX], bytes[65536];
    snprintf(from, sizeof from, "%s/gov/sample.yaml", options->content);
    snprintf(to, sizeof to, "%s/plan", options->data);
    if (rmdir(to) != 0 && errno == ENOTEMPTY)
        return JW_OK;
    mkdir(to, 0750);
    snprintf(to, sizeof to, "%s/plan/sample.yaml", options->data);
    FILE *in = fopen(from, "re"), *out = in ? fopen(to, "we") : NULL;
    size_t size = in ? fread(bytes, 1, sizeof bytes, in) : 0;
    bool good = out && size && size < sizeof bytes && fwrite(bytes, 1, size, out) == size;
    int why = errno;
    if (in)
        fclose(in);
    if (out && fclose(out) != 0)
        good = false;
    return good ? JW_OK : jw_fail(err, JW_E_SYSTEM, "%s to %s: %s", from, to, strerror(why));
}

/* Without roles and ledgers: the first account needs neither, and jw-api makes their tables. */
static jw_status first_account(const struct jw_up_options *options, const char *db, char out[JW_FIRST_PASSWORD],
                               struct jw_error *err) {
    char path[PATH_MAX];
    JW_AUTO(jw_policy_free_p) struct jw_policy *policy = jw_policy_new();
    JW_AUTO(jw_store_close_p) struct jw_store *store = NULL;
    JW_AUTO(jw_accounts_close_p) struct jw_accounts *accounts = NULL;
    if (!policy)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    snprintf(path, sizeof path, "%s/ledger/ledger.db", options->data);
    jw_status st = jw_store_open(db ? db : path, NULL, &store, err);
    if (st != JW_OK)
        return st;
    snprintf(path, sizeof path, "%s/state", options->data);
    struct jw_accounts_options wanted = {.store = store, .policy = policy, .state_folder = path};
    st = jw_accounts_open(&wanted, &accounts, err);
    return st == JW_OK ? jw_accounts_ensure_first(accounts, out, err) : st;
}

jw_status jw_up_first_start(const struct jw_up_options *options, const char *db, struct jw_error *err) {
    char path[PATH_MAX], password[JW_FIRST_PASSWORD];
    snprintf(path, sizeof path, "%s/tls", options->data);
    jw_status st = jw_certificate_ensure(path, options->listen, err);
    if (st < 0)
        return st;
    if (options->demo && (st = sample_plan(options, err)) < 0)
        return st;
    st = first_account(options, db, password, err);
    if (st == JW_OK)
        printf("\n  account           admin\n  password          %s   (shown this once; it must be changed at the "
               "first "
               "login)\n",
               password);
    if (st >= 0 && options->demo)
        st = jw_up_samples(options, db, err);
    fflush(stdout);
    explicit_bzero(password, sizeof password);
    return st < 0 ? st : JW_OK;
}

void jw_up_welcome(const struct jw_up_options *options, int64_t took) {
    printf("\njinwu is ready (%.1f s).\n"
           "  console and API   %s://%s/\n"
           "  status            jinwu status --data %s\n"
           "  send a file       jinwu send --data %s FILE\n"
           "  search            jinwu search --data %s 'QUERY'\n\n",
           (double)took / JW_SECOND, options->insecure_http ? "http" : "https", options->listen, options->data,
           options->data, options->data);
    fflush(stdout);
}
