/* cli/search.c — `jinwu search`: the query language on the command line. */
#include "search.h"

#include <inttypes.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <time.h>

#include "lake/client.h"
#include "query/ask.h"
#include "query/when.h"

#define NAME       "search"
#define LIMIT      100
#define LIMIT_MOST 10000000
#define BARS       40

enum { FROM, TO, LIMIT_OPTION, FIELDS, COUNT, BY, HISTOGRAM, IN, JSON, DATA, URL, CLUSTER, PLAIN, OPTIONS };
static const struct jw_command_option options[] = {
    [FROM] = {"from", false},          [TO] = {"to", false},      [LIMIT_OPTION] = {"limit", false},
    [FIELDS] = {"fields", false},      [COUNT] = {"count", true}, [BY] = {"by", false},
    [HISTOGRAM] = {"histogram", true}, [IN] = {"in", false},      [JSON] = {"json", true},
    [DATA] = {"data", false},          [URL] = {"url", false},    [CLUSTER] = {"cluster", false},
    [PLAIN] = {"plain", true},         [OPTIONS] = {0},
};

struct search {
    const char *values[OPTIONS];
    jw_text text;
    struct jw_arena *mem;
    const struct jw_query *query;
    struct jw_lake_client *client;
    struct jw_query_sql_scope scope;
    jw_lake_table table;
    struct jw_search_show show;
    uint32_t limit;
    int64_t now;
    char node[PATH_MAX + 16];
};

static int zone_offset(int64_t now) {
    time_t seconds = (time_t)(now / JW_SECOND);
    struct tm local;
    return localtime_r(&seconds, &local) ? (int)local.tm_gmtoff : 0;
}

