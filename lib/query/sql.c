/* lib/query/sql.c — one test as SQL, written twice: for the field's column and for the values kept as text in the
 * arrays; match.c says the same in C. */
#include "sql.h"
#include "number.h"
#include "sql_part.h"

#include <inttypes.h>

#define MISSING "toInt64(-9223372036854775808)"

void jw_query_sql_free(struct jw_query_sql *sql) {
    jw_buffer_free(&sql->text);
    sql->params = NULL;
    sql->count = 0;
    sql->failed = false;
}

jw_status jw_query_sql_check(const struct jw_query_sql *sql, struct jw_error *err) {
    if (sql->failed || sql->text.failed)
        return jw_fail(err, JW_E_LIMIT, "the query is too large: its SQL would pass %d bytes", JW_QUERY_SQL_BYTES);
    return JW_OK;
}

static void hex(struct jw_query_sql *sql, const void *bytes, size_t len) {
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < len; i++) {
        jw_buffer_byte(&sql->text, digits[p[i] >> 4]);
        jw_buffer_byte(&sql->text, digits[p[i] & 15]);
    }
}

/* Parameters repeat: a name in has() and in the lambda, a value in a column and in the arrays. */
static size_t param_index(struct jw_query_sql *sql, jw_text value) {
    for (size_t i = sql->count; i-- > 0;)
        if (jw_text_is(sql->params[i], value))
            return i;
    jw_text *grown =
        jw_arena_grow(sql->mem, sql->params, sql->count * sizeof *grown, (sql->count + 1) * sizeof *grown);
    if (!grown) {
        sql->failed = true;
        return 0;
    }
    sql->params = grown;
    sql->params[sql->count] = value;
    return sql->count++;
}

void jw_query_sql_part_text(struct jw_query_sql *sql, jw_text value) {
    if (sql->failed)
        return;
    if (!sql->plain) {
        jw_buffer_print(&sql->text, "{p%zu:String}", param_index(sql, value));
        return;
    }
    jw_buffer_add(&sql->text, JW_TEXT("unhex('"));
    hex(sql, value.ptr, value.len);
    jw_buffer_add(&sql->text, JW_TEXT("')"));
}

/* The LIKE pattern; literal signs escaped. */
static void like(struct jw_query_sql *sql, const struct jw_query_term *term) {
    jw_text s = term->text;
    char *bytes = jw_arena_alloc(sql->mem, s.len * 2 + 2);
    if (!bytes) {
        sql->failed = true;
        return;
    }
    size_t len = 0;
    bool around = term->test == JW_QUERY_CONTAINS;
    if (around)
        bytes[len++] = '%';
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '%' || c == '_' || c == '\\')
            bytes[len++] = '\\';
        bytes[len++] = c == JW_QUERY_ANY ? '%' : c == JW_QUERY_ONE ? '_' : c;
    }
    if (around)
        bytes[len++] = '%';
    jw_query_sql_part_text(sql, (jw_text){bytes, len});
}

static void add(struct jw_query_sql *sql, const char *text) { jw_buffer_add(&sql->text, jw_text_from(text)); }

static void bound(struct jw_query_sql *sql, const char *x, const char *sign, const jw_query_bound *bound,
                  bool as_real) {
    if (bound->whole && !as_real)
        jw_buffer_print(&sql->text, " AND %s %s%s %" PRId64, x, sign, bound->open ? "" : "=", bound->integer);
    else
        jw_buffer_print(&sql->text, " AND toFloat64(%s) %s%s toFloat64(%.17g)", x, sign, bound->open ? "" : "=",
                        bound->real);
}

static void bounds(struct jw_query_sql *sql, const char *x, const struct jw_query_term *term, bool as_real) {
    if (term->low.given)
        bound(sql, x, ">", &term->low, as_real);
    if (term->high.given)
        bound(sql, x, "<", &term->high, as_real);
}

static void number_text(struct jw_query_sql *sql, const struct jw_query_term *term, const char *x) {
    char value[96];
    jw_buffer_print(&sql->text, "((match(%s, '" JW_NUMBER_WHOLE "')", x);
    snprintf(value, sizeof value, "toInt64OrZero(%s)", x);
    bounds(sql, value, term, false);
    jw_buffer_print(&sql->text, ") OR (match(%s, '" JW_NUMBER_REAL "')", x);
    snprintf(value, sizeof value, "toFloat64OrZero(%s)", x);
    bounds(sql, value, term, true);
    add(sql, "))");
}

