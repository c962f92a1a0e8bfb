/* lib/gov/table.c — rows in one array, found by four keys: their record, network, MAC address and host name. Equal
 * keys stand together in a bucket, the one that holds first. */
#include "table.h"

#include "base/hash.h"

#define NONE      UINT32_MAX
#define NAME_KIND 2

enum key { BY_RECORD, BY_NETWORK, BY_MAC, BY_HOST, KEYS };

struct row {
    int64_t record; /* -1: free */
    char *texts;    /* asset, plane, host, one after the other; NULL: none */
    uint32_t unit, owner, next[KEYS];
    jw_network network;
    uint8_t mac[6];
    uint8_t ledger, has;         /* has: a bit for each key */
    uint16_t asset, plane, host; /* lengths */
};

struct name {
    uint32_t number, next;
    uint8_t kind;
    uint16_t len;
    char *text; /* NULL: no name any more */
};

struct index {
    uint32_t *heads;
    size_t buckets, used;
};

struct jw_gov_table {
    struct row *rows;
    uint32_t row_count, row_room, free_row; /* free rows hang on next[BY_RECORD] */
    struct index index[KEYS];
    struct name *names;
    uint32_t name_count, name_room;
    struct index name_index;
    uint32_t widths[129]; /* rows of each prefix length */
    size_t count, text_bytes;
    uint64_t secret[4];
};

struct jw_gov_table *jw_gov_table_new(void) {
    struct jw_gov_table *table = calloc(1, sizeof *table);
    if (!table)
        return NULL;
    table->free_row = NONE;
    jw_random(table->secret, sizeof table->secret);
    return table;
}

void jw_gov_table_free(struct jw_gov_table *table) {
    if (!table)
        return;
    for (uint32_t i = 0; i < table->row_count; i++)
        free(table->rows[i].texts);
    for (uint32_t i = 0; i < table->name_count; i++)
        free(table->names[i].text);
    for (int key = 0; key < KEYS; key++)
        free(table->index[key].heads);
    free(table->name_index.heads);
    free(table->rows);
    free(table->names);
    free(table);
}

size_t jw_gov_table_count(const struct jw_gov_table *table) { return table->count; }

size_t jw_gov_table_bytes(const struct jw_gov_table *table) {
    size_t bytes =
        sizeof *table + table->row_count * sizeof *table->rows + table->name_count * sizeof *table->names;
    for (int key = 0; key < KEYS; key++)
        bytes += table->index[key].buckets * sizeof(uint32_t);
    return bytes + table->name_index.buckets * sizeof(uint32_t) + table->text_bytes;
}

/* --- keys --------------------------------------------------------------------------------------------------------
 */
static jw_text host_of(const struct row *row) {
    return (jw_text){row->texts ? row->texts + row->asset + row->plane : NULL, row->host};
}

static uint64_t hash_bytes(const struct jw_gov_table *table, const void *bytes, size_t size) {
    return jw_hash_quick(table->secret, (jw_text){bytes, size});
}

static uint64_t hash_record(const struct jw_gov_table *table, uint32_t ledger, int64_t record) {
    int64_t both[2] = {ledger, record};
    return hash_bytes(table, both, sizeof both);
}

static uint64_t hash_network(const struct jw_gov_table *table, const jw_network *network) {
    uint8_t bytes[17];
    memcpy(bytes, network->address.bytes, 16);
    bytes[16] = network->bits;
    return hash_bytes(table, bytes, sizeof bytes);
}

static uint64_t hash_row(const struct jw_gov_table *table, const struct row *row, enum key key) {
    jw_text host;
    switch (key) {
    case BY_RECORD:
        return hash_record(table, row->ledger, row->record);
    case BY_NETWORK:
        return hash_network(table, &row->network);
    case BY_MAC:
        return hash_bytes(table, row->mac, sizeof row->mac);
    default:
        host = host_of(row);
        return hash_bytes(table, host.ptr, host.len);
    }
}

static bool is_network(const jw_network *a, const jw_network *b) {
    return a->bits == b->bits && memcmp(a->address.bytes, b->address.bytes, 16) == 0;
}

