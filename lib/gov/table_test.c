/* lib/gov/table_test.c — a table that changes gives what looking at all rows gives. */
#include "live.h"

#include <pthread.h>
#include <stdatomic.h>

#include "test/test.h"

#define ROWS 400

/* The oracle: rows as they were put, looked at one by one. */
struct all {
    struct jw_gov_row rows[2][ROWS];
    bool there[2][ROWS];
    char names[2][ROWS][16];
};

static uint64_t seed = 11;
static uint32_t dice(uint32_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static jw_address address_of(uint32_t number) {
    return (jw_address){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, (uint8_t)(number >> 8), (uint8_t)number}};
}

/* The row that holds among those of exactly this network. */
static const struct jw_gov_row *holder(const struct all *all, const jw_network *network) {
    for (int ledger = 0; ledger < 2; ledger++)
        for (int i = ROWS; i-- > 0;) {
            const struct jw_gov_row *row = &all->rows[ledger][i];
            if (all->there[ledger][i] && row->has_network && row->network.bits == network->bits &&
                memcmp(&row->network.address, &network->address, 16) == 0)
                return row;
        }
    return NULL;
}

static void look_at_all(const struct all *all, const jw_address *address, struct jw_gov_found *found) {
    for (uint8_t bits = 128; bits >= 100; bits--) {
        jw_network network = {*address, bits};
        for (int bit = bits; bit < 128; bit++)
            network.address.bytes[bit / 8] &= (uint8_t) ~(0x80u >> bit % 8);
        const struct jw_gov_row *row = holder(all, &network);
        if (!row)
            continue;
        if (!found->place.unit.len && row->unit && *all->names[0][row->unit])
            found->place.unit = jw_text_from(all->names[0][row->unit]);
        if (!found->place.owner.len && row->owner && *all->names[1][row->owner])
            found->place.owner = jw_text_from(all->names[1][row->owner]);
        if (!found->place.asset.len)
            found->place.asset = row->asset;
        if (!found->place.plane.len)
            found->place.plane = row->plane;
    }
}

static void change_something(struct jw_test *t, struct all *all, struct jw_gov_table *table) {
    static const jw_text planes[] = {JW_TEXT(""), JW_TEXT("政务外网"), JW_TEXT("互联网")};
    static const jw_text assets[] = {JW_TEXT(""), JW_TEXT("门户"), JW_TEXT("人口库")};
    uint32_t ledger = dice(2), record = dice(ROWS);
    if (dice(6) == 0) {
        int kind = (int)dice(2);
        uint32_t number = 1 + dice(ROWS - 1);
        snprintf(all->names[kind][number], 16, dice(5) ? "n%u" : "%.0u", dice(50));
        JW_CHECK_INT(t, jw_gov_table_name(table, kind, number, jw_text_from(all->names[kind][number])), JW_OK);
    } else if (dice(4) == 0) {
        all->there[ledger][record] = false;
        jw_gov_table_drop(table, ledger, record);
    } else {
        struct jw_gov_row *row = &all->rows[ledger][record];
        uint8_t bits = (uint8_t)(128 - (dice(3) ? 0 : dice(16)));
        *row = (struct jw_gov_row){.ledger = ledger,
                                   .record = record,
                                   .unit = dice(ROWS),
                                   .owner = dice(3) ? 0 : dice(ROWS),
                                   .asset = assets[dice(3)],
                                   .plane = planes[dice(3)],
                                   .has_network = dice(10) > 0,
                                   .network = {address_of(dice(300) >> (128 - bits) << (128 - bits)), bits}};
        all->there[ledger][record] = true;
        JW_CHECK_INT(t, jw_gov_table_put(table, row), JW_OK);
    }
}

static void a_changing_table_agrees_with_looking_at_all(struct jw_test *t) {
    static struct all all;
    JW_AUTO(jw_gov_table_free_p) struct jw_gov_table *table = jw_gov_table_new();
    for (int round = 0; round < 300; round++) {
        for (int i = 0; i < 40; i++)
            change_something(t, &all, table);
        for (uint32_t number = 0; number < 300; number++) {
            struct jw_gov_found found = {0}, right = {0};
            jw_address address = address_of(number);
            jw_gov_table_find_address(table, &address, &found);
            look_at_all(&all, &address, &right);
            JW_CHECK_TEXT(t, found.place.unit, right.place.unit);
            JW_CHECK_TEXT(t, found.place.owner, right.place.owner);
            JW_CHECK_TEXT(t, found.place.asset, right.place.asset);
            JW_CHECK_TEXT(t, found.place.plane, right.place.plane);
        }
    }
}