static void words(struct jw_query_sql *sql, const struct jw_query_term *term, const char *x) {
    jw_buffer_print(&sql->text, "(%s != ''", x);
    if (term->low.given) {
        jw_buffer_print(&sql->text, " AND lower(%s) >%s ", x, term->low.open ? "" : "=");
        jw_query_sql_part_text(sql, term->low_text);
    }
    if (term->high.given) {
        jw_buffer_print(&sql->text, " AND lower(%s) <%s ", x, term->high.open ? "" : "=");
        jw_query_sql_part_text(sql, term->high_text);
    }
    add(sql, ")");
}

static void address_bounds(struct jw_query_sql *sql, const struct jw_query_term *term, const char *x) {
    bool one = memcmp(&term->low_address, &term->high_address, sizeof term->low_address) == 0;
    jw_buffer_print(&sql->text, "(%s %s toFixedString(unhex('", x, one ? "=" : ">=");
    hex(sql, &term->low_address, sizeof term->low_address);
    add(sql, "'), 16)");
    if (!one) {
        jw_buffer_print(&sql->text, " AND %s <= toFixedString(unhex('", x);
        hex(sql, &term->high_address, sizeof term->high_address);
        add(sql, "'), 16)");
    }
    add(sql, ")");
}

#define OCTET "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
#define V4    "^" OCTET "[.]" OCTET "[.]" OCTET "[.]" OCTET "$"

static void address_text(struct jw_query_sql *sql, const struct jw_query_term *term, const char *x) {
    char bare[96], value[960]; /* without a zone such as %eth0 */
    snprintf(bare, sizeof bare, "if(position(%s, ':') > 0, splitByChar('%%', %s)[1], %s)", x, x, x);
    if (sql->plain)
        snprintf(value, sizeof value,
                 "if(match(%s, '" V4 "'), IPv4ToIPv6(IPv4StringToNum(%s)), IPv6StringToNum(%s))", x, x, bare);
    else
        snprintf(value, sizeof value, "IPv6StringToNumOrDefault(%s)", bare);
    address_bounds(sql, term, value);
}

static void date_text(struct jw_query_sql *sql, const struct jw_query_term *term, const char *x) {
    jw_buffer_print(&sql->text,
                    "(match(%s, '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?Z$')", x);
    if (term->low_text.len) /* printed by us from a time */
        jw_buffer_print(&sql->text, " AND substring(%s, 1, length(%s) - 1) >= '" JW_FMT "'", x, x,
                        JW_ARG(term->low_text));
    if (term->high_text.len)
        jw_buffer_print(&sql->text, " AND substring(%s, 1, length(%s) - 1) < '" JW_FMT "'", x, x,
                        JW_ARG(term->high_text));
    add(sql, ")");
}

/* The test on a text expression `x`. */
static void test_text(struct jw_query_sql *sql, const struct jw_query_term *term, const char *x) {
    switch (term->test) {
    case JW_QUERY_EXISTS:
    case JW_QUERY_EMPTY:
        jw_buffer_print(&sql->text, "%s != ''", x);
        break;
    case JW_QUERY_EVENT_ID:
    case JW_QUERY_EQUALS:
        jw_buffer_print(&sql->text, "lower(%s) = ", x);
        jw_query_sql_part_text(sql, term->text);
        break;
    case JW_QUERY_CONTAINS:
    case JW_QUERY_PATTERN:
        jw_buffer_print(&sql->text, "lower(%s) LIKE ", x);
        like(sql, term);
        break;
    case JW_QUERY_NUMBER:
        number_text(sql, term, x);
        break;
    case JW_QUERY_WORDS:
        words(sql, term, x);
        break;
    case JW_QUERY_ADDRESS:
        address_text(sql, term, x);
        break;
    case JW_QUERY_TIME:
        date_text(sql, term, x);
        break;
    case JW_QUERY_BOOL:
        jw_buffer_print(&sql->text, "lower(%s) = '%s'", x, term->truth ? "true" : "false");
        break;
    }
}

void jw_query_sql_part_time(struct jw_query_sql *sql, const struct jw_query_term *term, const char *column) {
    if (term->test != JW_QUERY_TIME) {
        add(sql, term->test == JW_QUERY_EXISTS ? "1" : "0");
        return;
    }
    add(sql, "(1");
    if (term->low_time != INT64_MIN)
        jw_buffer_print(&sql->text, " AND %s >= %" PRId64, column, term->low_time);
    if (term->high_time != INT64_MAX)
        jw_buffer_print(&sql->text, " AND %s < %" PRId64, column, term->high_time);
    add(sql, ")");
}

