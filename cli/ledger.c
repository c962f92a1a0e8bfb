/* cli/ledger.c — `jinwu ledger`: the records of the ledgers, on the database itself. */
#include "ledger.h"
#include "command.h"
#include "ledger_head.h"
#include "table.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "store/store.h"

#define INPUT_MOST ((size_t)16 << 20)

struct session {
    const char *data, *db, *why, *words, *head, *public_key;
    char path[PATH_MAX]; /* of the database in the data folder */
    bool json;
    int64_t limit;
    struct jw_ledgers *ledgers;
    struct jw_store *store;
    const struct jw_ledger *ledger;
    struct ledger_tables tables;
    struct ledger_flows flows;
    struct jw_flow_change with;
    uint64_t found; /* refusals, problems, steps */
    struct jw_error err;
};

static int fail(struct session *s) { return jw_command_failed("ledger", "%s", s->err.text); }

static void refused(void *context, const char *file, int line, int column, const char *reason) {
    struct session *s = context;
    s->found++;
    fprintf(stderr, "%s:%d:%d: %s\n", file, line, column, reason);
}

static void print_json(json_t *value) {
    char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    puts(text ? text : "null");
    free(text);
    json_decref(value);
}

static void print_record(struct session *s, json_t *record) {
    if (s->json) {
        print_json(record);
        return;
    }
    const json_t *fields = json_object_get(record, "fields");
    printf("%s/%lld  version %lld%s\n", s->ledger->name,
           (long long)json_integer_value(json_object_get(record, "id")),
           (long long)json_integer_value(json_object_get(record, "version")),
           json_is_true(json_object_get(record, "removed")) ? "  removed" : "");
    for (size_t i = 0; i < s->ledger->field_count; i++) {
        char *text = json_dumps(json_object_get(fields, s->ledger->fields[i].name), JSON_ENCODE_ANY | JSON_COMPACT);
        if (text && strcmp(text, "null") != 0)
            printf("  %-24s %s\n", s->ledger->fields[i].name, text);
        free(text);
    }
    json_decref(record);
}

static bool read_id(const char *text, int64_t *out) { return jw_text_i64(jw_text_from(text), out) && *out > 0; }

/* --- verbs: argv[0] is the first word behind the ledger's name
 * ---------------------------------------------------- */
static int list_ledgers(struct session *s) {
    static const char *const heads[] = {"LEDGER", "TITLE", "FIELDS", NULL};
    struct jw_table table = jw_table_begin(3, 2);
    jw_table_head(&table, heads);
    for (size_t i = 0; i < jw_ledgers_count(s->ledgers); i++) {
        const struct jw_ledger *ledger = jw_ledgers_get(s->ledgers, i);
        if (s->json) {
            print_json(json_pack("{ss ss ss sI}", "ledger", ledger->name, "zh", ledger->title.zh, "en",
                                 ledger->title.en, "fields", (json_int_t)ledger->field_count));
            continue;
        }
        jw_table_add(&table, "%s", ledger->name);
        jw_table_add(&table, "%s", ledger->title.zh);
        jw_table_number(&table, ledger->field_count);
    }
    jw_table_print(&table);
    return JW_EXIT_DONE;
}

static void add_field(struct session *s, struct jw_table *table, const struct jw_ledger *ledger, size_t i) {
    static const char *const sensitivities[] = {"open", "sensitive", "secret"};
    const struct jw_ledger_field *field = &ledger->fields[i];
    if (s->json) {
        print_json(json_pack("{ss ss ss ss sb sb ss sb sb sO?}", "ledger", ledger->name, "field", field->name, "zh",
                             field->title.zh, "type", field->type->name, "required", field->required, "unique",
                             field->unique, "sensitivity", sensitivities[field->sensitivity], "unit",
                             (int)i == ledger->unit, "owner", (int)i == ledger->owner, "options", field->options));
        return;
    }
    jw_table_add(table, "%s", ledger->name);
    jw_table_add(table, "%s", field->name);
    jw_table_add(table, "%s", field->title.zh);
    jw_table_add(table, "%s", field->type->name);
    jw_table_add(table, "%s%s%s", field->required ? "required " : "", field->unique ? "unique " : "",
                 field->sensitivity ? sensitivities[field->sensitivity] : "");
}

