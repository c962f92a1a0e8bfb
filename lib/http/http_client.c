/* lib/http/http_client.c — calls over libcurl. */
#include "http_client.h"

#include <pthread.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "base/time.h"

#define IDLE_MOST    32
#define HEADERS_MOST (64 << 10)

struct jw_http_client {
    char *base, *unix_socket, *authority;
    int64_t connect_ms, total_ms;
    pthread_mutex_t lock;
    CURL *idle[IDLE_MOST];
    size_t idle_count;
};

struct running {
    const struct jw_http_call *call;
    struct jw_http_answer *answer;
    CURL *curl;
    int64_t heard; /* when the last byte of the answer came */
    bool too_large, dead;
    jw_status ended;
};

static void start_curl(void) { curl_global_init(CURL_GLOBAL_ALL); }

static char *copy(const char *s) { return s ? strdup(s) : NULL; }

jw_status jw_http_client_new(const struct jw_http_client_options *options, struct jw_http_client **out,
                             struct jw_error *err) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_curl);
    JW_AUTO(jw_http_client_free_p) struct jw_http_client *client = calloc(1, sizeof *client);
    if (!client)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    pthread_mutex_init(&client->lock, NULL);
    client->base = copy(options->base);
    client->unix_socket = copy(options->unix_socket);
    client->authority = copy(options->authority);
    client->connect_ms = options->connect_ms ? options->connect_ms : 2000;
    client->total_ms = options->total_ms ? options->total_ms : 60000;
    if (!client->base || (options->unix_socket && !client->unix_socket))
        return jw_fail(err, JW_E_LIMIT, "no memory");
    *out = client;
    client = NULL;
    return JW_OK;
}

void jw_http_client_free(struct jw_http_client *client) {
    if (!client)
        return;
    for (size_t i = 0; i < client->idle_count; i++)
        curl_easy_cleanup(client->idle[i]);
    pthread_mutex_destroy(&client->lock);
    free(client->base);
    free(client->unix_socket);
    free(client->authority);
    free(client);
}

static CURL *take_handle(struct jw_http_client *client) {
    CURL *curl = NULL;
    pthread_mutex_lock(&client->lock);
    if (client->idle_count)
        curl = client->idle[--client->idle_count];
    pthread_mutex_unlock(&client->lock);
    return curl ? curl : curl_easy_init();
}

/* curl_easy_reset keeps the connection for the next call. */
static void give_handle(struct jw_http_client *client, CURL *curl) {
    curl_easy_reset(curl);
    pthread_mutex_lock(&client->lock);
    if (client->idle_count < IDLE_MOST) {
        client->idle[client->idle_count++] = curl;
        curl = NULL;
    }
    pthread_mutex_unlock(&client->lock);
    if (curl)
        curl_easy_cleanup(curl);
}

static size_t on_body(char *piece, size_t one, size_t len, void *context) {
    struct running *run = context;
    (void)one;
    run->heard = jw_time_steady();
    if (run->call->each) {
        long status = 0;
        curl_easy_getinfo(run->curl, CURLINFO_RESPONSE_CODE, &status);
        run->ended = run->call->each(run->call->context, (unsigned)status, (jw_text){piece, len});
        return run->ended == JW_OK ? len : 0;
    }
    jw_buffer_add(&run->answer->body, (jw_text){piece, len});
    run->too_large = run->answer->body.failed;
    return run->too_large ? 0 : len;
}

static size_t on_header(char *line, size_t one, size_t len, void *context) {
    struct running *run = context;
    (void)one;
    run->heard = jw_time_steady();
    if (len > 5 && memcmp(line, "HTTP/", 5) == 0)
        jw_buffer_clear(&run->answer->headers); /* those before were of "100 Continue" */
    jw_buffer_add(&run->answer->headers, (jw_text){line, len});
    return run->answer->headers.failed ? 0 : len;
}

/* curl calls this about once a second while nothing happens. */
static int on_pause(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d) {
    struct running *run = context;
    (void)a, (void)b, (void)c, (void)d;
    if (jw_time_steady() - run->heard < run->call->doubt_ms * JW_MS)
        return 0;
    run->dead = !run->call->is_alive(run->call->context);
    run->heard = jw_time_steady();
    return run->dead;
}

static bool is_clean(jw_text s) {
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return false;
    return true;
}

/* "Expect:" takes away curl's wait for 100-continue, which costs a round trip and a second with servers that ignore
 * it. */
