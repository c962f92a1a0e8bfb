/* cli/rules.c — `jinwu rules`: does every rule load, and does it see any event? Which rules are there, and why did
 * one match? */
#include "rules.h"

#include <string.h>

#include "base/buffer.h"
#include "base/time.h"

static const struct jw_command_option options[] = {[JW_RULES_JSON] = {"json", true},
                                                   [JW_RULES_MAPPINGS] = {"mappings", false},
                                                   [JW_RULES_PLACEHOLDERS] = {"placeholders", false},
                                                   [JW_RULES_ID] = {"id", false},
                                                   [JW_RULES_TITLE] = {"title", false},
                                                   [JW_RULES_LEVEL] = {"level", false},
                                                   [JW_RULES_STATUS] = {"status", false},
                                                   [JW_RULES_SOURCE] = {"logsource", false},
                                                   [JW_RULES_AUTHOR] = {"author", false},
                                                   [JW_RULES_FORMAT] = {"format", false},
                                                   [JW_RULES_RECORD] = {"record", false},
                                                   [JW_RULES_DATASET] = {"dataset", false},
                                                   {0}};

#define FOLDERS_MOST 64

struct telling {
    bool json;
    uint32_t refused;
};

static void tell(struct telling *to, const char *file, int line, jw_text id, const char *reason) {
    JW_AUTO(jw_buffer_free) jw_buffer out = JW_BUFFER(1 << 20);
    if (!to->json) {
        printf("%s:%d: %.*s%s%s\n", file, line, (int)id.len, id.len ? id.ptr : "", id.len ? ": " : "", reason);
        return;
    }
    jw_buffer_add(&out, JW_TEXT("{\"file\":"));
    jw_buffer_json(&out, jw_text_from(file));
    jw_buffer_print(&out, ",\"line\":%d,\"rule.id\":", line);
    jw_buffer_json(&out, id);
    jw_buffer_add(&out, JW_TEXT(",\"loaded\":false,\"reason\":"));
    jw_buffer_json(&out, jw_text_from(reason));
    jw_buffer_add(&out, JW_TEXT("}\n"));
    fwrite(out.ptr, 1, out.len, stdout);
}

static void on_refusal(void *context, const struct jw_sigma_refusal *refusal) {
    struct telling *to = context;
    const char *reason = refusal->reason, *colon = strstr(reason, ": ");
    if (refusal->line && colon) /* the line is told by itself */
        reason = colon + 2;
    to->refused++;
    tell(to, refusal->file, refusal->line, refusal->id, reason);
}

/* Loaded, yet blind: a note, no failure. */
static void tell_unrouted(const struct jw_sigma *sigma, uint32_t count) {
    uint32_t told = 0;
    for (uint32_t i = 0; i < count && told < 20; i++) {
        const struct jw_sigma_rule *rule = jw_sigma_rule_at(sigma, i);
        const struct jw_sigma_info *info = jw_sigma_rule_info(rule);
        if (jw_sigma_rule_is_routed(sigma, rule))
            continue;
        fprintf(stderr, "note: no mapping knows the logsource of %.*s\n", (int)info->file.len, info->file.ptr);
        told++;
    }
}

jw_status jw_rules_load(const char *const *folders, const char *const *values, jw_sigma_on_refusal refused,
                        void *context, struct jw_sigma **out, struct jw_error *err) {
    char mappings[4096], placeholders[4096], rules[4096];
    const char *all[] = {rules, NULL};
    snprintf(mappings, sizeof mappings, "%s/mappings", jw_command_content());
    snprintf(placeholders, sizeof placeholders, "%s/placeholders", jw_command_content());
    snprintf(rules, sizeof rules, "%s/rules", jw_command_content());
    const struct jw_sigma_options load = {
        .mappings = values[JW_RULES_MAPPINGS] ? values[JW_RULES_MAPPINGS] : mappings,
        .placeholders = values[JW_RULES_PLACEHOLDERS] ? values[JW_RULES_PLACEHOLDERS] : placeholders,
        .folders = folders && folders[0] ? folders : all,
        .on_refusal = refused,
        .context = context};
    return jw_sigma_load(&load, out, err);
}

