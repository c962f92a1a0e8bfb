/* lib/gov/plan.c — checks rows and collects them. */
#include "plan.h"

#include <stdarg.h>

#include "base/hash.h"

void jw_plan_refuse(struct jw_plan *plan, uint32_t line, const char *fmt, ...) {
    char text[512];
    size_t at = plan->refused++;
    if (at >= JW_GOV_TOLD)
        return;
    int len = snprintf(text, sizeof text, "%s:%u: ", plan->file, line);
    va_list args;
    va_start(args, fmt);
    vsnprintf(text + len, sizeof text - (size_t)len, fmt, args);
    va_end(args);
    plan->told[at] = jw_arena_copy(plan->mem, jw_text_from(text));
}

jw_text *jw_plan_member(struct jw_plan_row *row, jw_text heading) {
    const struct {
        jw_text english, chinese;
        jw_text *member;
    } columns[] = {
        {JW_TEXT("network"), JW_TEXT("网段"), &row->network}, {JW_TEXT("ip"), JW_TEXT("IP地址"), &row->ip},
        {JW_TEXT("host"), JW_TEXT("主机名"), &row->host},     {JW_TEXT("asset"), JW_TEXT("资产"), &row->asset},
        {JW_TEXT("unit"), JW_TEXT("单位"), &row->unit},       {JW_TEXT("owner"), JW_TEXT("责任人"), &row->owner},
        {JW_TEXT("plane"), JW_TEXT("网络平面"), &row->plane},
    };
    heading = jw_text_trim(heading);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (jw_text_is_nocase(heading, columns[i].english) || jw_text_is_nocase(heading, columns[i].chinese))
            return columns[i].member;
    return NULL;
}

/* Room for one more element; doubles. */
static bool grow(struct jw_plan *plan, void **array, size_t count, size_t *capacity, size_t size) {
    if (count < *capacity)
        return true;
    size_t wanted = *capacity ? *capacity * 2 : 64;
    void *moved = realloc(*array, wanted * size);
    if (!moved)
        return plan->failed = true, false;
    *array = moved;
    *capacity = wanted;
    return true;
}

size_t jw_plan_host_at(const struct jw_plan_host *hosts, size_t capacity, jw_text name) {
    size_t at = jw_hash(name) & (capacity - 1);
    while (hosts[at].name.len && !jw_text_is(hosts[at].name, name))
        at = (at + 1) & (capacity - 1);
    return at;
}

static bool grow_hosts(struct jw_plan *plan) {
    if (plan->host_count * 2 < plan->host_capacity)
        return true;
    size_t capacity = plan->host_capacity ? plan->host_capacity * 2 : 64;
    struct jw_plan_host *hosts = calloc(capacity, sizeof *hosts);
    if (!hosts)
        return plan->failed = true, false;
    for (size_t i = 0; i < plan->host_capacity; i++)
        if (plan->hosts[i].name.len)
            hosts[jw_plan_host_at(hosts, capacity, plan->hosts[i].name)] = plan->hosts[i];
    free(plan->hosts);
    plan->hosts = hosts;
    plan->host_capacity = capacity;
    return true;
}

static bool is_separator(char c) { return c == ';' || c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* The next word of a list; false at its end. */
static bool next_word(jw_text *rest, jw_text *out) {
    while (rest->len && is_separator(*rest->ptr))
        rest->ptr++, rest->len--;
    size_t len = 0;
    if (!rest->len)
        return false;
    while (len < rest->len && !is_separator(rest->ptr[len]))
        len++;
    *out = (jw_text){rest->ptr, len};
    rest->ptr += len;
    rest->len -= len;
    return len > 0;
}

static bool is_host(jw_text name) {
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] <= ' ' || name.ptr[i] == '/' || name.ptr[i] == 0x7f)
            return false;
    return name.len <= 253;
}

static const char *wrong_value(const struct jw_plan_row *row) {
    const jw_text values[] = {row->unit, row->owner, row->asset, row->plane};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        if (values[i].len > JW_GOV_TEXT)
            return "a value is longer than 256 bytes";
        if (!jw_text_is_utf8(values[i]))
            return "a value is not UTF-8";
    }
    return NULL;
}

