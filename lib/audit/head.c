/* lib/audit/head.c — SM2 by OpenSSL; the identity in the signature is the standard's default. */
#include "head.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"

#define SIGNATURE_MOST 128 /* bytes; DER of two numbers of 32 */

static const char identity[] = "1234567812345678"; /* GB/T 35276 */

static jw_status write_pem(const char *path, int mode, EVP_PKEY *key, bool whole, struct jw_error *err) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file) {
        jw_status st = jw_fail(err, errno == EEXIST ? JW_E_DENIED : JW_E_SYSTEM, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return st;
    }
    int good = whole ? PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) : PEM_write_PUBKEY(file, key);
    good = good && fflush(file) == 0 && fsync(fileno(file)) == 0;
    return fclose(file) == 0 && good ? JW_OK : jw_fail(err, JW_E_SYSTEM, "%s: cannot be written", path);
}

jw_status jw_head_make_key(const char *path, struct jw_error *err) {
    char public[4096];
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "SM2");
    snprintf(public, sizeof public, "%s.pub", path);
    jw_status st = key ? write_pem(path, 0600, key, true, err) : jw_fail(err, JW_E_SYSTEM, "OpenSSL has no SM2");
    if (st == JW_OK)
        st = write_pem(public, 0644, key, false, err);
    EVP_PKEY_free(key);
    return st;
}

static jw_status read_key(const char *path, bool whole, EVP_PKEY **out, struct jw_error *err) {
    FILE *file = fopen(path, "re");
    if (!file)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    *out = whole ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : PEM_read_PUBKEY(file, NULL, NULL, NULL);
    fclose(file);
    if (*out && EVP_PKEY_is_a(*out, "SM2"))
        return JW_OK;
    EVP_PKEY_free(*out);
    return jw_fail(err, JW_E_SYNTAX, "%s: is no %s SM2 key in PEM", path, whole ? "private" : "public");
}

static jw_status fingerprint(EVP_PKEY *key, char out[JW_AUDIT_HASH], struct jw_error *err) {
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    jw_status st = len > 0 ? jw_sm3_hex((jw_text){(const char *)der, (size_t)len}, out, err)
                           : jw_fail(err, JW_E_SYSTEM, "the key cannot be written");
    OPENSSL_free(der);
    return st;
}

static size_t words_of(const struct jw_audit_head *head, int64_t at, char out[256]) {
    char seq[24], when[24];
    int seq_len = snprintf(seq, sizeof seq, "%lld", (long long)head->seq);
    int when_len = snprintf(when, sizeof when, "%lld", (long long)at);
    return (size_t)snprintf(out, 256, "10:jinwu head,%d:%s,%zu:%s,%d:%s,", seq_len, seq, strlen(head->hash),
                            head->hash, when_len, when);
}

static EVP_MD_CTX *begin(EVP_PKEY *key, bool sign) {
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    bool good = digest && context && EVP_PKEY_CTX_set1_id(context, identity, sizeof identity - 1) > 0;
    if (good)
        EVP_MD_CTX_set_pkey_ctx(digest, context);
    good = good && (sign ? EVP_DigestSignInit(digest, NULL, EVP_sm3(), NULL, key)
                         : EVP_DigestVerifyInit(digest, NULL, EVP_sm3(), NULL, key)) == 1;
    if (good)
        return digest; /* `context` is freed by `finish` */
    EVP_MD_CTX_free(digest);
    EVP_PKEY_CTX_free(context);
    return NULL;
}

static void finish(EVP_MD_CTX *digest) {
    EVP_PKEY_CTX *context = digest ? EVP_MD_CTX_get_pkey_ctx(digest) : NULL;
    EVP_MD_CTX_free(digest);
    EVP_PKEY_CTX_free(context);
}

