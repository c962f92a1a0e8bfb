/* lib/formats/winjson_test.c — one event in four shapes is one event. */
#include "expect.h"

#define W(line, want) expect(t, "winjson", JW_TEXT(line), want)

static void each_shape_gives_the_names_of_the_event_log(struct jw_test *t) {
    W("{\"@timestamp\":\"2026-11-20T02:00:00.5Z\",\"winlog\":{\"event_id\":4625,\"channel\":\"Security\",\"record_"
      "id\":\"7\","
      "\"event_data\":{\"TargetUserName\":\"li\",\"LogonType\":3},\"keywords\":[\"Audit "
      "Failure\"]},\"agent\":{\"type\":\"winlogbeat\"}}",
      "\"@timestamp\":\"2026-11-20T02:00:00.500Z\",\"winlog.event_id\":\"4625\",\"winlog.channel\":\"Security\","
      "\"winlog.record_id\":7,"
      "\"winlog.event_data.TargetUserName\":\"li\",\"winlog.event_data.LogonType\":\"3\",\"winlog.keywords\":"
      "\"Audit Failure\","
      "\"agent.type\":\"winlogbeat\",\"event.code\":\"4625\"");
    W("{\"EventTime\":\"2026-11-20 "
      "10:00:00\",\"Hostname\":\"pc\",\"Keywords\":-9214364837600034816,\"EventID\":4625,\"SourceName\":\"P\","
      "\"Channel\":\"Security\",\"RecordNumber\":7,\"ExecutionProcessID\":4,\"ThreadID\":5,\"OpcodeValue\":0,"
      "\"Opcode\":\"Info\",\"EventType\":"
      "\"AUDIT_FAILURE\",\"SourceModuleType\":\"im_msvistalog\",\"TargetUserName\":\"li\",\"ProcessId\":\"9\","
      "\"Message\":\"m\"}",
      "\"@timestamp\":\"2026-11-20T02:00:00.000Z\",\"winlog.computer_name\":\"pc\",\"winlog.keywords\":"
      "\"0x8020000000000000\","
      "\"winlog.event_id\":\"4625\",\"winlog.provider_name\":\"P\",\"winlog.channel\":\"Security\",\"winlog.record_"
      "id\":7,"
      "\"winlog.process.pid\":4,\"winlog.process.thread.id\":5,\"winlog.opcode\":\"0\",\"winlog.opcode_name\":"
      "\"Info\",\"nxlog.EventType\":"
      "\"AUDIT_FAILURE\",\"nxlog.SourceModuleType\":\"im_msvistalog\",\"winlog.event_data.TargetUserName\":\"li\","
      "\"winlog.event_data.ProcessId\":\"9\",\"message\":\"m\",\"event.code\":\"4625\",\"event.provider\":\"P\"");
    W("{\"Event\":{\"#attributes\":{\"xmlns\":\"x\"},\"System\":{\"Provider\":{\"#attributes\":{\"Name\":\"P\"}},"
      "\"EventID\":1102,"
      "\"Correlation\":null,\"TimeCreated\":{\"#attributes\":{\"SystemTime\":\"2026-11-20T02:00:00Z\"}},"
      "\"Execution\":{\"#attributes\":"
      "{\"ProcessID\":4}}},\"UserData\":{\"LogFileCleared\":{\"#attributes\":{\"xmlns\":\"y\"},\"SubjectUserName\":"
      "\"li\"}}}}",
      "\"@timestamp\":\"2026-11-20T02:00:00.000Z\",\"winlog.provider_name\":\"P\",\"winlog.event_id\":\"1102\","
      "\"winlog.process.pid\":4,"
      "\"winlog.user_data.SubjectUserName\":\"li\",\"event.code\":\"1102\",\"event.provider\":\"P\"");
    W("{\"Event\":{\"System\":{\"EventID\":{\"#text\":1,\"#attributes\":{\"Qualifiers\":2}}},\"EventData\":{"
      "\"Data\":{\"#text\":[\"a\",\"b\"]},"
      "\"X\":null}}}",
      "\"winlog.event_id\":\"1\",\"winlog.qualifiers\":\"2\",\"winlog.event_data.param1\":\"a\",\"winlog.event_"
      "data.param2\":\"b\","
      "\"winlog.event_data.X\":\"\",\"event.code\":\"1\"");
}

static void what_the_shipper_adds_hides_nothing_of_the_event(struct jw_test *t) {
    W("{\"EventID\":13,\"Channel\":\"c\",\"EventType\":\"SetValue\",\"EventTypeOrignal\":\"INFO\","
      "\"SourceModuleType\":\"im_msvistalog\"}",
      "\"winlog.event_id\":\"13\",\"winlog.channel\":\"c\",\"winlog.event_data.EventType\":\"SetValue\","
      "\"nxlog.EventType\":\"INFO\",\"nxlog.SourceModuleType\":\"im_msvistalog\",\"event.code\":\"13\"");
    W("{\"EventID\":1,\"Channel\":\"c\",\"ProcessID\":4,\"AccountName\":\"li\",\"EventTime\":\"2026-11-20 "
      "10:00:00\","
      "\"@timestamp\":\"2026-11-20T02:00:03Z\",\"SourceModuleType\":\"im_msvistalog\"}",
      "\"@timestamp\":\"2026-11-20T02:00:00.000Z\",\"winlog.event_id\":\"1\",\"winlog.channel\":\"c\","
      "\"winlog.process.pid\":4,\"winlog.user.name\":\"li\",\"event.created\":\"2026-11-20T02:00:03Z\","
      "\"nxlog.SourceModuleType\":\"im_msvistalog\",\"winlog.event_data.AccountName\":\"li\",\"event.code\":\"1\"");
}

static void other_json_is_left_to_others(struct jw_test *t) {
    W("{\"EventID\":1}", NULL);
    W("{\"a\":\"EventID\"}", NULL);
    W("{\"EventID\":", NULL);
    W("[]", NULL);
    struct jw_record rec = {.mem = t->mem};
    const struct jw_format *found;
    JW_CHECK_OK(t, jw_format_read(JW_TEXT("{\"a\":\"EventID\"}"), &rec, &found, &t->err));
    JW_CHECK_TEXT(t, jw_text_from(found->name), JW_TEXT("json"));
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(each_shape_gives_the_names_of_the_event_log),
                                                     JW_CASE(what_the_shipper_adds_hides_nothing_of_the_event),
                                                     JW_CASE(other_json_is_left_to_others),
                                                     {0}});
}
