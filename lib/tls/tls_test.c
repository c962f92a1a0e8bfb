/* lib/tls/tls_test.c — the certificate of the first start. */
#include "certificate.h"

#include <sys/stat.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "test/test.h"

static void a_certificate_is_made_once_and_fits_its_key(struct jw_test *t) {
    char path[4096], first[96], second[96];
    struct stat st;
    JW_CHECK_OK(t, jw_certificate_ensure(t->folder, "192.0.2.7:8443", &t->err));
    JW_CHECK_OK(t, jw_certificate_fingerprint(t->folder, first, &t->err));
    JW_CHECK_INT(t, jw_certificate_ensure(t->folder, NULL, &t->err), JW_AGAIN);
    JW_CHECK_OK(t, jw_certificate_fingerprint(t->folder, second, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(first), jw_text_from(second));
    snprintf(path, sizeof path, "%s/key.pem", t->folder);
    JW_CHECK(t, stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    FILE *file = fopen(path, "re");
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    snprintf(path, sizeof path, "%s/cert.pem", t->folder);
    file = fopen(path, "re");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    JW_CHECK(t, X509_check_private_key(certificate, key) == 1);
    JW_CHECK(t, X509_verify(certificate, key) == 1);
    JW_CHECK(t, X509_check_host(certificate, "localhost", 0, 0, NULL) == 1);
    JW_CHECK(t,
             X509_check_ip_asc(certificate, "127.0.0.1", 0) == 1 && X509_check_ip_asc(certificate, "::1", 0) == 1);
    JW_CHECK(t, X509_check_ip_asc(certificate, "192.0.2.7", 0) == 1);
    JW_CHECK(t, X509_check_ip_asc(certificate, "192.0.2.8", 0) != 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void a_folder_that_is_not_there_is_an_error(struct jw_test *t) {
    char path[4096];
    snprintf(path, sizeof path, "%s/none", t->folder);
    JW_CHECK_INT(t, jw_certificate_ensure(path, NULL, &t->err), JW_E_SYSTEM);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(a_certificate_is_made_once_and_fits_its_key),
                                                     JW_CASE(a_folder_that_is_not_there_is_an_error),
                                                     {0}});
}
