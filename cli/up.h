/* cli/up.h — the parts of `jinwu up`: up.c watches over processes, up_start.c prepares the ground they stand on. */
#pragma once
#include "base/memory.h"
#include "base/status.h"

struct jw_up_options {
    const char *data, *listen, *content;
    bool insecure_http, demo;
};

/* `given` as an absolute path; it need not exist. Daemons tell a socket from a URL by its first slash. */
const char *jw_up_absolute(const char *given, char out[4096]);
bool jw_up_is_listen(const char *given);
/* The folders of a data directory, private to the account that runs jinwu. */
JW_MUST_CHECK jw_status jw_up_folders(const struct jw_up_options *options, struct jw_error *err);
/* What exists from the first start on: certificate, first account. Prints the first password, once. `db`: where
 * accounts are; NULL: DATA/ledger/ledger.db. */
JW_MUST_CHECK jw_status jw_up_first_start(const struct jw_up_options *options, const char *db,
                                          struct jw_error *err);
/* The fictional city of --demo, into a database without records; otherwise nothing (up_samples.c). */
JW_MUST_CHECK jw_status jw_up_samples(const struct jw_up_options *options, const char *db, struct jw_error *err);
/* Finds jw-NAME: in the build tree, beside this program, or installed. `out` holds 4096 bytes. */
bool jw_up_program(const char *name, char *out);
/* Appends what jinwu itself tells the daemon `name`. */
JW_MUST_CHECK jw_status jw_up_arguments(const struct jw_up_options *options, const char *name, struct jw_arena *mem,
                                        char **argv, size_t *count, size_t most, struct jw_error *err);
/* Every daemon is ready after `took` ns: says where to look. */
void jw_up_welcome(const struct jw_up_options *options, int64_t took);
