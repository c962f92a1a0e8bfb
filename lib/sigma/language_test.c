/* lib/sigma/language_test.c — dates, placeholders and filters: the parts of the language that a place fills in. */
#include "rule.h"
#include "try.h"
#include "why.h"

#include <sys/stat.h>

static void a_date_gives_its_numbers_in_utc(struct jw_test *t) {
    YES("  a: {f|hour: 3}\n  condition: a", "{\"f\":\"2026-11-20T03:05:06.123Z\"}");
    YES("  a: {f|minute: 5}\n  condition: a", "{\"f\":\"2026-11-20 03:05:06\"}");
    YES("  a: {f|hour: 19}\n  condition: a", "{\"f\":\"2026-11-21T03:05:06+08:00\"}");
    YES("  a: {f|day: 20}\n  condition: a", "{\"f\":\"2026-11-21T03:05:06+08:00\"}");
    YES("  a: {f|month: [1, 11]}\n  condition: a", "{\"f\":\"2026-11-20\"}");
    YES("  a: {f|year|gte: 2026}\n  condition: a", "{\"f\":\"2026-01-01\"}");
    NO("  a: {f|hour|gte: 22}\n  b: {f|hour|lt: 6}\n  condition: a or b", "{\"f\":\"2026-11-20T12:00:00Z\"}");
    YES("  a: {f|hour|gte: 22}\n  b: {f|hour|lt: 6}\n  condition: a or b", "{\"f\":\"2026-11-20T23:59:59Z\"}");
    YES("  a: {f|day|neq: 21}\n  condition: a", "{\"f\":\"2026-11-20\"}");
    YES("  a: {f|year: 2026}\n  condition: a", "{\"f\":1795140306}");
    YES("  a: {f|hour: 2}\n  condition: a", "{\"f\":1795140306.25}");
    YES("  a: {f|minute: 5}\n  condition: a", "{\"f\":\"1795140306123\"}");
    YES("  a: {f|hour: 2}\n  condition: a", "{\"f\":[\"yesterday\",1795140306]}");
}

static void the_time_of_the_event_is_a_field(struct jw_test *t) {
    struct bench b = load(t, "  a: {'@timestamp|hour': 10}\n  condition: a");
    struct jw_sigma_worker *worker = jw_sigma_worker_new(b.sigma);
    struct jw_plain *plain = jw_plain_new(b.sigma);
    for (int hour = 9; hour < 12; hour++) {
        struct jw_record rec = {.mem = t->mem};
        const struct jw_sigma_rule *const *hits;
        struct jw_sigma_why why;
        jw_record_add(&rec, JW_TEXT("f"), JW_TEXT("x"));
        jw_record_set_time(&rec, (int64_t)hour * 3600 * JW_SECOND);
        JW_CHECK_INT(t, jw_sigma_match(worker, &rec, NULL, &hits), hour == 10);
        JW_CHECK_INT(t, jw_plain_match(plain, &rec, NULL, &hits), hour == 10);
        JW_CHECK_OK(t, jw_sigma_why(b.sigma, jw_sigma_rule_at(b.sigma, 0), &rec, NULL, t->mem, &why, &t->err));
        JW_CHECK_INT(t, why.matches, hour == 10);
    }
    jw_sigma_worker_free(worker);
    jw_plain_free(plain);
    jw_sigma_free(b.sigma);
}

static void what_is_no_date_has_no_numbers(struct jw_test *t) {
    NO("  a: {f|hour: 0}\n  condition: a", "{\"f\":\"2026-11-20\"}"); /* a day has no hour */
    NO("  a: {f|day: 30}\n  condition: a", "{\"f\":\"2026-02-30\"}");
    NO("  a: {f|hour|gte: 0}\n  condition: a", "{\"f\":\"noon\"}");
    NO("  a: {f|hour|gte: 0}\n  condition: a", "{\"f\":\"\"}");
    NO("  a: {f|year|gte: 1678}\n  condition: a", "{\"f\":4688}");
    NO("  a: {f|year|gte: 1678}\n  condition: a", "{\"f\":9999999999}"); /* past what a time can be */
    NO("  a: {f|hour|gte: 0}\n  condition: a", "{\"g\":1}");
    BAD("  a: {f|hour: 24}\n  condition: a");
    BAD("  a: {f|month: 0}\n  condition: a");
    BAD("  a: {f|week: 54}\n  condition: a");
    BAD("  a: {f|hour: noon}\n  condition: a");
    BAD("  a: {f|hour|minute: 3}\n  condition: a");
    BAD("  a: {f|hour|contains: 3}\n  condition: a");
    BAD("  a: {f|re|hour: 3}\n  condition: a");
}