static struct curl_slist *header_list(const struct jw_http_call *call) {
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; list && i < call->header_count; i++) {
        jw_buffer line = JW_BUFFER(HEADERS_MOST);
        const jw_http_pair *pair = &call->headers[i];
        jw_buffer_add(&line, pair->name);
        jw_buffer_add(&line, pair->value.len ? JW_TEXT(": ") : JW_TEXT(";")); /* curl's way to send an empty one */
        jw_buffer_add(&line, pair->value);
        jw_buffer_byte(&line, '\0');
        bool good = !line.failed && is_clean(pair->name) && is_clean(pair->value);
        struct curl_slist *longer = good ? curl_slist_append(list, line.ptr) : NULL;
        jw_buffer_free(&line);
        if (!longer)
            curl_slist_free_all(list);
        list = longer;
    }
    return list;
}

static void prepare(struct jw_http_client *client, struct running *run, const char *url, struct curl_slist *headers,
                    char *why) {
    const struct jw_http_call *call = run->call;
    CURL *curl = run->curl;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* never what the environment says */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    if (strcmp(call->method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (call->body.len || strcmp(call->method, "POST") == 0 || strcmp(call->method, "PUT") == 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.len ? call->body.ptr : "");
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)client->connect_ms);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)(call->total_ms ? call->total_ms : client->total_ms));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, run);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, run);
    if (call->is_alive) {
        curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
        curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_pause);
        curl_easy_setopt(curl, CURLOPT_XFERINFODATA, run);
    }
    if (client->unix_socket)
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->unix_socket);
    if (client->authority)
        curl_easy_setopt(curl, CURLOPT_CAINFO, client->authority);
}

static jw_status perform(struct jw_http_client *client, struct running *run, struct jw_error *err) {
    char why[CURL_ERROR_SIZE] = "";
    jw_buffer url = JW_BUFFER(64 << 10);
    long status = 0;
    jw_buffer_print(&url, "%s%s", client->base, run->call->target);
    jw_buffer_byte(&url, '\0');
    struct curl_slist *headers = header_list(run->call);
    CURLcode result = CURLE_OUT_OF_MEMORY;
    if (!url.failed && headers) {
        prepare(client, run, url.ptr, headers, why);
        result = curl_easy_perform(run->curl);
        curl_easy_getinfo(run->curl, CURLINFO_RESPONSE_CODE, &status);
    }
    run->answer->status = (unsigned)status;
    run->answer->timed_out = result == CURLE_OPERATION_TIMEDOUT;
    curl_slist_free_all(headers);
    jw_buffer_free(&url);
    if (run->ended != JW_OK)
        return run->ended;
    if (run->too_large)
        return jw_fail(err, JW_E_LIMIT, "the answer is larger than %zu bytes", run->answer->body.ceiling);
    if (run->dead)
        return jw_fail(err, JW_E_SYSTEM, "%s: takes the connection but gives no sign of life",
                       client->unix_socket ? client->unix_socket : client->base);
    if (result == CURLE_COULDNT_CONNECT && client->unix_socket) { /* curl speaks of a host and a port here */
        long number = 0;
        curl_easy_getinfo(run->curl, CURLINFO_OS_ERRNO, &number);
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", client->unix_socket,
                       number ? strerror((int)number) : "nobody listens there");
    }
    if (result != CURLE_OK)
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", client->unix_socket ? client->unix_socket : client->base,
                       why[0] ? why : curl_easy_strerror(result));
    return JW_OK;
}

jw_status jw_http_client_call(struct jw_http_client *client, const struct jw_http_call *call,
                              struct jw_http_answer *answer, struct jw_error *err) {
    jw_buffer_clear(&answer->body);
    if (!answer->headers.ceiling)
        answer->headers = JW_BUFFER(HEADERS_MOST);
    struct running run = {.call = call, .answer = answer, .curl = take_handle(client), .heard = jw_time_steady()};
    if (!run.curl)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    jw_status st = perform(client, &run, err);
    give_handle(client, run.curl);
    return st;
}

void jw_http_client_clear(struct jw_http_answer *answer) {
    jw_buffer_free(&answer->body);
    jw_buffer_free(&answer->headers);
}

jw_text jw_http_client_header(const struct jw_http_answer *answer, const char *name) {
    jw_text rest = jw_buffer_text(&answer->headers), line, word;
    while (jw_text_next(&rest, '\n', &line))
        if (jw_text_cut(&line, ':', &word) && jw_text_is_nocase(word, jw_text_from(name)))
            return jw_text_trim(line);
    return (jw_text){NULL, 0};
}