static int check(const char *const *folders, const char *const *values, bool json) {
    JW_AUTO(jw_sigma_free_p) struct jw_sigma *sigma = NULL;
    struct jw_error err = {{0}};
    struct telling to = {.json = json};
    struct jw_sigma_counts counts;
    int64_t start = jw_time_steady();
    if (jw_rules_load(folders, values, on_refusal, &to, &sigma, &err) != JW_OK)
        return jw_command_failed("rules", "%s", err.text);
    jw_sigma_counts(sigma, &counts);
    tell_unrouted(sigma, counts.rules + counts.correlations);
    fprintf(stderr,
            "%u rules, %u correlations and %u filters loaded, %u refused, %u with a logsource no mapping knows; %u "
            "predicates, %u needles, %u regular expressions; %.2f s\n",
            counts.rules, counts.correlations, counts.filters, counts.refused, counts.unrouted, counts.predicates,
            counts.needles, counts.regexes, (double)(jw_time_steady() - start) / JW_SECOND);
    return to.refused ? JW_EXIT_FAILED : JW_EXIT_DONE;
}

static int run(int argc, char **argv) {
    const char *values[JW_RULES_OPTIONS] = {NULL}, *folders[FOLDERS_MOST + 1];
    int bad = jw_command_repeated("rules", "rules", &argc, argv, folders, FOLDERS_MOST);
    if (!bad)
        bad = jw_command_options("rules", options, &argc, argv, values);
    if (bad)
        return bad;
    const char *verb = argc > 1 ? argv[1] : "";
    const char *const *rest = (const char *const *)argv + (argc > 1 ? 2 : 1);
    bool json = jw_command_json(values[JW_RULES_JSON] != NULL);
    if (strcmp(verb, "check") == 0 && argc > 2)
        return check(rest, values, json);
    if (strcmp(verb, "list") == 0)
        return jw_rules_list(argc > 2 ? rest : folders, values, json);
    if (strcmp(verb, "explain") == 0 && argc == 4)
        return jw_rules_explain(rest[0], rest[1], folders, values, json);
    return jw_command_usage("rules", "say what to do: check DIR…, list [DIR…] or explain RULE EVENT");
}

const struct jw_command jw_command_rules = {
    .name = "rules",
    .about = "detection rules: check DIR…, list, explain why one matched",
    .help = "Use: jinwu rules check DIR…\n"
            "     jinwu rules list [--level TEXT] [--status TEXT] … [DIR…]\n"
            "     jinwu rules explain [--rules DIR]… RULE EVENT\n\n"
            "check compiles every Sigma rule (.yml, .yaml) in the folders. Each rule that does not load is one "
            "line: file,\n"
            "line, id and the reason; as JSON when stdout is no terminal or with --json. The summary is on stderr, "
            "with the\n"
            "rules whose logsource no file of content/mappings describes: they load, but never see an event.\n\n"
            "list shows the rules that load (content/rules without DIR): id, level, status, logsource, author, "
            "title. With\n"
            "--id --title --level --status --logsource --author TEXT only those that have the text there, in any "
            "case.\n\n"
            "explain says why a rule matches an event, or which part of it does not hold: its condition part by "
            "part, with\n"
            "what the event has. RULE is a file, or an id in the folders of --rules (content/rules). EVENT is a "
            "file as\n"
            "`jinwu detect` reads it, or - for stdin; --record N picks an event of many (20 are explained "
            "otherwise).\n\n"
            "  --mappings DIR      logsources and field names (default: content/mappings)\n"
            "  --placeholders DIR  lists for |expand (default: content/placeholders)\n"
            "  --logsource LIST    for explain: what the event is, product=windows,category=process_creation\n"
            "  --format NAME       for explain: json, syslog, … or cases, as in jinwu detect\n"
            "  --dataset NAME      for explain: what the event is, when it cannot be seen (event.dataset)\n\n"
            "Exit: 0 every rule loaded, or the rule matches; 1 some did not, or it does not; 2 wrong use.\n\n"
            "Examples: jinwu rules check content/rules /etc/jinwu/rules\n"
            "          jinwu rules list --level high --logsource windows\n"
            "          jinwu rules explain --record 3 rule.yml Security.evtx\n"
            "          echo '{\"CommandLine\": \"whoami\"}' | jinwu rules explain --logsource "
            "category=process_creation rule.yml -\n",
    .run = run,
};