/* Every day of 40 years against strftime's %V. */
static void weeks_are_those_of_iso_8601(struct jw_test *t) {
    unsigned wrong = 0;
    YES("  a: {f|week: 53}\n  condition: a", "{\"f\":\"2027-01-01\"}");
    YES("  a: {f|week: 1}\n  condition: a", "{\"f\":\"2024-12-30T23:00:00Z\"}");
    for (time_t day = -10 * 366; day < 30 * 366; day++) {
        char text[32], week[8];
        struct tm tm;
        time_t at = day * 86400 + 3600;
        double got = 0;
        gmtime_r(&at, &tm);
        strftime(text, sizeof text, "%Y-%m-%d", &tm);
        strftime(week, sizeof week, "%V", &tm);
        wrong +=
            !jw_sigma_date_part(jw_text_from(text), JW_DATE_WEEK, &got) || (int)got != (int)strtol(week, NULL, 10);
    }
    JW_CHECK_INT(t, wrong, 0);
}

static void put_lists(struct jw_test *t, const char *name, const char *text) {
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/placeholders", t->folder);
    mkdir(folder, 0700);
    put_file(t, name, text);
}

static void placeholders_stand_for_their_lists(struct jw_test *t) {
    put_lists(t, "placeholders/a.yaml",
              "Admins: [root, 'adm_*']\nZones: [dmz, lan]\nPercent: ['%x%']\nPorts: [22]\n");
    YES("  a: {f|expand: '%Admins%'}\n  condition: a", "{\"f\":\"ADM_li\"}");
    NO("  a: {f|expand: '%Admins%'}\n  condition: a", "{\"f\":\"li\"}");
    YES("  a: {f|expand: [x, '%admins%']}\n  condition: a", "{\"f\":\"x\"}");
    YES("  a: {f|expand: '%Zones%-%Admins%!'}\n  condition: a", "{\"f\":\"lan-adm_li!\"}");
    NO("  a: {f|expand: '%Zones%-%Admins%!'}\n  condition: a", "{\"f\":\"wan-root!\"}");
    YES("  a: {f|contains|expand: '%Zones%'}\n  condition: a", "{\"f\":\"in the LAN here\"}");
    YES("  a: {f|base64|expand: '%Zones%'}\n  condition: a", "{\"f\":\"bGFu\"}");
    YES("  a: {f|re|expand: '^%Zones%[0-9]$'}\n  condition: a", "{\"f\":\"lan7\"}");
    YES("  a: {f|gt|expand: '%Ports%'}\n  condition: a", "{\"f\":23}");
    NO("  a: {f|contains|all|expand: '%Zones%'}\n  condition: a", "{\"f\":\"lan\"}");
    YES("  a: {f|contains|all|expand: '%Zones%'}\n  condition: a", "{\"f\":\"lan dmz\"}");
    YES("  a: {f|expand: '%Percent%'}\n  condition: a", "{\"f\":\"%x%\"}");
    YES("  a: {f|expand: '\\%Zones%'}\n  condition: a", "{\"f\":\"%Zones%\"}");
    YES("  a: {f|expand: '\\%plain%Zones%'}\n  condition: a", "{\"f\":\"%plainlan\"}");
    YES("  a: {f|expand: '100 %'}\n  condition: a", "{\"f\":\"100 %\"}");
    YES("  a: {f: '%Zones%'}\n  condition: a", "{\"f\":\"%zones%\"}"); /* without expand it is text */
}

