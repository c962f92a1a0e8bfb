/* lib/intake/samples.c — reading samples, running them through the whole intake, comparing exactly. */
#include "samples.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "parser/declared.h"
#include "parser/parsers.h"

/* When samples without a year happened: fixed, so that they mean the same in every year. */
#define RECEIVED INT64_C(1782820800000000000) /* 2026-06-30T12:00:00Z */

struct walk {
    struct jw_intake_worker *worker;
    const struct jw_parsers *parsers;
    jw_samples_each each;
    void *context;
    struct jw_arena *mem;
    jw_buffer story, expect;
};

static const struct jw_parser_info *parser_of(const struct walk *walk, const char *file) {
    const struct jw_parser_info *info;
    for (size_t i = 0; (info = jw_parsers_get(walk->parsers, i)); i++)
        if (jw_text_is(info->file, jw_text_from(file)))
            return info;
    return NULL;
}

/* --- what the line gave, as YAML -------------------------------------------------------------------------------
 */
static bool is_implied(const jw_field *field, const struct jw_parser_info *info, jw_text line) {
    switch (field->id) {
    case JW_F_EVENT_ORIGINAL:
        return jw_text_is(field->value, line);
    case JW_F_EVENT_KIND:
        return jw_text_is(field->value, JW_TEXT("event"));
    case JW_F_EVENT_DATASET:
        return info && jw_text_is(field->value, info->dataset);
    case JW_F_GOV_PARSER:
        return info && jw_text_is(field->value, info->name);
    case JW_F_GOV_PARSED:
        return jw_text_is(field->value, JW_TEXT("true"));
    default:
        return false;
    }
}

static void print_value(jw_buffer *out, const jw_field *field) {
    if (field->kind == JW_KIND_NUMBER || field->kind == JW_KIND_BOOL)
        jw_buffer_add(out, field->value);
    else if (field->kind == JW_KIND_NULL)
        jw_buffer_add(out, JW_TEXT("null"));
    else
        jw_buffer_json(out, field->value); /* JSON's strings are YAML's double-quoted ones */
}

static bool same_name(const jw_field *a, const jw_field *b) { return jw_text_is(a->name, b->name); }

static void print_field(jw_buffer *out, const struct jw_record *rec, uint32_t at) {
    const jw_field *field = &rec->fields[at];
    uint32_t values = 0;
    for (uint32_t i = 0; i < rec->count; i++)
        if (same_name(&rec->fields[i], field)) {
            if (i < at)
                return; /* printed with the first */
            values++;
        }
    jw_buffer_add(out, JW_TEXT("      "));
    bool plain = field->name.len > 0;
    for (size_t i = 0; i < field->name.len; i++)
        plain = plain &&
                (field->name.ptr[i] == '.' || field->name.ptr[i] == '_' || (field->name.ptr[i] | 32) >= 'a' ||
                 (i && field->name.ptr[i] >= '0' && field->name.ptr[i] <= '9')) &&
                field->name.ptr[i] > ' ' && field->name.ptr[i] != '{' && field->name.ptr[i] != '|';
    if (plain)
        jw_buffer_add(out, field->name);
    else
        jw_buffer_json(out, field->name);
    jw_buffer_add(out, values > 1 ? JW_TEXT(": [") : JW_TEXT(": "));
    for (uint32_t i = at, left = values; i < rec->count; i++)
        if (same_name(&rec->fields[i], field)) {
            print_value(out, &rec->fields[i]);
            if (--left)
                jw_buffer_add(out, JW_TEXT(", "));
        }
    jw_buffer_add(out, values > 1 ? JW_TEXT("]\n") : JW_TEXT("\n"));
}

static void print_record(struct walk *walk, const struct jw_record *rec, const struct jw_parser_info *info,
                         jw_text line) {
    jw_buffer *out = &walk->expect;
    char when[JW_TIME_TEXT];
    jw_buffer_clear(out);
    if (rec->has_time && rec->time != RECEIVED)
        jw_buffer_print(out, "      \"@timestamp\": \"%.*s\"\n", (int)jw_time_print(rec->time, when), when);
    for (uint32_t i = 0; i < rec->count; i++)
        if (!is_implied(&rec->fields[i], info, line))
            print_field(out, rec, i);
}

