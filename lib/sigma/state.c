/* lib/sigma/state.c — a correlator as bytes, so that windows survive a restart and a new rule set.
 *
 * "jwcorr" version(2) crc32c(4) length(8) body. Numbers in the body are LEB128, signed ones zigzag. The body:
 * secret, spool, position, how many correlations and of each what it means (a hash), how many groups and each,
 * oldest touch first. What a correlation means leaves out its bounds: a changed threshold finds its windows again.
 */
#include "correlate.h"

#define HEAD_BYTES 20
static const char magic[8] = "jwcorr\0\1"; /* the last two bytes: version */

/* --- what a correlation means ------------------------------------------------------------------------------------
 */
static void mean_text(jw_buffer *out, jw_text text) {
    jw_buffer_print(out, "%zu:", text.len);
    jw_buffer_add(out, text);
}

static bool meaning(const struct jw_sigma_rule *rule, jw_buffer *text, uint64_t *out) {
    const struct jw_sigma_correlation *c = &rule->correlation;
    jw_buffer_clear(text);
    mean_text(text, rule->info.id.len ? rule->info.id : rule->name.len ? rule->name : rule->info.title);
    jw_buffer_print(text, "%d,%lld;", (int)c->kind, (long long)c->span_ns);
    for (uint32_t i = 0; i < c->rule_count; i++)
        mean_text(text, c->watched[i]->info.id.len ? c->watched[i]->info.id : c->rules[i]);
    for (uint32_t i = 0; i < c->group_count; i++)
        mean_text(text, c->group_by[i]);
    jw_buffer_byte(text, ';');
    for (uint32_t i = 0; i < c->field_count; i++)
        mean_text(text, c->fields[i]);
    for (uint32_t i = 0; i < c->alias_count; i++) {
        mean_text(text, c->aliases[i].alias);
        mean_text(text, c->aliases[i].rule);
        mean_text(text, c->aliases[i].field);
    }
    *out = jw_hash_stable(jw_buffer_text(text));
    return !text->failed;
}

/* --- writing
 * ------------------------------------------------------------------------------------------------------- */
static void put(jw_buffer *out, uint64_t value) {
    char bytes[10];
    size_t len = 0;
    for (; value >= 128; value >>= 7)
        bytes[len++] = (char)(value | 128);
    bytes[len++] = (char)value;
    jw_buffer_add(out, (jw_text){bytes, len});
}

