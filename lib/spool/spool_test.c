/* lib/spool/spool_test.c — writer, readers, cursors, retention, ceiling, origins. Crashes are in
 * spool_crash_test.c. */
#include "spool_fixture.h"

#include "base/time.h"

static void what_is_appended_is_read_in_order(struct jw_test *t) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, t->folder, "one");
    struct jw_spool_frame frame;
    JW_CHECK(t, jw_spool_reader_next(reader, &frame, NULL) == JW_AGAIN);
    uint64_t end = fixture_fill(t, spool, 0, 10000); /* more than one segment */
    JW_CHECK_INT(t, jw_spool_durable(spool), end);
    JW_CHECK_INT(t, jw_spool_appended(spool), end);
    JW_CHECK_INT(t, fixture_drain(t, reader, 0), 10000);
    JW_CHECK(t, jw_spool_id(spool) != 0);
    JW_CHECK_INT(t, jw_spool_reader_id(reader), jw_spool_id(spool));
}

static void a_frame_keeps_everything_it_was_given(struct jw_test *t) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, t->folder, NULL);
    int64_t before = jw_time_now();
    uint64_t position;
    JW_CHECK_OK(t, jw_spool_append(
                       spool,
                       &(struct jw_spool_frame){.events = 7, .origin = 5, .origin_at = 99, .body = JW_TEXT("abc")},
                       &position, &t->err));
    JW_CHECK_OK(t, jw_spool_append(spool, &(struct jw_spool_frame){.events = 1}, &position, &t->err)); /* no body */
    JW_CHECK_OK(t, jw_spool_wait(spool, position, JW_SECOND * 20, &t->err));
    struct jw_spool_frame frame;
    JW_CHECK_OK(t, jw_spool_reader_next(reader, &frame, &t->err));
    JW_CHECK_TEXT(t, frame.body, JW_TEXT("abc"));
    JW_CHECK(t, frame.origin == 5 && frame.origin_at == 99 && frame.events == 7 && frame.first_event == 1);
    JW_CHECK(t, frame.written >= before && frame.written <= jw_time_now());
    JW_CHECK_OK(t, jw_spool_reader_next(reader, &frame, &t->err));
    JW_CHECK(t, frame.body.len == 0 && frame.first_event == 8 && frame.position == position);
}

static void large_frames_get_through_and_larger_ones_are_refused(struct jw_test *t) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, t->folder, NULL);
    size_t most = (size_t)64 << 20;
    char *bytes = calloc(1, most + 1);
    struct jw_spool_frame frame = {.events = 1, .body = {bytes, most}};
    uint64_t position;
    bytes[most - 1] = 'x';
    JW_CHECK_OK(t, jw_spool_append(spool, &frame, &position, &t->err));
    JW_CHECK_OK(t, jw_spool_wait(spool, position, JW_SECOND * 60, &t->err));
    frame.body.len = most + 1;
    JW_CHECK(t, jw_spool_append(spool, &frame, &position, &t->err) == JW_E_LIMIT);
    JW_CHECK_OK(t, jw_spool_reader_next(reader, &frame, &t->err));
    JW_CHECK(t, frame.body.len == most && frame.body.ptr[most - 1] == 'x');
    free(bytes);
}

static void only_one_process_writes(struct jw_test *t) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    struct jw_spool *second = NULL;
    JW_CHECK(t, jw_spool_open(t->folder, NULL, &second, NULL, &t->err) == JW_E_DENIED);
    jw_spool_close(spool);
    spool = NULL;
    JW_CHECK_OK(t, jw_spool_open(t->folder, NULL, &second, NULL, &t->err));
    jw_spool_close(second);
}

static void a_name_belongs_to_one_reader(struct jw_test *t) {
    struct jw_spool_reader *first = fixture_reader(t, t->folder, "one"), *second = NULL;
    JW_CHECK(t, jw_spool_reader_open(t->folder, "one", &second, &t->err) == JW_E_DENIED);
    JW_CHECK(t, jw_spool_reader_open(t->folder, "../one", &second, &t->err) == JW_E_SYNTAX);
    jw_spool_reader_close(first);
    second = fixture_reader(t, t->folder, "one");
    jw_spool_reader_close(second);
}

