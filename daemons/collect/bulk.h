/* daemons/collect/bulk.h — reading a body of Elasticsearch's bulk API: an action line, a document line, and so on.
 * Reference: elastic.co/guide/en/elasticsearch/reference/8.17/docs-bulk.html. One bad line costs one item: behind
 * an action line that cannot be read, the next line is taken for its document unless it is an action itself. */
#pragma once
#include "base/memory.h"
#include "base/status.h"

#define JW_BULK_NAME 512 /* bytes of an index or an id; longer ones are refused, as Elasticsearch does */

typedef enum jw_bulk_action { JW_BULK_INDEX, JW_BULK_CREATE, JW_BULK_UPDATE, JW_BULK_DELETE } jw_bulk_action;

typedef struct jw_bulk_item {
    jw_bulk_action action;
    jw_text index, id; /* empty: not given; valid until the next call */
    jw_text document;  /* the line without its end; borrowed from the body. Empty for delete and after an error */
    const char *wrong; /* NULL, or what is wrong with this item: static text */
    size_t end;        /* offset in the body behind this item */
} jw_bulk_item;

struct jw_bulk {
    jw_text body;
    size_t at;
    jw_text last_line; /* shippers repeat one action line: then it is read once */
    jw_bulk_action last_action;
    const char *last_wrong;
    char index[JW_BULK_NAME], id[JW_BULK_NAME];
    size_t index_len, id_len;
};
#define JW_BULK(text) ((struct jw_bulk){.body = (text)})
/* JW_OK and an item, good or wrong; JW_END. */
JW_MUST_CHECK jw_status jw_bulk_next(struct jw_bulk *bulk, jw_bulk_item *out);
const char *jw_bulk_action_name(jw_bulk_action action);
/* "logs-nginx.access-default" -> "nginx.access": the data stream naming scheme. {NULL, 0}: another name, or a
 * dataset that says nothing ("generic"). */
jw_text jw_bulk_dataset(jw_text index);
