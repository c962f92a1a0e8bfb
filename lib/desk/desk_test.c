/* lib/desk/desk_test.c — people of several units at one desk, on SQLite and on what JW_TEST_DB names. Paths and
 * bodies are tests/ledger_api_test.py's business; here is who meets what. */
#include "desk.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "test/test.h"

#define ROLES                                                                                                  \
    "roles:\n  manager: {title: 管理员}\n  clerk: {title: 办事员}\n  auditing: {title: 审计, powers: " \
    "[audit.read]}\n"
#define UNITS                                                                                                           \
    "title: 组织机构\nunit: parent\nfields:\n  name: {title: 名称, type: text}\n  parent: {title: 上级, type: " \
    "unit}\n"                                                                                                           \
    "rights:\n  - {role: manager, may: [read]}\n"
#define HOSTS                                                                                                       \
    "title: 主机\nunit: unit\nlist: [name, cost]\nfields:\n  name: {title: 名称, type: text, required: true}\n" \
    "  unit: {title: 单位, type: unit, required: true}\n  cost: {title: 价格, type: number}\n"                  \
    "  phone: {title: 电话, type: phone, sensitivity: sensitive}\nrights:\n"                                      \
    "  - {role: manager, may: [read, create, change, delete, sensitive], where: units}\n"                           \
    "  - {role: clerk, may: [read], fields: [name, unit, phone]}\n"

struct place {
    char content[3000], data[3000];
    struct jw_desk *desk;
    struct jw_holder root, north, south, clerk, auditor;
};

static void write_file(const struct place *p, const char *name, const char *text) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", p->content, name);
    FILE *file = fopen(path, "we");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0)
        abort();
}

static struct jw_holder holder(const char *account, const char *role, const char *unit) {
    struct jw_holder made = {.grant_count = 1};
    snprintf(made.account, sizeof made.account, "%s", account);
    snprintf(made.grants[0].role, sizeof made.grants[0].role, "%s", role);
    snprintf(made.place, sizeof made.place, "%s", unit);
    return made;
}

static struct jw_asker asker(const struct jw_holder *holder) {
    return (struct jw_asker){.holder = holder, .origin = JW_TEXT("10.0.0.1"), .english = true};
}

static void close_place(struct place *p) { jw_desk_close(p->desk); }

static unsigned do_it(struct place *p, const struct jw_holder *who, const char *ledger, jw_deed deed, int64_t id,
                      const char *fields, json_t **body) {
    struct jw_asker one = asker(who);
    json_t *given = fields ? json_loads(fields, 0, NULL) : NULL;
    struct jw_deed_asked asked = {.deed = deed, .id = id, .fields = given};
    struct jw_answer answer = {0};
    jw_desk_do(p->desk, &one, jw_text_from(ledger), &asked, &answer);
    json_decref(given);
    if (body)
        *body = json_incref(answer.body);
    jw_answer_free(&answer);
    return answer.status;
}

/* Units 1., 1.2. (north) and 1.3. (south); hosts 1 to 4, of which 1 and 2 lie in the north. */
static struct place start(struct jw_test *t) {
    struct place p = {.north = holder("bei", "manager", "1.2."),
                      .south = holder("nan", "manager", "1.3."),
                      .clerk = holder("ban", "clerk", "1.2."),
                      .auditor = holder("shen", "auditing", "1."),
                      .root = {.account = "root", .root = true}};
    const char *server = getenv("JW_TEST_DB");
    char path[4096];
    if (server) {
        JW_AUTO(jw_sql_close_p) struct jw_sql *sql = NULL;
        JW_CHECK_OK(t, jw_sql_open(server, &sql, &t->err));
        JW_CHECK_OK(t, jw_sql_script(sql, "DROP SCHEMA public CASCADE; CREATE SCHEMA public", &t->err));
    }
    snprintf(p.content, sizeof p.content, "%.2900s/content", t->folder);
    snprintf(p.data, sizeof p.data, "%.2900s/data", t->folder);
    mkdir(p.content, 0700);
    mkdir(p.data, 0700);
    snprintf(path, sizeof path, "%s/ledgers", p.content);
    mkdir(path, 0700);
    write_file(&p, "roles.yaml", ROLES);
    write_file(&p, "ledgers/organisation.yaml", UNITS);
    write_file(&p, "ledgers/host.yaml", HOSTS);
    JW_CHECK_OK(t, jw_desk_open(&(struct jw_desk_options){.content = p.content, .data = p.data, .db = server},
                                &p.desk, &t->err));
    if (!p.desk)
        abort();
    JW_CHECK_INT(t, do_it(&p, &p.root, "organisation", JW_CREATE, 0, "{\"name\": \"市\"}", NULL), 201);
    JW_CHECK_INT(t, do_it(&p, &p.root, "organisation", JW_CREATE, 0, "{\"name\": \"北县\", \"parent\": 1}", NULL),
                 201);
    JW_CHECK_INT(t, do_it(&p, &p.root, "organisation", JW_CREATE, 0, "{\"name\": \"南县\", \"parent\": 1}", NULL),
                 201);
    for (int i = 0; i < 4; i++) {
        char fields[160];
        snprintf(fields, sizeof fields,
                 "{\"name\": \"h%d\", \"unit\": %d, \"cost\": %d, \"phone\": \"1380013800%d\"}", i, i < 2 ? 2 : 3,
                 10 + i, i);
        JW_CHECK_INT(t, do_it(&p, &p.root, "host", JW_CREATE, 0, fields, NULL), 201);
    }
    return p;
}