static int terminal_width(void) {
    struct winsize size;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* Comma-separated names; 0, or 2 after telling. */
static int read_fields(struct search *search, const char *option, const char *list, size_t most) {
    jw_text rest = jw_text_from(list), name;
    while (jw_text_next(&rest, ',', &name)) {
        name = jw_text_trim(name);
        if (!name.len)
            continue;
        size_t same = 0; /* JSON would hold a name twice */
        while (same < search->show.field_count && !jw_text_is(search->show.fields[same], name))
            same++;
        if (same < search->show.field_count)
            continue;
        if (search->show.field_count == most)
            return jw_command_usage(NAME, "--%s takes at most %zu fields", option, most);
        search->show.fields[search->show.field_count++] = name;
    }
    return search->show.field_count
               ? 0
               : jw_command_usage(NAME, "--%s wants names of fields: user.name,source.ip", option);
}

/* Does the question itself say when, or which one event? Then no default range narrows it. */
static bool says_when(const struct jw_query_node *node) {
    if (node->kind == JW_QUERY_TERM)
        return node->term.is_event_id || (node->term.id == JW_F_TIMESTAMP && node->term.test == JW_QUERY_TIME);
    for (const struct jw_query_node *child = node->first; child; child = child->next)
        if (says_when(child))
            return true;
    return false;
}

static int read_time(struct search *search, int option, bool is_end, int64_t *out) {
    struct jw_when when;
    const char *given = search->values[option];
    if (!jw_when_parse(jw_text_from(given), search->now, search->show.offset_s, &when))
        return jw_command_usage(
            NAME, "--%s %s is no time: write -1h, now-1d/d, today, 2026-08-31 or 2026-08-31T10:00; " JW_WHEN_RANGE,
            options[option].name, given);
    *out = is_end ? when.end : when.start;
    return 0;
}

static int read_range(struct search *search) {
    int64_t day = 86400 * JW_SECOND;
    search->scope.from =
        search->values[HISTOGRAM] || !says_when(search->query->root) ? search->now - day : INT64_MIN;
    search->scope.to = search->values[HISTOGRAM] ? search->now : INT64_MAX;
    int result = search->values[FROM] ? read_time(search, FROM, false, &search->scope.from) : 0;
    if (!result && search->values[TO]) {
        result = read_time(search, TO, true, &search->scope.to);
        if (!result && !search->values[FROM] && search->scope.from > search->scope.to - day)
            search->scope.from = search->scope.to - day;
    }
    if (!result && search->scope.from >= search->scope.to)
        return jw_command_usage(NAME, "--from is not before --to");
    return result;
}

static int read_query(struct search *search) {
    struct jw_query_error err = {0};
    struct jw_query_options given = {.now = search->now, .offset_s = search->show.offset_s};
    if (jw_query_parse(search->text, &given, search->mem, &search->query, &err) != JW_OK) {
        jw_search_mistake(search->text, &err);
        return JW_EXIT_USAGE;
    }
    return 0;
}

static int read_options(struct search *search) {
    const char **values = search->values;
    uint64_t limit = values[BY] ? 10 : LIMIT;
    if (!!values[BY] + !!values[HISTOGRAM] + !!(values[COUNT] && !values[BY]) > 1)
        return jw_command_usage(NAME, "--count, --by and --histogram are different questions; ask one");
    if (values[LIMIT_OPTION] &&
        (!jw_text_u64(jw_text_from(values[LIMIT_OPTION]), &limit) || limit < 1 || limit > LIMIT_MOST))
        return jw_command_usage(NAME, "--limit is a number from 1 to %d", LIMIT_MOST);
    search->limit = (uint32_t)limit;
    if (values[IN] && strcmp(values[IN], "events") != 0 && strcmp(values[IN], "alerts") != 0)
        return jw_command_usage(NAME, "--in is events or alerts");
    search->table = values[IN] && strcmp(values[IN], "alerts") == 0 ? JW_LAKE_ALERTS : JW_LAKE_EVENTS;
    search->show.alerts = search->table == JW_LAKE_ALERTS;
    search->show.json = jw_command_json(values[JSON]);
    search->show.width = terminal_width();
    if (values[BY])
        return read_fields(search, "by", values[BY], JW_QUERY_SQL_FIELDS);
    return values[FIELDS] ? read_fields(search, "fields", values[FIELDS], JW_SEARCH_FIELDS) : 0;
}

static int failed(struct search *search, jw_status st, const struct jw_error *err) {
    if (st == JW_E_LIMIT)
        return jw_command_failed(NAME, "too expensive; narrow the question or its time\n  (%s)", err->text);
    if (st != JW_E_SYSTEM)
        return jw_command_failed(NAME, "%s", err->text);
    if (search->values[URL])
        return jw_command_failed(NAME, "the event store does not answer\n  (%s)", err->text);
    const char *data = jw_command_data(search->values[DATA]);
    return jw_command_failed(NAME,
                             "the event store does not answer at %s\n  is jinwu running? jinwu status --data %s; "
                             "start it with: jinwu up --data %s\n  (%s)",
                             search->node, data, data, err->text);
}

/* The socket of the jinwu on this folder, as an absolute path: that is how lib/lake tells a socket from a URL. */
static int find_socket(struct search *search) {
    const char *data = jw_command_data(search->values[DATA]);
    char folder[PATH_MAX];
    if (!realpath(data, folder))
        snprintf(folder, sizeof folder, "%s", data);
    snprintf(search->node, sizeof search->node, "%s/run/lake.sock", folder);
    if (access(search->node, F_OK) == 0)
        return 0;
    return jw_command_failed(NAME,
                             "jinwu is not running on %s (there is no %s)\n  start it with: jinwu up --data %s",
                             data, search->node, data);
}

static int open_client(struct search *search) {
    struct jw_error err;
    const char *nodes[] = {search->values[URL] ? search->values[URL] : search->node, NULL};
    struct jw_lake_options given = {.nodes = nodes,
                                    .cluster = search->values[CLUSTER],
                                    .level = search->values[PLAIN] ? JW_LAKE_PLAIN : JW_LAKE_FULL};
    int result = search->values[URL] ? 0 : find_socket(search);
    if (result)
        return result;
    if (jw_lake_client_new(&given, &search->client, &err) != JW_OK)
        return jw_command_failed(NAME, "%s", err.text);
    search->scope.table = jw_lake_client_table(search->client, search->table);
    return 0;
}

/* --- the questions ----------------------------------------------------------------------------------------------
 */
static jw_status on_row(void *context, struct jw_lake_row *row, struct jw_error *err) {
    struct search *search = context;
    (void)err;
    if (search->show.rows < search->limit)
        jw_search_row(&search->show, row);
    else
        fprintf(stderr, "There is more; see --limit.\n");
    return JW_OK;
}

static void nothing_found(const struct search *search) {
    fprintf(stderr, "Nothing found%s.\n",
            search->values[FROM] || search->scope.from == INT64_MIN ? "" : " in the last 24 hours; see --from");
}

static int ask_rows(struct search *search, struct jw_query_sql *sql) {
    struct jw_error err;
    struct jw_lake_request request;
    jw_query_sql_page(sql, &search->scope, search->query, search->limit + 1, NULL);
    jw_status st = jw_ask_request(sql, &request, &err);
    if (st == JW_OK)
        st = jw_lake_client_rows(search->client, search->table, &request, on_row, search, &err);
    if (st != JW_OK)
        return failed(search, st, &err);
    if (search->show.rows == 0)
        nothing_found(search);
    return JW_EXIT_DONE;
}

/* Tab-separated values: \t, \n, \\ and the like undone in place. */
static jw_text unescape(jw_text s, char *to) {
    static const char from[] = "tnrbf0'\\", into[] = "\t\n\r\b\f\0'\\";
    size_t len = 0;
    for (size_t i = 0; i < s.len; i++) {
        const char *at = s.ptr[i] == '\\' && i + 1 < s.len ? memchr(from, s.ptr[i + 1], sizeof from - 1) : NULL;
        to[len++] = at ? into[at - from] : s.ptr[i];
        i += at != NULL;
    }
    return (jw_text){to, len};
}

static jw_status on_top(void *context, jw_text line, struct jw_error *err) {
    struct search *search = context;
    jw_text values[JW_QUERY_SQL_FIELDS], rest = line, piece;
    JW_AUTO(jw_buffer_free) jw_buffer room = JW_BUFFER((64u << 20) + 1);
    if (!jw_buffer_reserve(&room, line.len + 1))
        return jw_fail(err, JW_E_LIMIT, "no memory");
    for (size_t i = 0; i < search->show.field_count; i++) {
        if (!jw_text_cut(&rest, '\t', &piece))
            return jw_fail(err, JW_E_SYNTAX, "the event store gave an answer with too few columns");
        values[i] = unescape(piece, room.ptr + room.len);
        room.len += values[i].len;
    }
    jw_search_top(&search->show, values, rest);
    return JW_OK;
}

static int ask_top(struct search *search, struct jw_query_sql *sql) {
    struct jw_error err;
    struct jw_lake_request request;
    jw_query_sql_top(sql, &search->scope, search->query, search->show.fields, search->show.field_count,
                     search->limit);
    jw_status st = jw_ask_request(sql, &request, &err);
    if (st == JW_OK)
        st = jw_lake_client_lines(search->client, &request, on_top, search, &err);
    if (st != JW_OK)
        return failed(search, st, &err);
    if (search->show.rows == 0)
        nothing_found(search);
    return JW_EXIT_DONE;
}

static int ask_count(struct search *search, struct jw_query_sql *sql) {
    struct jw_error err;
    struct jw_lake_request request;
    JW_AUTO(jw_buffer_free) jw_buffer answer = JW_BUFFER(4096);
    jw_query_sql_count(sql, &search->scope, search->query);
    jw_status st = jw_ask_request(sql, &request, &err);
    if (st == JW_OK)
        st = jw_lake_client_query(search->client, &request, &answer, NULL, &err);
    if (st != JW_OK)
        return failed(search, st, &err);
    jw_text count = jw_text_trim(jw_buffer_text(&answer));
    printf(search->show.json ? "{\"count\":%.*s}\n" : "%.*s\n", (int)count.len, count.ptr);
    return JW_EXIT_DONE;
}

struct counts {
    uint64_t bar[BARS];
    uint32_t count;
};

static jw_status on_bar(void *context, jw_text line, struct jw_error *err) {
    struct counts *counts = context;
    jw_text bar;
    uint64_t at, count;
    if (!jw_text_cut(&line, '\t', &bar) || !jw_text_u64(bar, &at) || !jw_text_u64(line, &count) ||
        at >= counts->count)
        return jw_fail(err, JW_E_SYNTAX, "the event store gave a bar that was not asked for");
    counts->bar[at] = count;
    return JW_OK;
}

static int ask_histogram(struct search *search, struct jw_query_sql *sql) {
    struct jw_error err;
    struct jw_lake_request request;
    struct jw_query_sql_bars bars = jw_query_sql_bars(&search->scope, BARS, search->show.offset_s);
    struct counts counts = {.count = bars.count};
    uint64_t most = 0;
    jw_query_sql_histogram(sql, &search->scope, search->query, &bars);
    jw_status st = jw_ask_request(sql, &request, &err);
    if (st == JW_OK)
        st = jw_lake_client_lines(search->client, &request, on_bar, &counts, &err);
    if (st != JW_OK)
        return failed(search, st, &err);
    for (uint32_t i = 0; i < bars.count; i++)
        most = counts.bar[i] > most ? counts.bar[i] : most;
    for (uint32_t i = 0; i < bars.count; i++)
        jw_search_bar(&search->show, bars.start_us + bars.width_us * i, bars.width_us, counts.bar[i], most);
    return JW_EXIT_DONE;
}

static int ask(struct search *search) {
    JW_AUTO(jw_query_sql_free)
    struct jw_query_sql sql = JW_QUERY_SQL(search->mem, jw_lake_client_level(search->client) == JW_LAKE_PLAIN);
    if (search->values[BY])
        return ask_top(search, &sql);
    if (search->values[COUNT])
        return ask_count(search, &sql);
    return search->values[HISTOGRAM] ? ask_histogram(search, &sql) : ask_rows(search, &sql);
}

/* Several words are one query, so that quotes around the whole are a choice. */
static int join(struct search *search, int argc, char **argv) {
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(JW_QUERY_BYTES);
    for (int i = 1; i < argc; i++) {
        if (i > 1)
            jw_buffer_byte(&text, ' ');
        jw_buffer_add(&text, jw_text_from(argv[i]));
    }
    search->text = jw_arena_copy(search->mem, jw_buffer_text(&text));
    if (text.failed || (text.len && !search->text.ptr)) /* what is left of it would be another question */
        return jw_command_usage(NAME, "a query has at most %d bytes; ask in parts", JW_QUERY_BYTES);
    return 0;
}

static int run(int argc, char **argv) {
    struct search search = {.now = jw_time_now(), .show.out = stdout};
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(64u << 20);
    search.mem = mem;
    search.show.offset_s = zone_offset(search.now);
    int result = jw_command_options(NAME, options, &argc, argv, search.values);
    if (!result)
        result = read_options(&search);
    if (result)
        return result;
    result = join(&search, argc, argv);
    if (!result)
        result = read_query(&search);
    if (!result)
        result = read_range(&search);
    if (!result)
        result = open_client(&search);
    if (!result)
        result = ask(&search);
    jw_lake_client_free(search.client);
    if (!result && (fflush(stdout) != 0 || ferror(stdout)))
        return jw_command_failed(NAME, "the answer could not be written");
    return result;
}

const struct jw_command jw_command_search = {
    .name = NAME,
    .about = "find events and alerts",
    .help =
        "Use: jinwu search [OPTIONS] QUERY\n\n"
        "Finds events, newest first. The language is that of the console (docs/query.md); Kibana users know it:\n"
        "  jinwu search failed password\n"
        "  jinwu search 'gov.unit:市大数据局 and event.outcome:failure' --from -7d\n"
        "  jinwu search 'source.ip:10.0.0.0/8 and not user.name:adm*' --by user.name,source.ip\n"
        "  jinwu search 'destination.port:[1 TO 1023]' --histogram --from today\n"
        "  jinwu search --in alerts 'rule.level:(high or critical)' --fields @timestamp,rule.name,gov.unit\n"
        "  jinwu search 'event.id:\"1f00c0de-000000000012d687\"' --json\n\n"
        "  --from TIME    -1h, now-1d/d, today, 2026-08-31, 2026-08-31T10:00+08:00; without it the last 24 hours, "
        "or all\n"
        "                 time when the query itself says when (@timestamp…) or which event (event.id:…)\n"
        "  --to TIME      a day or minute named here is included\n"
        "  --limit N      events (100), or rows of --by (10)\n"
        "  --fields A,B   only these fields\n"
        "  --count        how many\n"
        "  --by A,B       the most frequent values of these fields\n"
        "  --histogram    how many over time\n"
        "  --in events    or alerts\n"
        "  --json         JSON lines, also without it when the output is no terminal\n"
        "  --data DIR     the data folder of the running jinwu\n"
        "  --url URL      another event store: http[s]://[user:password@]host:8123; --cluster NAME reads its "
        "Distributed\n"
        "                 tables, --plain speaks to ClickHouse 18.16\n\n"
        "Exit: 0 done, 1 failed, 2 the query or an option is wrong.\n",
    .run = run,
};
