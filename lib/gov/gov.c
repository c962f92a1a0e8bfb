/* lib/gov/gov.c — loads a plan's folder. */
#include "gov.h"
#include "gov_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#define FILE_MOST ((size_t)256 << 20)
#define MEM_MOST  ((size_t)2 << 30)

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
    const jw_text owns[] = {own.unit, own.owner, own.asset, own.plane};
    for (int i = 0; i < 4; i++)
        plan->widths[plan->place_count][i] = plan->widths[owns[i].len ? value : wider][i];
    return (uint32_t)plan->place_count++;
}

static jw_status build(struct jw_gov *gov, const char *folder, struct jw_error *err) {
    struct jw_plan *plan = &gov->plan;
    size_t room = plan->place_count + plan->span_count + 1;
    struct jw_gov_place *places = plan->failed ? NULL : realloc(plan->places, room * sizeof *places);
    if (places)
        plan->places = places;
    plan->widths = calloc(room, sizeof *plan->widths);
    if (plan->widths) {
        memset(plan->widths, 128, room * sizeof *plan->widths); /* host names */
        for (size_t i = 0; i < plan->span_count; i++)
            memset(plan->widths[plan->spans[i].value], plan->spans[i].network.bits, sizeof *plan->widths);
    }
    /* hosts remember their first address by its place in `spans`, which sorting changes: keep the address */
    jw_network *firsts = calloc(plan->host_capacity + 1, sizeof *firsts);
    for (size_t i = 0; firsts && i < plan->host_capacity; i++)
        if (plan->hosts[i].name.len && plan->hosts[i].address_span != JW_RANGES_NONE)
            firsts[i] = plan->spans[plan->hosts[i].address_span].network;
    if (!places || !plan->widths || !firsts ||
        jw_ranges_new(plan->spans, plan->span_count, inherit, plan, &gov->ranges) != JW_OK) {
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

void jw_gov_join(struct jw_gov *gov, struct jw_gov_live *live) { gov->live = live; }

struct jw_gov_counts jw_gov_count(const struct jw_gov *gov) {
    return (struct jw_gov_counts){gov->plan.networks, gov->plan.addresses, gov->plan.host_count, gov->plan.refused};
}

jw_text jw_gov_refused(const struct jw_gov *gov, size_t i) {
    return i < JW_GOV_TOLD && i < gov->plan.refused ? gov->plan.told[i] : (jw_text){0};
}
