/* daemons/api/api.h — what the handlers of jw-api share. */
#pragma once
#include <jansson.h>

#include "access/accounts.h"
#include "access/keys.h"
#include "counters.h"
#include "daemon/daemon.h"
#include "guard.h"
#include "http/http_client.h"
#include "http/http_server.h"
#include "session.h"

/* What a path demands (struct jw_http_route.right). */
enum jw_api_right {
    JW_API_OPEN,   /* nothing: the login page, login itself, /healthz */
    JW_API_PERSON, /* an account */
    JW_API_ADMIN,  /* an account with the role admin */
    JW_API_SENDER, /* an API key: the Elasticsearch paths */
    JW_API_ROOT,   /* "/": a page for people, a greeting for senders */
};

struct jw_api {
    struct jw_daemon_run *run;
    struct jw_http_server *server;
    struct jw_http_client *collect; /* run/elastic.sock */
    struct jw_accounts *accounts;
    struct jw_keys *keys;
    struct jw_sessions *sessions;
    struct jw_guard *guard;
    struct jw_verified *verified; /* identity.h */
    struct jw_counters *counters;
    struct jw_desk *desk;     /* ledger.h */
    struct jw_api_lake *lake; /* search.h */
    struct jw_timer *sampler;
    bool tls;
    _Atomic uint32_t tails; /* streams open now */
};

/* The sender of a request, in request->user. */
struct jw_api_caller {
    enum jw_api_right is;     /* PERSON, ADMIN or SENDER */
    jw_account account;       /* of a person */
    jw_key key;               /* of a sender */
    jw_text token;            /* of a session; empty with Basic */
    struct jw_holder *holder; /* what a person may do; identity.h gives it */
};
