/* lib/formats/syslog.c — priority, host and program of both syslogs. */
#include "syslog.h"

#include "base/address.h"

static bool read_priority(jw_text *rest, unsigned *out) {
    unsigned value = 0;
    size_t at = 1;
    if (rest->len < 3 || *rest->ptr != '<')
        return false;
    for (; at < rest->len && at < 4 && rest->ptr[at] >= '0' && rest->ptr[at] <= '9'; at++)
        value = value * 10 + (unsigned)(rest->ptr[at] - '0');
    if (at == 1 || at == rest->len || rest->ptr[at] != '>' || value > 191) /* RFC 5424 6.2.1: 23 * 8 + 7 */
        return false;
    rest->ptr += at + 1;
    rest->len -= at + 1;
    *out = value;
    return true;
}

bool jw_syslog_detect_priority(jw_text line) {
    unsigned ignored;
    return read_priority(&line, &ignored);
}

bool jw_syslog_priority(jw_text *rest, struct jw_record *rec) {
    static const jw_text levels[] = {JW_TEXT("emerg"),   JW_TEXT("alert"),  JW_TEXT("crit"), JW_TEXT("err"),
                                     JW_TEXT("warning"), JW_TEXT("notice"), JW_TEXT("info"), JW_TEXT("debug")};
    unsigned value;
    if (!read_priority(rest, &value))
        return false;
    jw_record_put_u64(rec, JW_F_LOG_SYSLOG_PRIORITY, value);
    jw_record_put_u64(rec, JW_F_LOG_SYSLOG_FACILITY, value >> 3);
    jw_record_put_u64(rec, JW_F_LOG_SYSLOG_SEVERITY, value & 7);
    jw_record_put(rec, JW_F_LOG_LEVEL, levels[value & 7]);
    return true;
}

void jw_syslog_host(struct jw_record *rec, jw_text host) {
    struct jw_address address;
    jw_record_put(rec, JW_F_HOST_HOSTNAME, host);
    if (jw_address_parse(host, &address))
        jw_record_put(rec, JW_F_HOST_IP, host);
}

void jw_syslog_program(struct jw_record *rec, jw_text program) {
    jw_text name = program;
    const char *slash = *program.ptr == '/' ? memrchr(program.ptr, '/', program.len) : NULL;
    if (slash && slash + 1 < program.ptr + program.len) {
        jw_record_put(rec, JW_F_PROCESS_EXECUTABLE, program);
        name = (jw_text){slash + 1, (size_t)(program.ptr + program.len - slash - 1)};
    }
    const char *paren = memchr(name.ptr, '(', name.len);
    if (paren && paren > name.ptr &&
        name.ptr[name.len - 1] == ')') { /* "sshd(pam_unix)": the module is not the process */
        jw_record_set(rec, JW_TEXT("log.syslog.appname"), program);
        name.len = (size_t)(paren - name.ptr);
    }
    jw_record_put(rec, JW_F_PROCESS_NAME, name);
}
