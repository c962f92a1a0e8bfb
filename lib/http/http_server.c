/* lib/http/http_server.c — the life of the server: its socket, its threads, and the reaper of slow peers.
 * What happens to one request is http_exchange.c. */
#include "http_server.h"
#include "http_exchange.h"
#include "http_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#define HEADERS_MOST (64 << 10) /* libmicrohttpd's memory of one connection: headers, then pieces of the body */
#define THREAD_STACK (512 << 10)
#define SLOWEST      1024 /* bytes a second of a body */
#define PEM_MOST     (1 << 20)

struct jw_http_server {
    struct MHD_Daemon *daemon;
    struct jw_http_shared shared;
    struct jw_http_link *links; /* every open connection, under shared.lock */
    uint32_t idle_s, head_s, per_address, count;
    uint16_t port;
    char *certificate, *key, *authorities;
    pthread_t reaper;
    bool reaping;
    pthread_cond_t wake;
};

static jw_address address_of(const struct sockaddr *name) {
    jw_address address = {{0}};
    if (name && name->sa_family == AF_INET6) {
        memcpy(address.bytes, &((const struct sockaddr_in6 *)(const void *)name)->sin6_addr, 16);
    } else if (name && name->sa_family == AF_INET) {
        address.bytes[10] = address.bytes[11] = 0xff;
        memcpy(address.bytes + 12, &((const struct sockaddr_in *)(const void *)name)->sin_addr, 4);
    }
    return address;
}

/* Accepting thread. Links are added by the same thread, so the count is exact. */
static enum MHD_Result may_connect(void *context, const struct sockaddr *name, socklen_t size) {
    struct jw_http_server *server = context;
    jw_address address = address_of(name);
    uint32_t open = 0;
    (void)size;
    if (!name || (name->sa_family != AF_INET && name->sa_family != AF_INET6))
        return MHD_YES;
    pthread_mutex_lock(&server->shared.lock);
    for (struct jw_http_link *link = server->links; link; link = link->next)
        open += memcmp(&link->address, &address, sizeof address) == 0;
    pthread_mutex_unlock(&server->shared.lock);
    if (open < server->per_address)
        return MHD_YES;
    jw_http_exchange_refused(&server->shared, "connections_of_address");
    return MHD_NO;
}

static void connected(struct jw_http_server *server, struct MHD_Connection *connection, void **socket_context) {
    struct jw_http_link *link = calloc(1, sizeof *link);
    if (!link)
        return; /* served all the same; only the reaper does not see it */
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    link->fd = info ? info->connect_fd : -1;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    link->address = address_of(info ? info->client_addr : NULL);
    link->since = jw_time_steady();
    pthread_mutex_lock(&server->shared.lock);
    link->next = server->links;
    server->links = link;
    server->count++;
    pthread_mutex_unlock(&server->shared.lock);
    *socket_context = link;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what) {
    struct jw_http_server *server = context;
    struct jw_http_link *link = *socket_context;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        connected(server, connection, socket_context);
    } else if (link) {
        pthread_mutex_lock(&server->shared.lock);
        struct jw_http_link **at = &server->links;
        while (*at && *at != link)
            at = &(*at)->next;
        if (*at)
            *at = link->next, server->count--;
        pthread_mutex_unlock(&server->shared.lock);
        free(link);
    }
    if (server->shared.stats)
        jw_stat_set(jw_stats_get(server->shared.stats, "http_connections", (jw_text){0}), server->count);
}

/* How long `link` may stay as it is, in seconds; 0: as long as it wants. */
static int64_t patience(const struct jw_http_server *server, const struct jw_http_link *link) {
    switch (link->stage) {
    case JW_HTTP_FIRST:
        return server->head_s;
    case JW_HTTP_IDLE:
        return server->idle_s;
    case JW_HTTP_HEAD:
        return server->head_s;
    case JW_HTTP_BODY:
        return server->head_s + (int64_t)(link->received / SLOWEST);
    default:
        return 0;
    }
}

/* shutdown() wakes the connection's thread, which then closes it; the lock keeps the descriptor alive meanwhile. */
static void *reap(void *context) {
    struct jw_http_server *server = context;
    pthread_mutex_lock(&server->shared.lock);
    while (!atomic_load(&server->shared.stopping)) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += 1;
        pthread_cond_timedwait(&server->wake, &server->shared.lock, &until);
        int64_t now = jw_time_steady();
        for (struct jw_http_link *link = server->links; link; link = link->next) {
            int64_t patient = patience(server, link);
            if (patient == 0 || now - link->since < patient * JW_SECOND || link->fd < 0)
                continue;
            if (link->stage != JW_HTTP_IDLE)
                jw_http_exchange_refused(&server->shared, "too_slow");
            shutdown(link->fd, SHUT_RDWR);
            link->stage = JW_HTTP_ENDED;
        }
    }
    pthread_mutex_unlock(&server->shared.lock);
    return NULL;
}

