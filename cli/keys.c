/* cli/keys.c — `jinwu keys`: the API keys of senders, on the files of the data folder; the daemons notice by
 * themselves. */
#include "command.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/keys.h"

static bool json;

static void print_text(const char *name, const char *value, const char *after) {
    JW_AUTO(jw_buffer_free) jw_buffer line = JW_BUFFER(4096);
    jw_buffer_json(&line, jw_text_from(value));
    printf("\"%s\":%.*s%s", name, (int)line.len, line.ptr, after);
}

static void print_key(void *context, const jw_key *key) {
    (void)context;
    if (!json) {
        printf("%-24s %s  %s\n", key->name, key->id, key->created);
        return;
    }
    printf("{");
    print_text("name", key->name, ",");
    print_text("id", key->id, ",");
    if (key->secret[0])
        print_text("secret", key->secret, ",");
    print_text("created", key->created, "}\n");
}

static int add(struct jw_keys *keys, const char *name) {
    jw_key key;
    struct jw_error err;
    if (jw_keys_add(keys, jw_text_from(name), &key, &err) != JW_OK)
        return jw_command_failed("keys", "%s", err.text);
    if (json)
        print_key(NULL, &key);
    else
        printf("key of %s; the secret is shown only now:\n  id      %s\n  secret  %s\n"
               "Beats: api_key: \"%s:%s\"; others: user %s, password %s\n",
               key.name, key.id, key.secret, key.id, key.secret, key.id, key.secret);
    return JW_EXIT_DONE;
}

static int take_away(struct jw_keys *keys, const char *name) {
    struct jw_error err;
    jw_status st = jw_keys_revoke(keys, jw_text_from(name), &err);
    if (st == JW_AGAIN)
        return jw_command_failed("keys", "there is no key named %s", name);
    return st == JW_OK ? JW_EXIT_DONE : jw_command_failed("keys", "%s", err.text);
}

static int run(int argc, char **argv) {
    static const struct jw_command_option options[] = {{"data", false}, {"json", true}, {0}};
    const char *values[2] = {NULL};
    char path[PATH_MAX];
    struct jw_error err;
    JW_AUTO(jw_keys_close_p) struct jw_keys *keys = NULL;
    int result = jw_command_options("keys", options, &argc, argv, values);
    if (result)
        return result;
    const char *verb = argc > 1 ? argv[1] : "";
    bool lists = strcmp(verb, "list") == 0, adds = strcmp(verb, "add") == 0, revokes = strcmp(verb, "revoke") == 0;
    if (!(lists && argc == 2) && !((adds || revokes) && argc == 3))
        return jw_command_usage("keys", "wants add NAME, list, or revoke NAME");
    json = jw_command_json(values[1]);
    const char *data = jw_command_data(values[0]);
    if (adds)
        mkdir(data, 0750); /* keys may be made before the first `jinwu up` */
    snprintf(path, sizeof path, "%s/state", data);
    if (adds)
        mkdir(path, 0750);
    if (access(path, F_OK) != 0)
        return jw_command_failed("keys", "%s: %s; is --data right?", path, strerror(errno));
    if (jw_keys_open(path, &keys, &err) != JW_OK)
        return jw_command_failed("keys", "%s", err.text);
    if (lists)
        return jw_keys_list(keys, print_key, NULL), JW_EXIT_DONE;
    return adds ? add(keys, argv[2]) : take_away(keys, argv[2]);
}

const struct jw_command jw_command_keys = {
    .name = "keys",
    .about = "API keys of senders: add, list, revoke",
    .help = "Use: jinwu keys add NAME | list | revoke NAME [--data DIR] [--json]\n\n"
            "A key lets one sender (Filebeat, Fluent Bit, Vector, Logstash, rsyslog …) deliver events to the\n"
            "Elasticsearch-compatible paths; NAME becomes the source of what it sends (gov.source). The secret is\n"
            "shown once and kept as a hash. A revoked key stops working at once, without a restart.\n\n"
            "  --data DIR   the data folder\n  --json       JSON lines\n\n"
            "Example: jinwu keys add firewall-east\n",
    .run = run,
};
