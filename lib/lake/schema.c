/* lib/lake/schema.c — columns from the dictionary, and the SQL that makes them. */
#include "schema.h"

#include <pthread.h>

#define MOST (JW_LAKE_FIXED + JW_F_COUNT + JW_LAKE_ARRAYS)

/* Sorted by time, neighbours differ little: deltas and a light ZSTD. Dictionary columns are small already. */
#define CODEC_TIME  "CODEC(Delta, ZSTD(1))"
#define CODEC_PLAIN "CODEC(ZSTD(1))"
#define CODEC_TEXT  "CODEC(ZSTD(3))"

static struct jw_lake_column columns[MOST];
static size_t column_count;
static const struct jw_lake_column *by_field[JW_F_COUNT];
static pthread_once_t built = PTHREAD_ONCE_INIT;

static struct jw_lake_column *add(jw_text name, const char *full, const char *plain, const char *codec) {
    struct jw_lake_column *column = &columns[column_count++];
    for (size_t i = 0; i < name.len && i + 1 < sizeof column->name; i++)
        column->name[i] = name.ptr[i] == '.' ? '_' : name.ptr[i];
    column->type[JW_LAKE_FULL] = full;
    column->type[JW_LAKE_PLAIN] = plain;
    column->codec = codec;
    return column;
}

static struct jw_lake_column *add_field(const struct jw_field_info *info) {
    switch (info->type) {
    case JW_TYPE_KEYWORD:
        return add(info->name, "LowCardinality(String)", "String", CODEC_PLAIN);
    case JW_TYPE_IP:
        return add(info->name, "FixedString(16)", "FixedString(16)", CODEC_PLAIN);
    case JW_TYPE_LONG:
    case JW_TYPE_DATE:
        return add(info->name, "Int64", "Int64", CODEC_PLAIN);
    case JW_TYPE_BOOL:
        return add(info->name, "UInt8", "UInt8", CODEC_PLAIN);
    case JW_TYPE_TEXT:
        break;
    }
    return add(info->name, "String", "String", CODEC_TEXT);
}

static void add_arrays(jw_text name, jw_text value, jw_text kind) {
    add(name, "Array(LowCardinality(String))", "Array(String)", CODEC_PLAIN);
    add(value, "Array(String)", "Array(String)", CODEC_TEXT);
    add(kind, "Array(UInt8)", "Array(UInt8)", CODEC_PLAIN);
}

static void build(void) {
    by_field[JW_F_TIMESTAMP] = add(JW_TEXT("time"), "Int64", "Int64", CODEC_TIME);
    by_field[JW_F_EVENT_INGESTED] = add(JW_TEXT("ingested"), "Int64", "Int64", CODEC_TIME);
    add(JW_TEXT("spool"), "UInt32", "UInt32", CODEC_PLAIN);
    add(JW_TEXT("number"), "UInt64", "UInt64", CODEC_TIME);
    add(JW_TEXT("message_at"), "UInt32", "UInt32", CODEC_PLAIN);
    add(JW_TEXT("message_len"), "UInt32", "UInt32", CODEC_PLAIN);
    for (int id = JW_F_NONE + 1; id < JW_F_COUNT; id++) {
        const struct jw_field_info *info = jw_field_get((jw_field_id)id);
        if (!info->column || by_field[id])
            continue;
        struct jw_lake_column *column = add_field(info);
        column->field = (jw_field_id)id;
        by_field[id] = column;
    }
    add_arrays(JW_TEXT("more_name"), JW_TEXT("more_value"), JW_TEXT("more_kind"));
    add_arrays(JW_TEXT("extra_name"), JW_TEXT("extra_value"), JW_TEXT("extra_kind"));
}

size_t jw_lake_columns(const struct jw_lake_column **out) {
    pthread_once(&built, build);
    *out = columns;
    return column_count;
}

const char *jw_lake_column_of(jw_field_id field) {
    pthread_once(&built, build);
    return field > JW_F_NONE && field < JW_F_COUNT && by_field[field] ? by_field[field]->name : NULL;
}

const char *jw_lake_table_name(jw_lake_table table) { return table == JW_LAKE_ALERTS ? "alerts" : "events"; }

static const char *missing_of(const struct jw_lake_column *column) {
    if (!column->field)
        return NULL;
    switch (jw_field_get(column->field)->type) {
    case JW_TYPE_LONG:
    case JW_TYPE_DATE:
        return "-9223372036854775808";
    case JW_TYPE_BOOL:
        return "2";
    default:
        return NULL; /* the type's own default */
    }
}

/* A column added later must read as missing in the rows that were there before: hence the defaults. */
static void define(const struct jw_lake_column *column, jw_lake_level level, jw_buffer *sql) {
    const char *missing = missing_of(column);
    jw_buffer_print(sql, "%s %s", column->name, column->type[level]);
    if (missing)
        jw_buffer_print(sql, " DEFAULT %s", missing);
    if (level == JW_LAKE_FULL)
        jw_buffer_print(sql, " %s", column->codec);
}

static void columns_of(jw_lake_level level, jw_buffer *sql) {
    const struct jw_lake_column *all;
    size_t count = jw_lake_columns(&all);
    for (size_t i = 0; i < count; i++) {
        jw_buffer_print(sql, "%s", i ? ", " : "");
        define(&all[i], level, sql);
    }
}