/* --- comparing ---------------------------------------------------------------------------------------------------
 */
static jw_kind kind_of(struct fy_node *node, jw_text value) {
    struct fy_token *token = fy_node_get_scalar_token(node);
    int64_t number;
    double real;
    char end = 0, copy[64];
    if (!token || fy_token_scalar_style(token) != FYSS_PLAIN || !value.len || value.len >= sizeof copy)
        return JW_KIND_TEXT;
    if (jw_text_is(value, JW_TEXT("true")) || jw_text_is(value, JW_TEXT("false")))
        return JW_KIND_BOOL;
    if (jw_text_is(value, JW_TEXT("null")))
        return JW_KIND_NULL;
    memcpy(copy, value.ptr, value.len);
    copy[value.len] = '\0';
    return jw_text_i64(value, &number) || sscanf(copy, "%lf%c", &real, &end) == 1 ? JW_KIND_NUMBER : JW_KIND_TEXT;
}

/* The values under one name, in order; `used` marks the fields that were asked for. */
static void compare_field(struct walk *walk, struct jw_declared *yaml, const struct jw_record *rec, jw_text name,
                          struct fy_node *wanted, bool *used) {
    uint32_t at = 0;
    for (size_t i = 0; i < jw_declared_length(wanted); i++) {
        struct fy_node *item = jw_declared_item(wanted, i);
        jw_text value = jw_declared_text(yaml, item, "expect");
        while (at < rec->count && !jw_text_is(rec->fields[at].name, name))
            at++;
        if (at == rec->count) {
            jw_buffer_print(&walk->story, "  missing " JW_FMT ": " JW_FMT "\n", JW_ARG(name), JW_ARG(value));
            return;
        }
        const jw_field *field = &rec->fields[at];
        used[at++] = true;
        bool null = field->kind == JW_KIND_NULL && kind_of(item, value) == JW_KIND_NULL;
        if (!null && (!jw_text_is(field->value, value) || kind_of(item, value) != (jw_kind)field->kind))
            jw_buffer_print(&walk->story, "  " JW_FMT ": got " JW_FMT ", want " JW_FMT "%s\n", JW_ARG(name),
                            JW_ARG(field->value), JW_ARG(value),
                            jw_text_is(field->value, value) ? " (number, text and true/false are not the same)"
                                                            : "");
    }
}

static void compare_time(struct walk *walk, const struct jw_record *rec, jw_text wanted) {
    char when[JW_TIME_TEXT];
    jw_text got = {when, jw_time_print(rec->time, when)};
    if (!jw_text_is(got, wanted))
        jw_buffer_print(&walk->story, "  @timestamp: got " JW_FMT ", want " JW_FMT "\n", JW_ARG(got),
                        JW_ARG(wanted));
}

static void compare(struct walk *walk, struct jw_declared *yaml, const struct jw_record *rec,
                    struct fy_node *expect, const struct jw_parser_info *info, jw_text line) {
    bool *used = jw_declared_alloc(yaml, rec->count + 1), timed = false;
    void *at = NULL;
    if (!used || !expect || !fy_node_is_mapping(expect)) {
        jw_buffer_add(&walk->story, JW_TEXT("  expect: missing\n"));
        return;
    }
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(expect, &at));) {
        jw_text name = jw_declared_text(yaml, fy_node_pair_key(pair), "expect");
        if (jw_text_is(name, JW_TEXT("@timestamp"))) {
            compare_time(walk, rec, jw_declared_text(yaml, fy_node_pair_value(pair), "expect"));
            timed = true;
        } else {
            compare_field(walk, yaml, rec, name, fy_node_pair_value(pair), used);
        }
    }
    if (!timed && rec->time != RECEIVED)
        jw_buffer_add(&walk->story, JW_TEXT("  not expected: @timestamp\n"));
    for (uint32_t i = 0; i < rec->count; i++)
        if (!used[i] && !is_implied(&rec->fields[i], info, line))
            jw_buffer_print(&walk->story, "  not expected: " JW_FMT ": " JW_FMT "\n", JW_ARG(rec->fields[i].name),
                            JW_ARG(rec->fields[i].value));
    const jw_field *parser = jw_record_find_id(rec, JW_F_GOV_PARSER);
    if (info && (!parser || !jw_text_is(parser->value, info->name)))
        jw_buffer_print(&walk->story, "  understood by " JW_FMT "\n",
                        JW_ARG(parser ? parser->value : JW_TEXT("nobody")));
}

