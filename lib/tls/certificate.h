/* lib/tls/certificate.h — the certificate that jinwu's listeners use until the operator puts a better one there. */
#pragma once
#include "base/status.h"

/* Makes folder/cert.pem (0644) and folder/key.pem (0600) when they are not both there: EC P-256, self-signed, valid
 * for ten years, for localhost, this host's name, 127.0.0.1, ::1 and the address in `listen` ("ADDR:PORT" or NULL).
 * The folder must exist. JW_OK: made; JW_AGAIN: they were there. Processes may race: one makes them. */
JW_MUST_CHECK jw_status jw_certificate_ensure(const char *folder, const char *listen, struct jw_error *err);
/* SHA-256 of the certificate in folder/cert.pem as "AB:CD:…" (95 characters and a NUL), for people to compare. */
JW_MUST_CHECK jw_status jw_certificate_fingerprint(const char *folder, char out[96], struct jw_error *err);