static void the_later_file_of_lists_holds(struct jw_test *t) {
    put_lists(t, "placeholders/defaults.yaml", "Admins: [root]\n");
    put_lists(t, "placeholders/site.yaml", "admins: [li]\n");
    YES("  a: {f|expand: '%Admins%'}\n  condition: a", "{\"f\":\"li\"}");
    NO("  a: {f|expand: '%Admins%'}\n  condition: a", "{\"f\":\"root\"}");
}

static void a_placeholder_without_list_refuses_its_rule_and_says_so(struct jw_test *t) {
    put_lists(t, "placeholders/a.yaml", "Empty: []\nMany: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]\n");
    struct bench b = load(t, "  a: {f|expand: 'x%Nobody%'}\n  condition: a");
    JW_CHECK(t, strstr(b.reason, "line 5: placeholder %Nobody% has no list: write `Nobody: [value, …]` in a file"));
    jw_sigma_free(b.sigma);
    b = load(t, "  a: {f|expand: '%Empty%'}\n  condition: a");
    JW_CHECK(t, strstr(b.reason, "line 5: placeholder %Empty% has an empty list, in "));
    jw_sigma_free(b.sigma);
    b = load(t, "  a: {f|expand: '%Many%%Many%%Many%%Many%'}\n  condition: a");
    JW_CHECK(t, strstr(b.reason, "more than 10000 values"));
    jw_sigma_free(b.sigma);
    put_lists(t, "placeholders/a.yaml", "Broken: {a: b}\n");
    b = load(t, "  a: {f: x}\n  condition: a");
    JW_CHECK(t, strstr(b.reason, "line 1: wants a name"));
    JW_CHECK_INT(t, jw_sigma_rule_at(b.sigma, 0) != NULL, 1); /* the other rules still load */
    jw_sigma_free(b.sigma);
}

/* --- filters ----------------------------------------------------------------------------------------------------
 */
#define RULES                                                                                       \
    "title: one\nid: one\nname: first\nlogsource: {product: windows, category: process_creation}\n" \
    "detection: {s: {f: x}, condition: s}\n---\n"                                                   \
    "title: two\nid: two\nlogsource: {product: windows, category: network_connection}\n"            \
    "detection: {s: {f: x}, condition: s}\n---\n"                                                   \
    "title: three\nid: three\nlogsource: {product: linux}\ndetection: {s: {f: x}, condition: s}\n---\n"
#define FILTER(source, rules)                                                             \
    "title: no administrators\nid: filter\nlogsource: " source "\nfilter: {rules: " rules \
    ", s: {User|startswith: adm_}, condition: not s}\n"

/* How many of the rules match, with the event given for the logsources of all. */
static int match_filtered(struct jw_test *t, const char *text, const char *event, struct bench *b) {
    static const struct jw_sigma_source sources[] = {
        {JW_TEXT("windows"), JW_TEXT("process_creation"), {0}},
        {JW_TEXT("windows"), JW_TEXT("network_connection"), {0}},
        {JW_TEXT("linux"), {0}, {0}},
    };
    struct jw_record rec = {.mem = t->mem};
    const struct jw_sigma_rule *const *hits;
    int count = 0;
    *b = load_text(t, text);
    JW_CHECK(t, jw_json_record(event, &rec, NULL));
    struct jw_sigma_worker *worker = jw_sigma_worker_new(b->sigma);
    struct jw_plain *plain = jw_plain_new(b->sigma);
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        size_t found = jw_sigma_match(worker, &rec, &sources[i], &hits);
        JW_CHECK_INT(t, jw_plain_match(plain, &rec, &sources[i], &hits), found);
        count += (int)found;
    }
    jw_plain_free(plain);
    jw_sigma_worker_free(worker);
    jw_sigma_free(b->sigma);
    return count;
}

