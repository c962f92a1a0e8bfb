/* lib/tls/client.c — chains of clients through OpenSSL's X.509. */
#include "client.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#define ESCAPED_MOST (64u << 10)

/* GB/T 35276: what SM2 signatures of certificates name their signer. */
static const char sm2_name[] = "1234567812345678";

static X509 *read_one(jw_text der) {
    const unsigned char *at = (const unsigned char *)der.ptr;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    if (certificate && at != (const unsigned char *)der.ptr + der.len) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

/* Only there: with a name for its signer, OpenSSL believes no ECDSA signature any more. */
static void name_signer(X509 *certificate) {
    if (X509_get_signature_nid(certificate) != NID_SM2_with_SM3)
        return;
    ASN1_OCTET_STRING *name = ASN1_OCTET_STRING_new();
    if (name && ASN1_OCTET_STRING_set(name, (const unsigned char *)sm2_name, sizeof sm2_name - 1) == 1)
        X509_set0_distinguishing_id(certificate, name);
    else
        ASN1_OCTET_STRING_free(name);
}

static jw_status load_store(const char *authorities, X509_STORE *store, struct jw_error *err) {
    BIO *file = BIO_new_file(authorities, "r");
    STACK_OF(X509_INFO) *all = file ? PEM_X509_INFO_read_bio(file, NULL, NULL, NULL) : NULL;
    int certificates = 0, lists = 0;
    for (int i = 0; i < sk_X509_INFO_num(all); i++) {
        const X509_INFO *one = sk_X509_INFO_value(all, i);
        if (one->x509) {
            name_signer(one->x509);
            certificates += X509_STORE_add_cert(store, one->x509) == 1;
        }
        lists += one->crl && X509_STORE_add_crl(store, one->crl) == 1;
    }
    sk_X509_INFO_pop_free(all, X509_INFO_free);
    BIO_free(file);
    if (lists)
        X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
    return certificates ? JW_OK : jw_fail(err, JW_E_SYSTEM, "%s: holds no certificate in PEM", authorities);
}

static jw_status verify(X509_STORE *store, X509 *client, STACK_OF(X509) * between, struct jw_error *err) {
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool ready = context && X509_STORE_CTX_init(context, store, client, between) == 1 &&
                 X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_CLIENT) == 1;
    jw_status st = !ready ? jw_fail(err, JW_E_LIMIT, "no memory")
                   : X509_verify_cert(context) == 1
                       ? JW_OK
                       : jw_fail(err, JW_E_DENIED, "the certificate is not trusted: %s",
                                 X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    X509_STORE_CTX_free(context);
    return st;
}

static void print_fingerprint(jw_text der, char out[JW_CLIENT_FINGERPRINT]) {
    unsigned char digest[32] = {0};
    (void)!EVP_Digest(der.ptr, der.len, digest, NULL, EVP_sha256(), NULL);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

jw_status jw_client_verify(const char *authorities, const jw_text *der, size_t count,
                           char out_fingerprint[JW_CLIENT_FINGERPRINT], struct jw_error *err) {
    X509_STORE *store = X509_STORE_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    X509 *client = count ? read_one(der[0]) : NULL;
    jw_status st = store && between ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory");
    if (st == JW_OK && !client)
        st = jw_fail(err, JW_E_DENIED, "that is no certificate");
    for (size_t i = 1; st == JW_OK && i < count; i++) {
        X509 *one = read_one(der[i]);
        if (one)
            name_signer(one);
        if (!one || sk_X509_push(between, one) == 0) {
            X509_free(one);
            st = jw_fail(err, JW_E_DENIED, "certificate %zu of the chain is none", i + 1);
        }
    }
    if (st == JW_OK)
        st = load_store(authorities, store, err);
    if (st == JW_OK) {
        name_signer(client);
        st = verify(store, client, between, err);
    }
    if (st == JW_OK)
        print_fingerprint(der[0], out_fingerprint);
    X509_free(client);
    sk_X509_pop_free(between, X509_free);
    X509_STORE_free(store);
    return st;
}

/* --- from a proxy ------------------------------------------------------------------------------------------------
 */
static int digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static size_t unescape(jw_text escaped, char *out) {
    size_t len = 0;
    for (size_t i = 0; i < escaped.len; i++) {
        bool pair = escaped.ptr[i] == '%' && i + 2 < escaped.len && digit(escaped.ptr[i + 1]) >= 0 &&
                    digit(escaped.ptr[i + 2]) >= 0;
        out[len++] = pair ? (char)(digit(escaped.ptr[i + 1]) << 4 | digit(escaped.ptr[i + 2])) : escaped.ptr[i];
        i += pair ? 2 : 0;
    }
    return len;
}

jw_status jw_client_decode(jw_text escaped, struct jw_arena *mem, jw_text *out_der, struct jw_error *err) {
    char *text = escaped.len <= ESCAPED_MOST ? jw_arena_alloc(mem, escaped.len + 1) : NULL;
    if (!text)
        return jw_fail(err, JW_E_SYNTAX, "a certificate of %zu bytes is too long", escaped.len);
    BIO *bio = BIO_new_mem_buf(text, (int)unescape(escaped, text));
    X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    unsigned char *der = NULL;
    int len = certificate ? i2d_X509(certificate, &der) : 0;
    *out_der = len > 0 ? jw_arena_copy(mem, (jw_text){(char *)der, (size_t)len}) : (jw_text){NULL, 0};
    OPENSSL_free(der);
    X509_free(certificate);
    BIO_free(bio);
    return out_der->ptr ? JW_OK : jw_fail(err, JW_E_SYNTAX, "that is no certificate in PEM");
}
