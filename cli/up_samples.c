/* cli/up_samples.c — the fictional city of `jinwu up --demo`, in a database that has no records yet. */
#include "up.h"

#include <limits.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/time.h"
#include "exchange/samples.h"
#include "ledger/day.h"

static const struct jw_holder root = {.account = "demo", .root = true};

static void refused(void *context, const char *file, int line, int column, const char *reason) {
    (void)context;
    fprintf(stderr, "%s:%d:%d: %s\n", file, line, column, reason);
}

static jw_status load(const struct jw_up_options *options, struct jw_store *store, const struct jw_ledgers *ledgers,
                      struct jw_error *err) {
    char folder[PATH_MAX], samples[PATH_MAX];
    size_t records = 0;
    snprintf(folder, sizeof folder, "%s/ledger/imports", options->data);
    snprintf(samples, sizeof samples, "%s/samples", options->content);
    const struct jw_exchange exchange = {.store = store, .ledgers = ledgers, .holder = &root, .folder = folder};
    int64_t today = (jw_time_now() / JW_SECOND + JW_DAY_ZONE) / 86400;
    jw_status st = jw_store_migrate(store, NULL, NULL, err);
    if (st == JW_OK)
        st = jw_samples_load(&exchange, samples, today, &records, err);
    if (st == JW_OK)
        printf("  sample city       %zu records; away again: jinwu ledger remove-samples --data %s\n", records,
               options->data);
    return st == JW_E_DENIED ? JW_OK : st; /* somebody works here already */
}

jw_status jw_up_samples(const struct jw_up_options *options, const char *db, struct jw_error *err) {
    char path[PATH_MAX];
    struct jw_ledgers *ledgers = NULL;
    struct jw_store *store = NULL;
    snprintf(path, sizeof path, "%s/ledgers", options->content);
    jw_status st = jw_ledgers_load(path, NULL, refused, NULL, &ledgers, err);
    snprintf(path, sizeof path, "%s/ledger/ledger.db", options->data);
    if (st == JW_OK)
        st = jw_store_open(db ? db : path, ledgers, &store, err);
    if (st == JW_OK)
        st = load(options, store, ledgers, err);
    jw_store_close(store);
    jw_ledgers_free(ledgers);
    return st == JW_OK ? st : jw_wrap(err, st, "samples");
}