static int list_fields(struct session *s, int argc, char **argv) {
    static const char *const heads[] = {"LEDGER", "FIELD", "TITLE", "TYPE", "RULES", NULL};
    struct jw_table table = jw_table_begin(5, 5);
    bool found = argc < 1;
    jw_table_head(&table, heads);
    for (size_t i = 0; i < jw_ledgers_count(s->ledgers); i++) {
        const struct jw_ledger *ledger = jw_ledgers_get(s->ledgers, i);
        if (argc > 0 && strcmp(argv[0], ledger->name) != 0)
            continue;
        found = true;
        for (size_t k = 0; k < ledger->field_count; k++)
            add_field(s, &table, ledger, k);
    }
    jw_table_print(&table);
    return found ? JW_EXIT_DONE
                 : jw_command_usage("ledger", "there is no ledger %s; jinwu ledger list shows them", argv[0]);
}

static int list(struct session *s, int argc, char **argv) {
    struct jw_store_query query = {.ledger = s->ledger,
                                   .words = jw_text_from(s->words ? s->words : ""),
                                   .sort = JW_COLUMN_ID,
                                   .limit = s->limit,
                                   .count = true};
    json_t *rows = NULL, *row;
    int64_t total = 0;
    size_t i;
    (void)argc, (void)argv;
    if (jw_store_list(s->store, &query, &rows, &total, &s->err) != JW_OK)
        return fail(s);
    json_array_foreach(rows, i, row) print_record(s, json_incref(row));
    fprintf(stderr, "%zu of %lld\n", json_array_size(rows), (long long)total);
    json_decref(rows);
    return JW_EXIT_DONE;
}

static int get(struct session *s, int argc, char **argv) {
    int64_t id;
    json_t *record = NULL;
    if (argc != 1 || !read_id(argv[0], &id))
        return jw_command_usage("ledger", "wants the number of a record");
    jw_status st = jw_store_get(s->store, s->ledger, id, &record, &s->err);
    if (st == JW_END)
        return jw_command_failed("ledger", "there is no %s/%s", s->ledger->name, argv[0]);
    if (st != JW_OK)
        return fail(s);
    print_record(s, record);
    return JW_EXIT_DONE;
}

static int history(struct session *s, int argc, char **argv) {
    int64_t id;
    json_t *versions = NULL, *version;
    size_t i;
    if (argc != 1 || !read_id(argv[0], &id))
        return jw_command_usage("ledger", "wants the number of a record");
    jw_status st = jw_store_history(s->store, s->ledger, id, 0, (size_t)s->limit, &versions, &s->err);
    if (st == JW_END)
        return jw_command_failed("ledger", "there is no %s/%s", s->ledger->name, argv[0]);
    if (st != JW_OK)
        return fail(s);
    json_array_foreach(versions, i, version) print_json(json_incref(version));
    json_decref(versions);
    return JW_EXIT_DONE;
}

static json_t *read_input(struct session *s) {
    jw_buffer text = JW_BUFFER(INPUT_MOST);
    char piece[65536];
    json_error_t why;
    for (size_t got; (got = fread(piece, 1, sizeof piece, stdin)) > 0;)
        jw_buffer_add(&text, (jw_text){piece, got});
    json_t *value =
        text.failed ? NULL : json_loadb(text.len ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &why);
    if (text.failed)
        jw_fail(&s->err, JW_E_LIMIT, "stdin: more than %zu MiB", INPUT_MOST >> 20);
    else if (!json_is_object(value))
        jw_fail(&s->err, JW_E_SYNTAX, "stdin, line %d: %s", value ? 1 : why.line,
                value ? "wants one object" : why.text);
    jw_buffer_free(&text);
    if (json_is_object(value))
        return value;
    json_decref(value);
    return NULL;
}

