/* lib/access/document.h — a JSON file with one array that several processes change: re-read when it changed,
 * replaced under a lock between processes. Inside lib/access. */
#pragma once
#include <jansson.h>
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/status.h"

#define JW_DOCUMENT_MOST (4 << 20) /* bytes: 10,000 entries */

struct jw_document {
    char path[PATH_MAX], lock_path[PATH_MAX];
    const char *array; /* the member that holds the entries */
    pthread_mutex_t lock;
    json_t *root;     /* under lock; never NULL after open */
    struct stat read; /* of the file that root came from */
};

JW_MUST_CHECK jw_status jw_document_open(struct jw_document *document, const char *folder, const char *name,
                                         const char *array, struct jw_error *err);
void jw_document_close(struct jw_document *document);
/* Takes the lock and gives the entries, current. A file that became unreadable leaves the last good state. */
json_t *jw_document_begin(struct jw_document *document);
void jw_document_end(struct jw_document *document);
/* Reads again under both locks, lets `change` work on the entries, and writes when it gives JW_OK. */
JW_MUST_CHECK jw_status jw_document_change(struct jw_document *document,
                                           jw_status (*change)(json_t *entries, void *context,
                                                               struct jw_error *err),
                                           void *context, struct jw_error *err);
/* A member that is text, or "". */
jw_text jw_document_text(const json_t *entry, const char *member);
json_t *jw_document_find(json_t *entries, const char *member, jw_text value); /* NULL: none */