static int64_t list(struct jw_test *t, struct place *p, const struct jw_holder *who,
                    const struct jw_desk_query *query, unsigned status) {
    struct jw_asker one = asker(who);
    struct jw_answer answer = {0};
    jw_desk_list(p->desk, &one, JW_TEXT("host"), query, &answer);
    JW_CHECK_INT(t, answer.status, status);
    int64_t size = (int64_t)json_array_size(json_object_get(answer.body, "records"));
    jw_answer_free(&answer);
    return size;
}

static int64_t list_where(struct jw_test *t, struct place *p, const struct jw_holder *who, const char *filter,
                          unsigned status) {
    return list(t, p, who, &(struct jw_desk_query){.filters = {jw_text_from(filter)}, .filter_count = 1}, status);
}

static char *get(struct place *p, const struct jw_holder *who, int64_t id, bool unmask, unsigned *status) {
    struct jw_asker one = asker(who);
    struct jw_answer answer = {0};
    jw_desk_get(p->desk, &one, JW_TEXT("host"), id, unmask, &answer);
    char *text = json_dumps(answer.body, JSON_COMPACT | JSON_SORT_KEYS);
    *status = answer.status;
    jw_answer_free(&answer);
    return text;
}

/* --- promises
 * ----------------------------------------------------------------------------------------------------- */
static void records_of_other_units_are_not_there(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    unsigned status;
    char *other = get(&p, &p.north, 3, false, &status), *none = get(&p, &p.north, 4711, false, &status);
    JW_CHECK_INT(t, status, 404);
    JW_CHECK_TEXT(t, jw_text_from(other), jw_text_from(none));
    JW_CHECK_INT(t, list(t, &p, &p.north, &(struct jw_desk_query){0}, 200), 2);
    JW_CHECK_INT(t, list_where(t, &p, &p.north, "name:in:h0,h2,h3", 200), 1);
    JW_CHECK_INT(t, list(t, &p, &p.north, &(struct jw_desk_query){.after = 3}, 400), 0); /* no foreign cursors */
    JW_CHECK_INT(t, do_it(&p, &p.north, "host", JW_CHANGE, 3, "{\"cost\": 1}", NULL), 404);
    JW_CHECK_INT(t, do_it(&p, &p.north, "host", JW_REMOVE, 3, NULL, NULL), 404);
    free(other);
    free(none);
}

static void nobody_moves_a_record_out_of_reach_or_into_anothers(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    unsigned status;
    JW_CHECK_INT(t, do_it(&p, &p.north, "host", JW_CHANGE, 1, "{\"cost\": 11}", NULL), 200);
    JW_CHECK(t, do_it(&p, &p.north, "host", JW_CHANGE, 1, "{\"unit\": 3}", NULL) >= 403);
    JW_CHECK(t, do_it(&p, &p.north, "host", JW_CREATE, 0, "{\"name\": \"x\", \"unit\": 3}", NULL) >= 403);
    char *text = get(&p, &p.north, 1, false, &status);
    JW_CHECK_INT(t, status, 200);
    JW_CHECK(t, strstr(text, "\"unit\":2") != NULL);
    JW_CHECK_INT(t, list(t, &p, &p.south, &(struct jw_desk_query){0}, 200), 2);
    free(text);
}

static void what_is_masked_or_left_out_cannot_be_guessed(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    unsigned status;
    char *text = get(&p, &p.clerk, 1, true, &status);
    JW_CHECK(t,
             strstr(text, "13800138000") == NULL && strstr(text, "cost") == NULL && strstr(text, "phone") != NULL);
    free(text);
    text = get(&p, &p.north, 1, true, &status);
    JW_CHECK(t, strstr(text, "13800138000") != NULL);
    free(text);
    JW_CHECK_INT(t, list_where(t, &p, &p.clerk, "cost:gt:0", 400), 0);
    JW_CHECK_INT(t, list_where(t, &p, &p.clerk, "phone:eq:13800138000", 400), 0);
    JW_CHECK_INT(t, list(t, &p, &p.clerk, &(struct jw_desk_query){.sort = JW_TEXT("phone")}, 400), 0);
    JW_CHECK_INT(t, list_where(t, &p, &p.north, "phone:eq:13800138000", 200), 1);
    JW_CHECK_INT(t, list_where(t, &p, &p.north, "phone:eq:13800138002", 200), 0); /* in the south */
}

