/* lib/http/http_request.c — what handlers ask a request. */
#include "http_base64.h"
#include "http_server.h"

#include <microhttpd.h>

jw_text jw_http_request_header(const struct jw_http_request *request, const char *name) {
    return jw_text_from(MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name));
}

jw_text jw_http_request_cookie(const struct jw_http_request *request, const char *name) {
    return jw_text_from(MHD_lookup_connection_value(request->connection, MHD_COOKIE_KIND, name));
}

jw_text jw_http_request_param(const struct jw_http_request *request, const char *name) {
    return jw_http_target_param(&request->target, name);
}

jw_text jw_http_request_value(const struct jw_http_request *request, const char *name) {
    for (size_t i = 0; i < request->value_count; i++)
        if (jw_text_is(request->values[i].name, jw_text_from(name)))
            return request->values[i].value;
    return (jw_text){NULL, 0};
}

jw_text jw_http_request_authorization(const struct jw_http_request *request, const char *scheme) {
    jw_text header = jw_http_request_header(request, "Authorization"), word;
    if (!jw_text_cut(&header, ' ', &word) || !jw_text_is_nocase(word, jw_text_from(scheme)))
        return (jw_text){NULL, 0};
    return jw_text_trim(header);
}

bool jw_http_request_credentials(const struct jw_http_request *request, const char *scheme, jw_text *out_name,
                                 jw_text *out_secret) {
    jw_text given = jw_http_request_authorization(request, scheme), plain, name;
    if (!given.ptr || !jw_http_base64_decode(given, request->mem, &plain) || !jw_text_cut(&plain, ':', &name))
        return false;
    *out_name = name, *out_secret = plain;
    return true;
}
