/* lib/account/policy.c — content/access.yaml, and passwords measured by it. */
#include "policy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "access/password.h"
#include "ledger/source.h"
#include "os/file.h"

#define MEMORY    ((size_t)1 << 20)
#define FORBIDDEN 2000
#define YEAR_S    ((int64_t)366 * 86400)

struct jw_policy *jw_policy_new(void) {
    static char *none[] = {NULL};
    struct jw_policy *policy = malloc(sizeof *policy);
    struct jw_arena *mem = jw_arena_new(MEMORY);
    if (!policy || !mem) {
        free(policy);
        jw_arena_free(mem);
        return NULL;
    }
    *policy = (struct jw_policy){.least = JW_PASSWORD_LEAST,
                                 .classes = 3,
                                 .passphrase = 16,
                                 .history = 5,
                                 .longest_days = 90,
                                 .forbidden = none,
                                 .idle_s = 1800,
                                 .longest_s = 43200,
                                 .sessions = 8,
                                 .tries = 5,
                                 .address_tries = 25,
                                 .lock_s = 30,
                                 .lock_most_s = 900,
                                 .forget_s = 3600,
                                 .second_roles = none,
                                 .token_days = 365,
                                 .mem = mem};
    return policy;
}

void jw_policy_free(struct jw_policy *policy) {
    for (struct jw_policy *former; policy; policy = former) {
        former = policy->former;
        jw_arena_free(policy->mem);
        free(policy);
    }
}

/* --- the file ------------------------------------------------------------------------------------------------- */
static char **read_list(struct jw_source *source, const json_t *in, const char *key, size_t most, char **preset) {
    const json_t *list = jw_source_list(source, in, key, most);
    size_t count = json_array_size(list);
    if (!list)
        return preset;
    char **out = jw_source_alloc(source, (count + 1) * sizeof *out);
    for (size_t i = 0; i < count && jw_source_good(source); i++) {
        const char *item = jw_source_item(source, list, i, 100);
        out[i] = item ? jw_source_copy(source, jw_text_from(item)) : NULL;
        for (char *c = out[i]; c && *c; c++)
            *c = (char)tolower((unsigned char)*c);
    }
    return out;
}

static const json_t *section(struct jw_source *source, const char *name, const char *const *keys) {
    const json_t *in = json_object_get(source->root, name);
    if (in)
        jw_source_keys(source, in, name, keys, NULL);
    return in;
}

static void read_password(struct jw_source *source, struct jw_policy *policy) {
    static const char *const keys[] = {"least",        "classes",   "passphrase", "history",
                                       "longest_days", "forbidden", NULL};
    const json_t *in = section(source, "password", keys);
    jw_source_integer(source, in, "least", JW_PASSWORD_LEAST, 64, &policy->least);
    jw_source_integer(source, in, "classes", 1, 4, &policy->classes);
    jw_source_integer(source, in, "passphrase", JW_PASSWORD_LEAST, 256, &policy->passphrase);
    jw_source_integer(source, in, "history", 0, 24, &policy->history);
    jw_source_integer(source, in, "longest_days", 0, 3650, &policy->longest_days);
    policy->forbidden = read_list(source, in, "forbidden", FORBIDDEN, policy->forbidden);
}

static void read_sessions(struct jw_source *source, struct jw_policy *policy) {
    static const char *const keys[] = {"idle_seconds", "longest_seconds", "most", "when_full", NULL};
    static const char *const words[] = {"end_oldest", "refuse", NULL};
    const json_t *in = section(source, "sessions", keys);
    jw_source_integer(source, in, "idle_seconds", 1, 86400, &policy->idle_s);
    jw_source_integer(source, in, "longest_seconds", 1, 30 * 86400, &policy->longest_s);
    jw_source_integer(source, in, "most", 0, 1000, &policy->sessions);
    if (json_object_get(in, "when_full"))
        policy->refuse = jw_source_word(source, in, "when_full", words) == 1;
}

static void read_lockout(struct jw_source *source, struct jw_policy *policy) {
    static const char *const keys[] = {"tries",           "address_tries",  "first_seconds",
                                       "longest_seconds", "forget_seconds", NULL};
    const json_t *in = section(source, "lockout", keys);
    jw_source_integer(source, in, "tries", 1, 100, &policy->tries);
    jw_source_integer(source, in, "address_tries", 1, 10000, &policy->address_tries);
    jw_source_integer(source, in, "first_seconds", 1, YEAR_S, &policy->lock_s);
    jw_source_integer(source, in, "longest_seconds", 1, YEAR_S, &policy->lock_most_s);
    jw_source_integer(source, in, "forget_seconds", 60, YEAR_S, &policy->forget_s);
}