static int apply(struct session *s, jw_deed deed, int64_t id, const json_t *fields) {
    struct jw_outcome *outcome = calloc(1, sizeof *outcome);
    const char *login = getlogin();
    struct jw_change change = {
        .ledger = s->ledger,
        .deed = deed,
        .id = id,
        .fields = fields,
        .actor = {jw_text_from(login ? login : "root"), JW_TEXT("cli"), jw_text_from(s->why ? s->why : "")}};
    jw_status st = outcome
                       ? jw_workflow_change(s->flows.workflow, &(struct jw_holder){.account = "root", .root = true},
                                            &change, outcome, &s->err)
                       : jw_fail(&s->err, JW_E_LIMIT, "no memory");
    int result = JW_EXIT_DONE;
    if (st == JW_OK) {
        print_record(s, json_incref(outcome->record));
    } else if (st == JW_END) {
        result = jw_command_failed("ledger", "there is no %s/%lld", s->ledger->name, (long long)id);
    } else if (outcome && outcome->fault_count) {
        for (size_t i = 0; i < outcome->fault_count; i++)
            fprintf(stderr, "%s: %s\n", outcome->faults[i].field, outcome->faults[i].text);
        result = jw_command_failed("ledger", "nothing was written");
    } else {
        result = fail(s);
    }
    if (outcome)
        json_decref(outcome->record);
    free(outcome);
    return result;
}

static int put(struct session *s, int argc, char **argv) {
    int64_t id = 0;
    if (argc > 1 || (argc == 1 && !read_id(argv[0], &id)))
        return jw_command_usage("ledger",
                                "wants the number of a record, or none for a new one; fields come on stdin");
    json_t *fields = read_input(s);
    if (!fields)
        return fail(s);
    int result = apply(s, id ? JW_CHANGE : JW_CREATE, id, fields);
    json_decref(fields);
    return result;
}

static int take_away(struct session *s, int argc, char **argv) {
    int64_t id;
    if (argc != 1 || !read_id(argv[0], &id))
        return jw_command_usage("ledger", "wants the number of a record");
    return apply(s, JW_REMOVE, id, NULL);
}

/* --- verbs about all ledgers
 * --------------------------------------------------------------------------------------- */
static void on_step(void *context, const struct jw_store_step *step) {
    struct session *s = context;
    static const char *const words[] = {"table", "column", "unique", "not-unique", "undeclared", "refused"};
    s->found += step->what == JW_STEP_REFUSED;
    if (s->json)
        print_json(json_pack("{ss ss ss ss}", "step", words[step->what], "ledger", step->ledger, "field",
                             step->field, "text", step->text));
    else
        printf("%-10s %s%s%s: %s\n", words[step->what], step->ledger, *step->field ? "." : "", step->field,
               step->text);
}

static int plan(struct session *s) {
    if (jw_store_plan(s->store, on_step, s, &s->err) != JW_OK)
        return fail(s);
    return s->found ? JW_EXIT_FAILED : JW_EXIT_DONE;
}

static void on_problem(void *context, const char *object, const char *text) {
    struct session *s = context;
    s->found++;
    if (s->json)
        print_json(json_pack("{ss ss}", "object", object, "problem", text));
    else
        printf("%s: %s\n", object, text);
}

static int verify(struct session *s) {
    uint64_t entries = 0;
    struct jw_audit_head head;
    if (s->head && jw_ledger_head_load(s->head, s->public_key, &head, &s->err) != JW_OK)
        return fail(s);
    if (jw_store_verify(s->store, s->head ? &head : NULL, on_problem, s, &entries, &s->err) != JW_OK)
        return fail(s);
    fprintf(stderr, "%llu entries of the audit chain, %llu problems\n", (unsigned long long)entries,
            (unsigned long long)s->found);
    return s->found ? JW_EXIT_FAILED : JW_EXIT_DONE;
}

/* --- the command
 * --------------------------------------------------------------------------------------------------- */