static jw_status read_pem(const char *path, char **out, struct jw_error *err) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *text = fd < 0 ? NULL : malloc(PEM_MOST);
    ssize_t len = text ? read(fd, text, PEM_MOST - 1) : -1;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (len < 0) {
        free(text);
        return jw_fail(err, JW_E_SYSTEM, "%s: %s", path, strerror(why));
    }
    text[len] = '\0';
    *out = text;
    return JW_OK;
}

/* Request targets are decoded by http_target.c, part by part; libmicrohttpd must leave them alone. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *s) {
    (void)context, (void)connection;
    return strlen(s);
}

static void no_log(void *context, const char *fmt, va_list args) { (void)context, (void)fmt, (void)args; }

static struct MHD_Daemon *start_daemon(struct jw_http_server *server, uint32_t connections, size_t stack, int fd) {
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, server->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {server->authorities ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0, server->authorities},
        {MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ITC |
                     MHD_USE_ERROR_LOG | (server->key ? MHD_USE_TLS : 0);
    return MHD_start_daemon(flags, 0, may_connect, server, jw_http_exchange_serve, &server->shared,
                            MHD_OPTION_EXTERNAL_LOGGER, no_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)connections, MHD_OPTION_CONNECTION_TIMEOUT,
                            (unsigned)server->idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_MOST,
                            MHD_OPTION_THREAD_STACK_SIZE, stack ? stack : (size_t)THREAD_STACK,
                            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, jw_http_exchange_begin,
                            &server->shared, MHD_OPTION_NOTIFY_COMPLETED, jw_http_exchange_end, &server->shared,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_UNESCAPE_CALLBACK,
                            leave_escaped, NULL, MHD_OPTION_ARRAY, server->key ? tls : tls + 4, MHD_OPTION_END);
}

static jw_status start(struct jw_http_server *server, const struct jw_http_server_options *options,
                       struct jw_error *err) {
    int fd;
    jw_status st = JW_OK;
    if (options->certificate)
        st = read_pem(options->certificate, &server->certificate, err);
    if (st == JW_OK && options->key)
        st = read_pem(options->key, &server->key, err);
    if (st == JW_OK && options->authorities)
        st = read_pem(options->authorities, &server->authorities, err);
    if (st == JW_OK)
        st = jw_http_listen_open(options->listen, &fd, &server->port, err);
    if (st != JW_OK)
        return st;
    server->daemon = start_daemon(server, options->connections ? options->connections : 512, options->stack, fd);
    if (!server->daemon)
        return jw_fail(err, JW_E_SYSTEM, "the HTTP server on %s could not start%s", options->listen,
                       server->key ? ": is the certificate good?" : "");
    if (pthread_create(&server->reaper, NULL, reap, server) != 0)
        return jw_fail(err, JW_E_SYSTEM, "the HTTP server on %s: no thread", options->listen);
    server->reaping = true;
    return JW_OK;
}

jw_status jw_http_server_start(const struct jw_http_server_options *options, struct jw_http_server **out,
                               struct jw_error *err) {
    JW_AUTO(jw_http_server_stop_p) struct jw_http_server *server = calloc(1, sizeof *server);
    pthread_condattr_t clock;
    if (!server)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    pthread_mutex_init(&server->shared.lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&server->wake, &clock);
    server->shared.routes = options->routes;
    server->shared.context = options->context;
    server->shared.admit = options->admit;
    server->shared.headers = options->headers;
    server->shared.stats = options->stats;
    server->shared.bodies_most = options->bodies ? options->bodies : 256 << 20;
    server->shared.tls = options->key != NULL;
    server->shared.local = options->listen[0] == '/';
    server->shared.server = server;
    server->idle_s = options->idle_s ? options->idle_s : 60;
    server->head_s = options->head_s ? options->head_s : 15;
    server->per_address = options->per_address ? options->per_address : 64;
    jw_status st = start(server, options, err);
    if (st != JW_OK)
        return st;
    *out = server;
    server = NULL;
    return JW_OK;
}

void jw_http_server_drain(struct jw_http_server *server) { atomic_store(&server->shared.stopping, true); }
bool jw_http_server_stopping(const struct jw_http_server *server) { return atomic_load(&server->shared.stopping); }
uint16_t jw_http_server_port(const struct jw_http_server *server) { return server->port; }

void jw_http_server_stop(struct jw_http_server *server) {
    if (!server)
        return;
    jw_http_server_drain(server);
    if (server->reaping) {
        pthread_mutex_lock(&server->shared.lock);
        pthread_cond_broadcast(&server->wake);
        pthread_mutex_unlock(&server->shared.lock);
        pthread_join(server->reaper, NULL);
    }
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    pthread_cond_destroy(&server->wake);
    pthread_mutex_destroy(&server->shared.lock);
    free(server->certificate);
    free(server->authorities);
    free(server->key);
    free(server);
}
