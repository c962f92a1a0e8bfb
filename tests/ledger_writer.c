/* tests/ledger_writer.c — writes records until it is killed, and says on stdout what was acknowledged, a line each:
 * "one NAME" for a record, "change NAME VERSION", "many NAME" for a batch of which all records carry that name.
 *
 * Use: ledger_writer WHERE LEDGERS WORD; names begin with WORD. It ends with 3 when the database goes away. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"

#define THREADS 16
#define MANY    40

static struct jw_store *store;
static const struct jw_ledger *ledger;
static const char *word;
static atomic_int number;

static void say(const char *line) {
    size_t len = strlen(line);
    if (write(STDOUT_FILENO, line, len) != (ssize_t)len) /* one line is written whole */
        _exit(2);
}

static void give_up(const struct jw_error *err) {
    fprintf(stderr, "%s\n", err->text);
    _exit(3);
}

static json_t *fields_of(const char *name, int more) { return json_pack("{ss si}", "name", name, "size", more); }

struct many {
    char name[64];
    json_t *fields;
};

static jw_status next(void *context, size_t i, struct jw_change *out, struct jw_error *err) {
    struct many *many = context;
    (void)err;
    json_decref(many->fields);
    many->fields = i < MANY ? fields_of(many->name, (int)i) : NULL;
    *out = (struct jw_change){.ledger = ledger, .deed = JW_CREATE, .fields = many->fields};
    return i < MANY ? JW_OK : JW_END;
}

static void write_many(int at, struct jw_outcome *outcome) {
    struct many many = {.fields = NULL};
    struct jw_error err = {{0}};
    char line[96];
    size_t failed;
    snprintf(many.name, sizeof many.name, "%s-%d", word, at);
    if (jw_store_change_all(store, &(struct jw_batch){.context = &many, .next = next}, &failed, outcome, &err) !=
        JW_OK)
        give_up(&err);
    json_decref(many.fields);
    snprintf(line, sizeof line, "many %s\n", many.name);
    say(line);
}

static void write_one(int at, struct jw_outcome *outcome) {
    char name[64], line[96];
    struct jw_error err = {{0}};
    snprintf(name, sizeof name, "%s-%d", word, at);
    struct jw_change change = {.ledger = ledger, .deed = JW_CREATE, .fields = fields_of(name, 0)};
    if (jw_store_change(store, &change, outcome, &err) != JW_OK)
        give_up(&err);
    json_decref((json_t *)(uintptr_t)change.fields);
    json_decref(outcome->record);
    snprintf(line, sizeof line, "one %s\n", name);
    say(line);
    change =
        (struct jw_change){.ledger = ledger, .deed = JW_CHANGE, .id = outcome->id, .fields = fields_of(name, at)};
    if (jw_store_change(store, &change, outcome, &err) != JW_OK)
        give_up(&err);
    json_decref((json_t *)(uintptr_t)change.fields);
    json_decref(outcome->record);
    snprintf(line, sizeof line, "change %s %lld\n", name, (long long)outcome->version);
    say(line);
}

static void *write_on(void *context) {
    struct jw_outcome *outcome = calloc(1, sizeof *outcome);
    (void)context;
    while (outcome) {
        int at = atomic_fetch_add(&number, 1);
        if (at % 10 == 9)
            write_many(at, outcome);
        else
            write_one(at, outcome);
    }
    return NULL;
}

int main(int argc, char **argv) {
    struct jw_ledgers *ledgers = NULL;
    struct jw_error err = {{0}};
    pthread_t thread;
    if (argc != 4)
        return 2;
    word = argv[3];
    if (jw_ledgers_load(argv[2], NULL, NULL, NULL, &ledgers, &err) != JW_OK ||
        jw_store_open(argv[1], ledgers, &store, &err) != JW_OK ||
        jw_store_migrate(store, NULL, NULL, &err) != JW_OK)
        give_up(&err);
    ledger = jw_ledgers_find(ledgers, JW_TEXT("thing"));
    say("ready\n");
    for (int i = 0; ledger && i < THREADS; i++)
        if (pthread_create(&thread, NULL, write_on, NULL) != 0)
            return 2;
    for (;;)
        pause();
}
