/* lib/query/condition.c — a query's tree as SQL, so that the store reads the arrays where it must.
 * The walk is as deep as the tree: JW_QUERY_DEPTH. */
#include "sql.h"
#include "sql_part.h"

static void add(struct jw_query_sql *sql, const char *text) { jw_buffer_add(&sql->text, jw_text_from(text)); }

/* Whether a term asks a column and what of it stands in more_*. event.id is kept in two columns. */
static bool is_split(const struct jw_query_term *term) {
    bool plain_time = term->id == JW_F_TIMESTAMP || term->id == JW_F_EVENT_INGESTED;
    return term->id != JW_F_NONE && !plain_time && term->id != JW_F_EVENT_ORIGINAL &&
           (term->id == JW_F_EVENT_ID || jw_field_get(term->id)->column);
}

static void write_term(struct jw_query_sql *sql, const struct jw_query_term *term) {
    char name[64];
    bool exists = term->test == JW_QUERY_EXISTS, empty = term->test == JW_QUERY_EMPTY;
    if (term->field.len == 0) {
        jw_query_sql_part_line(sql, term);
        return;
    }
    if (term->id == JW_F_TIMESTAMP || term->id == JW_F_EVENT_INGESTED) {
        jw_query_sql_part_time(sql, term, jw_query_sql_part_column(term->id, name));
        return;
    }
    if (term->id == JW_F_EVENT_ID && (exists || empty)) {
        add(sql, exists ? "1" : "0");
        return;
    }
    add(sql, empty ? "NOT (" : "(");
    if (term->id == JW_F_EVENT_ORIGINAL)
        jw_query_sql_part_own(sql, term);
    else if (is_split(term)) {
        jw_query_sql_part_own(sql, term);
        /* has() stands in the index beside the column (lake/schema.c): rows that hold neither are skipped */
        jw_buffer_print(&sql->text, " OR (has(more_name, '" JW_FMT "') AND ", JW_ARG(jw_field_get(term->id)->name));
        jw_query_sql_part_array(sql, term, "more");
        add(sql, ")");
    } else { /* has() alone is the quickest way to find most rows without the name */
        add(sql, "has(extra_name, ");
        jw_query_sql_part_text(sql, term->field);
        add(sql, ") AND ");
        jw_query_sql_part_array(sql, term, "extra");
    }
    add(sql, ")");
}

static void write_node(struct jw_query_sql *sql, const struct jw_query_node *node) {
    if (node->kind == JW_QUERY_ALL)
        add(sql, "1");
    else if (node->kind == JW_QUERY_TERM)
        write_term(sql, &node->term);
    else {
        add(sql, node->kind == JW_QUERY_NOT ? "(NOT " : "(");
        for (const struct jw_query_node *child = node->first; child; child = child->next) {
            write_node(sql, child);
            if (child->next)
                add(sql, node->kind == JW_QUERY_AND ? " AND " : " OR ");
        }
        add(sql, ")");
    }
}

void jw_query_sql_condition(struct jw_query_sql *sql, const struct jw_query *query) {
    add(sql, "(");
    write_node(sql, query->root);
    add(sql, ")");
}