static jw_text member_text(struct jw_declared *yaml, struct fy_node *sample, const char *key) {
    struct fy_node *node = jw_declared_member(sample, key);
    return node ? jw_declared_text(yaml, node, key) : (jw_text){0};
}

static jw_status run_sample(struct walk *walk, struct jw_declared *yaml, struct fy_node *sample, unsigned number,
                            const struct jw_parser_info *info, struct jw_error *err) {
    struct jw_record rec = {.mem = walk->mem};
    struct jw_intake_from from = {.received = RECEIVED,
                                  .format = member_text(yaml, sample, "format"),
                                  .dataset = member_text(yaml, sample, "dataset")};
    jw_text line = member_text(yaml, sample, "line");
    jw_buffer_clear(&walk->story);
    jw_status st = jw_intake_line(walk->worker, &from, line, &rec, err);
    if (st < JW_OK)
        return st;
    print_record(walk, &rec, info, line);
    compare(walk, yaml, &rec, jw_declared_member(sample, "expect"), info, line);
    struct jw_sample_result result = {yaml->file,
                                      number,
                                      walk->story.len == 0 && jw_declared_good(yaml),
                                      line,
                                      jw_declared_good(yaml) ? jw_buffer_text(&walk->story)
                                                             : jw_text_from(yaml->story),
                                      jw_buffer_text(&walk->expect)};
    return walk->each(walk->context, &result);
}

static jw_status run_file(struct walk *walk, const char *folder, const char *name, struct jw_error *err) {
    char path[PATH_MAX];
    struct jw_declared yaml;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    jw_arena_reset(walk->mem);
    struct jw_sample_result bad = {.file = name};
    if (!jw_declared_open(&yaml, path, name, walk->mem)) {
        bad.story = jw_text_from(yaml.story);
        return walk->each(walk->context, &bad);
    }
    struct fy_node *root = fy_document_root(yaml.doc), *samples = jw_declared_member(root, "samples");
    jw_status st = JW_OK;
    if (jw_declared_member(root, "parser") && (!samples || !parser_of(walk, name))) {
        bad.story = samples ? JW_TEXT("the declaration was refused")
                            : JW_TEXT("a parser without samples: nobody knows whether it works");
        st = walk->each(walk->context, &bad);
    }
    for (size_t i = 0; st == JW_OK && i < jw_declared_length(samples); i++)
        st = run_sample(walk, &yaml, jw_declared_item(samples, i), (unsigned)i + 1, parser_of(walk, name), err);
    jw_declared_close(&yaml);
    return st;
}

static int is_yaml(const struct dirent *entry) {
    jw_text name = jw_text_from(entry->d_name);
    return name.ptr[0] != '.' && (jw_text_ends(name, JW_TEXT(".yaml")) || jw_text_ends(name, JW_TEXT(".yml")));
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

jw_status jw_samples_run(const struct jw_intake *intake, const char *folder, jw_samples_each each, void *context,
                         struct jw_error *err) {
    JW_AUTO(jw_intake_worker_free_p) struct jw_intake_worker *worker = jw_intake_worker_new(intake);
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(64u << 20);
    struct walk walk = {.worker = worker,
                        .parsers = jw_intake_parsers(intake),
                        .each = each,
                        .context = context,
                        .mem = mem,
                        .story = JW_BUFFER(1 << 20),
                        .expect = JW_BUFFER(1 << 20)};
    struct dirent **names = NULL;
    int count = worker && mem ? scandir(folder, &names, is_yaml, by_name) : -1;
    if (count < 0)
        return jw_fail(err, JW_E_SYSTEM, "samples: %s: %s", folder, strerror(errno));
    jw_status st = JW_OK;
    for (int i = 0; i < count; i++) {
        if (st == JW_OK)
            st = run_file(&walk, folder, names[i]->d_name, err);
        free(names[i]);
    }
    free(names);
    jw_buffer_free(&walk.story);
    jw_buffer_free(&walk.expect);
    return st;
}
