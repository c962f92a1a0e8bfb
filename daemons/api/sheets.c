/* daemons/api/sheets.c — templates, exports and imports: lib/desk says who comes to which ledger, lib/exchange does
 * the rest. A file goes out from a disk, already without a name, so that no answer lies in memory. */
#include "sheets.h"
#include "ledger_ask.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/time.h"
#include "desk/question.h"
#include "exchange/exchange.h"
#include "ledger/day.h"

struct visit {
    struct jw_asker asker;
    struct jw_visit desk;
    struct jw_exchange exchange;
    struct jw_flow_change with; /* of the row that is written */
    char folder[PATH_MAX];
};

/* An imported record follows its workflow as any other. */
static jw_status prepare(void *context, struct jw_change *change, struct jw_error *err) {
    struct visit *v = context;
    (void)err;
    jw_workflow_prepare(v->desk.now->workflow, v->asker.holder, change, &v->with);
    return JW_OK;
}

static bool enter(struct jw_api *api, const struct jw_http_request *request, struct jw_http_response *out,
                  struct visit *v) {
    struct jw_answer answer = {0};
    v->asker = jw_ledger_asker(request);
    if (!jw_desk_enter(api->desk, &v->asker, jw_http_request_value(request, "ledger"), &v->desk, &answer)) {
        jw_ledger_send(&answer, out);
        return false;
    }
    snprintf(v->folder, sizeof v->folder, "%s/ledger/imports", api->run->data);
    v->exchange =
        (struct jw_exchange){.store = jw_desk_store(api->desk),
                             .ledgers = v->desk.now->ledgers,
                             .ledger = v->desk.ledger,
                             .roles = v->desk.now->roles,
                             .holder = v->asker.holder,
                             .actor = {jw_text_from(v->asker.holder->account), v->asker.origin, v->asker.why},
                             .folder = v->folder,
                             .prepare = prepare,
                             .context = v,
                             .english = v->asker.english};
    return true;
}

/* What went wrong, in the shape of the desk's answers. `wrong`: for people, of a file. */
static void fail(const struct visit *v, struct jw_http_response *out, jw_status st, const struct jw_error *err,
                 const char *deed) {
    struct jw_answer answer = {.err = *err};
    if (st == JW_E_DENIED) {
        jw_visit_refuse(&v->desk, JW_NO_RIGHT, 0, deed, &answer);
    } else if (st == JW_END) {
        jw_visit_refuse(&v->desk, JW_NO_RECORD, 0, deed, &answer);
    } else if (st == JW_E_SYNTAX || st == JW_E_LIMIT) {
        jw_answer_refuse(&answer, &v->asker, JW_NO_VALUES);
        jw_answer_fault(&answer, &v->asker, "", "file", "%s", "%s", err->text);
    } else {
        jw_answer_status(&answer, &v->asker, st);
    }
    answer.err = *err;
    jw_ledger_send(&answer, out);
}

/* --- files on their way out --- */
struct leaving {
    int fd;
};

static size_t pull(void *stream, char *to, size_t room) {
    struct leaving *leaving = stream;
    ssize_t got = read(leaving->fd, to, room);
    return got < 0 ? JW_HTTP_BROKEN : (size_t)got;
}

static void ended(void *stream) {
    struct leaving *leaving = stream;
    close(leaving->fd);
    free(leaving);
}

static void make_path(const struct visit *v, char path[PATH_MAX]) {
    unsigned char bytes[8];
    mkdir(v->folder, 0700);
    jw_random(bytes, sizeof bytes);
    snprintf(path, PATH_MAX, "%.4000s/leaving-%02x%02x%02x%02x%02x%02x%02x%02x", v->folder, bytes[0], bytes[1],
             bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]);
}

/* RFC 6266: the name in UTF-8, for a disk of our time. */
static void name_file(struct jw_http_response *out, const char *name) {
    jw_buffer value = JW_BUFFER(2048);
    jw_buffer_print(&value, "attachment; filename*=UTF-8''");
    for (const unsigned char *p = (const unsigned char *)name; *p; p++)
        if ((*p | 32) >= 'a' && (*p | 32) <= 'z')
            jw_buffer_byte(&value, (char)*p);
        else if ((*p >= '0' && *p <= '9') || *p == '-' || *p == '.' || *p == '_')
            jw_buffer_byte(&value, (char)*p);
        else
            jw_buffer_print(&value, "%%%02X", *p);
    jw_http_response_header(out, "Content-Disposition", jw_buffer_text(&value));
    jw_buffer_free(&value);
}

static jw_status send_file(const char *path, const char *type, const char *name, struct jw_http_response *out,
                           struct jw_error *err) {
    struct leaving *leaving = calloc(1, sizeof *leaving);
    int fd = leaving ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    unlink(path);
    if (fd < 0) {
        free(leaving);
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(errno));
    }
    leaving->fd = fd;
    out->type = type;
    name_file(out, name);
    jw_http_response_header(out, "X-Content-Type-Options", JW_TEXT("nosniff"));
    out->pull = pull;
    out->ended = ended;
    out->stream = leaving;
    return JW_OK;
}

