/* lib/evtx/evtx_test.c — a log written by hand, the same log damaged, and real logs beside another decoder's view.
 */
#include "evtx.h"
#include "sample.h"

#include <ftw.h>

#include "test/test.h"
#include "json/json.h"

static const char want[] =
    "\"@timestamp\":\"2022-11-25T18:00:00.123456700Z\",\"winlog.provider_name\":\"Test\",\"event.provider\":"
    "\"Test\","
    "\"winlog.event_id\":\"4625\",\"event.code\":\"4625\",\"winlog.record_id\":7,\"winlog.channel\":"
    "\"Application\","
    "\"winlog.user.identifier\":\"S-1-5-18\",\"winlog.event_data.Text\":\"\xF0\x9F\x98\x80\","
    "\"winlog.event_data.Guid\":\"{03020100-0504-0706-0809-0A0B0C0D0E0F}\",\"winlog.event_data.param3\":\"x\","
    "\"winlog.event_data.param4\":\"yz\",\"winlog.event_data.Empty\":\"\",\"winlog.event_data.Mask\":"
    "\"0x8020000000000000\",\"winlog.event_data.Mixed\":\"a & 4625\"";

/* Reads everything: identifiers as text "7 8 ! 10" ('!' for each damage), the first record as JSON. */
static struct jw_evtx_counts read_all(struct jw_test *t, jw_text bytes, jw_buffer *ids, jw_buffer *first) {
    JW_AUTO(jw_evtx_close_p) struct jw_evtx *evtx = NULL;
    uint64_t id;
    jw_status status;
    JW_CHECK_OK(t, jw_evtx_open(bytes, &evtx, &t->err));
    if (!evtx)
        return (struct jw_evtx_counts){0};
    JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(8 << 20);
    do {
        struct jw_record rec = {.mem = mem};
        status = jw_evtx_next(evtx, &id, &rec, &t->err);
        if (status == JW_OK && first && first->len == 0)
            jw_record_json(&rec, first);
        if (status == JW_OK && ids)
            jw_buffer_print(ids, "%llu ", (unsigned long long)id);
        else if (status != JW_END && ids)
            jw_buffer_add(ids, JW_TEXT("! "));
        jw_arena_reset(mem);
    } while (status != JW_END);
    return jw_evtx_counts(evtx);
}

static void check(struct jw_test *t, const jw_buffer *log, const char *want_ids, uint64_t damaged) {
    JW_AUTO(jw_buffer_free) jw_buffer ids = JW_BUFFER(1 << 16);
    struct jw_evtx_counts counts = read_all(t, jw_buffer_text(log), &ids, NULL);
    JW_CHECK_TEXT(t, jw_buffer_text(&ids), jw_text_from(want_ids));
    JW_CHECK_INT(t, counts.damaged, damaged);
}

static void every_type_of_value_gets_its_text(struct jw_test *t) {
    JW_AUTO(jw_buffer_free) jw_buffer log = JW_BUFFER(1 << 20), first = JW_BUFFER(1 << 16);
    sample_log(&log, 7, 3);
    struct jw_evtx_counts counts = read_all(t, jw_buffer_text(&log), NULL, &first);
    JW_CHECK_TEXT(t, jw_buffer_text(&first), jw_text_from(want));
    JW_CHECK(t, counts.chunks == 1 && counts.records == 3 && counts.damaged == 0 && counts.checksums == 1);
    const char *seed = getenv("JW_WRITE_SEED"); /* how lib/evtx/seeds came to be */
    FILE *file = seed ? fopen(seed, "we") : NULL;
    if (file) {
        fwrite(log.ptr + SAMPLE_CHUNK, 1, 3072, file);
        fclose(file);
    }
}

static void damage_is_told_once_and_costs_only_itself(struct jw_test *t) {
    JW_AUTO(jw_buffer_free) jw_buffer log = JW_BUFFER(1 << 20);
    sample_log(&log, 7, 4);
    check(t, &log, "7 8 9 10 ", 0);
    size_t size = load_u32((uint8_t *)log.ptr + SAMPLE_CHUNK + 512 + 4), later = SAMPLE_CHUNK + 512 + size;
    size_t next = load_u32((uint8_t *)log.ptr + later + 4);
    log.ptr[later] ^= 1; /* the magic of record 8 */
    check(t, &log, "7 ! 9 10 ", 1);
    log.ptr[later] ^= 1;
    log.ptr[later + next - 4] ^= 1; /* its size again */
    check(t, &log, "7 ! 9 10 ", 1);
    log.ptr[later + next - 4] ^= 1;
    log.ptr[later + 24 + 4] = 0x1f; /* a token that does not exist */
    check(t, &log, "7 ! 9 10 ", 1);
    log.ptr[later + 24 + 4] = 0x0c;
    sample_patch(&log, SAMPLE_CHUNK + 48, 512, 4); /* a header older than the records */
    check(t, &log, "7 8 9 10 ", 0);
    sample_patch(&log, later + 8, 3, 8); /* but what does not follow is left over from before */
    check(t, &log, "7 ", 0);
}