static int open_all(struct session *s, const char *content, const char *verb) {
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s/ledgers", content ? content : jw_command_content());
    if (jw_ledgers_load(folder, NULL, refused, s, &s->ledgers, &s->err) != JW_OK)
        return fail(s);
    if (s->found && strcmp(verb, "plan") == 0)
        return jw_command_failed("ledger", "%llu faults in the declarations", (unsigned long long)s->found);
    s->found = 0;
    if (!s->db) {
        mkdir(s->data, 0750);
        snprintf(s->path, sizeof s->path, "%s/ledger", s->data);
        mkdir(s->path, 0700);
        snprintf(s->path, sizeof s->path, "%s/ledger/ledger.db", s->data);
        s->db = s->path;
    }
    if (jw_store_open(s->db, s->ledgers, &s->store, &s->err) != JW_OK)
        return fail(s);
    if (strcmp(verb, "plan") != 0 && jw_store_migrate(s->store, NULL, NULL, &s->err) != JW_OK)
        return jw_command_failed("ledger", "%s; see: jinwu ledger plan", s->err.text);
    s->tables.with = &s->with;
    if (strcmp(verb, "plan") != 0 && jw_ledger_flow_open(content ? content : jw_command_content(), s->store,
                                                         s->ledgers, &s->flows, &s->err) != JW_OK)
        return fail(s);
    s->tables.workflow = s->flows.workflow;
    return 0;
}

/* --- tables: ledger_table.c --- */
static int with_tables(struct session *s, int (*act)(const struct ledger_tables *, int, char **), int argc,
                       char **argv) {
    s->tables.data = s->data;
    s->tables.store = s->store;
    s->tables.ledgers = s->ledgers;
    s->tables.ledger = s->ledger;
    return act(&s->tables, argc, argv);
}
static int import(struct session *s, int argc, char **argv) { return with_tables(s, jw_ledger_import, argc, argv); }
static int export(struct session *s, int argc, char **argv) { return with_tables(s, jw_ledger_export, argc, argv); }
static int template(struct session *s, int argc, char **argv) {
    return with_tables(s, jw_ledger_template, argc, argv);
}

static int samples(struct session *s, const char *content, bool load) {
    s->tables.data = s->data;
    s->tables.store = s->store;
    s->tables.ledgers = s->ledgers;
    return load ? jw_ledger_load_samples(&s->tables, content ? content : jw_command_content())
                : jw_ledger_remove_samples(&s->tables);
}

static int about_one(struct session *s, const char *verb, int argc, char **argv) {
    static const struct {
        const char *verb;
        int (*run)(struct session *, int, char **);
    } verbs[] = {{"list", list},       {"get", get},       {"put", put},       {"remove", take_away},
                 {"history", history}, {"import", import}, {"export", export}, {"template", template}};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(verbs[i].verb, verb) != 0)
            continue;
        if (argc < 1)
            return jw_command_usage("ledger", "%s wants the name of a ledger; jinwu ledger list shows them", verb);
        s->ledger = jw_ledgers_find(s->ledgers, jw_text_from(argv[0]));
        return s->ledger
                   ? verbs[i].run(s, argc - 1, argv + 1)
                   : jw_command_usage("ledger", "there is no ledger %s; jinwu ledger list shows them", argv[0]);
    }
    return jw_command_usage(
        "ledger", "wants list, fields, get, put, remove, history, import, export, template, plan, verify or head");
}