jw_status jw_head_print(const struct jw_audit_head *head, int64_t at, const char *key_path, char out[JW_HEAD_TEXT],
                        struct jw_error *err) {
    EVP_PKEY *key = NULL;
    char words[256], print[JW_AUDIT_HASH];
    unsigned char signature[SIGNATURE_MOST];
    size_t size = sizeof signature, len = words_of(head, at, words);
    if (!key_path) {
        snprintf(out, JW_HEAD_TEXT, "{\"at\":%lld,\"hash\":\"%s\",\"seq\":%lld}", (long long)at, head->hash,
                 (long long)head->seq);
        return JW_OK;
    }
    jw_status st = read_key(key_path, true, &key, err);
    if (st == JW_OK)
        st = fingerprint(key, print, err);
    if (st == JW_OK) {
        EVP_MD_CTX *digest = begin(key, true);
        if (!digest || EVP_DigestSign(digest, signature, &size, (const unsigned char *)words, len) != 1)
            st = jw_fail(err, JW_E_SYSTEM, "SM2: the head cannot be signed");
        finish(digest);
        EVP_PKEY_free(key);
    }
    if (st != JW_OK)
        return st;
    int at_text =
        snprintf(out, JW_HEAD_TEXT, "{\"at\":%lld,\"hash\":\"%s\",\"key\":\"%s\",\"seq\":%lld,\"signature\":\"",
                 (long long)at, head->hash, print, (long long)head->seq);
    for (size_t i = 0; i < size; i++)
        at_text += snprintf(out + at_text, JW_HEAD_TEXT - (size_t)at_text, "%02x", signature[i]);
    snprintf(out + at_text, JW_HEAD_TEXT - (size_t)at_text, "\"}");
    return JW_OK;
}

static bool read_hex(const char *text, unsigned char *out, size_t *size) {
    size_t len = text ? strlen(text) : 0;
    if (len == 0 || len % 2 || len / 2 > *size || strspn(text, "0123456789abcdef") != len)
        return false;
    for (size_t i = 0; i < len / 2; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
        out[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    *size = len / 2;
    return true;
}

static jw_status check_signature(const json_t *json, const struct jw_audit_head *head, const char *path,
                                 struct jw_error *err) {
    EVP_PKEY *key = NULL;
    char words[256];
    unsigned char signature[SIGNATURE_MOST];
    size_t size = sizeof signature, len = words_of(head, json_integer_value(json_object_get(json, "at")), words);
    if (!read_hex(json_string_value(json_object_get(json, "signature")), signature, &size))
        return jw_fail(err, JW_E_DENIED, "the head is not signed");
    jw_status st = read_key(path, false, &key, err);
    if (st != JW_OK)
        return st;
    EVP_MD_CTX *digest = begin(key, false);
    if (!digest || EVP_DigestVerify(digest, signature, size, (const unsigned char *)words, len) != 1)
        st = jw_fail(err, JW_E_DENIED, "the head was not signed with the key of %s, or was changed since", path);
    finish(digest);
    EVP_PKEY_free(key);
    return st;
}

jw_status jw_head_read(jw_text text, const char *public_key, struct jw_audit_head *out, struct jw_error *err) {
    json_t *json = text.len < JW_HEAD_TEXT
                       ? json_loadb(text.len ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, NULL)
                       : NULL;
    const char *hash = json_string_value(json_object_get(json, "hash"));
    const json_t *seq = json_object_get(json, "seq");
    bool good = hash && strlen(hash) == JW_AUDIT_HASH - 1 &&
                strspn(hash, "0123456789abcdef") == JW_AUDIT_HASH - 1 && json_is_integer(seq) &&
                json_integer_value(seq) >= 0 && json_is_integer(json_object_get(json, "at"));
    struct jw_audit_head head = {.seq = json_integer_value(seq)};
    jw_status st = JW_OK;
    if (!good)
        st = jw_fail(err, JW_E_SYNTAX,
                     "wants what `jinwu ledger head` prints: {\"at\": …, \"hash\": …, \"seq\": …}");
    else
        memcpy(head.hash, hash, sizeof head.hash);
    if (st == JW_OK && public_key)
        st = check_signature(json, &head, public_key, err);
    json_decref(json);
    if (st == JW_OK)
        *out = head;
    return st;
}
