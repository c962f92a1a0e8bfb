/* lib/workflow/calendar.c — the years, and walking over their days. */
#include "calendar.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/day.h"
#include "ledger/source.h"
#include "os/file.h"

#define YEAR_DAYS 366
#define PERIODS   50    /* holidays of one year */
#define WALK_MOST 20000 /* days; more is our bug */
#define MEMORY    (4u << 20)
#define ZONE      (JW_DAY_ZONE * JW_MICROSECOND)

enum mark { USUAL, FREE, WORKS };

struct year {
    int number;    /* 0: none */
    int64_t first; /* its first of January */
    unsigned char marks[YEAR_DAYS];
};
struct jw_calendar {
    struct year years[JW_CALENDAR_YEARS];
    size_t count;
};

/* Working time of a day, in hours. */
static const struct { int from, to; } shifts[] = {{9, 12}, {13, 18}};
#define SHIFTS (sizeof shifts / sizeof *shifts)

void jw_calendar_free(struct jw_calendar *calendar) { free(calendar); }

int64_t jw_calendar_day(int64_t at) {
    int64_t local = at + ZONE;
    return local / JW_DAY - (local % JW_DAY < 0);
}

int64_t jw_calendar_begin(int64_t day) { return day * JW_DAY - ZONE; }

static const struct year *year_of(const struct jw_calendar *calendar, int64_t day) {
    for (size_t i = 0; calendar && i < calendar->count; i++)
        if (day >= calendar->years[i].first && day < calendar->years[i].first + YEAR_DAYS &&
            (day - calendar->years[i].first < 365 || calendar->years[i].number % 4 == 0))
            return &calendar->years[i];
    return NULL;
}

bool jw_calendar_knows(const struct jw_calendar *calendar, int64_t day) { return year_of(calendar, day) != NULL; }

