/* cli/up_samples.c — the fictional city of `jinwu up --demo`, in a database that has no records yet. */
#include "up.h"

#include <limits.h>

#include "base/time.h"
#include "desk/desk.h"
#include "exchange/samples.h"
#include "ledger/day.h"

static const struct jw_holder root = {.account = "demo", .root = true};

struct city {
    struct jw_desk *desk;
    const struct jw_generation *now;
    struct jw_flow_change with; /* of the record that is made */
};

/* A sample follows its workflow as any other record, so that there are tasks to look at. */
static jw_status prepare(void *context, struct jw_change *change, struct jw_error *err) {
    struct city *city = context;
    (void)err;
    jw_workflow_prepare(city->now->workflow, &root, change, &city->with);
    return JW_OK;
}

static jw_status load(const struct jw_up_options *options, struct city *city, struct jw_error *err) {
    char folder[PATH_MAX], samples[PATH_MAX];
    size_t records = 0;
    snprintf(folder, sizeof folder, "%s/ledger/imports", options->data);
    snprintf(samples, sizeof samples, "%s/samples", options->content);
    const struct jw_exchange exchange = {.store = jw_desk_store(city->desk),
                                         .ledgers = city->now->ledgers,
                                         .holder = &root,
                                         .folder = folder,
                                         .prepare = prepare,
                                         .context = city};
    int64_t today = (jw_time_now() / JW_SECOND + JW_DAY_ZONE) / 86400;
    jw_status st = jw_samples_load(&exchange, samples, today, &records, err);
    if (st == JW_OK)
        printf("  sample city       %zu records; away again: jinwu ledger remove-samples --data %s\n", records,
               options->data);
    return st == JW_E_DENIED ? JW_OK : st; /* somebody works here already */
}

jw_status jw_up_samples(const struct jw_up_options *options, const char *db, struct jw_error *err) {
    const struct jw_desk_options wanted = {.content = options->content, .data = options->data, .db = db};
    struct city city = {0};
    jw_status st = jw_desk_open(&wanted, &city.desk, err);
    if (st == JW_OK) {
        city.now = jw_desk_hold(city.desk);
        st = load(options, &city, err);
        jw_desk_release(city.desk, city.now);
    }
    jw_desk_close(city.desk);
    return st == JW_OK ? st : jw_wrap(err, st == JW_E_DENIED ? JW_E_SYSTEM : st, "samples");
}
