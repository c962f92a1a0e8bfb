/* daemons/collect/elastic_hello.c — the handshakes of Beats, Logstash, Fluent Bit, Vector and omelasticsearch:
 * enough of Elasticsearch 8 that they begin to send. What they try to set up is acknowledged and left alone. */
#include "elastic.h"

#include <stdarg.h>

#define ID "amlud3UtY29sbGVjdG9y" /* any fixed identifier; Beats remember it */

void jw_elastic_hello_error(struct jw_http_response *out, unsigned status, const char *type, const char *fmt, ...) {
    char reason[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(reason, sizeof reason, fmt, args);
    va_end(args);
    out->status = status;
    jw_buffer_clear(&out->body);
    for (int round = 0; round < 2; round++) {
        jw_buffer_print(&out->body,
                        round ? "],\"type\":\"%s\",\"reason\":"
                              : "{\"error\":{\"root_cause\":[{\"type\":\"%s\",\"reason\":",
                        type);
        jw_buffer_json(&out->body, jw_text_from(reason));
        if (!round)
            jw_buffer_byte(&out->body, '}');
    }
    jw_buffer_print(&out->body, "},\"status\":%u}", status);
}

/* Beats refuse a server older than themselves unless told otherwise, so we are the last of the eights. */
void jw_elastic_hello_root(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    const struct jw_elastic *elastic = context;
    (void)request;
    jw_buffer_print(
        &out->body,
        "{\"name\":\"jinwu\",\"cluster_name\":\"jinwu\",\"cluster_uuid\":\"" ID "\",\"version\":{"
        "\"number\":\"%s\",\"build_flavor\":\"default\",\"build_type\":\"deb\",\"build_hash\":\"0\","
        "\"build_date\":\"2025-07-01T00:00:00.000Z\",\"build_snapshot\":false,\"lucene_version\":\"9.12.0\","
        "\"minimum_wire_compatibility_version\":\"7.17.0\","
        "\"minimum_index_compatibility_version\":\"7.0.0\"},\"tagline\":\"You Know, for Search\"}\n",
        elastic->version);
}

void jw_elastic_hello_license(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    (void)context, (void)request;
    jw_buffer_add(&out->body,
                  JW_TEXT("{\"license\":{\"status\":\"active\",\"uid\":\"" ID "\",\"type\":\"basic\","
                          "\"issue_date\":\"2025-01-01T00:00:00.000Z\",\"issue_date_in_millis\":1735689600000,"
                          "\"max_nodes\":1000,\"max_resource_units\":null,\"issued_to\":\"jinwu\","
                          "\"issuer\":\"elasticsearch\",\"start_date_in_millis\":-1}}\n"));
}

void jw_elastic_hello_xpack(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    (void)context, (void)request;
    jw_buffer_add(
        &out->body,
        JW_TEXT("{\"build\":{\"hash\":\"0\",\"date\":\"2025-07-01T00:00:00.000Z\"},\"license\":{\"uid\":\"" ID
                "\",\"type\":\"basic\",\"mode\":\"basic\",\"status\":\"active\"},\"features\":{"
                "\"ilm\":{\"available\":true,\"enabled\":true},\"data_streams\":{\"available\":true,"
                "\"enabled\":true},\"monitoring\":{\"available\":false,\"enabled\":false},"
                "\"security\":{\"available\":true,\"enabled\":true}},\"tagline\":\"You know, for X\"}\n"));
}

/* Whoever sniffs for nodes finds the address that it already talks to. */
void jw_elastic_hello_nodes(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    const struct jw_elastic *elastic = context;
    jw_text host = jw_http_request_header(request, "X-Forwarded-Host");
    if (!host.ptr)
        host = jw_http_request_header(request, "Host");
    jw_buffer_add(&out->body,
                  JW_TEXT("{\"_nodes\":{\"total\":1,\"successful\":1,\"failed\":0},\"cluster_name\":"
                          "\"jinwu\",\"nodes\":{\"" ID "\":{\"name\":\"jinwu\",\"transport_address\":"));
    jw_buffer_json(&out->body, host);
    jw_buffer_print(&out->body,
                    ",\"version\":\"%s\",\"roles\":[\"data\",\"ingest\",\"master\"],\"http\":{\"bound_address\":[",
                    elastic->version);
    jw_buffer_json(&out->body, host);
    jw_buffer_add(&out->body, JW_TEXT("],\"publish_address\":"));
    jw_buffer_json(&out->body, host);
    jw_buffer_print(&out->body, ",\"max_content_length_in_bytes\":%u}}}}\n", JW_ELASTIC_BODY);
}

void jw_elastic_hello_health(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    const struct jw_elastic *elastic = context;
    (void)request;
    jw_buffer_print(&out->body,
                    "{\"cluster_name\":\"jinwu\",\"status\":\"%s\",\"timed_out\":false,\"number_of_nodes\":1,"
                    "\"number_of_data_nodes\":1,\"active_primary_shards\":1,\"active_shards\":1,"
                    "\"relocating_shards\":0,\"initializing_shards\":0,\"unassigned_shards\":0,"
                    "\"delayed_unassigned_shards\":0,\"number_of_pending_tasks\":0,\"number_of_in_flight_fetch\":0,"
                    "\"task_max_waiting_in_queue_millis\":0,\"active_shards_percent_as_number\":100.0}\n",
                    jw_pipeline_has_room(elastic->collect->pipeline) ? "green" : "yellow");
}

void jw_elastic_hello_cat(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    (void)context;
    bool json = jw_text_is(jw_http_request_param(request, "format"), JW_TEXT("json"));
    bool health = request->target.segment_count > 1 && jw_text_is(request->target.segments[1], JW_TEXT("health"));
    out->type = json ? "application/json" : "text/plain; charset=UTF-8";
    if (json)
        jw_buffer_add(&out->body,
                      health ? JW_TEXT("[{\"cluster\":\"jinwu\",\"status\":\"green\"}]") : JW_TEXT("[]"));
    else if (health)
        jw_buffer_add(&out->body, JW_TEXT("0 00:00:00 jinwu green 1 1 1 1 0 0 0 0 - 100.0%\n"));
}

static bool is(const struct jw_http_request *request, size_t segment, jw_text want) {
    return request->target.segment_count > segment && jw_text_is(request->target.segments[segment], want);
}

/* The answer to "show me NAME" in the shape of its kind. */
static void show(const struct jw_http_request *request, struct jw_http_response *out) {
    size_t count = request->target.segment_count;
    jw_text name = count > 1 ? request->target.segments[count - 1] : JW_TEXT("jinwu");
    jw_buffer *body = &out->body;
    const char *inner = "{}", *list = NULL;
    if (is(request, 0, JW_TEXT("_index_template")))
        list = "index_templates", inner = "\"index_template\":{\"index_patterns\":[\"*\"],\"data_stream\":{}}";
    else if (is(request, 0, JW_TEXT("_component_template")))
        list = "component_templates", inner = "\"component_template\":{\"template\":{}}";
    else if (is(request, 0, JW_TEXT("_data_stream")))
        list = "data_streams",
        inner =
            "\"status\":\"GREEN\",\"generation\":1,\"timestamp_field\":{\"name\":\"@timestamp\"},\"indices\":[]";
    else if (is(request, 0, JW_TEXT("_ilm")))
        inner = "{\"version\":1,\"modified_date\":\"2025-01-01T00:00:00.000Z\",\"policy\":{\"phases\":{}}}";
    else if (is(request, 0, JW_TEXT("_template")))
        inner = "{\"order\":0,\"index_patterns\":[\"*\"],\"settings\":{},\"mappings\":{},\"aliases\":{}}";
    else if (is(request, 0, JW_TEXT("_ingest")))
        inner = "{\"processors\":[]}";
    if (list)
        jw_buffer_print(body, "{\"%s\":[{\"name\":", list);
    else
        jw_buffer_byte(body, '{');
    jw_buffer_json(body, name);
    jw_buffer_print(body, list ? ",%s}]}\n" : ":%s}\n", inner);
}

void jw_elastic_hello_thing(void *context, struct jw_http_request *request, struct jw_http_response *out) {
    (void)context;
    if (jw_text_is(request->method, JW_TEXT("GET"))) {
        show(request, out);
    } else if (jw_text_is(request->method, JW_TEXT("PUT")) || jw_text_is(request->method, JW_TEXT("POST"))) {
        jw_buffer_add(&out->body, JW_TEXT("{\"acknowledged\":true,\"shards_acknowledged\":true}\n"));
    } else if (!jw_text_is(request->method, JW_TEXT("HEAD"))) {
        jw_elastic_hello_error(out, 403, "security_exception", "a sender's key cannot change jinwu");
    }
}
