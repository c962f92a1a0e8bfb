/* cli/config.h — DATA/jinwu.yaml: for each daemon a map from its option to a value or a list of values.
 *
 *   collect:
 *     syslog-udp: 0.0.0.0:514
 *     follow: [/var/log/nginx/access.log, /data/app/app.log]
 *
 * Becomes --syslog-udp=0.0.0.0:514 --follow=... on that daemon's command line; the daemon checks it. */
#pragma once
#include "base/memory.h"
#include "base/status.h"

struct jw_config;
/* A missing file is an empty configuration. Errors name file, line and column. */
JW_MUST_CHECK jw_status jw_config_load(const char *path, struct jw_config **out, struct jw_error *err);
void jw_config_free(struct jw_config *config);
JW_DEFINE_AUTO(jw_config, jw_config_free)

/* Appends "--option=value" texts for `section` (allocated in `mem`) to argv at *count, at most `most` entries in
 * all. */
JW_MUST_CHECK jw_status jw_config_options(const struct jw_config *config, const char *section, struct jw_arena *mem,
                                          char **argv, size_t *count, size_t most, struct jw_error *err);
/* Every section must be one of `known` (NULL-ended) and a map or empty: a misspelt name is an error and not a
 * silent default. Before jw_config_options. */
JW_MUST_CHECK jw_status jw_config_check(const struct jw_config *config, const char *const *known,
                                        struct jw_error *err);
