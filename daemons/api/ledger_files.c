/* daemons/api/ledger_files.c — files of records come and go. */
#include "ledger.h"
#include "ledger_ask.h"

#include <stdlib.h>
#include <unistd.h>

void jw_ledger_upload(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {0};
    jw_text type = jw_http_request_header(request, "Content-Type"), media = type;
    jw_text_cut(&type, ';', &media);
    struct jw_desk_file file = {
        .name = jw_http_request_param(request, "name"), .media = jw_text_trim(media), .bytes = request->body};
    jw_desk_keep_file(api->desk, &asker, jw_http_request_value(request, "ledger"),
                      jw_http_request_value(request, "field"), &file, &answer);
    jw_ledger_send(&answer, out);
}

/* --- downloading
 * -------------------------------------------------------------------------------------------------- */
static size_t pull(void *stream, char *out, size_t room) {
    const int *fd = stream;
    ssize_t got = read(*fd, out, room);
    return got < 0 ? JW_HTTP_BROKEN : (size_t)got;
}

static void ended(void *stream) {
    int *fd = stream;
    close(*fd);
    free(fd);
}

/* RFC 6266 and 8187: any name, as UTF-8 in percent signs. */
static void name_file(const char *name, struct jw_http_response *out) {
    jw_buffer value = JW_BUFFER(4096);
    jw_buffer_print(&value, "attachment; filename*=UTF-8''");
    for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '.';
        jw_buffer_print(&value, plain ? "%c" : "%%%02X", *c);
    }
    jw_http_response_header(out, "Content-Disposition", jw_buffer_text(&value));
    jw_buffer_free(&value);
}

void jw_ledger_download(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_api *api = context;
    struct jw_asker asker = jw_ledger_asker(request);
    struct jw_answer answer = {0};
    int64_t id;
    int fd = -1;
    if (!jw_ledger_id(request, out, &id))
        return;
    jw_desk_open_file(api->desk, &asker, jw_http_request_value(request, "ledger"), id,
                      jw_http_request_value(request, "sm3"), &fd, &answer);
    int *stream = fd < 0 ? NULL : malloc(sizeof *stream);
    if (!stream) {
        if (fd >= 0) {
            close(fd);
            answer.status = 503;
        }
        jw_ledger_send(&answer, out);
        return;
    }
    *stream = fd;
    name_file(json_string_value(json_object_get(answer.body, "name")), out);
    out->type = "application/octet-stream"; /* never shown by a browser, whatever somebody said it is */
    out->pull = pull;
    out->ended = ended;
    out->stream = stream;
    jw_answer_free(&answer);
}
