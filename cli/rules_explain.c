/* cli/rules_explain.c — `jinwu rules explain RULE EVENT`: the parts of a condition as a tree, with what the event
 * has. */
#include "detect.h"
#include "rules.h"
#include "search.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "sigma/why.h"

#define EVENTS_MOST 20
#define RULES_MOST  64 /* of a file, or of a correlation */
#define STDIN_MOST  ((size_t)1 << 30)
#define MEMORY_MOST ((size_t)1 << 30)

struct explaining {
    struct jw_sigma *sigma;
    const struct jw_sigma_rule *rules[RULES_MOST];
    uint32_t rule_count;
    struct jw_sigma_source source;
    const char *path;
    bool json;
    uint64_t record; /* 0: any */
    uint64_t seen, explained, matches;
    struct jw_arena *mem;
    jw_buffer out;
};

/* --- JSON ------------------------------------------------------------------------------------------------------
 */
static void member(jw_buffer *out, const char *key, jw_text value) {
    jw_buffer_print(out, "\"%s\":", key);
    jw_buffer_json(out, value);
}

static void part_json(jw_buffer *out, const struct jw_sigma_part *part) {
    static const char *const kinds[] = {[JW_PART_ALL] = "all",
                                        [JW_PART_ANY] = "any",
                                        [JW_PART_AT_LEAST] = "at least",
                                        [JW_PART_NOT] = "not",
                                        [JW_PART_COMPARE] = "compare"};
    jw_buffer_print(out, "{\"true\":%s,\"kind\":\"%s\"", part->is_true ? "true" : "false", kinds[part->kind]);
    if (part->kind == JW_PART_AT_LEAST)
        jw_buffer_print(out, ",\"least\":%u", part->least);
    if (part->name.len) {
        jw_buffer_byte(out, ',');
        member(out, "name", part->name);
    }
    if (part->kind == JW_PART_COMPARE) {
        jw_buffer_byte(out, ',');
        member(out, "rule", part->wants);
        jw_buffer_byte(out, ',');
        member(out, "event", part->has);
    }
    if (part->first) {
        jw_buffer_add(out, JW_TEXT(",\"parts\":["));
        for (const struct jw_sigma_part *child = part->first; child; child = child->next) {
            part_json(out, child);
            if (child->next)
                jw_buffer_byte(out, ',');
        }
        jw_buffer_byte(out, ']');
    }
    jw_buffer_byte(out, '}');
}

static void show_json(struct explaining *e, uint64_t record, const struct jw_sigma_info *info,
                      const struct jw_sigma_why *why) {
    jw_buffer *out = &e->out;
    jw_buffer_clear(out);
    jw_buffer_byte(out, '{');
    member(out, "file", jw_text_from(e->path));
    jw_buffer_print(out, ",\"record\":%llu,", (unsigned long long)record);
    member(out, "rule.id", info->id);
    jw_buffer_byte(out, ',');
    member(out, "rule.name", info->title);
    jw_buffer_print(out, ",\"matches\":%s,", why->matches ? "true" : "false");
    member(out, "because", why->because);
    jw_buffer_print(out, ",\"logsource\":{\"true\":%s,", why->of_logsource ? "true" : "false");
    member(out, "name", why->logsource);
    jw_buffer_add(out, JW_TEXT(",\"kinds\":["));
    for (const struct jw_sigma_part *kind = why->kinds; kind; kind = kind->next) {
        part_json(out, kind);
        if (kind->next)
            jw_buffer_byte(out, ',');
    }
    jw_buffer_add(out, JW_TEXT("]},\"condition\":"));
    part_json(out, why->condition);
    jw_buffer_add(out, JW_TEXT("}\n"));
    fwrite(out->ptr, 1, out->len, stdout);
}

/* --- for people ------------------------------------------------------------------------------------------------
 */
static void mark(bool is_true, int depth) { printf("%*s%s ", depth * 2, "", is_true ? "✓" : "✗"); }

static void say(jw_text text) { jw_search_text(stdout, text, 0, 0); }

static void part_text(const struct jw_sigma_part *part, int depth) {
    static const char *const kinds[] = {
        [JW_PART_ALL] = "all of", [JW_PART_ANY] = "any of", [JW_PART_NOT] = "not", [JW_PART_COMPARE] = ""};
    mark(part->is_true, depth);
    if (part->name.len) {
        say(part->name);
        fputs(": ", stdout);
    }
    if (part->kind == JW_PART_COMPARE) {
        say(part->wants);
        fputs("   [event: ", stdout);
        say(part->has);
        fputs("]\n", stdout);
        return;
    }
    if (part->kind == JW_PART_AT_LEAST)
        printf("at least %u of\n", part->least);
    else
        puts(kinds[part->kind]);
    for (const struct jw_sigma_part *child = part->first; child; child = child->next)
        part_text(child, depth + 1);
}

