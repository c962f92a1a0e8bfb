/* lib/gov/attribute.c — finds whose an event is, in the plan and in the ledgers. */
#include "gov.h"
#include "gov_parts.h"

#define HOST_IPS 8 /* addresses of the reporting host that are looked at */

/* --- finding -------------------------------------------------------------------------------------------------- */

const struct jw_gov_place *jw_gov_find_address(const struct jw_gov *gov, const jw_address *address) {
    uint32_t found = jw_ranges_find(gov->ranges, address);
    return found == JW_RANGES_NONE ? NULL : &gov->plan.places[found];
}

static const struct jw_gov_place *find_exact(const struct jw_gov *gov, jw_text lower) {
    const struct jw_plan_host *host =
        &gov->plan.hosts[jw_plan_host_at(gov->plan.hosts, gov->plan.host_capacity, lower)];
    return host->name.len ? &gov->plan.places[host->place] : NULL;
}

/* False: no name of a host. */
static bool lower_case(jw_text name, char out[JW_GOV_TEXT]) {
    if (!name.len || name.len > JW_GOV_TEXT)
        return false;
    for (size_t i = 0; i < name.len; i++)
        out[i] = name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (char)(name.ptr[i] | 0x20) : name.ptr[i];
    return true;
}

const struct jw_gov_place *jw_gov_find_host(const struct jw_gov *gov, jw_text name) {
    char lower[JW_GOV_TEXT];
    jw_text rest = {lower, name.len}, label;
    if (!gov->plan.host_count || !lower_case(name, lower))
        return NULL;
    const struct jw_gov_place *place = find_exact(gov, rest);
    if (!place && jw_text_cut(&rest, '.', &label) && label.len)
        place = find_exact(gov, label);
    return place;
}

/* --- plan and ledgers together -------------------------------------------------------------------------------- */

/* What is asked. */
struct asking {
    const struct jw_gov *gov;
    const struct jw_gov_table *table; /* of the ledgers; NULL: none */
};

/* Where the plan's network is narrower than the ledger's, or the ledgers say nothing. */
static void take_plan(const struct jw_plan *plan, const struct jw_gov_place *place, struct jw_gov_found *found) {
    const uint8_t *widths = plan->widths[place - plan->places];
    const jw_text values[] = {place->unit, place->owner, place->asset, place->plane};
    jw_text *members[] = {&found->place.unit, &found->place.owner, &found->place.asset, &found->place.plane};
    for (int i = 0; i < 4; i++)
        if (values[i].len && (!members[i]->len || widths[i] > found->bits[i]))
            *members[i] = values[i];
}

static bool find_address(const struct asking *ask, const jw_address *address, struct jw_gov_place *out) {
    struct jw_gov_found found = {0};
    bool known = ask->table && jw_gov_table_find_address(ask->table, address, &found);
    const struct jw_gov_place *place = jw_gov_find_address(ask->gov, address);
    if (place)
        take_plan(&ask->gov->plan, place, &found);
    *out = found.place;
    return known || place;
}

static bool find_host(const struct asking *ask, jw_text name, struct jw_gov_place *out) {
    struct jw_gov_found found = {0};
    char lower[JW_GOV_TEXT];
    jw_text rest = {lower, name.len}, label;
    const struct jw_gov_place *place = jw_gov_find_host(ask->gov, name);
    bool known = ask->table && lower_case(name, lower) && jw_gov_table_find_host(ask->table, rest, &found);
    if (ask->table && !known && lower_case(name, lower) && jw_text_cut(&rest, '.', &label))
        known = jw_gov_table_find_host(ask->table, label, &found);
    if (place)
        take_plan(&ask->gov->plan, place, &found);
    *out = found.place;
    return known || place;
}

/* "00-1A-2B-3C-4D-5E" (ECS), and with colons, points or nothing between. */
static bool read_mac(jw_text text, uint8_t out[6]) {
    size_t digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i], low = c | 0x20;
        int digit = c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
        if (digit < 0 && (c == '-' || c == ':' || c == '.'))
            continue;
        if (digit < 0 || digits == 12)
            return false;
        out[digits / 2] = (uint8_t)(digits % 2 ? out[digits / 2] | digit : digit << 4);
        digits++;
    }
    return digits == 12;
}

static bool find_mac(const struct asking *ask, jw_text text, struct jw_gov_place *out) {
    struct jw_gov_found found = {0};
    uint8_t mac[6];
    bool known = ask->table && text.len && read_mac(text, mac) && jw_gov_table_find_mac(ask->table, mac, &found);
    *out = found.place;
    return known;
}

/* --- attributing ---------------------------------------------------------------------------------------------- */

struct facts {
    jw_text host_name, host_hostname, observer_name, direction, host_mac, source_mac;
    jw_address host_ips[HOST_IPS], source, destination, observer;
    size_t host_ip_count;
    bool has_source, has_destination, has_observer, windows, has_gov;
};

