/* cli/rules.c — `jinwu rules check`: does every rule load, and does it see any event? */
#include "command.h"

#include <string.h>

#include "base/buffer.h"
#include "base/time.h"
#include "sigma/sigma.h"

enum { OPT_JSON, OPT_MAPPINGS };
static const struct jw_command_option options[] = {{"json", true}, {"mappings", false}, {0}};

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

static int check(int count, char **paths, const char *mappings, bool json) {
    JW_AUTO(jw_sigma_free_p) struct jw_sigma *sigma = NULL;
    char default_mappings[4096], placeholders[4096];
    struct jw_error err = {{0}};
    struct telling to = {.json = json};
    struct jw_sigma_counts counts;
    (void)count;
    snprintf(default_mappings, sizeof default_mappings, "%s/mappings", jw_command_content());
    snprintf(placeholders, sizeof placeholders, "%s/placeholders", jw_command_content());
    const struct jw_sigma_options load = {.mappings = mappings ? mappings : default_mappings,
                                          .placeholders = placeholders,
                                          .folders = (const char *const *)paths,
                                          .on_refusal = on_refusal,
                                          .context = &to};
    int64_t start = jw_time_steady();
    if (jw_sigma_load(&load, &sigma, &err) != JW_OK)
        return jw_command_failed("rules", "%s", err.text);
    jw_sigma_counts(sigma, &counts);
    tell_unrouted(sigma, counts.rules + counts.correlations);
    fprintf(stderr,
            "%u rules and %u correlations loaded, %u refused, %u with a logsource no mapping knows; %u predicates, "
            "%u needles, %u regular expressions; %.2f s\n",
            counts.rules, counts.correlations, counts.refused, counts.unrouted, counts.predicates, counts.needles,
            counts.regexes, (double)(jw_time_steady() - start) / JW_SECOND);
    return to.refused ? JW_EXIT_FAILED : JW_EXIT_DONE;
}

static int run(int argc, char **argv) {
    const char *values[2] = {NULL};
    int bad = jw_command_options("rules", options, &argc, argv, values);
    if (bad)
        return bad;
    if (argc < 3 || strcmp(argv[1], "check") != 0)
        return jw_command_usage("rules", "say what to do: check DIR…");
    return check(argc - 2, argv + 2, values[OPT_MAPPINGS], jw_command_json(values[OPT_JSON] != NULL));
}

const struct jw_command jw_command_rules = {
    .name = "rules",
    .about = "check detection rules: jinwu rules check DIR…",
    .help =
        "Use: jinwu rules check [--mappings DIR] [--json] DIR…\n\n"
        "Compiles every Sigma rule (.yml, .yaml) in the folders. Each rule that does not load is one line: file, "
        "line,\n"
        "id and the reason; as JSON when stdout is no terminal or with --json. The summary is on stderr, with the\n"
        "rules whose logsource no file of content/mappings describes: they load, but never see an event.\n\n"
        "  --mappings DIR  logsources and field names (default: content/mappings)\n\n"
        "Exit: 0 every rule loaded, 1 some did not, 2 wrong use.\n\n"
        "Example: jinwu rules check content/rules /etc/jinwu/rules\n",
    .run = run,
};
