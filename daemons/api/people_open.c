/* daemons/api/people_open.c — accounts over the store of the ledgers, with the roles and the policy in force. */
#include "people.h"

#include "base/log.h"
#include "desk/desk.h"

/* The roles belong to what the desk has in force; they are held as long as requests may have begun with them. */
static void use(struct jw_api *api) {
    const struct jw_generation **place = &api->held[api->reloads++ % JW_API_HELD];
    const struct jw_generation *former = *place;
    *place = jw_desk_hold(api->desk);
    if (api->accounts)
        jw_accounts_use(api->accounts, (*place)->roles, api->policy);
    jw_desk_release(api->desk, former);
}

static jw_status first_account(struct jw_api *api, struct jw_error *err) {
    char password[JW_FIRST_PASSWORD];
    jw_status st = jw_accounts_ensure_first(api->accounts, password, err);
    if (st == JW_OK)
        printf("The first account is \"admin\" with the password %s\n", password);
    fflush(stdout);
    explicit_bzero(password, sizeof password);
    return st < 0 ? st : JW_OK;
}

jw_status jw_people_open(struct jw_api *api, struct jw_error *err) {
    char path[JW_PATH];
    snprintf(path, sizeof path, "%.3900s/access.yaml", api->run->content);
    jw_status st = jw_policy_load(path, &api->policy, err);
    if (st != JW_OK)
        return st;
    use(api);
    struct jw_accounts_options options = {.store = jw_desk_store(api->desk),
                                          .roles = api->held[0]->roles,
                                          .policy = api->policy,
                                          .state_folder = jw_daemon_path(api->run, "state", path)};
    st = jw_accounts_open(&options, &api->accounts, err);
    return st == JW_OK ? first_account(api, err) : st;
}

/* Requests read the former policy while this goes on; it is small, and stays until the stop. */
void jw_people_reload(struct jw_api *api) {
    struct jw_error err = {{0}};
    struct jw_policy *fresh = NULL;
    char path[JW_PATH];
    snprintf(path, sizeof path, "%.3900s/access.yaml", api->run->content);
    if (jw_policy_load(path, &fresh, &err) == JW_OK) {
        fresh->former = api->policy;
        api->policy = fresh;
    } else {
        jw_log(JW_LOG_WARNING, "%s; the policy stays as it was", err.text);
    }
    use(api);
}

void jw_people_close(struct jw_api *api) {
    jw_accounts_close(api->accounts);
    for (size_t i = 0; i < JW_API_HELD; i++)
        jw_desk_release(api->desk, api->held[i]);
    jw_policy_free(api->policy);
}
