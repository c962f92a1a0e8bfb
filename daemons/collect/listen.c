/* daemons/collect/listen.c — parse, bind, listen. */
#include "listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 1024

static bool parse(jw_text s, struct sockaddr_storage *out, socklen_t *out_len) {
    size_t colon = s.len;
    uint64_t port;
    jw_address address;
    while (colon && s.ptr[colon - 1] != ':')
        colon--;
    if (!colon || !jw_text_u64((jw_text){s.ptr + colon, s.len - colon}, &port) || port > 65535)
        return false;
    jw_text host = {s.ptr, colon - 1};
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']')
        host = (jw_text){host.ptr + 1, host.len - 2};
    if (!jw_address_parse(host, &address))
        return false;
    *out = (struct sockaddr_storage){0};
    if (jw_address_is_v4(&address)) {
        struct sockaddr_in *in = (struct sockaddr_in *)out;
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
        memcpy(&in->sin_addr, address.bytes + 12, 4);
        *out_len = sizeof *in;
    } else {
        struct sockaddr_in6 *in = (struct sockaddr_in6 *)out;
        in->sin6_family = AF_INET6;
        in->sin6_port = htons((uint16_t)port);
        memcpy(&in->sin6_addr, address.bytes, 16);
        *out_len = sizeof *in;
    }
    return true;
}

static bool parse_path(const char *path, struct sockaddr_storage *out, socklen_t *out_len) {
    struct sockaddr_un *un = (struct sockaddr_un *)out;
    size_t len = strlen(path);
    if (len >= sizeof un->sun_path)
        return false;
    *out = (struct sockaddr_storage){0};
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, len);
    *out_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    return true;
}

jw_status jw_listen_open(const char *listen_on, int type, int *out_fd, struct jw_error *err) {
    struct sockaddr_storage address;
    socklen_t len;
    bool path = *listen_on == '/';
    if (path ? type != SOCK_STREAM || !parse_path(listen_on, &address, &len)
             : !parse(jw_text_from(listen_on), &address, &len))
        return jw_fail(err, JW_E_SYNTAX, "\"%s\" is not ADDR:PORT or [ADDR]:PORT%s", listen_on,
                       type == SOCK_STREAM ? " or a short /path" : "");
    int fd = socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    if (fd >= 0 && path)
        unlink(listen_on); /* one collector per data folder: the spool's lock has been taken by now */
    if (fd < 0 || (type == SOCK_STREAM && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0) ||
        bind(fd, (struct sockaddr *)&address, len) != 0 || (path && chmod(listen_on, 0660) != 0) ||
        (type == SOCK_STREAM && listen(fd, BACKLOG) != 0)) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return jw_fail(err, JW_E_SYSTEM, "cannot listen on %s: %s", listen_on, strerror(why));
    }
    *out_fd = fd;
    return JW_OK;
}

jw_address jw_listen_peer(const struct sockaddr_storage *from) {
    jw_address address = {{0}};
    if (from->ss_family == AF_INET) {
        address.bytes[10] = address.bytes[11] = 0xff;
        memcpy(address.bytes + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
    } else if (from->ss_family == AF_INET6) {
        memcpy(address.bytes, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
    }
    return address;
}
