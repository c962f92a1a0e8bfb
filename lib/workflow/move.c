/* lib/workflow/move.c — a unit has moved in the organisation: the places that tasks and notices were made for move
 * along. Paths hold the number of every unit above, so what lies below it is found by that. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#define PLACES_MOST 20000 /* units below one that moves */

struct places {
    char (*list)[JW_RIGHTS_PLACE];
    size_t count, room;
};

static jw_status add_place(void *context, const jw_sql_value *row, size_t columns, struct jw_error *err) {
    struct places *places = context;
    (void)columns;
    if (places->count == places->room) {
        size_t room = places->room ? 2 * places->room : 64;
        void *list = room <= PLACES_MOST ? realloc(places->list, room * sizeof *places->list) : NULL;
        if (!list)
            return jw_fail(err, JW_E_LIMIT, "too many units below the one that moves");
        places->list = list;
        places->room = room;
    }
    snprintf(places->list[places->count++], JW_RIGHTS_PLACE, "%.*s", (int)row[0].text.len, row[0].text.ptr);
    return JW_OK;
}

/* "1.2.15.7." below unit 15 that is now at "1.3.15." becomes "1.3.15.7."; false: it is there already. */
static bool moved(const char *place, const char *unit, const char *now, char out[JW_RIGHTS_PLACE]) {
    const char *at = strncmp(place, unit + 1, strlen(unit + 1)) == 0 ? place - 1 : strstr(place, unit);
    if (!at)
        return false;
    snprintf(out, JW_RIGHTS_PLACE, "%s%s", now, at + strlen(unit));
    return strcmp(out, place) != 0;
}

static jw_status move_column(struct jw_sql *sql, const char *select, const char *update, const char *unit,
                             const char *now, struct jw_error *err) {
    struct places places = {NULL};
    char begins[40], holds[40], to[JW_RIGHTS_PLACE];
    snprintf(begins, sizeof begins, "%s%%", unit + 1);
    snprintf(holds, sizeof holds, "%%%s%%", unit);
    jw_sql_value values[] = {JW_S(begins), JW_S(holds)};
    jw_status st = jw_sql_run(sql, select, values, 2, add_place, &places, err);
    for (size_t i = 0; i < places.count && st == JW_OK; i++)
        if (moved(places.list[i], unit, now, to))
            st = jw_flow_sql(sql, err, update, 2, JW_S(to), JW_S(places.list[i]));
    free(places.list);
    return st;
}

jw_status jw_flow_move(struct jw_workflow *workflow, struct jw_sql *sql, int64_t id, const char *now,
                       struct jw_error *err) {
    static const char *const columns[][2] = {
        {"SELECT DISTINCT place FROM flow_runs WHERE place LIKE $1 OR place LIKE $2",
         "UPDATE flow_runs SET place = $1 WHERE place = $2"},
        {"SELECT DISTINCT place FROM flow_tasks WHERE place LIKE $1 OR place LIKE $2",
         "UPDATE flow_tasks SET place = $1 WHERE place = $2"},
        {"SELECT DISTINCT unit FROM flow_tasks WHERE unit LIKE $1 OR unit LIKE $2",
         "UPDATE flow_tasks SET unit = $1 WHERE unit = $2"},
        {"SELECT DISTINCT place FROM flow_notices WHERE place LIKE $1 OR place LIKE $2",
         "UPDATE flow_notices SET place = $1 WHERE place = $2"}};
    char unit[32];
    snprintf(unit, sizeof unit, ".%lld.", (long long)id);
    jw_status st = JW_OK;
    for (size_t i = 0; i < sizeof columns / sizeof *columns && st == JW_OK; i++)
        st = move_column(sql, columns[i][0], columns[i][1], unit, now, err);
    /* the unit above is another one: tasks for it are made anew, record by record */
    return st == JW_OK
               ? jw_flow_sql(sql, err,
                             "INSERT INTO flow_timers SELECT ledger, record, 'follow', $1 FROM flow_runs WHERE "
                             "place = $2 AND ended_at = 0 ON CONFLICT (ledger, record, name) DO NOTHING",
                             2, JW_SQL_INT(jw_flow_now(workflow)), JW_S(now))
               : st;
}