static void hosts_and_mac_addresses_find_their_row(struct jw_test *t) {
    JW_AUTO(jw_gov_table_free_p) struct jw_gov_table *table = jw_gov_table_new();
    struct jw_gov_found found = {0};
    struct jw_gov_row row = {.record = 7,
                             .asset = JW_TEXT("终端七"),
                             .host = JW_TEXT("PC-7"),
                             .mac = {1, 2, 3, 4, 5, 6},
                             .has_mac = true};
    JW_CHECK_INT(t, jw_gov_table_put(table, &row), JW_OK);
    JW_CHECK(t, jw_gov_table_find_host(table, JW_TEXT("pc-7"), &found));
    JW_CHECK_TEXT(t, found.place.asset, JW_TEXT("终端七"));
    JW_CHECK(t, jw_gov_table_find_mac(table, row.mac, &found));
    jw_gov_table_drop(table, 0, 7);
    JW_CHECK(t, !jw_gov_table_find_host(table, JW_TEXT("pc-7"), &found));
    JW_CHECK(t, !jw_gov_table_find_mac(table, row.mac, &found));
    JW_CHECK_INT(t, jw_gov_table_count(table), 0);
}

static void long_texts_are_cut_between_characters(struct jw_test *t) {
    JW_AUTO(jw_gov_table_free_p) struct jw_gov_table *table = jw_gov_table_new();
    struct jw_gov_found found = {0};
    char text[300];
    for (int i = 0; i < 300; i += 3)
        memcpy(text + i, "金", 3);
    struct jw_gov_row row = {.record = 1, .asset = {text, 300}, .host = JW_TEXT("a")};
    JW_CHECK_INT(t, jw_gov_table_put(table, &row), JW_OK);
    JW_CHECK(t, jw_gov_table_find_host(table, JW_TEXT("a"), &found));
    JW_CHECK_INT(t, found.place.asset.len, 255);
}

/* --- read while it changes: for the thread sanitizer, and for texts that are freed
 * -------------------------------- */
static atomic_bool done;

static void *read_on(void *context) {
    struct jw_gov_live *live = context;
    jw_address address = address_of(1);
    uintptr_t sum = 0;
    while (!done) {
        struct jw_gov_found found = {0};
        const struct jw_gov_table *table = jw_gov_live_enter(live);
        if (table && jw_gov_table_find_address(table, &address, &found) && found.place.asset.len)
            sum += (unsigned char)found.place.asset.ptr[0] == 'a';
        jw_gov_live_leave(live);
    }
    return (void *)sum;
}

static void readers_see_whole_rows_while_it_changes(struct jw_test *t) {
    JW_AUTO(jw_gov_live_free_p) struct jw_gov_live *live = jw_gov_live_new();
    struct jw_gov_row row = {
        .record = 1, .asset = JW_TEXT("asset"), .has_network = true, .network = {address_of(1), 128}};
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        JW_CHECK_INT(t, pthread_create(&threads[i], NULL, read_on, live), 0);
    for (int i = 0; i < 2000; i++) {
        if (i % 200 == 0)
            jw_gov_live_swap(live, jw_gov_table_new());
        struct jw_gov_table *table = jw_gov_live_edit(live);
        row.record = i % 7;
        JW_CHECK_INT(t, jw_gov_table_put(table, &row), JW_OK);
        jw_gov_table_drop(table, 0, (i + 3) % 7);
        jw_gov_live_done(live);
    }
    done = true;
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(a_changing_table_agrees_with_looking_at_all),
                                                     JW_CASE(hosts_and_mac_addresses_find_their_row),
                                                     JW_CASE(long_texts_are_cut_between_characters),
                                                     JW_CASE(readers_see_whole_rows_while_it_changes),
                                                     {0}});
}
