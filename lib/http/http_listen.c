/* lib/http/http_listen.c — TCP and unix listeners. */
#include "http_listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/address.h"

#define BACKLOG 512

static jw_status fail_and_close(int fd, const char *listen_at, const char *what, struct jw_error *err) {
    int why = errno;
    if (fd >= 0)
        close(fd);
    return jw_fail(err, why == EADDRINUSE ? JW_E_DENIED : JW_E_SYSTEM, "listen on %s: %s: %s", listen_at, what,
                   strerror(why));
}

static bool is_served(const struct sockaddr_un *name) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool served = fd >= 0 && connect(fd, (const struct sockaddr *)name, sizeof *name) == 0;
    if (fd >= 0)
        close(fd);
    return served;
}

static jw_status open_unix(const char *path, int *out_fd, struct jw_error *err) {
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    struct stat st;
    if (strlen(path) >= sizeof name.sun_path)
        return jw_fail(err, JW_E_SYNTAX, "listen on %s: a unix socket's path has at most %zu bytes", path,
                       sizeof name.sun_path - 1);
    memcpy(name.sun_path, path, strlen(path));
    if (is_served(&name))
        return jw_fail(err, JW_E_DENIED, "listen on %s: another process serves it", path);
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) != 0 || chmod(path, 0660) != 0)
        return fail_and_close(fd, path, "bind", err);
    if (listen(fd, BACKLOG) != 0)
        return fail_and_close(fd, path, "listen", err);
    *out_fd = fd;
    return JW_OK;
}

static bool split(const char *given, jw_address *out_address, uint64_t *out_port) {
    const char *colon = strrchr(given, ':');
    if (!colon || !jw_text_u64(jw_text_from(colon + 1), out_port) || *out_port > 65535)
        return false;
    jw_text host = {given, (size_t)(colon - given)};
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = (jw_text){host.ptr + 1, host.len - 2};
    return jw_address_parse(host, out_address);
}

jw_status jw_http_listen_open(const char *given, int *out_fd, uint16_t *out_port, struct jw_error *err) {
    jw_address address;
    uint64_t port;
    *out_port = 0;
    if (given[0] == '/')
        return open_unix(given, out_fd, err);
    if (!split(given, &address, &port))
        return jw_fail(err, JW_E_SYNTAX, "listen on %s: wants ADDRESS:PORT, [ADDRESS]:PORT or /path", given);
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    struct sockaddr_in name4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    memcpy(&name.sin6_addr, address.bytes, 16);
    memcpy(&name4.sin_addr, address.bytes + 12, 4);
    bool v4 = jw_address_is_v4(&address);
    socklen_t size = v4 ? sizeof name4 : sizeof name;
    int one = 1, fd = socket(v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail_and_close(fd, given, "socket", err);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, v4 ? (void *)&name4 : (void *)&name, size) != 0)
        return fail_and_close(fd, given, "bind", err);
    if (listen(fd, BACKLOG) != 0 || getsockname(fd, v4 ? (void *)&name4 : (void *)&name, &size) != 0)
        return fail_and_close(fd, given, "listen", err);
    *out_port = ntohs(v4 ? name4.sin_port : name.sin6_port);
    *out_fd = fd;
    return JW_OK;
}
