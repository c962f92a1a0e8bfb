/* lib/gov/gov.c — loads a plan's folder; finds whose an event is. */
#include "gov.h"
#include "plan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#define FILE_MOST ((size_t)256 << 20)
#define MEM_MOST  ((size_t)2 << 30)
#define HOST_IPS  8 /* addresses of the reporting host that are looked at */

struct jw_gov {
    struct jw_arena *mem;
    struct jw_ranges *ranges;
    struct jw_plan plan;
};

/* --- loading -------------------------------------------------------------------------------------------------- */

static int wanted(const struct dirent *entry) {
    jw_text name = jw_text_from(entry->d_name);
    return *entry->d_name != '.' && (jw_text_ends(name, JW_TEXT(".yaml")) || jw_text_ends(name, JW_TEXT(".yml")) ||
                                     jw_text_ends(name, JW_TEXT(".csv")));
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

/* The whole file in a heap block; {NULL, 0} after telling why not. */
static jw_text read_file(struct jw_plan *plan, const char *path) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (size_t)st.st_size > FILE_MOST) {
        jw_plan_refuse(plan, 0, "%s", fd < 0 ? strerror(errno) : "not a regular file of at most 256 MiB");
        if (fd >= 0)
            close(fd);
        return (jw_text){0};
    }
    size_t size = (size_t)st.st_size, got = 0;
    char *bytes = malloc(size + 1);
    for (ssize_t part = 1; bytes && got < size && part > 0; got += part > 0 ? (size_t)part : 0)
        part = read(fd, bytes + got, size - got);
    close(fd);
    return (jw_text){bytes, got};
}

static void read_one(struct jw_plan *plan, const char *folder, const char *name) {
    char path[PATH_MAX];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
        return;
    plan->file = path;
    jw_text bytes = read_file(plan, path);
    if (bytes.ptr && jw_text_ends(jw_text_from(name), JW_TEXT(".csv")))
        jw_plan_csv_read(plan, bytes);
    else if (bytes.ptr)
        jw_plan_yaml_read(plan, bytes);
    free((char *)(uintptr_t)bytes.ptr);
    plan->file = NULL;
}

/* A row takes what it leaves empty from the next wider one. */
static uint32_t inherit(void *context, uint32_t value, uint32_t wider) {
    struct jw_plan *plan = context;
    if (wider == JW_RANGES_NONE)
        return value;
    struct jw_gov_place own = plan->places[value], from = plan->places[wider];
    struct jw_gov_place both = {own.unit.len ? own.unit : from.unit, own.owner.len ? own.owner : from.owner,
                                own.asset.len ? own.asset : from.asset, own.plane.len ? own.plane : from.plane};
    plan->places[plan->place_count] = both; /* room was made for one per span */
    return (uint32_t)plan->place_count++;
}

static jw_status build(struct jw_gov *gov, const char *folder, struct jw_error *err) {
    struct jw_plan *plan = &gov->plan;
    size_t room = plan->place_count + plan->span_count + 1;
    struct jw_gov_place *places = plan->failed ? NULL : realloc(plan->places, room * sizeof *places);
    if (places)
        plan->places = places;
    /* hosts remember their first address by its place in `spans`, which sorting changes: keep the address */
    jw_network *firsts = calloc(plan->host_capacity + 1, sizeof *firsts);
    for (size_t i = 0; firsts && i < plan->host_capacity; i++)
        if (plan->hosts[i].name.len && plan->hosts[i].address_span != JW_RANGES_NONE)
            firsts[i] = plan->spans[plan->hosts[i].address_span].network;
    if (!places || !firsts || jw_ranges_new(plan->spans, plan->span_count, inherit, plan, &gov->ranges) != JW_OK) {
        free(firsts);
        return jw_fail(err, JW_E_LIMIT, "plan %s: no memory", folder);
    }
    for (size_t i = 0; i < plan->host_capacity; i++)
        if (plan->hosts[i].name.len && plan->hosts[i].address_span != JW_RANGES_NONE) {
            uint32_t found = jw_ranges_find(gov->ranges, &firsts[i].address);
            if (found != JW_RANGES_NONE)
                plan->hosts[i].place = found;
        }
    free(firsts);
    free(plan->spans);
    plan->spans = NULL;
    return JW_OK;
}