static void today(char out[JW_DAY_TEXT]) { jw_day_print((jw_time_now() / JW_SECOND + JW_DAY_ZONE) / 86400, out); }

#define XLSX "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

void jw_sheets_template(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    char path[PATH_MAX], name[JW_EXCHANGE_NAME];
    struct jw_error err = {{0}};
    struct visit v;
    if (!enter(context, request, out, &v))
        return;
    make_path(&v, path);
    jw_status st = jw_exchange_template(&v.exchange, path, &err);
    snprintf(name, sizeof name, "%s-%s.xlsx",
             v.exchange.english ? v.desk.ledger->title.en : v.desk.ledger->title.zh,
             v.exchange.english ? "template" : "导入模板");
    if (st == JW_OK)
        st = send_file(path, XLSX, name, out, &err);
    if (st != JW_OK)
        fail(&v, out, st, &err, "template");
    jw_desk_leave(&v.desk);
}

/* --- export --- */
static void export(struct visit *v, const struct jw_http_request *request, struct jw_http_response *out,
                   const struct jw_desk_query *asked, jw_exchange_format format) {
    static const char *const types[] = {"text/csv; charset=utf-8", XLSX, "application/jsonl; charset=utf-8"};
    char path[PATH_MAX], name[JW_EXCHANGE_NAME], day[JW_DAY_TEXT];
    struct jw_error err = {{0}};
    struct jw_answer answer = {0};
    int64_t rows;
    (void)request;
    JW_AUTO(jw_question_free_p) struct jw_question *question = jw_question_new(&v->desk, asked, &answer);
    if (!question) {
        jw_ledger_send(&answer, out);
        return;
    }
    const struct jw_export how = {format, &question->query, asked->unmask};
    make_path(v, path);
    today(day);
    jw_exchange_file_name(&v->exchange, format, day, name);
    jw_status st = jw_exchange_export(&v->exchange, &how, path, &rows, &err);
    if (st == JW_OK)
        st = send_file(path, types[format], name, out, &err);
    if (st != JW_OK)
        fail(v, out, st, &err, "export");
}

/* `format` is ours, everything else a list's: jw_ledger_query refuses what it does not know. */
void jw_sheets_export(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    jw_text word = jw_http_request_param(request, "format");
    jw_exchange_format format = JW_EXCHANGE_CSV;
    struct jw_desk_query asked;
    struct visit v;
    if (word.len && !jw_exchange_format_find(word, &format)) {
        jw_ledger_refuse(request, out, "format", "choice", "应为 csv、xlsx 或 json", "wants csv, xlsx or json");
        return;
    }
    if (!jw_ledger_query(request, out, &asked) || !enter(context, request, out, &v))
        return;
    asked.limit = asked.offset = asked.after = 0;
    asked.count = false;
    export(&v, request, out, &asked, format);
    jw_desk_leave(&v.desk);
}

/* --- import --- */
static void send_json(json_t *body, unsigned status, struct jw_http_response *out) {
    struct jw_answer answer = {.status = status, .body = body};
    jw_ledger_send(&answer, out);
}

/* The body is the file itself; ?name= what it is called, ?sheet= which one of an XLSX. */
void jw_sheets_import(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    char name[256];
    struct jw_error err = {{0}};
    json_t *report = NULL;
    struct visit v;
    jw_text given = jw_http_request_param(request, "name");
    snprintf(name, sizeof name, "%.*s", (int)(given.len < 250 ? given.len : 250), given.len ? given.ptr : "");
    if (!enter(context, request, out, &v))
        return;
    const struct jw_import import = {request->body, *name ? name : "upload",
                                     jw_http_request_param(request, "sheet")};
    jw_status st = jw_exchange_preview(&v.exchange, &import, &report, &err);
    if (st == JW_OK)
        send_json(report, 200, out);
    else
        fail(&v, out, st, &err, "import");
    jw_desk_leave(&v.desk);
}

void jw_sheets_accept(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    struct jw_error err = {{0}};
    json_t *done = NULL;
    struct visit v;
    json_t *body = jw_ledger_body(request, out, (const char *const[]){"good_only", "why", NULL});
    if (!body)
        return;
    if (enter(context, request, out, &v)) {
        const char *why = json_string_value(json_object_get(body, "why"));
        v.exchange.actor.why = jw_text_from(why ? why : "");
        jw_status st = jw_exchange_accept(&v.exchange, jw_http_request_value(request, "import"),
                                          json_is_true(json_object_get(body, "good_only")), &done, &err);
        if (done && st != JW_OK)
            json_object_set_new(done, "error",
                                json_pack("{ss ss s[]}", "code", "invalid", "message", err.text, "faults"));
        if (done)
            send_json(done, st == JW_OK ? 200 : 422, out);
        else
            fail(&v, out, st, &err, "import");
        jw_desk_leave(&v.desk);
    }
    json_decref(body);
}