static void gather_one(struct facts *facts, const jw_field *field) {
    switch (field->id) {
    case JW_F_HOST_NAME:
        facts->host_name = facts->host_name.len ? facts->host_name : field->value;
        break;
    case JW_F_HOST_HOSTNAME:
        facts->host_hostname = field->value;
        break;
    case JW_F_HOST_MAC:
        facts->host_mac = facts->host_mac.len ? facts->host_mac : field->value;
        break;
    case JW_F_SOURCE_MAC:
        facts->source_mac = facts->source_mac.len ? facts->source_mac : field->value;
        break;
    case JW_F_OBSERVER_NAME:
        facts->observer_name = field->value;
        break;
    case JW_F_NETWORK_DIRECTION:
        facts->direction = field->value;
        break;
    case JW_F_WINLOG_CHANNEL:
    case JW_F_WINLOG_EVENT_ID:
        facts->windows = true;
        break;
    case JW_F_HOST_IP:
        if (facts->host_ip_count < HOST_IPS &&
            jw_address_parse(field->value, &facts->host_ips[facts->host_ip_count]))
            facts->host_ip_count++;
        break;
    case JW_F_SOURCE_IP:
        facts->has_source = facts->has_source || jw_address_parse(field->value, &facts->source);
        break;
    case JW_F_DESTINATION_IP:
        facts->has_destination = facts->has_destination || jw_address_parse(field->value, &facts->destination);
        break;
    case JW_F_OBSERVER_IP:
        facts->has_observer = facts->has_observer || jw_address_parse(field->value, &facts->observer);
        break;
    case JW_F_GOV_UNIT:
    case JW_F_GOV_OWNER:
    case JW_F_GOV_ASSET:
    case JW_F_GOV_PLANE:
        facts->has_gov = true;
        break;
    default:
        break;
    }
}

static bool of_source(const struct asking *ask, const struct facts *facts, struct jw_gov_place *out) {
    return facts->has_source && find_address(ask, &facts->source, out);
}

static bool of_destination(const struct asking *ask, const struct facts *facts, struct jw_gov_place *out) {
    return facts->has_destination && find_address(ask, &facts->destination, out);
}

static bool of_host(const struct asking *ask, const struct facts *facts, struct jw_gov_place *out) {
    bool found = find_host(ask, facts->host_name, out) || find_host(ask, facts->host_hostname, out) ||
                 find_mac(ask, facts->host_mac, out);
    for (size_t i = 0; !found && i < facts->host_ip_count; i++)
        found = find_address(ask, &facts->host_ips[i], out);
    return found;
}

static bool is(const jw_address *a, const jw_address *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Both ends are named and the reporting host is neither: somebody in between tells of others. */
static bool is_between(const struct asking *ask, const struct facts *facts, const struct jw_gov_place *host) {
    struct jw_gov_place end;
    if (!facts->has_source || !facts->has_destination || facts->windows)
        return false;
    for (size_t i = 0; i < facts->host_ip_count; i++)
        if (is(&facts->host_ips[i], &facts->source) || is(&facts->host_ips[i], &facts->destination))
            return false;
    if (!host || !host->asset.len)
        return true;
    return !(of_source(ask, facts, &end) && jw_text_is(end.asset, host->asset)) &&
           !(of_destination(ask, facts, &end) && jw_text_is(end.asset, host->asset));
}

static bool is_outbound(const struct facts *facts) {
    if (jw_text_is(facts->direction, JW_TEXT("outbound")) || jw_text_is(facts->direction, JW_TEXT("egress")))
        return true;
    if (facts->direction.len && !jw_text_is(facts->direction, JW_TEXT("unknown")))
        return false;
    return !jw_address_is_private(&facts->destination) && jw_address_is_private(&facts->source);
}

static bool decide(const struct asking *ask, const struct facts *facts, struct jw_gov_place *out) {
    struct jw_gov_place host;
    bool has_host = of_host(ask, facts, &host);
    if (is_between(ask, facts, has_host ? &host : NULL)) {
        bool outbound = is_outbound(facts);
        if (outbound ? of_source(ask, facts, out) || of_destination(ask, facts, out)
                     : of_destination(ask, facts, out) || of_source(ask, facts, out))
            return true;
    }
    if (has_host)
        return *out = host, true;
    return of_destination(ask, facts, out) || of_source(ask, facts, out) || find_mac(ask, facts->source_mac, out) ||
           find_host(ask, facts->observer_name, out) ||
           (facts->has_observer && find_address(ask, &facts->observer, out));
}

/* `lasts`: the text does not change while the event is on its way. */
static void put(struct jw_record *rec, jw_field_id id, jw_text value, bool lasts) {
    if (value.len && !lasts)
        value = jw_arena_copy(rec->mem, value);
    if (value.ptr && value.len)
        jw_record_append(rec, (jw_field){.name = jw_field_get(id)->name, .value = value, .id = id});
}

void jw_gov_attribute(const struct jw_gov *gov, struct jw_record *rec) {
    static const jw_field_id ours[] = {JW_F_GOV_UNIT, JW_F_GOV_OWNER, JW_F_GOV_ASSET, JW_F_GOV_PLANE};
    struct facts facts = {0};
    struct jw_gov_place place;
    for (uint32_t i = 0; i < rec->count; i++)
        gather_one(&facts, &rec->fields[i]);
    for (size_t i = 0; facts.has_gov && i < sizeof ours / sizeof *ours; i++)
        jw_record_remove(rec, jw_field_get(ours[i])->name);
    struct asking ask = {gov, gov->live ? jw_gov_live_enter(gov->live) : NULL};
    if (decide(&ask, &facts, &place)) {
        put(rec, JW_F_GOV_UNIT, place.unit, !ask.table);
        put(rec, JW_F_GOV_OWNER, place.owner, !ask.table);
        put(rec, JW_F_GOV_ASSET, place.asset, !ask.table);
        put(rec, JW_F_GOV_PLANE, place.plane, !ask.table);
    }
    if (gov->live)
        jw_gov_live_leave(gov->live);
}