static void put_signed(jw_buffer *out, int64_t value) {
    put(out, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

static void put_fixed(jw_buffer *out, const void *bytes, size_t size) {
    jw_buffer_add(out, (jw_text){bytes, size});
}

static bool has_value(jw_correlation_kind kind) {
    return kind != JW_CORRELATE_COUNT && kind != JW_CORRELATE_TEMPORAL && kind != JW_CORRELATE_ORDERED;
}

/* Differences are taken without sign, so that no time or number is too far from the last. */
static void put_window(jw_buffer *out, const struct jw_window *w, jw_correlation_kind kind) {
    int64_t time = 0;
    uint64_t number = 0;
    for (int i = 0; i < 2; i++)
        put_fixed(out, &w->spoke[i], sizeof w->spoke[i]);
    put(out, w->now.end - w->head);
    for (uint32_t i = w->head; i < w->now.end; i++) {
        const struct jw_entry *entry = &w->entries[i];
        put_signed(out, (int64_t)((uint64_t)entry->time - (uint64_t)time));
        put_signed(out, (int64_t)(entry->number - number));
        put(out, entry->events);
        put(out, entry->rule);
        if (has_value(kind))
            put_fixed(out, &entry->value, sizeof entry->value);
        time = entry->time;
        number = entry->number;
    }
}

/* With its length before it: who knows no such correlation reads over it. */
static void put_sized(jw_buffer *out, const struct jw_window *w, jw_correlation_kind kind) {
    size_t at = out->len;
    put_fixed(out, "\0\0\0\0", 4);
    put_window(out, w, kind);
    uint32_t size = (uint32_t)(out->len - at - 4);
    if (!out->failed)
        memcpy(out->ptr + at, &size, sizeof size);
}

static void put_groups(jw_buffer *out, const struct jw_correlator *c, const uint32_t *places) {
    put(out, c->counts.groups);
    for (uint32_t at = c->oldest; at; at = c->links[at - 1].newer) {
        const struct jw_group *g = &c->groups[at - 1];
        put(out, places[g->correlation]);
        put_fixed(out, g->key, sizeof g->key);
        put_fixed(out, &g->touched, sizeof g->touched);
        put_sized(out, &g->window, c->set->rules[g->correlation]->correlation.kind);
    }
}

static bool put_meanings(jw_buffer *out, const struct jw_correlator *c, uint32_t *places) {
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(8 << 20);
    uint32_t count = 0;
    uint64_t hash;
    put(out, c->set->correlation_count);
    for (uint32_t i = 0; i < c->set->rule_count; i++) {
        const struct jw_sigma_rule *rule = c->set->rules[i];
        if (!rule->info.correlation)
            continue;
        if (!meaning(rule, &text, &hash))
            return false;
        put_fixed(out, &hash, sizeof hash);
        places[i] = count++;
    }
    return true;
}

jw_status jw_correlator_save(const struct jw_correlator *c, uint32_t spool, uint64_t position, jw_buffer *out,
                             struct jw_error *err) {
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(16 << 20);
    uint32_t *places = mem ? jw_arena_alloc(mem, (c->set->rule_count + 1) * sizeof *places) : NULL;
    jw_buffer_clear(out);
    jw_buffer_add(out, (jw_text){magic, sizeof magic});
    jw_buffer_add(out, (jw_text){"\0\0\0\0\0\0\0\0\0\0\0\0", HEAD_BYTES - sizeof magic});
    put_fixed(out, c->secret, sizeof c->secret);
    put(out, spool);
    put(out, position);
    if (!places || !put_meanings(out, c, places))
        return jw_fail(err, JW_E_LIMIT, "correlation state: no memory");
    put_groups(out, c, places);
    if (out->failed)
        return jw_fail(err, JW_E_LIMIT, "correlation state: more than %zu MiB", out->ceiling >> 20);
    uint64_t length = out->len - HEAD_BYTES;
    uint32_t crc = jw_crc32c(0, out->ptr + HEAD_BYTES, length);
    memcpy(out->ptr + sizeof magic, &crc, sizeof crc);
    memcpy(out->ptr + sizeof magic + sizeof crc, &length, sizeof length);
    return JW_OK;
}

/* --- reading: sticky, as everything that may be cut anywhere
 * ------------------------------------------------------- */
struct reading {
    const char *at, *end;
    bool failed;
};

static void get_fixed(struct reading *r, void *out, size_t size) {
    if (r->failed || (size_t)(r->end - r->at) < size) {
        r->failed = true;
        memset(out, 0, size);
        return;
    }
    memcpy(out, r->at, size);
    r->at += size;
}

static uint64_t get(struct reading *r) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned char byte;
        get_fixed(r, &byte, 1);
        value |= (uint64_t)(byte & 127) << shift;
        if (!(byte & 128))
            return value;
    }
    r->failed = true;
    return 0;
}