static bool is_same(const struct row *a, const struct row *b, enum key key) {
    switch (key) {
    case BY_RECORD:
        return a->record == b->record && a->ledger == b->ledger;
    case BY_NETWORK:
        return is_network(&a->network, &b->network);
    case BY_MAC:
        return memcmp(a->mac, b->mac, sizeof a->mac) == 0;
    default:
        return jw_text_is(host_of(a), host_of(b));
    }
}

static bool holds_over(const struct row *a, const struct row *b) {
    return a->ledger != b->ledger ? a->ledger < b->ledger : a->record > b->record;
}

/* Before the first of its equals when it holds over that one, else right behind it. */
static void hang(struct jw_gov_table *table, uint32_t at, enum key key) {
    struct row *row = &table->rows[at];
    struct index *index = &table->index[key];
    uint32_t *link = &index->heads[hash_row(table, row, key) & (index->buckets - 1)];
    uint32_t *first = link;
    while (*first != NONE && !is_same(&table->rows[*first], row, key))
        first = &table->rows[*first].next[key];
    if (*first != NONE)
        link = holds_over(row, &table->rows[*first]) ? first : &table->rows[*first].next[key];
    row->next[key] = *link;
    *link = at;
}

static void unhang(struct jw_gov_table *table, uint32_t at, enum key key) {
    struct row *row = &table->rows[at];
    struct index *index = &table->index[key];
    uint32_t *link = &index->heads[hash_row(table, row, key) & (index->buckets - 1)];
    bool first = true;
    for (; *link != at; link = &table->rows[*link].next[key])
        first = first && !is_same(&table->rows[*link], row, key);
    *link = row->next[key];
    index->used--;
    uint32_t *best = link;
    if (!first)
        return;
    for (uint32_t *other = link; *other != NONE && is_same(&table->rows[*other], row, key);
         other = &table->rows[*other].next[key])
        best = holds_over(&table->rows[*other], &table->rows[*best]) ? other : best;
    if (best != link) { /* the next that holds moves to the front of its equals */
        uint32_t moved = *best;
        *best = table->rows[moved].next[key];
        table->rows[moved].next[key] = *link;
        *link = moved;
    }
}

static bool resize(struct index *index, size_t buckets) {
    uint32_t *heads = malloc(buckets * sizeof *heads);
    if (!heads)
        return false;
    memset(heads, 0xff, buckets * sizeof *heads);
    free(index->heads);
    *index = (struct index){heads, buckets, index->used};
    return true;
}

static bool room_in(struct jw_gov_table *table, enum key key) {
    struct index *index = &table->index[key];
    if (index->used < index->buckets)
        return true;
    if (!resize(index, index->buckets ? index->buckets * 2 : 64))
        return false;
    for (uint32_t i = 0; i < table->row_count; i++)
        if (table->rows[i].record >= 0 && table->rows[i].has >> key & 1)
            hang(table, i, key);
    return true;
}

static uint32_t find(const struct jw_gov_table *table, const struct row *wanted, enum key key) {
    const struct index *index = &table->index[key];
    uint32_t at = index->buckets ? index->heads[hash_row(table, wanted, key) & (index->buckets - 1)] : NONE;
    while (at != NONE && !is_same(&table->rows[at], wanted, key))
        at = table->rows[at].next[key];
    return at;
}

/* --- changing ----------------------------------------------------------------------------------------------------
 */
void jw_gov_table_drop(struct jw_gov_table *table, uint32_t ledger, int64_t record) {
    struct row wanted = {.ledger = (uint8_t)ledger, .record = record};
    uint32_t at = find(table, &wanted, BY_RECORD);
    if (at == NONE)
        return;
    struct row *row = &table->rows[at];
    for (int key = 0; key < KEYS; key++)
        if (row->has >> key & 1)
            unhang(table, at, key);
    if (row->has >> BY_NETWORK & 1)
        table->widths[row->network.bits]--;
    table->text_bytes -= row->texts ? (size_t)row->asset + row->plane + row->host + 16 : 0;
    free(row->texts);
    *row = (struct row){.record = -1};
    row->next[BY_RECORD] = table->free_row;
    table->free_row = at;
    table->count--;
}

