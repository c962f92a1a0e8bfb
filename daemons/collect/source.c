/* daemons/collect/source.c — a table from (input, address) or name to a source; sources are never removed. */
#include "source.h"

#include <pthread.h>

#include "base/hash.h"
#include "base/memory.h"
#include "base/time.h"

#define TABLE      2048 /* slots; at most half are used */
#define RULES_MOST 256

struct rule {
    jw_text name, input, format, dataset;
    jw_network network;
};

struct jw_sources {
    struct jw_stats *stats;
    pthread_mutex_t lock;
    struct rule *rules;
    size_t rule_count;
    struct jw_source *table[TABLE]; /* by name */
    size_t count;
};

static jw_status read_rule(const char *text, struct rule *rule, struct jw_error *err) {
    jw_text rest = jw_text_from(text), network;
    if (!jw_text_cut(&rest, ',', &rule->name) || !rule->name.len || rule->name.len >= JW_SOURCE_NAME ||
        !jw_text_is_utf8(rule->name) || !jw_text_next(&rest, ',', &network) ||
        !jw_network_parse(network, &rule->network))
        return jw_fail(err, JW_E_SYNTAX, "--source=%s: wants NAME,NETWORK[,INPUT[,FORMAT[,DATASET]]]", text);
    if (jw_text_next(&rest, ',', &rule->input) && jw_text_next(&rest, ',', &rule->format))
        rule->dataset = rest;
    return JW_OK;
}

jw_status jw_sources_new(struct jw_stats *stats, char *const *rules, struct jw_sources **out,
                         struct jw_error *err) {
    size_t count = 0;
    while (rules[count])
        count++;
    struct jw_sources *sources = calloc(1, sizeof *sources);
    if (sources)
        sources->rules = calloc(count + 1, sizeof *sources->rules);
    if (!sources || !sources->rules) {
        free(sources);
        return jw_fail(err, JW_E_LIMIT, "no memory");
    }
    pthread_mutex_init(&sources->lock, NULL);
    sources->stats = stats;
    for (; sources->rule_count < count; sources->rule_count++) {
        jw_status st = count > RULES_MOST
                           ? jw_fail(err, JW_E_LIMIT, "more than %d --source", RULES_MOST)
                           : read_rule(rules[sources->rule_count], &sources->rules[sources->rule_count], err);
        if (st != JW_OK) {
            jw_sources_free(sources);
            return st;
        }
    }
    *out = sources;
    return JW_OK;
}

void jw_sources_free(struct jw_sources *sources) {
    if (!sources)
        return;
    for (size_t i = 0; i < TABLE; i++)
        free(sources->table[i]);
    pthread_mutex_destroy(&sources->lock);
    free(sources->rules);
    free(sources);
}

static struct jw_source *make(struct jw_stats *stats, jw_text name) {
    struct jw_source *source = calloc(1, sizeof *source);
    if (!source)
        return NULL;
    memcpy(source->name, name.ptr, name.len);
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)source->name[i] < 0x20 || source->name[i] == 0x7f)
            source->name[i] = '?';
    name = jw_text_from(source->name);
    source->received = jw_stats_get(stats, "events_received_total", name);
    source->bytes = jw_stats_get(stats, "bytes_received_total", name);
    source->dropped = jw_stats_get(stats, "events_dropped_total", name);
    source->unparsed = jw_stats_get(stats, "events_unparsed_total", name);
    source->oversize = jw_stats_get(stats, "oversize_total", name);
    source->invalid = jw_stats_get(stats, "invalid_total", name);
    source->connections = jw_stats_get(stats, "connections", name);
    source->last_ms = jw_stats_get(stats, "last_event_ms", name);
    return source;
}

static struct jw_source *find(struct jw_sources *sources, jw_text name, bool bounded) {
    if (name.len >= JW_SOURCE_NAME)
        name.len = JW_SOURCE_NAME - 1;
    size_t at = jw_hash(name) % TABLE;
    while (sources->table[at] && !jw_text_is(jw_text_from(sources->table[at]->name), name))
        at = (at + 1) % TABLE;
    if (sources->table[at])
        return sources->table[at];
    if (bounded && sources->count >= JW_SOURCES)
        return find(sources, JW_TEXT("other"), false);
    struct jw_source *made = make(sources->stats, name);
    if (!made) /* a few hundred bytes are not there: nothing else can work either */
        abort();
    sources->table[at] = made;
    sources->count++;
    return made;
}

struct jw_source *jw_source_named(struct jw_sources *sources, jw_text name) {
    pthread_mutex_lock(&sources->lock);
    struct jw_source *source = find(sources, name.len ? name : JW_TEXT("other"), true);
    pthread_mutex_unlock(&sources->lock);
    return source;
}

struct jw_source *jw_source_of(struct jw_sources *sources, const char *input, const jw_address *peer) {
    char name[JW_SOURCE_NAME], address[JW_ADDRESS_TEXT];
    const struct rule *best = NULL;
    for (size_t i = 0; i < sources->rule_count; i++) {
        const struct rule *rule = &sources->rules[i];
        if ((!rule->input.len || jw_text_is(rule->input, jw_text_from(input)) ||
             jw_text_is(rule->input, JW_TEXT("*"))) &&
            jw_network_has(&rule->network, peer) && (!best || rule->network.bits > best->network.bits))
            best = rule;
    }
    if (best) {
        pthread_mutex_lock(&sources->lock);
        struct jw_source *source = find(sources, best->name, false); /* as many as there are rules */
        source->format = best->format;
        source->dataset = best->dataset;
        pthread_mutex_unlock(&sources->lock);
        return source;
    }
    jw_address_print(peer, address);
    int len = snprintf(name, sizeof name, "%s:%s", input, address);
    return jw_source_named(sources, (jw_text){name, (size_t)len});
}

void jw_source_drop(struct jw_source *source, uint64_t events, uint64_t bytes) {
    jw_stat_add(source->received, events);
    jw_stat_add(source->bytes, bytes);
    jw_stat_add(source->dropped, events);
}