static int run(int argc, char **argv) {
    static const struct jw_command_option options[] = {{"data", false},
                                                       {"db", false},
                                                       {"content", false},
                                                       {"json", true},
                                                       {"limit", false},
                                                       {"why", false},
                                                       {"words", false},
                                                       {"format", false},
                                                       {"out", false},
                                                       {"sheet", false},
                                                       {"preview", true},
                                                       {"accept-good", true},
                                                       {"sign", false},
                                                       {"new-key", false},
                                                       {"head", false},
                                                       {"public-key", false},
                                                       {0}};
    const char *values[16] = {NULL};
    struct session s = {.limit = 50};
    int result = jw_command_options("ledger", options, &argc, argv, values);
    if (result)
        return result;
    if (values[4] && (!jw_text_i64(jw_text_from(values[4]), &s.limit) || s.limit < 1 || s.limit > JW_STORE_PAGE))
        return jw_command_usage("ledger", "--limit wants 1 to %d", JW_STORE_PAGE);
    const char *verb = argc > 1 ? argv[1] : "";
    s.data = jw_command_data(values[0]);
    s.db = values[1];
    s.json = jw_command_json(values[3]);
    s.why = values[5];
    s.words = values[6];
    s.head = values[14];
    s.public_key = values[15];
    if (values[13])
        return jw_ledger_head_make_key(values[13]);
    s.tables = (struct ledger_tables){.words = s.words,
                                      .why = s.why,
                                      .format = values[7],
                                      .out = values[8],
                                      .sheet = values[9],
                                      .preview = values[10] != NULL,
                                      .accept_good = values[11] != NULL,
                                      .json = s.json};
    result = *verb ? open_all(&s, values[2], verb) : jw_command_usage("ledger", "wants a verb");
    if (!result)
        result = strcmp(verb, "plan") == 0                ? plan(&s)
                 : strcmp(verb, "verify") == 0            ? verify(&s)
                 : strcmp(verb, "head") == 0              ? jw_ledger_head_show(s.store, values[12])
                 : strcmp(verb, "list") == 0 && argc == 2 ? list_ledgers(&s)
                 : strcmp(verb, "load-samples") == 0      ? samples(&s, values[2], true)
                 : strcmp(verb, "remove-samples") == 0    ? samples(&s, NULL, false)
                 : strcmp(verb, "fields") == 0            ? list_fields(&s, argc - 2, argv + 2)
                                                          : about_one(&s, verb, argc - 2, argv + 2);
    jw_ledger_flow_close(&s.flows);
    jw_store_close(s.store);
    jw_ledgers_free(s.ledgers);
    return result;
}

const struct jw_command jw_command_ledger = {
    .name = "ledger",
    .about = "records of the ledgers: list, get, put, history, import, export; plan, verify",
    .help =
        "Use: jinwu ledger VERB [LEDGER] [NUMBER] [OPTIONS]\n\n"
        "  list                    the ledgers that content/ledgers declares\n"
        "  fields [LEDGER]         what may be filled in: names, types, rules; --json with labels and choices\n"
        "  list LEDGER             its records [--words TEXT] [--limit N]\n"
        "  get LEDGER NUMBER       one record\n"
        "  put LEDGER [NUMBER]     changes a record, or makes a new one; its fields as JSON on stdin [--why TEXT]\n"
        "  remove LEDGER NUMBER    takes it out of sight; it and its history stay [--why TEXT]\n"
        "  history LEDGER NUMBER   every version, newest first: who, when, from where, why\n"
        "  import LEDGER FILE      CSV or XLSX: all rows or none [--preview] [--accept-good] [--sheet NAME] [--why "
        "TEXT]\n"
        "  export LEDGER [F=V…]    to stdout or --out FILE [--format csv|xlsx|json] [--words TEXT]\n"
        "  template LEDGER         an XLSX to fill in [--out FILE]\n"
        "  load-samples            a fictional city (样例市) into an empty database; remove-samples takes it away\n"
        "  plan                    what the declarations would change in the tables; changes nothing\n"
        "  verify                  recomputes the audit chain and compares every record with its history; with a "
        "head\n"
        "                          that was kept elsewhere: --head FILE [--public-key FILE]\n"
        "  head                    the end of the audit chain, to be kept elsewhere [--sign KEYFILE];\n"
        "                          --new-key KEYFILE makes an SM2 key, KEYFILE.pub is its public half\n\n"
        "  --data DIR      the data folder; the database is DIR/ledger/ledger.db\n"
        "  --db WHERE      another database: a file, or postgresql://…\n"
        "  --content DIR   parsers, rules, ledgers (default: the folder that came with jinwu)\n"
        "  --json          JSON lines\n\n"
        "Example: echo '{\"name\": \"一号机房防火墙\"}' | jinwu ledger put network_device --why 验收\n"
        "Exit: 0 done, 1 faults, problems or refused steps were found, 2 usage.\n",
    .run = run,
};