static void a_closed_spool_goes_on_where_it_ended(struct jw_test *t) {
    uint32_t id = 0;
    for (uint64_t round = 0; round < 5; round++) {
        uint64_t cut = 1;
        JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, &cut);
        JW_CHECK_INT(t, cut, 0);
        JW_CHECK(t, !id || id == jw_spool_id(spool));
        id = jw_spool_id(spool);
        for (uint64_t n = 0; n < 50; n++) /* close commits what nobody waited for */
            JW_CHECK_OK(t, fixture_append(spool, round * 50 + n, 0, NULL, &t->err));
    }
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, t->folder, NULL);
    JW_CHECK_INT(t, fixture_drain(t, reader, 0), 250);
}

static void a_reader_may_come_before_the_writer(struct jw_test *t) {
    const char *folder = fixture_path(t, "not/there/yet");
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *nameless = fixture_reader(t, folder, NULL);
    JW_CHECK(t, access(folder, F_OK) != 0);
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *named = fixture_reader(t, folder, "early");
    struct jw_spool_frame frame;
    struct jw_spool_lag lag;
    JW_CHECK(t, jw_spool_reader_next(nameless, &frame, NULL) == JW_AGAIN);
    JW_CHECK(t, jw_spool_reader_next(named, &frame, NULL) == JW_AGAIN);
    JW_CHECK(t, jw_spool_reader_wait(named, JW_MS) == JW_AGAIN);
    JW_CHECK_OK(t, jw_spool_reader_lag(named, &lag, &t->err));
    JW_CHECK(t, lag.bytes == 0 && jw_spool_reader_id(named) == 0);
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, folder, NULL);
    fixture_fill(t, spool, 0, 10);
    JW_CHECK_OK(t, jw_spool_reader_wait(named, JW_SECOND));
    JW_CHECK_INT(t, fixture_drain(t, named, 0), 10);
    JW_CHECK_INT(t, fixture_drain(t, nameless, 0), 10);
}

static void a_cursor_survives(struct jw_test *t) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    fixture_fill(t, spool, 0, 100);
    struct jw_spool_reader *reader = fixture_reader(t, t->folder, "one");
    struct jw_spool_frame frame = {0};
    for (int i = 0; i < 40; i++)
        JW_CHECK_OK(t, jw_spool_reader_next(reader, &frame, &t->err));
    JW_CHECK_OK(t, jw_spool_reader_commit(reader, frame.position, &t->err));
    uint64_t committed = frame.position;
    JW_CHECK_OK(t, jw_spool_reader_next(reader, &frame, &t->err)); /* read but not committed: comes again */
    JW_CHECK(t, jw_spool_reader_commit(reader, jw_spool_durable(spool) + 1, &t->err) == JW_E_LIMIT);
    JW_CHECK_OK(t, jw_spool_reader_commit(reader, 1, &t->err)); /* never goes back */
    JW_CHECK_INT(t, jw_spool_reader_committed(reader), committed);
    jw_spool_reader_close(reader);
    reader = fixture_reader(t, t->folder, "one");
    JW_CHECK_INT(t, jw_spool_reader_committed(reader), committed);
    JW_CHECK_INT(t, fixture_drain(t, reader, 40), 100);
    jw_spool_reader_close(reader);
}

static void a_damaged_cursor_begins_at_the_oldest_and_says_so(struct jw_test *t) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    uint64_t end = fixture_fill(t, spool, 0, 10);
    struct jw_spool_reader *reader = fixture_reader(t, t->folder, "one");
    JW_CHECK_OK(t, jw_spool_reader_commit(reader, end, &t->err));
    jw_spool_reader_close(reader);
    fixture_flip(t, fixture_path(t, "one.cursor"), 16);
    reader = fixture_reader(t, t->folder, "one");
    struct jw_spool_frame frame;
    JW_CHECK(t, jw_spool_reader_next(reader, &frame, &t->err) == JW_E_SYNTAX);
    JW_CHECK_INT(t, fixture_drain(t, reader, 0), 10);
    jw_spool_reader_close(reader);
}

