/* daemons/api/api.h — what the handlers of jw-api share. */
#pragma once
#include <jansson.h>

#include "access/keys.h"
#include "account/session.h"
#include "account/token.h"
#include "counters.h"
#include "daemon/daemon.h"
#include "http/http_client.h"
#include "http/http_server.h"

/* What a path demands (struct jw_http_route.right); the route's `power` comes on top. */
enum jw_api_right {
    JW_API_OPEN,   /* nothing: the login page, login itself, /healthz */
    JW_API_PERSON, /* an account that has done what it must: its own password, its second factor */
    JW_API_SELF,   /* an account, also before that: how it gets them */
    JW_API_SENDER, /* an API key: the Elasticsearch paths */
    JW_API_ROOT,   /* "/": a page for people, a greeting for senders */
};

#define JW_API_HELD 4 /* declarations; requests that began so many reloads ago are over */

struct jw_api {
    struct jw_daemon_run *run;
    struct jw_http_server *server;
    struct jw_http_client *collect; /* run/elastic.sock */
    struct jw_keys *keys;
    struct jw_policy *policy;                      /* content/access.yaml */
    const struct jw_generation *held[JW_API_HELD]; /* what running requests may have begun with */
    size_t reloads;
    struct jw_accounts *accounts;
    struct jw_oidc *oidc;         /* outside.h; NULL: none */
    struct jw_verified *verified; /* identity.h */
    struct jw_counters *counters;
    struct jw_desk *desk;         /* ledger.h */
    struct jw_flows_clock *clock; /* flows.h */
    struct jw_api_lake *lake;     /* search.h */
    struct jw_site *site;         /* page.h */
    struct jw_timer *sampler;
    bool tls;
    _Atomic uint32_t tails; /* streams open now */
};

/* The sender of a request, in request->user. */
struct jw_api_caller {
    enum jw_api_right is;    /* OPEN, PERSON or SENDER */
    jw_account account;      /* of a person */
    struct jw_holder holder; /* what the person holds */
    struct jw_session session;
    jw_text token;              /* of a session; empty with Basic */
    struct jw_token *api_token; /* what the request came with instead of a session; NULL: none */
    jw_key key;                 /* of a sender */
    bool wants_second;          /* must get itself a second factor first */
};