static void a_filter_narrows_the_rules_it_names(struct jw_test *t) {
    const char *admin = "{\"f\":\"x\",\"User\":\"adm_li\"}", *other = "{\"f\":\"x\",\"User\":\"li\"}";
    const char *by_id = RULES FILTER("{product: windows}", "[one]");
    const char *by_name = RULES FILTER("{product: windows}", "[first, two]");
    const char *before = FILTER("{product: windows}", "[one]") "---\n" RULES;
    struct bench b;
    JW_CHECK_INT(t, match_filtered(t, RULES, admin, &b), 3);
    JW_CHECK_INT(t, match_filtered(t, by_id, admin, &b), 2);
    JW_CHECK_INT(t, b.refused, 0);
    JW_CHECK_INT(t, match_filtered(t, by_id, other, &b), 3);
    JW_CHECK_INT(t, match_filtered(t, by_name, admin, &b), 1);
    JW_CHECK_INT(t, match_filtered(t, before, admin, &b), 2);
}

static void a_filter_of_any_narrows_every_rule_of_its_logsource(struct jw_test *t) {
    const char *admin = "{\"f\":\"x\",\"User\":\"adm_li\"}";
    struct bench b;
    JW_CHECK_INT(t, match_filtered(t, RULES FILTER("{product: windows}", "any"), admin, &b), 1);
    JW_CHECK_INT(t, match_filtered(t, RULES FILTER("{category: network_connection}", "any"), admin, &b), 2);
    JW_CHECK_INT(t, match_filtered(t, RULES FILTER("{}", "any"), admin, &b), 0);
    JW_CHECK_INT(t, b.refused, 0);
}

static void several_filters_hold_together(struct jw_test *t) {
    const char *text = RULES FILTER("{}", "any") "---\ntitle: other\nlogsource: {}\n"
                                                 "filter: {rules: [one], s: {g: 1}, condition: not s}\n";
    struct bench b;
    JW_CHECK_INT(t, match_filtered(t, text, "{\"f\":\"x\",\"User\":\"li\"}", &b), 3);
    JW_CHECK_INT(t, match_filtered(t, text, "{\"f\":\"x\",\"User\":\"li\",\"g\":1}", &b), 2);
    JW_CHECK_INT(t, match_filtered(t, text, "{\"f\":\"x\",\"User\":\"adm_li\"}", &b), 0);
}

static void a_filter_says_what_it_cannot_filter(struct jw_test *t) {
    const char *admin = "{\"f\":\"x\",\"User\":\"adm_li\"}";
    struct bench b;
    JW_CHECK_INT(t, match_filtered(t, RULES FILTER("{product: windows}", "[nobody, one]"), admin, &b), 2);
    JW_CHECK(t, strstr(b.reason, "filter: no rule is loaded that is called nobody"));
    JW_CHECK_INT(t, match_filtered(t, RULES FILTER("{product: windows}", "[three]"), admin, &b), 3);
    JW_CHECK(t, strstr(b.reason, "filter: its logsource is not the one of rule three"));
    JW_CHECK_INT(t, match_filtered(t, RULES FILTER("{product: macos}", "any"), admin, &b), 3);
    JW_CHECK(t, strstr(b.reason, "filter: no loaded rule has its logsource"));
    JW_CHECK_INT(
        t, match_filtered(t, RULES "title: f\nlogsource: {}\nfilter: {s: {g: 1}, condition: s}\n", admin, &b), 3);
    JW_CHECK(t, strstr(b.reason, "a filter wants `rules`"));
    JW_CHECK_INT(t, match_filtered(t, RULES "title: f\nfilter: {rules: any, s: {g: 1}, condition: s}\n", admin, &b),
                 3);
    JW_CHECK(t, strstr(b.reason, "wants a logsource"));
    JW_CHECK_INT(
        t,
        match_filtered(t, RULES "title: f\nid: one\nlogsource: {}\nfilter: {rules: any, s: {g: 1}, condition: s}\n",
                       admin, &b),
        3);
    JW_CHECK(t, strstr(b.reason, "another rule has this id"));
}

/* --- mappings ---------------------------------------------------------------------------------------------------
 */