/* Looks at the whole row before anything of it is kept. */
static bool check(struct jw_plan *plan, uint32_t line, const struct jw_plan_row *row) {
    jw_text rest = row->ip, word;
    jw_network network;
    jw_address address;
    const char *wrong = wrong_value(row);
    if (wrong)
        return jw_plan_refuse(plan, line, "%s", wrong), false;
    if (!row->network.len && !row->ip.len && !row->host.len)
        return jw_plan_refuse(plan, line, "a row needs a network, an ip or a host"), false;
    if (row->network.len && (row->ip.len || row->host.len))
        return jw_plan_refuse(plan, line, "a row is a network or an asset, not both"), false;
    if (!row->unit.len && !row->owner.len && !row->asset.len && !row->plane.len)
        return jw_plan_refuse(plan, line, "a row without unit, owner, asset and plane says nothing"), false;
    if (row->network.len && !jw_network_parse(row->network, &network))
        return jw_plan_refuse(plan, line, "\"" JW_FMT "\" is not a network like 10.1.0.0/16 with zero host bits",
                              JW_ARG(row->network)),
               false;
    while (next_word(&rest, &word))
        if (!jw_address_parse(word, &address))
            return jw_plan_refuse(plan, line, "\"" JW_FMT "\" is not an address", JW_ARG(word)), false;
    rest = row->host;
    while (next_word(&rest, &word))
        if (!is_host(word))
            return jw_plan_refuse(plan, line, "\"" JW_FMT "\" is not a host name", JW_ARG(word)), false;
    if (plan->span_count + plan->host_count >= JW_GOV_ROWS)
        return jw_plan_refuse(plan, line, "the plan has more than %d entries", JW_GOV_ROWS), false;
    return true;
}

static void keep_span(struct jw_plan *plan, const jw_network *network, uint32_t place, bool asset) {
    if (!grow(plan, (void **)&plan->spans, plan->span_count, &plan->span_capacity, sizeof *plan->spans))
        return;
    /* a later row of the same network wins, and an asset wins over a network of one address */
    uint32_t rank = (uint32_t)plan->span_count | (asset ? 0x80000000u : 0);
    plan->spans[plan->span_count++] = (struct jw_ranges_span){*network, place, rank};
}

static void keep_host(struct jw_plan *plan, uint32_t line, jw_text word, uint32_t place, uint32_t span) {
    jw_text name = jw_arena_copy(plan->mem, word);
    if (!name.ptr || !grow_hosts(plan)) {
        plan->failed = true;
        return;
    }
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] >= 'A' && name.ptr[i] <= 'Z')
            ((char *)(uintptr_t)name.ptr)[i] |= 0x20;
    struct jw_plan_host *host = &plan->hosts[jw_plan_host_at(plan->hosts, plan->host_capacity, name)];
    if (host->name.len) {
        jw_plan_refuse(plan, line, "host \"" JW_FMT "\" stands in an earlier row, which holds", JW_ARG(word));
        return;
    }
    *host = (struct jw_plan_host){name, place, span};
    plan->host_count++;
}

static jw_text keep_text(struct jw_plan *plan, jw_text s) {
    jw_text kept = s.len ? jw_arena_copy(plan->mem, s) : (jw_text){0};
    if (s.len && !kept.ptr)
        plan->failed = true;
    return kept;
}

void jw_plan_add(struct jw_plan *plan, uint32_t line, const struct jw_plan_row *row) {
    jw_network network;
    jw_text rest = row->ip, word;
    if (plan->failed || !check(plan, line, row) ||
        !grow(plan, (void **)&plan->places, plan->place_count, &plan->place_capacity, sizeof *plan->places))
        return;
    uint32_t place = (uint32_t)plan->place_count, span = JW_RANGES_NONE;
    plan->places[plan->place_count++] = (struct jw_gov_place){.unit = keep_text(plan, row->unit),
                                                              .owner = keep_text(plan, row->owner),
                                                              .asset = keep_text(plan, row->asset),
                                                              .plane = keep_text(plan, row->plane)};
    if (row->network.len && jw_network_parse(row->network, &network)) {
        keep_span(plan, &network, place, false);
        plan->networks++;
    }
    while (next_word(&rest, &word))
        if (jw_network_parse(word, &network)) {
            span = span == JW_RANGES_NONE ? (uint32_t)plan->span_count : span;
            keep_span(plan, &network, place, true);
            plan->addresses++;
        }
    rest = row->host;
    while (next_word(&rest, &word))
        keep_host(plan, line, word, place, span);
}

void jw_plan_clear(struct jw_plan *plan) {
    free(plan->places);
    free(plan->widths);
    free(plan->spans);
    free(plan->hosts);
    *plan = (struct jw_plan){0};
}
