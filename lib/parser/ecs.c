/* lib/parser/ecs.c — ECS 8.11 categorisation:
 * https://www.elastic.co/guide/en/ecs/8.11/ecs-category-field-values-reference.html */
#include "ecs.h"

static const char *const kinds[] = {"alert", "asset",          "enrichment", "event", "metric",
                                    "state", "pipeline_error", "signal",     NULL};
static const char *const categories[] = {
    "api",      "authentication", "configuration", "database",      "driver",
    "email",    "file",           "host",          "iam",           "intrusion_detection",
    "library",  "malware",        "network",       "package",       "process",
    "registry", "session",        "threat",        "vulnerability", "web",
    NULL};
static const char *const types[] = {"access",   "admin",        "allowed",  "change", "connection", "creation",
                                    "deletion", "denied",       "end",      "error",  "group",      "indicator",
                                    "info",     "installation", "protocol", "start",  "user",       NULL};
static const char *const outcomes[] = {"failure", "success", "unknown", NULL};

bool jw_ecs_allows(jw_field_id id, jw_text value) {
    const char *const *list = id == JW_F_EVENT_KIND       ? kinds
                              : id == JW_F_EVENT_CATEGORY ? categories
                              : id == JW_F_EVENT_TYPE     ? types
                              : id == JW_F_EVENT_OUTCOME  ? outcomes
                                                          : NULL;
    if (!list)
        return true;
    while (*list && !jw_text_is(value, jw_text_from(*list)))
        list++;
    return *list != NULL;
}
