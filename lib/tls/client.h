/* lib/tls/client.h — whose certificate a client shows: verified by OpenSSL against the authorities that are trusted
 * with people, RSA, ECDSA and SM2 (with SM3, GB/T 20518) alike. That the client holds the key is for TLS to prove,
 * here or in the proxy in front. */
#pragma once
#include "base/memory.h"
#include "base/status.h"

#define JW_CLIENT_CHAIN       8
#define JW_CLIENT_FINGERPRINT 65 /* SHA-256 of the DER, hexadecimal digits and NUL */

/* `der`: the person's certificate first, then those between it and an authority. `authorities`: PEM file;
 * revocation lists in it count. JW_E_DENIED: not trusted, and why: expired, another authority, not for clients,
 * revoked. */
JW_MUST_CHECK jw_status jw_client_verify(const char *authorities, const jw_text *der, size_t count,
                                         char out_fingerprint[JW_CLIENT_FINGERPRINT], struct jw_error *err);
/* One certificate of PEM, as nginx hands it on ($ssl_client_escaped_cert, escaped): DER in `mem`. JW_E_SYNTAX. */
JW_MUST_CHECK jw_status jw_client_decode(jw_text escaped, struct jw_arena *mem, jw_text *out_der,
                                         struct jw_error *err);
