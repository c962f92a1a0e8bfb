/* cli/rights.c — `jinwu rights`: who may do what with which records, and why. */
#include "rights.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

struct asked {
    struct jw_rights_place at;
    const char *record, *field, *may, *account;
    struct jw_holder holder;
    const struct jw_ledger *ledger;
    json_t *lines; /* of the answer, when it is JSON */
};

static void refused(void *context, const char *file, int line, int column, const char *reason) {
    struct jw_rights_session *s = context;
    s->found++;
    fprintf(stderr, "%s:%d:%d: %s\n", file, line, column, reason);
}

static void tell_problem(void *context, const char *file, int line, const char *text) {
    struct jw_rights_session *s = context;
    s->found++;
    fprintf(stderr, "%s:%d: %s\n", file, line, text);
}

/* --- explain
 * ------------------------------------------------------------------------------------------------------
 */
static int read_grants(struct jw_rights_session *s, struct asked *asked, const char **roles) {
    struct jw_holder *holder = &asked->holder;
    for (; *roles; roles++) {
        struct jw_grant *grant = &holder->grants[holder->grant_count++];
        const char *at = strchr(*roles, '@');
        int len = at ? (int)(at - *roles) : (int)strlen(*roles);
        if ((size_t)len >= sizeof grant->role || (at && strlen(at) > sizeof grant->place))
            return jw_command_usage("rights", "--role: \"%.80s\" is too long", *roles);
        snprintf(grant->role, sizeof grant->role, "%.*s", len, *roles);
        snprintf(grant->place, sizeof grant->place, "%s", at ? at + 1 : "");
    }
    if (jw_roles_check(s->roles, holder->grants, holder->grant_count, &s->err) != JW_OK)
        return jw_command_failed("rights", "%s", s->err.text);
    return 0;
}

static int read_act(const char *word, unsigned *out) {
    for (size_t i = 0; i < JW_RIGHTS_ACTS; i++)
        if (strcmp(word, jw_rights_acts[i]) == 0) {
            *out = 1u << i;
            return 0;
        }
    return jw_command_usage("rights",
                            "--may: there is no \"%.40s\"; there are read, create, change, delete, sensitive, "
                            "import, export",
                            word);
}

static int read_number(struct jw_rights_session *s, struct asked *asked, int64_t id, json_t **out) {
    struct jw_store *store = NULL;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/ledger/ledger.db", asked->at.data);
    jw_status st = jw_store_open(asked->at.db ? asked->at.db : path, s->ledgers, &store, &s->err);
    if (st == JW_OK)
        st = jw_store_get(store, asked->ledger, id, out, &s->err);
    jw_store_close(store);
    if (st == JW_END)
        return jw_command_failed("rights", "there is no %s/%lld", asked->ledger->name, (long long)id);
    return st == JW_OK ? 0 : jw_command_failed("rights", "%s", s->err.text);
}

/* NULL where none was asked for. */
static int read_record(struct jw_rights_session *s, struct asked *asked, json_t **out) {
    json_error_t why;
    int64_t id;
    if (!asked->record)
        return 0;
    if (jw_text_i64(jw_text_from(asked->record), &id))
        return read_number(s, asked, id, out);
    *out = json_loads(asked->record, JSON_REJECT_DUPLICATES, &why);
    if (json_is_object(*out))
        return 0;
    return jw_command_usage("rights",
                            "--record wants a number, or a record such as '{\"place\": \"1.15.\", \"fields\": "
                            "{\"owner\": 7}}'; %s",
                            *out ? "this is no object" : why.text);
}

static void hear(void *context, bool applies, const char *text) {
    struct asked *asked = context;
    if (asked->lines)
        json_array_append_new(asked->lines, json_pack("{sb ss}", "applies", applies, "text", text));
    else
        printf("  %s %s\n", applies ? "yes" : " no", text);
}

static int explain(struct jw_rights_session *s, struct asked *asked) {
    JW_AUTO(jw_rights_free_p) struct jw_rights *rights = NULL;
    unsigned may = JW_MAY_READ;
    json_t *record = NULL;
    int field = asked->field ? jw_ledger_field_find(asked->ledger, jw_text_from(asked->field)) : -1;
    if (asked->field && field < 0)
        return jw_command_usage("rights", "--field: %s has no field %s", asked->ledger->name, asked->field);
    int result = asked->may ? read_act(asked->may, &may) : 0;
    if (!result)
        result = read_record(s, asked, &record);
    if (!result && jw_rights_new(s->roles, asked->ledger, &asked->holder, &rights, &s->err) != JW_OK)
        result = jw_command_failed("rights", "%s", s->err.text);
    if (!result) {
        asked->lines = s->json ? json_array() : NULL;
        bool verdict = jw_rights_explain(rights, may, record, field, hear, asked);
        if (s->json)
            jw_rights_print(json_pack("{sb ss ss? ss so}", "may", verdict, "ledger", asked->ledger->name, "field",
                                      asked->field, "act", asked->may ? asked->may : "read", "lines",
                                      asked->lines));
        else
            printf("%s: %s %s%s%s\n", verdict ? "may" : "may not", asked->may ? asked->may : "read",
                   asked->ledger->name, asked->field ? "." : "", asked->field ? asked->field : "");
        result = verdict ? JW_EXIT_DONE : JW_EXIT_FAILED;
    }
    json_decref(record);
    return result;
}

/* --- the command -------------------------------------------------------------------------------------------------
 */