static int64_t get_signed(struct reading *r) {
    uint64_t value = get(r);
    return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

/* What state.c wrote before, and nothing that could not stand in a window. */
static bool get_entry(struct reading *r, const struct jw_sigma_correlation *rule, struct jw_entry *entry) {
    int64_t time = (int64_t)((uint64_t)entry->time + (uint64_t)get_signed(r));
    bool first = !entry->events, sorted = first || time >= entry->time;
    entry->time = time;
    entry->number += (uint64_t)get_signed(r);
    uint64_t events = get(r), place = get(r);
    entry->events = (uint32_t)events;
    entry->rule = (uint32_t)place;
    entry->value = (int64_t)place;
    if (has_value(rule->kind))
        get_fixed(r, &entry->value, sizeof entry->value);
    r->failed |= !sorted || events == 0 || events > UINT32_MAX || place >= rule->rule_count;
    return !r->failed;
}

static void get_window(struct reading *r, const struct jw_sigma_correlation *rule, struct jw_window *w) {
    struct jw_entry entry = {0};
    for (int i = 0; i < 2; i++)
        get_fixed(r, &w->spoke[i], sizeof w->spoke[i]);
    uint64_t count = get(r);
    r->failed |= count > jw_window_most(rule);
    for (uint64_t i = 0; i < count && !r->failed; i++)
        if (get_entry(r, rule, &entry) && !jw_window_put(w, rule, &entry))
            r->failed = true;
}

/* False: the group stands there twice. */
static bool get_group(struct reading *r, struct jw_correlator *c, const uint32_t *rules, uint64_t count) {
    uint64_t place = get(r), key[2];
    int64_t touched;
    uint32_t size;
    get_fixed(r, key, sizeof key);
    get_fixed(r, &touched, sizeof touched);
    get_fixed(r, &size, sizeof size);
    if (r->failed || place >= count || size > (size_t)(r->end - r->at))
        return false;
    struct reading window = {r->at, r->at + size, false};
    r->at += size;
    if (rules[place] == UINT32_MAX) /* of a correlation that is no more */
        return true;
    struct jw_group *group = jw_groups_find(c, rules[place], key, touched);
    if (group->window.now.end)
        return false;
    c->counts.bytes -= jw_window_bytes(&group->window);
    get_window(&window, &c->set->rules[rules[place]]->correlation, &group->window);
    c->counts.bytes += jw_window_bytes(&group->window);
    jw_groups_fit(c, touched);
    return !window.failed && window.at == window.end;
}

/* rules[place]: number of the correlation that means the same today, UINT32_MAX: none does. */
static bool get_meanings(struct reading *r, struct jw_correlator *c, uint32_t *rules, uint64_t count,
                         struct jw_correlator_restored *out) {
    JW_AUTO(jw_buffer_free) jw_buffer text = JW_BUFFER(8 << 20);
    uint64_t now, *hashes = jw_arena_alloc(c->mem, (count + 1) * sizeof *hashes);
    if (!hashes)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        get_fixed(r, &hashes[i], sizeof hashes[i]);
        rules[i] = UINT32_MAX;
    }
    for (uint32_t n = 0; n < c->set->rule_count && !r->failed; n++) {
        uint64_t at = 0;
        if (!c->set->rules[n]->info.correlation)
            continue;
        if (!meaning(c->set->rules[n], &text, &now))
            return false;
        while (at < count && (hashes[at] != now || rules[at] != UINT32_MAX))
            at++;
        c->restored[n] = at < count;
        out->found += at < count;
        out->missing += at == count;
        if (at < count)
            rules[at] = n;
    }
    return true;
}

static void get_body(struct reading *r, struct jw_correlator *c, struct jw_correlator_restored *out) {
    get_fixed(r, c->secret, sizeof c->secret);
    out->spool = (uint32_t)get(r);
    out->position = get(r);
    uint64_t count = get(r);
    if (r->failed || count > (size_t)(r->end - r->at) / sizeof(uint64_t)) {
        r->failed = true;
        return;
    }
    uint32_t *rules = jw_arena_alloc(c->mem, (count + 1) * sizeof *rules);
    r->failed |= !rules || !get_meanings(r, c, rules, count, out);
    uint64_t groups = get(r);
    for (uint64_t i = 0; i < groups && !r->failed; i++)
        r->failed |= !get_group(r, c, rules, count);
    r->failed |= r->at != r->end;
    out->groups = c->counts.groups;
}

void jw_correlator_empty(struct jw_correlator *c) {
    while (c->oldest)
        jw_groups_drop(c, &c->groups[c->oldest - 1]);
    memset(c->restored, 0, c->set->rule_count);
    c->counts = (struct jw_correlator_counts){0};
}

jw_status jw_correlator_restore(struct jw_correlator *c, jw_text state, struct jw_correlator_restored *out,
                                struct jw_error *err) {
    uint32_t crc;
    uint64_t length;
    *out = (struct jw_correlator_restored){0};
    if (state.len < HEAD_BYTES || memcmp(state.ptr, magic, 6) != 0)
        return jw_fail(err, JW_E_SYNTAX, "correlation state: it is something else");
    if (memcmp(state.ptr, magic, sizeof magic) != 0)
        return jw_fail(err, JW_E_SYNTAX, "correlation state: of another version of jinwu");
    memcpy(&crc, state.ptr + sizeof magic, sizeof crc);
    memcpy(&length, state.ptr + sizeof magic + sizeof crc, sizeof length);
    if (length != state.len - HEAD_BYTES || jw_crc32c(0, state.ptr + HEAD_BYTES, length) != crc)
        return jw_fail(err, JW_E_SYNTAX, "correlation state: damaged, the checksum is wrong");
    struct reading r = {state.ptr + HEAD_BYTES, state.ptr + state.len, false};
    get_body(&r, c, out);
    uint64_t evictions = c->counts.evictions;
    if (r.failed) {
        jw_correlator_empty(c);
        *out = (struct jw_correlator_restored){0};
        return jw_fail(err, JW_E_SYNTAX, "correlation state: its checksum is right, what it says is not");
    }
    c->counts =
        (struct jw_correlator_counts){.groups = c->counts.groups, .bytes = c->counts.bytes, .evictions = evictions};
    return JW_OK;
}
