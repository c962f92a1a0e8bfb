/* lib/formats/syslog.h — what RFC 3164 and RFC 5424 share. */
#pragma once
#include "format.h"

/* "<0>" to "<191>": drops it and sets log.syslog.priority, facility, severity and log.level. */
bool jw_syslog_priority(jw_text *rest, struct jw_record *rec);
bool jw_syslog_detect_priority(jw_text line);

/* host.hostname; host.ip too when it is an address. */
void jw_syslog_host(struct jw_record *rec, jw_text host);
/* process.name; process.executable when it is a path; log.syslog.appname when that says more: "sshd(pam_unix)". */
void jw_syslog_program(struct jw_record *rec, jw_text program);