static void show_text(struct explaining *e, uint64_t record, const struct jw_sigma_info *info,
                      const struct jw_sigma_why *why) {
    say(jw_text_from(e->path));
    printf(":%llu: ", (unsigned long long)record);
    say(info->title_zh.len ? info->title_zh : info->title);
    printf(" (%.*s) %s\n", (int)info->id.len, info->id.len ? info->id.ptr : "",
           why->matches ? "matches" : "does not match");
    fputs("  because ", stdout);
    say(why->because);
    fputs("\n  ", stdout);
    mark(why->of_logsource, 0);
    fputs("logsource: ", stdout);
    say(why->logsource.len ? why->logsource : JW_TEXT("every event"));
    fputc('\n', stdout);
    for (const struct jw_sigma_part *kind = why->kinds; kind; kind = kind->next)
        part_text(kind, 2);
    fputs("  ", stdout);
    mark(why->condition->is_true, 0);
    puts("condition:");
    part_text(why->condition, 2);
    fputc('\n', stdout);
}

/* --- events ----------------------------------------------------------------------------------------------------
 */
static jw_status explain(struct explaining *e, uint64_t number, const struct jw_record *rec,
                         const struct jw_sigma_source *source, struct jw_error *err) {
    e->seen++;
    if (e->record ? number != e->record : e->explained == EVENTS_MOST)
        return JW_OK;
    e->explained++;
    for (uint32_t i = 0; i < e->rule_count; i++) {
        const struct jw_sigma_info *info = jw_sigma_rule_info(e->rules[i]);
        struct jw_sigma_why why;
        jw_status st = jw_sigma_why(e->sigma, e->rules[i], rec, source, e->mem, &why, err);
        if (st != JW_OK)
            return st;
        e->matches += why.matches;
        if (e->json)
            show_json(e, number, info, &why);
        else
            show_text(e, number, info, &why);
        jw_arena_reset(e->mem);
    }
    return JW_OK;
}

static jw_status on_event(void *context, uint64_t number, struct jw_record *rec, struct jw_error *err) {
    struct explaining *e = context;
    bool given = e->source.product.len || e->source.category.len || e->source.service.len;
    return explain(e, number, rec, given ? &e->source : NULL, err);
}

static jw_status on_case(void *context, uint64_t number, const struct jw_case *one, struct jw_error *err) {
    return explain(context, number, one->rec, &one->source, err);
}

static jw_status read_events(struct explaining *e, const char *path, const char *const *values,
                             struct jw_error *err) {
    JW_AUTO(jw_intake_free_p) struct jw_intake *intake = NULL;
    const struct jw_intake_options reading = {.content = jw_command_content()};
    const char *format = values[JW_RULES_FORMAT];
    struct jw_intake_from from = {.received = jw_time_now(), .dataset = jw_text_from(values[JW_RULES_DATASET])};
    struct jw_intake_counts counts;
    uint64_t damaged;
    if (format && strcmp(format, "cases") == 0)
        return jw_cases_read(path, on_case, e, &damaged, err);
    from.format = jw_text_from(format);
    jw_status st = jw_intake_load(&reading, &intake, err);
    if (st != JW_OK)
        return st;
    JW_AUTO(jw_intake_worker_free_p) struct jw_intake_worker *worker = jw_intake_worker_new(intake);
    return worker ? jw_intake_file(worker, &from, path, on_event, e, &counts, err)
                  : jw_fail(err, JW_E_LIMIT, "no memory");
}

/* stdin as a file without a name, because EVTX and gzip are read from files; -1 after telling why. */
static int keep_stdin(struct jw_error *err) {
    char piece[65536];
    size_t total = 0;
    ssize_t got;
    int fd = memfd_create("stdin", MFD_CLOEXEC);
    while (fd >= 0 && (got = read(STDIN_FILENO, piece, sizeof piece)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || (total += (size_t)got) > STDIN_MOST || write(fd, piece, (size_t)got) != got) {
            (void)jw_fail(err, JW_E_SYSTEM, "stdin: %s", got < 0 ? strerror(errno) : "more than 1 GiB");
            close(fd);
            return -1;
        }
    }
    return fd;
}

/* --- rules -----------------------------------------------------------------------------------------------------
 */
