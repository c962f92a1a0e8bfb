/* lib/lake/client.h — requests to the event store: ClickHouse's HTTP interface, on jw-lake's unix socket or on one
 * or more servers. Any thread; each call uses a connection of its own from the pool. */
#pragma once
#include "rows.h"
#include "schema.h"

#define JW_LAKE_NODES 64

struct jw_lake_options {
    /* "/path/lake.sock", or "http[s]://[user:password@]host:port"; NULL-ended. Reads take the first node that
     * answers, beginning with the one that answered last. */
    const char *const *nodes;
    const char *authority; /* PEM file for https; NULL: the system's */
    const char *cluster;   /* remote_servers name: reads go through the Distributed tables; NULL: one node */
    jw_lake_level level;
    int64_t connect_ms, total_ms; /* 0: 2000, 60000 */
};
struct jw_lake_client;
JW_MUST_CHECK jw_status jw_lake_client_new(const struct jw_lake_options *options, struct jw_lake_client **out,
                                           struct jw_error *err);
void jw_lake_client_free(struct jw_lake_client *client);
JW_DEFINE_AUTO(jw_lake_client, jw_lake_client_free)
jw_lake_level jw_lake_client_level(const struct jw_lake_client *client);
const char *jw_lake_client_cluster(const struct jw_lake_client *client); /* NULL: none */
size_t jw_lake_client_nodes(const struct jw_lake_client *client);
const char *jw_lake_client_node(const struct jw_lake_client *client, size_t node); /* without user and password */
/* What to read from: "jw.events", or "jw.events_all" with a cluster. */
const char *jw_lake_client_table(const struct jw_lake_client *client, jw_lake_table table);

/* A bound parameter, `{name:Type}` in the SQL; the value is plain text, escaped here. At level plain, which has
 * none, it is written into the SQL as a quoted literal of that type. */
struct jw_lake_parameter {
    const char *name;
    jw_text value;
};
struct jw_lake_setting {
    const char *name, *value;
};
#define JW_LAKE_ANY_NODE SIZE_MAX
struct jw_lake_request {
    jw_text sql;  /* SELECT … without FORMAT, or a command */
    jw_text body; /* rows of an INSERT; then sql is "INSERT INTO … FORMAT Native" */
    const struct jw_lake_parameter *parameters;
    size_t parameter_count;
    const struct jw_lake_setting *settings;
    size_t setting_count;
    const char *format; /* JSONCompactEachRow, TabSeparated, RowBinary …; NULL: TabSeparated */
    const char *id;     /* for jw_lake_client_kill: letters, digits, '-'; NULL: none */
    size_t node;        /* JW_LAKE_ANY_NODE, or exactly this one */
    int64_t total_ms;   /* 0: the client's */
};
typedef jw_status (*jw_lake_piece_fn)(void *context, jw_text piece, struct jw_error *err);

/* What went wrong, for those who treat kinds differently: 0 and JW_E_SYSTEM mean that no answer came, so it is not
 * known whether the statement ran (a read from a node that hangs ends so after a few seconds); 0 and JW_E_LIMIT
 * that it ran longer than total_ms on a node that lives; else ClickHouse's number with JW_E_SYNTAX (the statement
 * or its data is refused: the same again will fail again) or JW_E_LIMIT (memory, time, too much at once, read-only:
 * later it may work). `err` carries the server's text, shortened. */
struct jw_lake_failure {
    int code;
    unsigned status; /* of HTTP */
};
/* Gives the answer piece by piece. `failure` may be NULL. */
JW_MUST_CHECK jw_status jw_lake_client_stream(struct jw_lake_client *client, const struct jw_lake_request *request,
                                              jw_lake_piece_fn fn, void *context, struct jw_lake_failure *failure,
                                              struct jw_error *err);
/* The whole answer appended to `out` (NULL: thrown away), up to its ceiling. */
JW_MUST_CHECK jw_status jw_lake_client_query(struct jw_lake_client *client, const struct jw_lake_request *request,
                                             jw_buffer *out, struct jw_lake_failure *failure, struct jw_error *err);
/* The answer line by line, without its end: JSONCompactEachRow, TabSeparated. A line has at most 64 MiB. */
JW_MUST_CHECK jw_status jw_lake_client_lines(struct jw_lake_client *client, const struct jw_lake_request *request,
                                             jw_lake_piece_fn fn, void *context, struct jw_error *err);
/* Whole events. `request->sql` stands behind the table's name: "WHERE … ORDER BY time DESC LIMIT 100". */
JW_MUST_CHECK jw_status jw_lake_client_rows(struct jw_lake_client *client, jw_lake_table table,
                                            const struct jw_lake_request *request, jw_lake_row_fn fn, void *context,
                                            struct jw_error *err);
/* Ends the statement that runs under that id, on every node; says nothing when there is none. */
JW_MUST_CHECK jw_status jw_lake_client_kill(struct jw_lake_client *client, const char *id, struct jw_error *err);
JW_MUST_CHECK jw_status jw_lake_client_ping(struct jw_lake_client *client, size_t node, struct jw_error *err);
