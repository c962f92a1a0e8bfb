/* lib/access/keys.c — sender keys in a file. */
#include "keys.h"
#include "document.h"
#include "password.h"

#include <stdlib.h>

#include <openssl/sha.h>

#include "base/time.h"

#define DIGEST_HEX (2 * SHA256_DIGEST_LENGTH)

struct jw_keys {
    struct jw_document document;
};

jw_status jw_keys_open(const char *state_folder, struct jw_keys **out, struct jw_error *err) {
    struct jw_keys *keys = calloc(1, sizeof *keys);
    if (!keys)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    jw_status st = jw_document_open(&keys->document, state_folder, "keys", "keys", err);
    if (st == JW_OK)
        *out = keys;
    else
        jw_keys_close(keys);
    return st;
}

void jw_keys_close(struct jw_keys *keys) {
    if (keys)
        jw_document_close(&keys->document);
    free(keys);
}

static void digest_of(jw_text secret, char out[DIGEST_HEX + 1]) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)secret.ptr, secret.len, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static bool is_name(jw_text name) {
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == '\0' ||
            !strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", name.ptr[i]))
            return false;
    return name.len > 0 && name.len <= JW_KEY_NAME;
}

static void copy_text(char *out, size_t room, jw_text s) {
    size_t len = s.len < room ? s.len : room - 1;
    memcpy(out, s.ptr, len);
    out[len] = '\0';
}

static void describe(const json_t *entry, jw_key *out) {
    *out = (jw_key){0};
    copy_text(out->name, sizeof out->name, jw_document_text(entry, "name"));
    copy_text(out->id, sizeof out->id, jw_document_text(entry, "id"));
    copy_text(out->created, sizeof out->created, jw_document_text(entry, "created"));
}

static jw_status put(json_t *entries, void *context, struct jw_error *err) {
    const jw_key *key = context;
    char digest[DIGEST_HEX + 1];
    if (jw_document_find(entries, "name", jw_text_from(key->name)))
        return jw_fail(err, JW_E_DENIED, "there is a key named %s; revoke it first", key->name);
    if (json_array_size(entries) >= JW_KEYS_MOST)
        return jw_fail(err, JW_E_LIMIT, "there are %d keys already", JW_KEYS_MOST);
    digest_of(jw_text_from(key->secret), digest);
    json_t *entry = json_pack("{s:s, s:s, s:s, s:s}", "name", key->name, "id", key->id, "secret_sha256", digest,
                              "created", key->created);
    return json_array_append_new(entries, entry) == 0 ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
}

jw_status jw_keys_add(struct jw_keys *keys, jw_text name, jw_key *out, struct jw_error *err) {
    jw_key key = {0};
    if (!is_name(name))
        return jw_fail(err, JW_E_SYNTAX, "a name is 1 to %d letters, digits, '.', '_' or '-'", JW_KEY_NAME);
    copy_text(key.name, sizeof key.name, name);
    jw_password_random(key.id, JW_KEY_ID);
    jw_password_random(key.secret, JW_KEY_SECRET);
    jw_time_print(jw_time_now(), key.created);
    jw_status st = jw_document_change(&keys->document, put, &key, err);
    if (st == JW_OK)
        *out = key;
    return st;
}

static jw_status take_away(json_t *entries, void *context, struct jw_error *err) {
    const jw_text *name = context;
    (void)err;
    for (size_t i = 0; i < json_array_size(entries); i++)
        if (jw_text_is(jw_document_text(json_array_get(entries, i), "name"), *name))
            return json_array_remove(entries, i), JW_OK;
    return JW_AGAIN;
}

jw_status jw_keys_revoke(struct jw_keys *keys, jw_text name, struct jw_error *err) {
    return jw_document_change(&keys->document, take_away, &name, err);
}

bool jw_keys_check(struct jw_keys *keys, jw_text id, jw_text secret, jw_key *out) {
    char digest[DIGEST_HEX + 1];
    bool good = false;
    digest_of(secret, digest);
    const json_t *entry = jw_document_find(jw_document_begin(&keys->document), "id", id);
    jw_text kept = entry ? jw_document_text(entry, "secret_sha256") : (jw_text){0};
    if (id.len && kept.len == DIGEST_HEX && jw_password_same(kept.ptr, digest, DIGEST_HEX)) {
        describe(entry, out);
        good = true;
    }
    jw_document_end(&keys->document);
    return good;
}

void jw_keys_list(struct jw_keys *keys, void (*each)(void *context, const jw_key *key), void *context) {
    json_t *entries = jw_document_begin(&keys->document), *entry;
    size_t i;
    json_array_foreach(entries, i, entry) {
        jw_key key;
        describe(entry, &key);
        each(context, &key);
    }
    jw_document_end(&keys->document);
}