bool jw_calendar_works(const struct jw_calendar *calendar, int64_t day) {
    const struct year *year = year_of(calendar, day);
    enum mark mark = year ? year->marks[day - year->first] : USUAL;
    int64_t weekday = ((day + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; 0: Monday */
    return mark == USUAL ? weekday < 5 : mark == WORKS;
}

int64_t jw_calendar_add_days(const struct jw_calendar *calendar, int64_t from, int64_t count) {
    int64_t day = jw_calendar_day(from);
    for (int walked = 0; count > 0 && walked < WALK_MOST; walked++)
        count -= jw_calendar_works(calendar, ++day);
    return jw_calendar_begin(day + 1);
}

int64_t jw_calendar_add_hours(const struct jw_calendar *calendar, int64_t from, int64_t hours) {
    int64_t left = hours * 3600 * JW_MICROSECOND, day = jw_calendar_day(from);
    for (int walked = 0; walked < WALK_MOST; walked++, day++) {
        for (size_t i = 0; i < SHIFTS && jw_calendar_works(calendar, day); i++) {
            int64_t begin = jw_calendar_begin(day) + shifts[i].from * 3600 * JW_MICROSECOND;
            int64_t end = jw_calendar_begin(day) + shifts[i].to * 3600 * JW_MICROSECOND;
            begin = from > begin ? from : begin;
            if (begin >= end)
                continue;
            if (left <= end - begin)
                return begin + left;
            left -= end - begin;
        }
    }
    return from + hours * 3600 * JW_MICROSECOND;
}

/* --- reading ----------------------------------------------------------------------------------------------------
 */
static bool read_day(struct jw_source *source, const json_t *in, const char *key, size_t index, const char *text,
                     const struct year *year, int64_t *out) {
    if (!text)
        return false;
    if (jw_day_read(jw_text_from(text), out) && *out >= year->first && *out < year->first + YEAR_DAYS &&
        strtol(text, NULL, 10) == year->number)
        return true;
    jw_source_fail(source, in, key, index, "\"%.20s\" is no day of %d; write it like %d-10-01", text, year->number,
                   year->number);
    return false;
}

static void set_mark(struct jw_source *source, const json_t *in, size_t index, struct year *year, int64_t day,
                     enum mark mark) {
    unsigned char *is = &year->marks[day - year->first];
    char text[JW_DAY_TEXT] = "";
    if (*is != USUAL && *is != mark) {
        jw_day_print(day, text);
        jw_source_fail(source, in, NULL, index, "%s is a holiday and a working day at once", text);
    }
    *is = (unsigned char)mark;
}

static void read_holiday(struct jw_source *source, const json_t *list, size_t i, struct year *year) {
    static const char *const keys[] = {"name", "from", "to", NULL};
    const json_t *entry = json_array_get(list, i);
    int64_t from, to;
    if (!json_is_object(entry)) {
        jw_source_fail(source, list, NULL, i,
                       "a holiday is written {name: 元旦, from: 2026-01-01, to: 2026-01-03}");
        return;
    }
    jw_source_keys(source, entry, "a holiday", keys, NULL);
    const char *first = jw_source_text(source, entry, "from", 20), *last = jw_source_text(source, entry, "to", 20);
    if (!first && jw_source_good(source))
        jw_source_fail(source, list, NULL, i, "from is missing: on which day does it begin?");
    if (!read_day(source, entry, "from", 0, first, year, &from))
        return;
    to = from;
    if (last && !read_day(source, entry, "to", 0, last, year, &to))
        return;
    if (to < from || to - from > 30)
        jw_source_fail(source, entry, "to", 0, "to: a holiday ends behind its first day, at most 30 days later");
    for (int64_t day = from; day <= to && jw_source_good(source); day++)
        set_mark(source, list, i, year, day, FREE);
}

static void read_year(struct jw_source *source, struct year *year) {
    static const char *const keys[] = {"year", "source", "holidays", "working_days", NULL};
    int64_t number = 0, day;
    jw_source_keys(source, source->root, "a calendar", keys, NULL);
    if (!jw_source_integer(source, source->root, "year", 1980, 2200, &number) && jw_source_good(source))
        jw_source_fail(source, source->root, NULL, 0, "year is missing; for example year: 2026");
    if (!jw_source_text(source, source->root, "source", 500) && jw_source_good(source))
        jw_source_fail(source, source->root, NULL, 0, "source is missing: which notice says so?");
    if (!jw_source_good(source))
        return;
    char first[24];
    snprintf(first, sizeof first, "%d-01-01", (int)number);
    jw_day_read(jw_text_from(first), &year->first);
    year->number = (int)number;
    const json_t *holidays = jw_source_list(source, source->root, "holidays", PERIODS);
    for (size_t i = 0; i < json_array_size(holidays) && jw_source_good(source); i++)
        read_holiday(source, holidays, i, year);
    const json_t *works = jw_source_list(source, source->root, "working_days", PERIODS);
    for (size_t i = 0; i < json_array_size(works) && jw_source_good(source); i++)
        if (read_day(source, works, NULL, i, jw_source_item(source, works, i, 20), year, &day))
            set_mark(source, works, i, year, day, WORKS);
}

struct loading {
    const struct jw_calendar *before;
    struct jw_calendar *out;
    jw_calendar_refused refused;
    void *context;
};

static void refuse(const struct loading *load, const char *path, int line, int column, const char *reason) {
    if (load->refused)
        load->refused(load->context, path, line, column, reason);
}

/* What a refused file said before: found by the digits in its name, cn-2026.yaml. */
static void keep_former(const struct loading *load, const char *file) {
    const char *dash = strrchr(file, '-');
    long number = dash ? strtol(dash + 1, NULL, 10) : 0;
    for (size_t i = 0; load->before && i < load->before->count; i++)
        if (load->before->years[i].number == number && load->out->count < JW_CALENDAR_YEARS)
            load->out->years[load->out->count++] = load->before->years[i];
}

static void load_file(const struct loading *load, const char *folder, const char *file) {
    char path[4096];
    struct jw_error err = {0};
    struct jw_source source = {0};
    struct year year = {0};
    struct jw_arena *mem = jw_arena_new(MEMORY);
    jw_buffer bytes = JW_BUFFER(JW_SOURCE_BYTES);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    jw_status st = mem ? jw_file_read(path, &bytes, &err) : jw_fail(&err, JW_E_LIMIT, "no memory");
    if (st != JW_OK) {
        refuse(load, path, 1, 1, *err.text ? err.text : "the file cannot be read");
    } else {
        if (jw_source_open(&source, jw_buffer_text(&bytes), mem))
            read_year(&source, &year);
        bool good = jw_source_good(&source);
        if (!good)
            refuse(load, path, source.line, source.column, source.reason);
        else if (load->out->count == JW_CALENDAR_YEARS)
            refuse(load, path, 1, 1, "more than 50 years");
        else
            load->out->years[load->out->count++] = year;
        st = good ? JW_OK : JW_E_SYNTAX;
        jw_source_close(&source);
    }
    if (st != JW_OK)
        keep_former(load, file);
    jw_buffer_free(&bytes);
    jw_arena_free(mem);
}

static int wanted(const struct dirent *entry) {
    return *entry->d_name != '.' && jw_text_ends(jw_text_from(entry->d_name), JW_TEXT(".yaml"));
}

jw_status jw_calendar_load(const char *folder, const struct jw_calendar *before, jw_calendar_refused refused,
                           void *context, struct jw_calendar **out, struct jw_error *err) {
    struct dirent **files = NULL;
    struct loading load = {before, calloc(1, sizeof(struct jw_calendar)), refused, context};
    if (!load.out)
        return jw_fail(err, JW_E_LIMIT, "no memory");
    int count = scandir(folder, &files, wanted, alphasort);
    if (count < 0 && errno != ENOENT) {
        free(load.out);
        return jw_fail(err, JW_E_SYSTEM, "calendars in %s: %s", folder, strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        load_file(&load, folder, files[i]->d_name);
        free(files[i]);
    }
    free(files);
    *out = load.out;
    return JW_OK;
}