static int open_all(struct jw_rights_session *s, const char *content) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/roles.yaml", content);
    if (jw_roles_load(path, &s->roles, &s->err) != JW_OK)
        return jw_command_failed("rights", "%s", s->err.text);
    snprintf(path, sizeof path, "%s/ledgers", content);
    if (jw_ledgers_load(path, NULL, refused, s, &s->ledgers, &s->err) != JW_OK)
        return jw_command_failed("rights", "%s", s->err.text);
    jw_rights_check_ledgers(s->roles, s->ledgers, tell_problem, s);
    return 0;
}

static int run_verb(struct jw_rights_session *s, struct asked *asked, int argc, char **argv) {
    const char *verb = argc > 1 ? argv[1] : "";
    if (strcmp(verb, "roles") == 0)
        return jw_rights_roles(s);
    if (strcmp(verb, "powers") == 0)
        return jw_rights_powers(s);
    if (strcmp(verb, "check") == 0)
        return s->found ? jw_command_failed("rights", "%llu problems", (unsigned long long)s->found) : JW_EXIT_DONE;
    if (strcmp(verb, "matrix") == 0)
        return jw_rights_matrix(s, argc - 2, argv + 2);
    if (strcmp(verb, "explain") != 0)
        return jw_command_usage("rights", "wants explain, matrix, check, roles or powers");
    if (argc != 3)
        return jw_command_usage("rights", "explain wants the name of a ledger");
    asked->ledger = jw_ledgers_find(s->ledgers, jw_text_from(argv[2]));
    return asked->ledger
               ? explain(s, asked)
               : jw_command_usage("rights", "there is no ledger %s; jinwu ledger list shows them", argv[2]);
}

static int run(int argc, char **argv) {
    static const struct jw_command_option options[] = {{"data", false},
                                                       {"db", false},
                                                       {"content", false},
                                                       {"json", true},
                                                       {"record", false},
                                                       {"field", false},
                                                       {"may", false},
                                                       {"unit", false},
                                                       {"person", false},
                                                       {"account", false},
                                                       {0}};
    const char *values[10] = {NULL}, *roles[JW_RIGHTS_GRANTS + 1] = {NULL};
    struct jw_rights_session s = {.found = 0};
    struct asked asked = {.holder = {.account = "asked for"}};
    int result = jw_command_repeated("rights", "role", &argc, argv, roles, JW_RIGHTS_GRANTS);
    if (!result)
        result = jw_command_options("rights", options, &argc, argv, values);
    if (!result && values[8] &&
        (!jw_text_i64(jw_text_from(values[8]), &asked.holder.person) || asked.holder.person < 1))
        result = jw_command_usage("rights", "--person wants the number of a record of the ledger person");
    if (!result && values[7] && strlen(values[7]) >= sizeof asked.holder.place)
        result = jw_command_usage("rights", "--unit is too long");
    if (result)
        return result;
    snprintf(asked.holder.place, sizeof asked.holder.place, "%s", values[7] ? values[7] : "");
    asked.at.data = jw_command_data(values[0]);
    asked.at.db = values[1];
    asked.at.content = values[2] ? values[2] : jw_command_content();
    asked.account = values[9];
    asked.record = values[4];
    asked.field = values[5];
    asked.may = values[6];
    s.json = jw_command_json(values[3]);
    result = open_all(&s, asked.at.content);
    if (!result && asked.account)
        result = *roles || values[7] || values[8]
                     ? jw_command_usage("rights", "--account says it all; leave out --role, --unit and --person")
                     : jw_rights_hold(&s, &asked.at, asked.account, &asked.holder);
    else if (!result)
        result = read_grants(&s, &asked, roles);
    if (!result)
        result = run_verb(&s, &asked, argc, argv);
    jw_ledgers_free(s.ledgers);
    jw_roles_free(s.roles);
    return result;
}

const struct jw_command jw_command_rights = {
    .name = "rights",
    .about = "who may do what with which records, and why",
    .help =
        "Use: jinwu rights VERB [LEDGER] [OPTIONS]\n\n"
        "  explain LEDGER          may somebody with these roles do this, and which line of the file says so\n"
        "  matrix [LEDGER…]        role by ledger: what, with which records, which fields; --json: a line for "
        "each\n"
        "                          role, ledger, field and act, with the line of the file (field null: the "
        "record)\n"
        "  check                   do the ledgers and content/roles.yaml speak of the same\n"
        "  roles                   the roles, their powers, and which are never held together\n"
        "  powers                  what a role may do besides records\n\n"
        "Who (explain):\n"
        "  --account NAME          an account with all it is granted, its person and unit; or somebody made up:\n"
        "  --role ROLE[@PATH]      a role, held everywhere or at a unit: security_manager@1.15. (several times)\n"
        "  --unit PATH             the path of the person's own unit, as `jinwu ledger get organisation N` shows "
        "it\n"
        "  --person N              who the person is in the ledger person, for records one answers for\n"
        "What (explain):\n"
        "  --may ACT               read (usual), create, change, delete, sensitive, import, export\n"
        "  --record N|JSON         this record: its number, or {\"place\": \"1.15.\", \"fields\": {…}}; else any\n"
        "  --field NAME            this field of it\n\n"
        "  --data DIR, --db WHERE  where the records are, as in jinwu ledger\n"
        "  --content DIR           roles.yaml and ledgers (default: the folder that came with jinwu)\n"
        "  --json                  JSON lines\n\n"
        "Example: jinwu rights explain server --role security_manager --unit 1.15. --may change --record 42\n"
        "Exit: 0 may, or done; 1 may not, or problems were found; 2 usage.\n",
    .run = run,
};
