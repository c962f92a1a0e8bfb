/* lib/account/seal.c — authenticated encryption through OpenSSL, and the file of its key. */
#include "seal.h"

#include <limits.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/hash.h"
#include "os/file.h"

#define NONCE 12
#define TAG   16
#define MOST  256

static jw_status read_key(const char *path, unsigned char out[JW_SEAL_KEY], struct jw_error *err) {
    JW_AUTO(jw_buffer_free) jw_buffer bytes = JW_BUFFER(1024);
    jw_status st = jw_file_read(path, &bytes, err);
    if (st != JW_OK)
        return st;
    if (bytes.len != JW_SEAL_KEY)
        return jw_fail(err, JW_E_SYNTAX, "%s: wants %d bytes; bring it back from the backup", path, JW_SEAL_KEY);
    memcpy(out, bytes.ptr, JW_SEAL_KEY);
    explicit_bzero(bytes.ptr, bytes.len);
    return JW_OK;
}

jw_status jw_seal_open(const char *state_folder, unsigned char out_key[JW_SEAL_KEY], struct jw_error *err) {
    char path[PATH_MAX], lock_path[PATH_MAX];
    int lock;
    snprintf(path, sizeof path, "%s/seal.key", state_folder);
    snprintf(lock_path, sizeof lock_path, "%s/seal.lock", state_folder);
    jw_status st = read_key(path, out_key, err);
    if (st != JW_AGAIN)
        return st;
    st = jw_file_lock(lock_path, &lock, err);
    if (st != JW_OK)
        return st;
    st = read_key(path, out_key, err);
    if (st == JW_AGAIN) {
        jw_random(out_key, JW_SEAL_KEY);
        st = jw_file_replace(path, (jw_text){(const char *)out_key, JW_SEAL_KEY}, 0600, err);
    }
    close(lock);
    return st;
}

static bool encrypt(const unsigned char *key, jw_text bound, jw_text secret, unsigned char *out) {
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int len = 0;
    bool good =
        cipher && EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, out) == 1 &&
        EVP_EncryptUpdate(cipher, NULL, &len, (const unsigned char *)bound.ptr, (int)bound.len) == 1 &&
        EVP_EncryptUpdate(cipher, out + NONCE, &len, (const unsigned char *)secret.ptr, (int)secret.len) == 1 &&
        EVP_EncryptFinal_ex(cipher, out + NONCE + len, &len) == 1 &&
        EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG, out + NONCE + secret.len) == 1;
    EVP_CIPHER_CTX_free(cipher);
    return good;
}

jw_status jw_seal_close(const unsigned char key[JW_SEAL_KEY], jw_text bound, jw_text secret, char *out, size_t room,
                        struct jw_error *err) {
    unsigned char sealed[NONCE + MOST + TAG];
    size_t size = NONCE + secret.len + TAG;
    if (secret.len > MOST || room < 2 * size + 1)
        return jw_fail(err, JW_E_LIMIT, "a secret of %zu bytes is too long", secret.len);
    jw_random(sealed, NONCE);
    if (!encrypt(key, bound, secret, sealed))
        return jw_fail(err, JW_E_SYSTEM, "OpenSSL has no AES-256-GCM");
    for (size_t i = 0; i < size; i++)
        snprintf(out + 2 * i, 3, "%02x", sealed[i]);
    return JW_OK;
}

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

static bool decrypt(const unsigned char *key, jw_text bound, unsigned char *sealed, size_t size,
                    unsigned char *out) {
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    int len = 0;
    bool good = cipher && EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, sealed) == 1 &&
                EVP_DecryptUpdate(cipher, NULL, &len, (const unsigned char *)bound.ptr, (int)bound.len) == 1 &&
                EVP_DecryptUpdate(cipher, out, &len, sealed + NONCE, (int)(size - NONCE - TAG)) == 1 &&
                EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG, sealed + size - TAG) == 1 &&
                EVP_DecryptFinal_ex(cipher, out + len, &len) == 1;
    EVP_CIPHER_CTX_free(cipher);
    return good;
}

jw_status jw_seal_read(const unsigned char key[JW_SEAL_KEY], jw_text bound, jw_text sealed, unsigned char *out,
                       size_t *len, struct jw_error *err) {
    unsigned char bytes[NONCE + MOST + TAG];
    size_t size = sealed.len / 2;
    bool good = sealed.len % 2 == 0 && size >= NONCE + TAG && size <= sizeof bytes && size - NONCE - TAG <= *len;
    for (size_t i = 0; good && i < size; i++) {
        int high = digit(sealed.ptr[2 * i]), low = digit(sealed.ptr[2 * i + 1]);
        good = high >= 0 && low >= 0;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    if (!good || !decrypt(key, bound, bytes, size, out))
        return jw_fail(err, JW_E_DENIED,
                       "a sealed secret does not open: is STATE/seal.key the one it was made with?");
    *len = size - NONCE - TAG;
    return JW_OK;
}