static void seek_gives_the_first_frame_that_ends_behind(struct jw_test *t) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    fixture_fill(t, spool, 0, 6000);
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, t->folder, NULL);
    static uint64_t ends[6000];
    struct jw_spool_frame frame;
    for (int i = 0; i < 6000; i++) {
        JW_CHECK_OK(t, jw_spool_reader_next(reader, &frame, &t->err));
        ends[i] = frame.position;
    }
    for (uint64_t i = 1; i < 6000; i += 97)
        for (uint64_t back = 0; back < 20; back += 9) { /* on a boundary and inside a frame */
            JW_CHECK_OK(t, jw_spool_reader_seek(reader, ends[i] - back, &t->err));
            JW_CHECK_OK(t, jw_spool_reader_next(reader, &frame, &t->err));
            if (back || i < 5999)
                JW_CHECK_INT(t, fixture_number(&frame), back ? i : i + 1);
        }
    JW_CHECK_OK(t, jw_spool_reader_seek(reader, ends[5999], &t->err));
    JW_CHECK(t, jw_spool_reader_next(reader, &frame, NULL) == JW_AGAIN);
    JW_CHECK_OK(t, jw_spool_reader_seek(reader, 0, &t->err));
    JW_CHECK_INT(t, fixture_drain(t, reader, 0), 6000);
}

static void lag_counts_what_is_not_committed(struct jw_test *t) {
    JW_AUTO(jw_spool_close_p) struct jw_spool *spool = fixture_writer(t, t->folder, NULL);
    JW_AUTO(jw_spool_reader_close_p) struct jw_spool_reader *reader = fixture_reader(t, t->folder, "one");
    struct jw_spool_lag lag;
    JW_CHECK_OK(t, jw_spool_reader_lag(reader, &lag, &t->err));
    JW_CHECK(t, lag.bytes == 0 && lag.events == 0 && lag.oldest == 0);
    int64_t before = jw_time_now();
    uint64_t end = fixture_fill(t, spool, 0, 5000);
    JW_CHECK_OK(t, jw_spool_reader_lag(reader, &lag, &t->err));
    JW_CHECK_INT(t, lag.bytes, end);
    JW_CHECK_INT(t, lag.events, 5000 * EVENTS_PER_FRAME);
    JW_CHECK(t, lag.oldest >= before && lag.oldest <= jw_time_now());
    struct jw_spool_frame frame = {0};
    for (int i = 0; i < 4000; i++)
        JW_CHECK_OK(t, jw_spool_reader_next(reader, &frame, &t->err));
    JW_CHECK_OK(t, jw_spool_reader_commit(reader, frame.position, &t->err));
    JW_CHECK_OK(t, jw_spool_reader_lag(reader, &lag, &t->err));
    JW_CHECK_INT(t, lag.bytes, end - frame.position);
    JW_CHECK_INT(t, lag.events, 1000 * EVENTS_PER_FRAME);
    JW_CHECK_OK(t, jw_spool_reader_commit(reader, end, &t->err));
    JW_CHECK_OK(t, jw_spool_reader_lag(reader, &lag, &t->err));
    JW_CHECK(t, lag.bytes == 0 && lag.events == 0 && lag.oldest == 0);
}

static void an_event_id_reads_back(struct jw_test *t) {
    char text[JW_EVENT_ID_TEXT];
    uint32_t id;
    uint64_t number;
    JW_CHECK_INT(t, jw_spool_event_id(0x1f00c0de, 0x12d687, text), 25);
    JW_CHECK_TEXT(t, jw_text_from(text), JW_TEXT("1f00c0de-000000000012d687"));
    JW_CHECK(t, jw_spool_event_parse(jw_text_from(text), &id, &number) && id == 0x1f00c0de && number == 0x12d687);
    JW_CHECK(t, !jw_spool_event_parse(JW_TEXT("1f00c0de-000000000012d68"), &id, &number));
    JW_CHECK(t, !jw_spool_event_parse(JW_TEXT("1f00c0de-000000000012d68G"), &id, &number));
    JW_CHECK(t, !jw_spool_event_parse(JW_TEXT("1f00c0de_000000000012d687"), &id, &number));
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(what_is_appended_is_read_in_order),
                                                     JW_CASE(a_frame_keeps_everything_it_was_given),
                                                     JW_CASE(large_frames_get_through_and_larger_ones_are_refused),
                                                     JW_CASE(only_one_process_writes),
                                                     JW_CASE(a_name_belongs_to_one_reader),
                                                     JW_CASE(a_closed_spool_goes_on_where_it_ended),
                                                     JW_CASE(a_reader_may_come_before_the_writer),
                                                     JW_CASE(a_cursor_survives),
                                                     JW_CASE(a_damaged_cursor_begins_at_the_oldest_and_says_so),
                                                     JW_CASE(seek_gives_the_first_frame_that_ends_behind),
                                                     JW_CASE(lag_counts_what_is_not_committed),
                                                     JW_CASE(an_event_id_reads_back),
                                                     {0}});
}