jw_status jw_gov_load(const char *folder, struct jw_gov **out, struct jw_error *err) {
    struct dirent **names = NULL;
    JW_AUTO(jw_gov_free_p) struct jw_gov *gov = calloc(1, sizeof *gov);
    if (!gov || !(gov->mem = jw_arena_new(MEM_MOST)))
        return jw_fail(err, JW_E_LIMIT, "plan %s: no memory", folder);
    gov->plan.mem = gov->mem;
    int count = scandir(folder, &names, wanted, by_name);
    if (count < 0 && errno != ENOENT)
        return jw_fail(err, JW_E_SYSTEM, "plan %s: %s", folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        read_one(&gov->plan, folder, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    jw_status st = build(gov, folder, err);
    if (st != JW_OK)
        return st;
    *out = gov;
    gov = NULL;
    return JW_OK;
}

void jw_gov_free(struct jw_gov *gov) {
    if (!gov)
        return;
    jw_ranges_free(gov->ranges);
    jw_plan_clear(&gov->plan);
    jw_arena_free(gov->mem);
    free(gov);
}

struct jw_gov_counts jw_gov_count(const struct jw_gov *gov) {
    return (struct jw_gov_counts){gov->plan.networks, gov->plan.addresses, gov->plan.host_count, gov->plan.refused};
}

jw_text jw_gov_refused(const struct jw_gov *gov, size_t i) {
    return i < JW_GOV_TOLD && i < gov->plan.refused ? gov->plan.told[i] : (jw_text){0};
}

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

const struct jw_gov_place *jw_gov_find_host(const struct jw_gov *gov, jw_text name) {
    char lower[256];
    jw_text rest = {lower, name.len}, label;
    if (!gov->plan.host_count || !name.len || name.len > sizeof lower)
        return NULL;
    for (size_t i = 0; i < name.len; i++)
        lower[i] = name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (char)(name.ptr[i] | 0x20) : name.ptr[i];
    const struct jw_gov_place *place = find_exact(gov, rest);
    if (!place && jw_text_cut(&rest, '.', &label) && label.len)
        place = find_exact(gov, label);
    return place;
}

/* --- attributing ---------------------------------------------------------------------------------------------- */

struct facts {
    jw_text host_name, host_hostname, observer_name, direction;
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

static const struct jw_gov_place *of_source(const struct jw_gov *gov, const struct facts *facts) {
    return facts->has_source ? jw_gov_find_address(gov, &facts->source) : NULL;
}

static const struct jw_gov_place *of_destination(const struct jw_gov *gov, const struct facts *facts) {
    return facts->has_destination ? jw_gov_find_address(gov, &facts->destination) : NULL;
}

static const struct jw_gov_place *of_host(const struct jw_gov *gov, const struct facts *facts) {
    const struct jw_gov_place *place = jw_gov_find_host(gov, facts->host_name);
    if (!place)
        place = jw_gov_find_host(gov, facts->host_hostname);
    for (size_t i = 0; !place && i < facts->host_ip_count; i++)
        place = jw_gov_find_address(gov, &facts->host_ips[i]);
    return place;
}

static bool is(const jw_address *a, const jw_address *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Both ends are named and the reporting host is neither: somebody in between tells of others. */
static bool is_between(const struct jw_gov *gov, const struct facts *facts, const struct jw_gov_place *host) {
    if (!facts->has_source || !facts->has_destination || facts->windows)
        return false;
    for (size_t i = 0; i < facts->host_ip_count; i++)
        if (is(&facts->host_ips[i], &facts->source) || is(&facts->host_ips[i], &facts->destination))
            return false;
    if (!host || !host->asset.len)
        return true;
    const struct jw_gov_place *source = of_source(gov, facts), *destination = of_destination(gov, facts);
    return !(source && jw_text_is(source->asset, host->asset)) &&
           !(destination && jw_text_is(destination->asset, host->asset));
}

static bool is_outbound(const struct facts *facts) {
    if (jw_text_is(facts->direction, JW_TEXT("outbound")) || jw_text_is(facts->direction, JW_TEXT("egress")))
        return true;
    if (facts->direction.len && !jw_text_is(facts->direction, JW_TEXT("unknown")))
        return false;
    return !jw_address_is_private(&facts->destination) && jw_address_is_private(&facts->source);
}

static const struct jw_gov_place *decide(const struct jw_gov *gov, const struct facts *facts) {
    const struct jw_gov_place *host = of_host(gov, facts), *place = NULL;
    if (is_between(gov, facts, host)) {
        place = is_outbound(facts) ? of_source(gov, facts) : of_destination(gov, facts);
        if (!place)
            place = is_outbound(facts) ? of_destination(gov, facts) : of_source(gov, facts);
    }
    if (!place)
        place = host;
    if (!place)
        place = of_destination(gov, facts);
    if (!place)
        place = of_source(gov, facts);
    if (!place)
        place = jw_gov_find_host(gov, facts->observer_name);
    if (!place && facts->has_observer)
        place = jw_gov_find_address(gov, &facts->observer);
    return place;
}

static void put(struct jw_record *rec, jw_field_id id, jw_text value) {
    if (value.len)
        jw_record_append(rec, (jw_field){.name = jw_field_get(id)->name, .value = value, .id = id});
}

void jw_gov_attribute(const struct jw_gov *gov, struct jw_record *rec) {
    static const jw_field_id ours[] = {JW_F_GOV_UNIT, JW_F_GOV_OWNER, JW_F_GOV_ASSET, JW_F_GOV_PLANE};
    struct facts facts = {0};
    for (uint32_t i = 0; i < rec->count; i++)
        gather_one(&facts, &rec->fields[i]);
    for (size_t i = 0; facts.has_gov && i < sizeof ours / sizeof *ours; i++)
        jw_record_remove(rec, jw_field_get(ours[i])->name);
    const struct jw_gov_place *place = decide(gov, &facts);
    if (!place)
        return;
    put(rec, JW_F_GOV_UNIT, place->unit);
    put(rec, JW_F_GOV_OWNER, place->owner);
    put(rec, JW_F_GOV_ASSET, place->asset);
    put(rec, JW_F_GOV_PLANE, place->plane);
}
