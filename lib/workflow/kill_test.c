/* lib/workflow/kill_test.c — processes that do what has fallen due are killed in the middle of it, again and again;
 * every reminder is sent once all the same. Real processes, SIGKILL, SQLite and what JW_TEST_DB names. */
#include "workflow_fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RECORDS 120
#define KILLS   12

#define LICENCE                                                                         \
    "title: 许可\nowner: holder\nworkflow: renew\nfields:\n"                          \
    "  name: {title: 名称, type: text}\n  holder: {title: 持有人, type: person}\n" \
    "  expires: {title: 到期, type: date}\n"
#define RENEW                                                                                                      \
    "title: 续期\nstates:\n"                                                                                     \
    "  valid: {title: 有效, deadline: {field: expires}, remind: [7, 1]}\n  gone: {title: 失效, final: true}\n" \
    "steps: {end: {title: 失效, from: valid, to: gone, who: owner}}\n"

/* A process that ticks until it is killed; `name` holds the lease. */
static void tick_for_ever(struct jw_test *t, struct city *c, int number) {
    char name[32];
    size_t done;
    snprintf(name, sizeof name, "process %d", number);
    city_open(t, c);
    for (;;)
        if (jw_workflow_tick(c->workflow, jw_text_from(name), &done, &t->err) != JW_OK)
            _exit(1);
}

static void kill_one(struct jw_test *t, struct city *c, int number) {
    struct timespec wait = {.tv_nsec = (20 + 23L * number) * 1000000};
    pid_t child = fork();
    if (child == 0)
        tick_for_ever(t, c, number);
    nanosleep(&wait, NULL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    c->now += 60 * JW_MICROSECOND; /* its lease is over */
}

struct count {
    int64_t notices, records, timers;
};

static jw_status take(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct count *count = context;
    (void)columns, (void)err;
    count->notices = row[0].integer;
    count->records = row[1].integer;
    count->timers = row[2].integer;
    return JW_OK;
}

static jw_status look(void *context, struct jw_sql *sql, struct jw_error *err) {
    return jw_sql_run(
        sql,
        "SELECT count(*), count(DISTINCT record), (SELECT count(*) FROM flow_timers) FROM flow_notices "
        "WHERE kind = 'remind'",
        NULL, 0, take, context, err);
}

static void every_reminder_is_sent_once_whoever_is_killed(struct jw_test *t) {
    struct city c;
    struct count count = {0};
    city_begin(t, &c);
    city_write(&c, "ledgers", "licence", LICENCE);
    city_write(&c, "workflows", "renew", RENEW);
    city_open(t, &c);
    city_people(t, &c);
    for (int i = 0; i < RECORDS; i++)
        JW_CHECK_OK(t, city_change(&c, NULL, "licence", JW_CREATE, 0,
                                   "{\"name\": \"a\", \"holder\": 2, \"expires\": \"2026-06-20\"}", &t->err));
    city_close(&c);
    c.now += 18 * JW_DAY; /* 2026-06-19: both reminders have fallen due while nobody was there */
    for (int i = 0; i < KILLS; i++)
        kill_one(t, &c, i);
    city_open(t, &c);
    while (city_tick(t, &c, 60 * JW_MICROSECOND) > 0)
        ;
    JW_CHECK_OK(t, jw_store_look(c.store, look, &count, &t->err));
    JW_CHECK_INT(t, count.notices, 2 * RECORDS);
    JW_CHECK_INT(t, count.records, RECORDS);
    JW_CHECK_INT(t, count.timers, RECORDS); /* what is still to come: overdue */
    city_close(&c);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(every_reminder_is_sent_once_whoever_is_killed), {0}});
}