static void test_long(struct jw_query_sql *sql, const struct jw_query_term *term, const char *column) {
    jw_buffer_print(&sql->text, "(%s != " MISSING, column);
    if (term->test == JW_QUERY_NUMBER)
        bounds(sql, column, term, false);
    else if (term->test == JW_QUERY_PATTERN || term->test == JW_QUERY_CONTAINS) {
        jw_buffer_print(&sql->text, " AND toString(%s) LIKE ", column);
        like(sql, term);
    } else if (term->test != JW_QUERY_EXISTS && term->test != JW_QUERY_EMPTY)
        add(sql, " AND 0"); /* a quoted text: no number is that */
    add(sql, ")");
}

/* The test on the field's own column. */
static void test_column(struct jw_query_sql *sql, const struct jw_query_term *term, const char *column) {
    bool exists = term->test == JW_QUERY_EXISTS || term->test == JW_QUERY_EMPTY;
    switch (jw_field_get(term->id)->type) {
    case JW_TYPE_TEXT:
    case JW_TYPE_KEYWORD:
        test_text(sql, term, column);
        break;
    case JW_TYPE_LONG:
        test_long(sql, term, column);
        break;
    case JW_TYPE_IP:
        if (exists)
            jw_buffer_print(&sql->text, "%s != toFixedString('', 16)", column);
        else if (term->test == JW_QUERY_ADDRESS)
            address_bounds(sql, term, column);
        else
            add(sql, "0");
        break;
    case JW_TYPE_BOOL:
        if (exists)
            jw_buffer_print(&sql->text, "%s != 2", column);
        else if (term->test == JW_QUERY_BOOL)
            jw_buffer_print(&sql->text, "%s = %d", column, term->truth);
        else
            add(sql, "0");
        break;
    case JW_TYPE_DATE:
        jw_query_sql_part_time(sql, term, column);
        break;
    }
}

void jw_query_sql_part_array(struct jw_query_sql *sql, const struct jw_query_term *term, const char *which) {
    add(sql, "arrayExists((n, v) -> n = ");
    jw_query_sql_part_text(sql, term->field);
    bool is_like = term->test == JW_QUERY_PATTERN || term->test == JW_QUERY_CONTAINS;
    bool is_number = is_like && term->id != JW_F_NONE && jw_field_get(term->id)->type == JW_TYPE_LONG;
    add(sql, is_number ? " AND (" : " AND ");
    test_text(sql, term, "v");
    if (is_number) { /* a number answers in its shortest spelling too, as its column does */
        add(sql, " OR (match(v, '" JW_NUMBER_WHOLE "') AND toString(toInt64OrZero(v)) LIKE ");
        like(sql, term);
        add(sql, "))");
    }
    jw_buffer_print(&sql->text, ", %s_name, %s_value)", which, which);
}

const char *jw_query_sql_part_column(jw_field_id id, char out[64]) {
    if (id == JW_F_NONE || !jw_field_get(id)->column)
        return NULL;
    if (id == JW_F_TIMESTAMP || id == JW_F_EVENT_INGESTED)
        return id == JW_F_TIMESTAMP ? "time" : "ingested";
    if (id == JW_F_MESSAGE)
        return JW_LAKE_MESSAGE;
    jw_text name = jw_field_get(id)->name;
    for (size_t i = 0; i <= name.len && i < 63; i++)
        out[i] = i == name.len ? '\0' : name.ptr[i] == '.' ? '_' : name.ptr[i];
    return out;
}

void jw_query_sql_part_own(struct jw_query_sql *sql, const struct jw_query_term *term) {
    char name[64];
    if (term->id != JW_F_EVENT_ID)
        test_column(sql, term, jw_query_sql_part_column(term->id, name));
    else if (term->is_event_id)
        jw_buffer_print(&sql->text, "(spool = %" PRIu32 " AND number = %" PRIu64 ")", term->spool, term->number);
    else
        add(sql, "0");
}

void jw_query_sql_part_line(struct jw_query_sql *sql, const struct jw_query_term *term) {
    add(sql, JW_LAKE_LINE " LIKE ");
    like(sql, term);
}