static uint16_t length(jw_text text) {
    size_t len = text.len < JW_GOV_TEXT ? text.len : JW_GOV_TEXT;
    while (len < text.len && len && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--; /* not in the middle of a character */
    return (uint16_t)len;
}

static bool fill(struct row *to, const struct jw_gov_row *from) {
    *to = (struct row){.record = from->record,
                       .ledger = (uint8_t)from->ledger,
                       .unit = (uint32_t)from->unit,
                       .owner = (uint32_t)from->owner,
                       .network = from->network,
                       .asset = length(from->asset),
                       .plane = length(from->plane),
                       .host = length(from->host)};
    memcpy(to->mac, from->mac, sizeof to->mac);
    to->has = (uint8_t)(1u << BY_RECORD | from->has_network << BY_NETWORK | from->has_mac << BY_MAC |
                        (to->host > 0) << BY_HOST);
    size_t size = (size_t)to->asset + to->plane + to->host;
    if (size && !(to->texts = malloc(size)))
        return false;
    if (to->asset)
        memcpy(to->texts, from->asset.ptr, to->asset);
    if (to->plane)
        memcpy(to->texts + to->asset, from->plane.ptr, to->plane);
    for (uint16_t i = 0; i < to->host; i++) {
        char c = from->host.ptr[i];
        to->texts[to->asset + to->plane + i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    return true;
}

static uint32_t take_row(struct jw_gov_table *table) {
    if (table->free_row != NONE) {
        uint32_t at = table->free_row;
        table->free_row = table->rows[at].next[BY_RECORD];
        return at;
    }
    if (table->row_count == table->row_room) {
        uint32_t room = table->row_room ? table->row_room * 2 : 64;
        struct row *rows = realloc(table->rows, room * sizeof *rows);
        if (!rows)
            return NONE;
        table->rows = rows;
        table->row_room = room;
    }
    table->rows[table->row_count].record = -1;
    return table->row_count++;
}

static bool is_number(int64_t number) { return number >= 0 && number < UINT32_MAX; }

jw_status jw_gov_table_put(struct jw_gov_table *table, const struct jw_gov_row *row) {
    struct row made;
    jw_gov_table_drop(table, row->ledger, row->record);
    if (table->count >= JW_GOV_ROWS || row->ledger >= JW_GOV_LEDGERS || row->record < 0 || !is_number(row->unit) ||
        !is_number(row->owner) || !fill(&made, row))
        return JW_E_LIMIT;
    bool room = true;
    for (int key = 0; key < KEYS && room; key++)
        room = !(made.has >> key & 1) || room_in(table, key);
    uint32_t at = room ? take_row(table) : NONE;
    if (at == NONE) {
        free(made.texts);
        return JW_E_LIMIT;
    }
    table->rows[at] = made;
    for (int key = 0; key < KEYS; key++)
        if (made.has >> key & 1) {
            hang(table, at, key);
            table->index[key].used++;
        }
    if (row->has_network)
        table->widths[row->network.bits]++;
    table->text_bytes += made.texts ? (size_t)made.asset + made.plane + made.host + 16 : 0; /* malloc's own */
    table->count++;
    return JW_OK;
}

/* --- names -------------------------------------------------------------------------------------------------------
 */
static uint32_t *name_bucket(const struct jw_gov_table *table, uint32_t number, uint8_t kind) {
    const struct index *index = &table->name_index;
    return &index->heads[((uint64_t)number * NAME_KIND + kind) & (index->buckets - 1)];
}

static struct name *find_name(const struct jw_gov_table *table, enum jw_gov_kind kind, uint32_t number) {
    uint32_t at = table->name_index.buckets ? *name_bucket(table, number, kind) : NONE;
    while (at != NONE && (table->names[at].number != number || table->names[at].kind != kind))
        at = table->names[at].next;
    return at == NONE ? NULL : &table->names[at];
}

static struct name *add_name(struct jw_gov_table *table, enum jw_gov_kind kind, uint32_t number) {
    if (table->name_count == table->name_room) {
        uint32_t room = table->name_room ? table->name_room * 2 : 64;
        struct name *names = realloc(table->names, room * sizeof *names);
        if (!names)
            return NULL;
        table->names = names;
        if (!resize(&table->name_index, room))
            return NULL;
        table->name_room = room;
        for (uint32_t i = 0; i < table->name_count; i++) {
            uint32_t *head = name_bucket(table, names[i].number, names[i].kind);
            names[i].next = *head;
            *head = i;
        }
    }
    uint32_t *head = name_bucket(table, number, (uint8_t)kind);
    table->names[table->name_count] = (struct name){.number = number, .kind = (uint8_t)kind, .next = *head};
    *head = table->name_count;
    return &table->names[table->name_count++];
}

jw_status jw_gov_table_name(struct jw_gov_table *table, enum jw_gov_kind kind, int64_t number, jw_text name) {
    if (!is_number(number) || number == 0)
        return JW_E_LIMIT;
    struct name *to = find_name(table, kind, (uint32_t)number);
    uint16_t len = length(name);
    char *text = len ? malloc(len) : NULL;
    if ((len && !text) || (!to && !(to = add_name(table, kind, (uint32_t)number)))) {
        free(text);
        return JW_E_LIMIT;
    }
    if (len)
        memcpy(text, name.ptr, len);
    table->text_bytes += (size_t)len - to->len;
    free(to->text);
    to->text = text;
    to->len = len;
    return JW_OK;
}

/* --- finding -----------------------------------------------------------------------------------------------------
 */
static void offer(struct jw_gov_found *found, int i, jw_text *member, jw_text value, uint8_t bits) {
    if (member->len || !value.len)
        return;
    *member = value;
    found->bits[i] = bits;
}

static void offer_name(const struct jw_gov_table *table, enum jw_gov_kind kind, uint32_t number,
                       struct jw_gov_found *found, jw_text *member, uint8_t bits) {
    const struct name *name = number && !member->len ? find_name(table, kind, number) : NULL;
    if (name)
        offer(found, kind, member, (jw_text){name->text, name->len}, bits);
}

static void take(const struct jw_gov_table *table, const struct row *row, uint8_t bits,
                 struct jw_gov_found *found) {
    offer_name(table, JW_GOV_UNIT, row->unit, found, &found->place.unit, bits);
    offer_name(table, JW_GOV_OWNER, row->owner, found, &found->place.owner, bits);
    offer(found, 2, &found->place.asset, (jw_text){row->texts, row->asset}, bits);
    offer(found, 3, &found->place.plane, (jw_text){row->texts ? row->texts + row->asset : NULL, row->plane}, bits);
}

static bool is_full(const struct jw_gov_found *found) {
    return found->place.unit.len && found->place.owner.len && found->place.asset.len && found->place.plane.len;
}

static jw_network network_of(const jw_address *address, uint8_t bits) {
    jw_network network = {*address, bits};
    uint8_t *bytes = network.address.bytes;
    if (bits < 128)
        bytes[bits / 8] &= (uint8_t)(0xff00u >> bits % 8);
    for (int i = bits / 8 + 1; i < 16; i++)
        bytes[i] = 0;
    return network;
}

bool jw_gov_table_find_address(const struct jw_gov_table *table, const jw_address *address,
                               struct jw_gov_found *found) {
    bool any = false;
    for (int bits = 128; bits >= 0 && !is_full(found); bits--) {
        if (!table->widths[bits])
            continue;
        struct row wanted = {.network = network_of(address, (uint8_t)bits)};
        uint32_t at = find(table, &wanted, BY_NETWORK);
        if (at == NONE)
            continue;
        take(table, &table->rows[at], (uint8_t)bits, found);
        any = true;
    }
    return any;
}

static bool take_exact(const struct jw_gov_table *table, uint32_t at, struct jw_gov_found *found) {
    if (at == NONE)
        return false;
    const struct row *row = &table->rows[at];
    take(table, row, 128, found);
    return !(row->has >> BY_NETWORK & 1) || jw_gov_table_find_address(table, &row->network.address, found);
}

bool jw_gov_table_find_host(const struct jw_gov_table *table, jw_text lower, struct jw_gov_found *found) {
    if (!lower.len || lower.len > JW_GOV_TEXT || !table->index[BY_HOST].used)
        return false;
    struct row wanted = {.texts = (char *)(uintptr_t)lower.ptr, .host = (uint16_t)lower.len};
    return take_exact(table, find(table, &wanted, BY_HOST), found);
}

bool jw_gov_table_find_mac(const struct jw_gov_table *table, const uint8_t mac[6], struct jw_gov_found *found) {
    struct row wanted = {.has = 0};
    memcpy(wanted.mac, mac, sizeof wanted.mac);
    return table->index[BY_MAC].used && take_exact(table, find(table, &wanted, BY_MAC), found);
}