static void read_rest(struct jw_source *source, struct jw_policy *policy) {
    static const char *const top[] = {"password", "sessions", "lockout", "second_factor", "tokens", NULL};
    static const char *const second[] = {"roles", NULL};
    static const char *const tokens[] = {"longest_days", NULL};
    jw_source_keys(source, source->root, "the access policy", top, NULL);
    policy->second_roles =
        read_list(source, section(source, "second_factor", second), "roles", 64, policy->second_roles);
    jw_source_integer(source, section(source, "tokens", tokens), "longest_days", 1, 3650, &policy->token_days);
}

jw_status jw_policy_load(const char *file, struct jw_policy **out, struct jw_error *err) {
    JW_AUTO(jw_policy_free_p) struct jw_policy *policy = jw_policy_new();
    JW_AUTO(jw_buffer_free) jw_buffer bytes = JW_BUFFER(JW_SOURCE_BYTES);
    struct jw_source source = {0};
    if (!policy)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    jw_status st = jw_file_read(file, &bytes, err);
    if (st < 0)
        return st;
    if (st == JW_OK) {
        if (jw_source_open(&source, jw_buffer_text(&bytes), policy->mem)) {
            read_password(&source, policy);
            read_sessions(&source, policy);
            read_lockout(&source, policy);
            read_rest(&source, policy);
        }
        if (!jw_source_good(&source))
            st = jw_fail(err, source.state, "%s:%d:%d: %s", file, source.line, source.column, source.reason);
        jw_source_close(&source);
    }
    if (st < 0)
        return st;
    *out = policy;
    policy = NULL;
    return JW_OK;
}

/* --- passwords ------------------------------------------------------------------------------------------------ */
static bool contains(jw_text small, const char *part) {
    return part[0] && jw_text_find(small, jw_text_from(part), NULL);
}

static int64_t classes_of(jw_text password, int64_t *characters) {
    bool small = false, capital = false, digit = false, other = false;
    *characters = 0;
    for (size_t i = 0; i < password.len; i++) {
        unsigned char c = (unsigned char)password.ptr[i];
        *characters += (c & 0xc0) != 0x80;
        if (c >= 'a' && c <= 'z')
            small = true;
        else if (c >= 'A' && c <= 'Z')
            capital = true;
        else if (c >= '0' && c <= '9')
            digit = true;
        else
            other = true;
    }
    return small + capital + digit + other;
}

jw_status jw_policy_check(const struct jw_policy *policy, jw_text name, jw_text password, struct jw_error *err) {
    char small[JW_PASSWORD_MOST + 1], account[JW_PASSWORD_MOST + 1];
    int64_t characters;
    jw_status st = jw_password_check(password, err);
    if (st != JW_OK)
        return st;
    int64_t classes = classes_of(password, &characters);
    if (characters < policy->least)
        return jw_fail(err, JW_E_DENIED, "密码至少 %lld 个字符 · the password needs at least %lld characters",
                       (long long)policy->least, (long long)policy->least);
    if (classes < policy->classes && characters < policy->passphrase)
        return jw_fail(
            err, JW_E_DENIED,
            "密码须含小写字母、大写字母、数字、其他字符中的 %lld 类，或不少于 %lld 个字符 · the password needs "
            "%lld of: small letters, capitals, digits, others; or %lld characters",
            (long long)policy->classes, (long long)policy->passphrase, (long long)policy->classes,
            (long long)policy->passphrase);
    for (size_t i = 0; i <= password.len; i++)
        small[i] = i < password.len ? (char)tolower((unsigned char)password.ptr[i]) : '\0';
    for (size_t i = 0; i <= name.len && i < sizeof account; i++)
        account[i] = i < name.len ? (char)tolower((unsigned char)name.ptr[i]) : '\0';
    jw_text whole = {small, password.len};
    if (name.len >= 3 && name.len < sizeof account && contains(whole, account))
        return jw_fail(err, JW_E_DENIED, "密码不得包含账号名 · the password contains the name of the account");
    for (size_t i = 0; policy->forbidden[i]; i++)
        if (jw_text_is(whole, jw_text_from(policy->forbidden[i])) ||
            (strlen(policy->forbidden[i]) * 3 >= password.len * 2 && contains(whole, policy->forbidden[i])))
            return jw_fail(err, JW_E_DENIED,
                           "此密码属于常见密码，请换一个 · the password is one of those that are tried first");
    return JW_OK;
}
