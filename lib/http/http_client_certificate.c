/* lib/http/http_client_certificate.c — what the client showed in the TLS handshake, which proved that it holds the
 * key. */
#include "http_server.h"

#include <gnutls/gnutls.h>
#include <microhttpd.h>

size_t jw_http_request_certificates(const struct jw_http_request *request, jw_text *out_der, size_t most) {
    const union MHD_ConnectionInfo *info =
        request->tls ? MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION) : NULL;
    unsigned count = 0;
    const gnutls_datum_t *shown =
        info && info->tls_session ? gnutls_certificate_get_peers(info->tls_session, &count) : NULL;
    size_t taken = 0;
    for (; shown && taken < count && taken < most; taken++)
        out_der[taken] = (jw_text){(const char *)shown[taken].data, shown[taken].size};
    return taken;
}