static int match_mapped(struct jw_test *t, const char *detection, const char *event) {
    char folder[4096], rule[4096], text[1024];
    snprintf(folder, sizeof folder, "%s/mappings", t->folder);
    mkdir(folder, 0700);
    put_file(
        t, "mappings/a.yaml",
        "product: p\nfields: {Data: [whole, [one, two, three]], Other: [o1, o2]}\nsources: [{when: {on: 1}}]\n");
    snprintf(text, sizeof text, "title: t\nid: t\nlogsource: {product: p}\ndetection:\n%s\n  condition: a\n",
             detection);
    put_file(t, "rule.yml", text);
    snprintf(rule, sizeof rule, "%s/rule.yml", t->folder);
    const char *folders[] = {rule, NULL};
    const struct jw_sigma_options options = {.mappings = folder, .folders = folders};
    JW_AUTO(jw_sigma_free_p) struct jw_sigma *sigma = NULL;
    JW_CHECK_OK(t, jw_sigma_load(&options, &sigma, &t->err));
    JW_AUTO(jw_sigma_worker_free_p) struct jw_sigma_worker *worker = jw_sigma_worker_new(sigma);
    JW_AUTO(jw_plain_free_p) struct jw_plain *plain = jw_plain_new(sigma);
    struct jw_record rec = {.mem = t->mem};
    const struct jw_sigma_rule *const *hits;
    struct jw_sigma_why why;
    JW_CHECK(t, jw_json_record(event, &rec, NULL));
    int result = (int)jw_sigma_match(worker, &rec, NULL, &hits);
    JW_CHECK_INT(t, jw_plain_match(plain, &rec, NULL, &hits), result);
    JW_CHECK_OK(t, jw_sigma_why(sigma, jw_sigma_rule_at(sigma, 0), &rec, NULL, t->mem, &why, &t->err));
    JW_CHECK_INT(t, why.matches, result);
    return result;
}

static void names_in_a_list_are_one_field(struct jw_test *t) {
    const char *three = "{\"on\":1,\"one\":\"a\",\"two\":\"b\",\"three\":\"c\",\"o1\":\"b\",\"o2\":\"c\"}";
    JW_CHECK_INT(t, match_mapped(t, "  a: {Data: c}", three), 1);
    JW_CHECK_INT(t, match_mapped(t, "  a: {Data|all: [a, c]}", three), 1);
    JW_CHECK_INT(t, match_mapped(t, "  a: {Data|all: [a, x]}", three), 0);
    JW_CHECK_INT(t, match_mapped(t, "  a: {Data|fieldref: Other}", three), 1);
    JW_CHECK_INT(t, match_mapped(t, "  a: {Data: null}", three), 0);
    JW_CHECK_INT(t, match_mapped(t, "  a: {Other: c}", three),
                 0); /* names in a row: only the first that is there */
    JW_CHECK_INT(t, match_mapped(t, "  a: {Data: c}", "{\"on\":1,\"whole\":\"w\",\"three\":\"c\"}"), 0);
    JW_CHECK_INT(t, match_mapped(t, "  a: {Data: null}", "{\"on\":1,\"one\":\"a\",\"two\":null}"), 1);
    JW_CHECK_INT(t, match_mapped(t, "  a: {Data: null}", "{\"on\":1}"), 1);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){
        JW_CASE(a_date_gives_its_numbers_in_utc),
        JW_CASE(the_time_of_the_event_is_a_field),
        JW_CASE(what_is_no_date_has_no_numbers),
        JW_CASE(weeks_are_those_of_iso_8601),
        JW_CASE(placeholders_stand_for_their_lists),
        JW_CASE(the_later_file_of_lists_holds),
        JW_CASE(a_placeholder_without_list_refuses_its_rule_and_says_so),
        JW_CASE(a_filter_narrows_the_rules_it_names),
        JW_CASE(a_filter_of_any_narrows_every_rule_of_its_logsource),
        JW_CASE(several_filters_hold_together),
        JW_CASE(a_filter_says_what_it_cannot_filter),
        JW_CASE(names_in_a_list_are_one_field),
        {0},
    });
}