static int64_t count_entries(struct jw_test *t, struct place *p, const struct jw_holder *who, const char *action,
                             const char *object, unsigned status) {
    struct jw_asker one = asker(who);
    struct jw_desk_entries asked = {.action = jw_text_from(action), .object = jw_text_from(object)};
    struct jw_answer answer = {0};
    jw_desk_entries(p->desk, &one, &asked, &answer);
    JW_CHECK_INT(t, answer.status, status);
    int64_t size = (int64_t)json_array_size(json_object_get(answer.body, "entries"));
    jw_answer_free(&answer);
    return size;
}

static void unmasked_reading_and_refusals_stand_in_the_chain(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    unsigned status;
    free(get(&p, &p.north, 1, false, &status));
    JW_CHECK_INT(t, count_entries(t, &p, &p.auditor, "read", "host/1", 200), 0);
    free(get(&p, &p.north, 1, true, &status));
    JW_CHECK_INT(t, count_entries(t, &p, &p.auditor, "read", "host/1", 200), 1);
    list_where(t, &p, &p.north, "phone:eq:13800138000", 200);
    JW_CHECK_INT(t, count_entries(t, &p, &p.auditor, "read", "host", 200), 1);
    do_it(&p, &p.clerk, "host", JW_CHANGE, 1, "{\"name\": \"y\"}", NULL);
    free(get(&p, &p.north, 3, false, &status));
    JW_CHECK_INT(t, count_entries(t, &p, &p.auditor, "refuse", "host/", 200), 2);
    JW_CHECK_INT(t, count_entries(t, &p, &p.north, "", "", 403), 0);
}

/* --- reloading while others work
 * ---------------------------------------------------------------------------------- */
struct worker {
    struct place *place;
    pthread_t thread;
    int64_t record; /* its own: those who change one record get in each other's way, and are told */
    _Atomic bool stop;
    unsigned bad, last; /* answers that should not be, and the last such */
};

static void *work(void *context) {
    struct worker *w = context;
    unsigned status;
    while (!w->stop) {
        free(get(w->place, &w->place->north, w->record, false, &status));
        for (int i = 0; i < 2; i++) {
            w->bad += status != 200;
            w->last = status != 200 ? status : w->last;
            if (i == 0)
                status = do_it(w->place, &w->place->north, "host", JW_CHANGE, w->record, "{\"cost\": 5}", NULL);
        }
    }
    return NULL;
}

static void declarations_change_while_people_work(struct jw_test *t) {
    JW_AUTO(close_place) struct place p = start(t);
    static struct worker workers[4];
    json_t *body = NULL;
    for (size_t i = 0; i < 4; i++) {
        workers[i] = (struct worker){.place = &p, .record = 5 + (int64_t)i};
        JW_CHECK_INT(t, do_it(&p, &p.north, "host", JW_CREATE, 0, "{\"name\": \"w\", \"unit\": 2}", NULL), 201);
        JW_CHECK_INT(t, pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 10; i++) {
        write_file(&p, "ledgers/host.yaml",
                   i % 3 == 1 ? "title: broken\nfields: {"
                   : i % 2    ? HOSTS
                              : HOSTS "# again\n");
        JW_CHECK_OK(t, jw_desk_reload(p.desk, &t->err));
    }
    write_file(&p, "ledgers/disk.yaml",
               "title: 盘\nfields:\n  name: {title: 名称, type: text}\nrights:\n  - {role: manager, may: [read, "
               "create]}\n");
    JW_CHECK_OK(t, jw_desk_reload(p.desk, &t->err));
    JW_CHECK_INT(t, do_it(&p, &p.north, "disk", JW_CREATE, 0, "{\"name\": \"d\"}", &body), 201);
    json_decref(body);
    for (size_t i = 0; i < 4; i++) {
        workers[i].stop = true;
        pthread_join(workers[i].thread, NULL);
        JW_CHECK_INT(t, workers[i].bad, 0);
        JW_CHECK_INT(t, workers[i].last, 0);
    }
    const struct jw_generation *now = jw_desk_hold(p.desk);
    JW_CHECK_INT(t, now->number, 12);
    jw_desk_release(p.desk, now);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(records_of_other_units_are_not_there),
                                                     JW_CASE(nobody_moves_a_record_out_of_reach_or_into_anothers),
                                                     JW_CASE(what_is_masked_or_left_out_cannot_be_guessed),
                                                     JW_CASE(unmasked_reading_and_refusals_stand_in_the_chain),
                                                     JW_CASE(declarations_change_while_people_work),
                                                     {0}});
}