/* A condition is "column = … OR (has(more_name, 'field') AND …)" in lib/query, whose words these are. An index lets
 * it skip rows only when it knows both sides: hence pairs. The sides of one index have filters of one size, so that
 * all columns in one index cost 1.6 times as much; separate ones do not help addresses (26.7). */
static void add_needles(jw_buffer *sql) {
    static const char *const columns_asked[] = {"source_ip", "destination_ip", "lower(user_name)",
                                                "lower(host_name)"};
    for (size_t i = 0; i < sizeof columns_asked / sizeof *columns_asked; i++)
        jw_buffer_print(sql, ", INDEX needle_%zu (%s, more_name) TYPE bloom_filter(0.025) GRANULARITY 1", i,
                        columns_asked[i]);
    jw_buffer_print(sql, ", INDEX place (number, has(more_name, 'event.id')) TYPE minmax GRANULARITY 1");
}

void jw_lake_create(jw_lake_table table, jw_lake_level level, jw_buffer *sql) {
    jw_buffer_print(sql, "CREATE TABLE IF NOT EXISTS " JW_LAKE_DATABASE ".%s (", jw_lake_table_name(table));
    columns_of(level, sql);
    /* 32 KiB of Bloom bits for 8192 rows: 4 bytes an event, and about 100,000 distinct 4-grams fill half of them */
    if (level == JW_LAKE_FULL) {
        add_needles(sql);
        jw_buffer_print(sql, ", INDEX line_ngrams %s TYPE ngrambf_v1(4, 32768, 2, 0) GRANULARITY 1", JW_LAKE_LINE);
    }
    jw_buffer_print(sql,
                    ") ENGINE = MergeTree PARTITION BY intDiv(ingested, %lld) ORDER BY time SETTINGS "
                    "index_granularity = 8192",
                    (long long)JW_LAKE_DAY_US);
    if (level == JW_LAKE_FULL)
        jw_buffer_print(sql, ", non_replicated_deduplication_window = 1000, fsync_after_insert = 1, "
                             "fsync_part_directory = 1");
}

/* Merging is most of what loading costs. Parts of few rows in one file each, not in a file for each of a hundred
 * columns, and merges of more parts at once, halve it (docs/decisions/lake.md). */
void jw_lake_tune(jw_lake_table table, jw_lake_level level, jw_buffer *sql) {
    if (level == JW_LAKE_FULL)
        jw_buffer_print(sql,
                        "ALTER TABLE " JW_LAKE_DATABASE ".%s MODIFY SETTING min_bytes_for_wide_part = 134217728, "
                        "merge_selector_base = 12",
                        jw_lake_table_name(table));
}

void jw_lake_alter(jw_lake_table table, jw_lake_level level, size_t column, jw_buffer *sql) {
    const struct jw_lake_column *all;
    size_t count = jw_lake_columns(&all);
    if (column >= count)
        return;
    jw_buffer_print(sql, "ALTER TABLE " JW_LAKE_DATABASE ".%s ADD COLUMN ", jw_lake_table_name(table));
    if (level == JW_LAKE_FULL)
        jw_buffer_print(sql, "IF NOT EXISTS ");
    define(&all[column], level, sql);
}

void jw_lake_move_extra(jw_lake_table table, size_t column, jw_buffer *sql) {
    static const char *const arrays[] = {"value", "kind", "name"};
    const struct jw_lake_column *all;
    if (column >= jw_lake_columns(&all) || !all[column].field)
        return;
    jw_text name = jw_field_get(all[column].field)->name;
    jw_buffer_print(sql, "ALTER TABLE " JW_LAKE_DATABASE ".%s UPDATE ", jw_lake_table_name(table));
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        jw_buffer_print(
            sql,
            "%smore_%s = arrayConcat(more_%s, arrayFilter((x, n) -> n = '" JW_FMT
            "', extra_%s, extra_name)), extra_%s = arrayFilter((x, n) -> n != '" JW_FMT "', extra_%s, extra_name)",
            i ? ", " : "", arrays[i], arrays[i], JW_ARG(name), arrays[i], arrays[i], JW_ARG(name), arrays[i]);
    jw_buffer_print(sql, " WHERE has(extra_name, '" JW_FMT "')", JW_ARG(name));
}

void jw_lake_create_all(jw_lake_table table, const char *cluster, jw_lake_level level, jw_buffer *sql) {
    const char *name = jw_lake_table_name(table);
    (void)level;
    jw_buffer_print(sql,
                    "CREATE TABLE IF NOT EXISTS " JW_LAKE_DATABASE ".%s_all AS " JW_LAKE_DATABASE
                    ".%s ENGINE = Distributed(%s, " JW_LAKE_DATABASE ", %s)",
                    name, name, cluster, name);
}

void jw_lake_column_list(jw_buffer *sql) {
    const struct jw_lake_column *all;
    size_t count = jw_lake_columns(&all);
    for (size_t i = 0; i < count; i++)
        jw_buffer_print(sql, "%s%s", i ? ", " : "", all[i].name);
}