static void carved_and_torn_files_are_read(struct jw_test *t) {
    JW_AUTO(jw_buffer_free) jw_buffer log = JW_BUFFER(1 << 20), carved = JW_BUFFER(1 << 20);
    sample_log(&log, 7, 4);
    jw_buffer_add(&carved, JW_TEXT("some bytes of a disk"));
    jw_buffer_add(&carved, (jw_text){log.ptr + SAMPLE_CHUNK, 65536});
    jw_buffer_add(&carved, (jw_text){log.ptr + SAMPLE_CHUNK, 65536});
    check(t, &carved, "7 8 9 10 7 8 9 10 ", 0);
    size_t size = load_u32((uint8_t *)log.ptr + SAMPLE_CHUNK + 512 + 4);
    carved.len = 20 + 512 + size + 100; /* the file ends within record 8 */
    check(t, &carved, "7 ", 0);
    struct jw_evtx *evtx;
    JW_CHECK_INT(t, jw_evtx_open(JW_TEXT("no log"), &evtx, &t->err), JW_E_SYNTAX);
    JW_CHECK_INT(t, jw_evtx_open((jw_text){0}, &evtx, &t->err), JW_E_SYNTAX);
    JW_CHECK(t, jw_evtx_detect((jw_text){log.ptr, 8}) && !jw_evtx_detect(JW_TEXT("ElfFile")));
}

/* Files of a folder, for nftw's callback has no context. */
static char paths[1024][512];
static size_t path_count;
static const char *wanted;
static int collect(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st, (void)at;
    if (type == FTW_F && jw_text_ends(jw_text_from(path), jw_text_from(wanted)) && path_count < 1024)
        snprintf(paths[path_count++], sizeof *paths, "%s", path);
    return 0;
}

static size_t find_files(const char *corpora, const char *folder, const char *suffix) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", corpora, folder);
    path_count = 0;
    wanted = suffix;
    nftw(path, collect, 16, FTW_PHYS);
    return path_count;
}

static void no_record_of_real_logs_is_lost(struct jw_test *t) {
    const char *corpora = jw_test_corpora();
    if (!corpora) {
        jw_test_skip(t, "no corpora");
        return;
    }
    JW_CHECK_INT(t, find_files(corpora, "evtx", ".evtx"), 34);
    uint64_t records = 0;
    for (size_t i = 0; i < path_count; i++) {
        JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(64 << 20);
        struct jw_test one = {.mem = mem};
        jw_text bytes = jw_test_read(&one, paths[i]);
        uint64_t told = 0; /* by the chunks' headers: first and last identifier */
        for (size_t at = 4096; at + 512 <= bytes.len; at += 65536)
            if (memcmp(bytes.ptr + at, "ElfChnk", 8) == 0)
                told += load_u64((const uint8_t *)bytes.ptr + at + 32) -
                        load_u64((const uint8_t *)bytes.ptr + at + 24) + 1;
        struct jw_evtx_counts counts = read_all(t, bytes, NULL, NULL);
        if (counts.records != told || counts.damaged)
            printf("  %s: %s\n", paths[i], t->err.text);
        JW_CHECK_INT(t, counts.records, told);
        JW_CHECK_INT(t, counts.damaged, 0);
        records += counts.records;
    }
    printf("  34 files, %llu records\n", (unsigned long long)records);
}

/* From the other decoder's name to ours; false where it says nothing about a field. */
static bool our_name(jw_text theirs, char *out, size_t size) {
    static const char *const names[][2] = {
        {"Provider.#attributes.Name", "provider_name"},
        {"Provider.#attributes.Guid", "provider_guid"},
        {"EventID", "event_id"},
        {"EventID.#text", "event_id"},
        {"EventID.#attributes.Qualifiers", "qualifiers"},
        {"Version", "version"},
        {"Level", "level"},
        {"Task", "task"},
        {"Opcode", "opcode"},
        {"Keywords", "keywords"},
        {"EventRecordID", "record_id"},
        {"Correlation.#attributes.ActivityID", "activity_id"},
        {"Execution.#attributes.ProcessID", "process.pid"},
        {"Execution.#attributes.ThreadID", "process.thread.id"},
        {"Channel", "channel"},
        {"Computer", "computer_name"},
        {"Security.#attributes.UserID", "user.identifier"},
    };
    if (jw_text_drop(&theirs, JW_TEXT("Event.EventData."))) {
        if (jw_text_is(theirs, JW_TEXT("#attributes.Name")))
            return snprintf(out, size, "winlog.event_data_name") > 0;
        return snprintf(out, size, "winlog.event_data.%.*s", (int)theirs.len, theirs.ptr) > 0;
    }
    if (jw_text_drop(&theirs, JW_TEXT("Event.System.")))
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (jw_text_is(theirs, jw_text_from(names[i][0])))
                return snprintf(out, size, "winlog.%s", names[i][1]) > 0;
    return false;
}