static void on_refusal(void *context, const struct jw_sigma_refusal *refusal) {
    uint32_t *told = context;
    if ((*told)++ < 20)
        fprintf(stderr, "not loaded: %s: %s\n", refusal->file, refusal->reason);
}

static void add_rule(struct explaining *e, const struct jw_sigma_rule *rule) {
    const struct jw_sigma_rule *counted[RULES_MOST];
    const struct jw_sigma_info *info = jw_sigma_rule_info(rule);
    if (!info->correlation) {
        for (uint32_t i = 0; i < e->rule_count; i++)
            if (e->rules[i] == rule)
                return;
        if (e->rule_count < RULES_MOST)
            e->rules[e->rule_count++] = rule;
        return;
    }
    uint32_t count = jw_sigma_rule_counts(e->sigma, rule, counted, RULES_MOST);
    fprintf(stderr, "%.*s is a correlation: it speaks when enough events match the rules it counts\n",
            (int)info->title.len, info->title.ptr);
    for (uint32_t i = 0; i < count; i++)
        if (!jw_sigma_rule_info(counted[i])->correlation)
            add_rule(e, counted[i]);
}

static jw_status find_rules(struct explaining *e, const char *rule, const char *const *folders,
                            const char *const *values, struct jw_error *err) {
    const char *file[] = {rule, NULL};
    bool is_file = access(rule, R_OK) == 0;
    uint32_t refused = 0;
    struct jw_sigma_counts counts;
    jw_status st =
        jw_rules_load(is_file ? file : folders, values, is_file ? on_refusal : NULL, &refused, &e->sigma, err);
    if (st != JW_OK)
        return st;
    jw_sigma_counts(e->sigma, &counts);
    if (!is_file) {
        const struct jw_sigma_rule *found = jw_sigma_rule_find(e->sigma, jw_text_from(rule));
        if (!found)
            return jw_fail(err, JW_E_SYNTAX,
                           "%s is neither a file nor the id of a rule that loads; name its folder with --rules",
                           rule);
        add_rule(e, found);
    }
    for (uint32_t i = 0; is_file && i < counts.rules + counts.correlations; i++)
        add_rule(e, jw_sigma_rule_at(e->sigma, i));
    return e->rule_count ? JW_OK : jw_fail(err, JW_E_SYNTAX, "%s: no rule in it loads", rule);
}

static int explain_events(struct explaining *e, const char *event, const char *const *values) {
    struct jw_error err = {{0}};
    char path[64];
    int fd = -1;
    e->path = event;
    if (strcmp(event, "-") == 0) {
        if ((fd = keep_stdin(&err)) < 0)
            return jw_command_failed("rules", "%s", err.text);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        event = path;
        e->path = "stdin";
    }
    jw_status st = read_events(e, event, values, &err);
    if (fd >= 0)
        close(fd);
    if (st != JW_OK)
        return jw_command_failed("rules", "%s", err.text);
    if (!e->explained)
        return jw_command_failed("rules", e->record ? "%s has no record %llu" : "%s has no events", e->path,
                                 (unsigned long long)e->record);
    if (e->seen > e->explained && !e->record)
        fprintf(stderr, "the first %llu of %llu events; choose one with --record N\n",
                (unsigned long long)e->explained, (unsigned long long)e->seen);
    return e->matches ? JW_EXIT_DONE : JW_EXIT_FAILED;
}

int jw_rules_explain(const char *rule, const char *event, const char *const *folders, const char *const *values,
                     bool json) {
    struct explaining e = {.json = json, .out = JW_BUFFER(64 << 20)};
    struct jw_error err = {{0}};
    if (values[JW_RULES_SOURCE] && !jw_cases_logsource(jw_text_from(values[JW_RULES_SOURCE]), &e.source))
        return jw_command_usage("rules", "--logsource wants product=…,category=…,service=…, not %s",
                                values[JW_RULES_SOURCE]);
    if (values[JW_RULES_RECORD] && (!jw_text_u64(jw_text_from(values[JW_RULES_RECORD]), &e.record) || !e.record))
        return jw_command_usage("rules", "--record is a number from 1, not %s", values[JW_RULES_RECORD]);
    e.mem = jw_arena_new(MEMORY_MOST);
    jw_status st = e.mem ? find_rules(&e, rule, folders, values, &err) : jw_fail(&err, JW_E_LIMIT, "no memory");
    int result = st == JW_OK ? explain_events(&e, event, values) : jw_command_failed("rules", "%s", err.text);
    jw_sigma_free(e.sigma);
    jw_arena_free(e.mem);
    jw_buffer_free(&e.out);
    return result;
}
