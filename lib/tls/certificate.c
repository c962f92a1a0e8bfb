/* lib/tls/certificate.c — a self-signed certificate with OpenSSL. */
#include "certificate.h"

#include <limits.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/address.h"
#include "base/hash.h"
#include "base/memory.h"
#include "os/file.h"

#define VALID_S (3650L * 86400)

struct made {
    EVP_PKEY *key;
    X509 *certificate;
};

static void drop(struct made *made) {
    EVP_PKEY_free(made->key);
    X509_free(made->certificate);
}

/* The address of "ADDR:PORT", when it is one that somebody can call: not 0.0.0.0 or ::. */
static bool address_of(const char *given, jw_address *out) {
    static const jw_address any4 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}}, any6 = {{0}};
    const char *colon = given ? strrchr(given, ':') : NULL;
    jw_text host = {given, colon ? (size_t)(colon - given) : 0};
    if (host.len > 2 && host.ptr[0] == '[')
        host = (jw_text){host.ptr + 1, host.len - 2};
    return host.len && jw_address_parse(host, out) && memcmp(out, &any4, sizeof any4) != 0 &&
           memcmp(out, &any6, sizeof any6) != 0;
}

static bool is_host_name(const char *name) {
    for (const char *c = name; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-", *c))
            return false;
    return *name != '\0';
}

static bool add_extension(X509 *certificate, int id, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, id, value);
    bool good = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

static bool add_names(X509 *certificate, const char *listen_at) {
    char host[HOST_NAME_MAX + 1] = "", text[JW_ADDRESS_TEXT];
    jw_address address;
    jw_buffer names = JW_BUFFER(4096);
    jw_buffer_add(&names, JW_TEXT("DNS:localhost,IP:127.0.0.1,IP:::1"));
    if (gethostname(host, sizeof host - 1) == 0 && is_host_name(host))
        jw_buffer_print(&names, ",DNS:%s", host);
    if (address_of(listen_at, &address) && jw_address_print(&address, text))
        jw_buffer_print(&names, ",IP:%s", text);
    jw_buffer_byte(&names, '\0');
    bool good = !names.failed && add_extension(certificate, NID_subject_alt_name, names.ptr);
    jw_buffer_free(&names);
    return good;
}

static bool fill(struct made *made, const char *listen_at) {
    unsigned char serial[16];
    jw_random(serial, sizeof serial);
    serial[0] &= 0x7f; /* positive, RFC 5280 section 4.1.2.2 */
    X509 *certificate = made->certificate;
    BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
    bool good = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
    BN_free(number);
    X509_NAME *name = X509_get_subject_name(certificate);
    return good && X509_set_version(certificate, X509_VERSION_3) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -300) && /* clocks differ */
           X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_S) &&
           X509_set_pubkey(certificate, made->key) == 1 &&
           X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"jinwu", -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0) ==
               1 &&
           X509_set_issuer_name(certificate, name) == 1 && add_names(certificate, listen_at) &&
           add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
           X509_sign(certificate, made->key, EVP_sha256()) > 0;
}

static jw_status replace(const char *path, BIO *pem, mode_t mode, struct jw_error *err) {
    char *text;
    long len = BIO_get_mem_data(pem, &text);
    return jw_file_replace(path, (jw_text){text, (size_t)len}, mode, err);
}

/* The key first: where there is a certificate there is its key. */
static jw_status write_both(const struct made *made, const char *certificate_path, const char *key_path,
                            struct jw_error *err) {
    BIO *key = BIO_new(BIO_s_mem()), *certificate = BIO_new(BIO_s_mem());
    jw_status st = JW_E_SYSTEM;
    if (key && certificate && PEM_write_bio_PrivateKey(key, made->key, NULL, NULL, 0, NULL, NULL) == 1 &&
        PEM_write_bio_X509(certificate, made->certificate) == 1)
        st = replace(key_path, key, 0600, err);
    else
        jw_fail(err, st, "certificate: no memory");
    if (st == JW_OK)
        st = replace(certificate_path, certificate, 0644, err);
    BIO_free(key);
    BIO_free(certificate);
    return st;
}

jw_status jw_certificate_ensure(const char *folder, const char *listen_at, struct jw_error *err) {
    char certificate_path[PATH_MAX], key_path[PATH_MAX], lock_path[PATH_MAX];
    int lock;
    snprintf(certificate_path, sizeof certificate_path, "%s/cert.pem", folder);
    snprintf(key_path, sizeof key_path, "%s/key.pem", folder);
    snprintf(lock_path, sizeof lock_path, "%s/.lock", folder);
    if (access(certificate_path, F_OK) == 0 && access(key_path, F_OK) == 0)
        return JW_AGAIN;
    jw_status st = jw_file_lock(lock_path, &lock, err);
    if (st != JW_OK)
        return st;
    if (access(certificate_path, F_OK) == 0 && access(key_path, F_OK) == 0) {
        close(lock);
        return JW_AGAIN;
    }
    JW_AUTO(drop) struct made made = {EVP_EC_gen("P-256"), X509_new()};
    if (made.key && made.certificate && fill(&made, listen_at))
        st = write_both(&made, certificate_path, key_path, err);
    else
        st = jw_fail(err, JW_E_SYSTEM, "certificate: %s", ERR_error_string(ERR_get_error(), NULL));
    close(lock);
    return st;
}

jw_status jw_certificate_fingerprint(const char *folder, char out[96], struct jw_error *err) {
    char path[PATH_MAX];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    snprintf(path, sizeof path, "%s/cert.pem", folder);
    FILE *file = fopen(path, "re");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    bool good = certificate && X509_digest(certificate, EVP_sha256(), digest, &len) == 1 && len == 32;
    X509_free(certificate);
    if (file)
        fclose(file);
    if (!good)
        return jw_fail(err, JW_E_SYNTAX, "%s: not a certificate", path);
    for (unsigned i = 0; i < len; i++)
        snprintf(out + (size_t)3 * i, 4, i + 1 < len ? "%02X:" : "%02X", digest[i]);
    return JW_OK;
}