/* Equal but for the other's habits: no braces around GUIDs, six digits of a second, blanks cut at the ends. */
static bool same(jw_text ours, jw_text theirs) {
    int64_t a, b;
    if (ours.len > 2 && *ours.ptr == '{' && theirs.len == ours.len - 2)
        ours = (jw_text){ours.ptr + 1, ours.len - 2};
    if (jw_time_parse(ours, 0, &a) && jw_time_parse(theirs, 0, &b))
        return a / 1000 == b / 1000;
    return jw_text_is_nocase(jw_text_trim(ours), jw_text_trim(theirs));
}

static void compare(struct jw_test *t, const char *path, jw_text document, const struct jw_record *rec,
                    uint64_t *fields) {
    struct jw_record other = {.mem = t->mem};
    JW_CHECK_OK(t, jw_json_flatten(document, &other, &t->err));
    for (uint32_t i = 0; i < other.count; i++) {
        char name[1100];
        if (!our_name(other.fields[i].name, name, sizeof name))
            continue;
        const jw_field *ours = jw_record_find(rec, jw_text_from(name));
        bool missing = !ours && other.fields[i].kind == JW_KIND_NULL;
        if (!missing && (!ours || !same(ours->value, other.fields[i].value))) {
            printf("  %s: %s: ours \"%.*s\"\n", path, name, ours ? (int)ours->value.len : 7,
                   ours ? ours->value.ptr : "missing");
            t->failures++;
        }
        ++*fields;
    }
}

/* Documents follow each other without separator: an object ends where its braces are balanced. */
static bool next_document(jw_text *rest, jw_text *out) {
    size_t depth = 0, start = 0;
    bool quoted = false;
    for (size_t i = 0; i < rest->len; i++) {
        char c = rest->ptr[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"')
            quoted = true;
        else if (c == '{' && depth++ == 0)
            start = i;
        else if (c == '}' && --depth == 0) {
            *out = (jw_text){rest->ptr + start, i + 1 - start};
            *rest = (jw_text){rest->ptr + i + 1, rest->len - i - 1};
            return true;
        }
    }
    return false;
}

static void another_decoder_sees_the_same_values(struct jw_test *t) {
    const char *corpora = jw_test_corpora();
    if (!corpora) {
        jw_test_skip(t, "no corpora");
        return;
    }
    uint64_t events = 0, fields = 0;
    for (size_t i = 0, files = find_files(corpora, "sigma/regression", ".evtx"); i < files; i++) {
        char path[520];
        snprintf(path, sizeof path, "%.*s.json", (int)strlen(paths[i]) - 5, paths[i]);
        JW_AUTO(jw_arena_free_p) struct jw_arena *mem = jw_arena_new(64 << 20);
        struct jw_test one = {.mem = mem};
        jw_text log = jw_test_read(&one, paths[i]), json = jw_test_read(&one, path), document;
        JW_AUTO(jw_evtx_close_p) struct jw_evtx *evtx = NULL;
        struct jw_record rec = {.mem = mem};
        uint64_t id;
        JW_CHECK_OK(t, jw_evtx_open(log, &evtx, &t->err));
        while (evtx && jw_evtx_next(evtx, &id, &rec, &t->err) == JW_OK && next_document(&json, &document)) {
            compare(&one, path, document, &rec, &fields);
            events++;
        }
        JW_CHECK(t, !next_document(&json, &document));
        t->failures += one.failures;
    }
    printf("  %llu events, %llu fields\n", (unsigned long long)events, (unsigned long long)fields);
    JW_CHECK(t, events > 150 && fields > 3000);
}

int main(void) {
    return jw_test_run((const struct jw_test_case[]){JW_CASE(every_type_of_value_gets_its_text),
                                                     JW_CASE(damage_is_told_once_and_costs_only_itself),
                                                     JW_CASE(carved_and_torn_files_are_read),
                                                     JW_CASE(no_record_of_real_logs_is_lost),
                                                     JW_CASE(another_decoder_sees_the_same_values),
                                                     {0}});
}
