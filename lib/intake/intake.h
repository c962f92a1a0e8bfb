/* lib/intake/intake.h — the one way from bytes to events, used by jw-collect and by the offline commands:
 * format (lib/formats) -> parser (lib/parser, content/parsers) -> normalise -> attribute (lib/gov).
 *
 * A jw_intake is compiled once and then only read: any number of threads may use one, each with its own
 * jw_intake_worker. Reloading means loading a second one and letting the first go when its workers are done. */
#pragma once
#include "record/record.h"

struct jw_intake;
struct jw_gov_live;
struct jw_intake_options {
    const char *content;      /* folder with parsers/ and mappings/ */
    const char *plan;         /* folder of the address plan and asset list; NULL: nothing is attributed */
    struct jw_gov_live *live; /* what the ledgers say (gov/live.h); borrowed; NULL: nothing */
    int zone_offset_s;        /* for timestamps that name no zone: seconds east of UTC */
};
JW_MUST_CHECK jw_status jw_intake_load(const struct jw_intake_options *options, struct jw_intake **out,
                                       struct jw_error *err);
void jw_intake_free(struct jw_intake *intake);
JW_DEFINE_AUTO(jw_intake, jw_intake_free)
/* What was loaded, to tell the operator what was refused; the plan is NULL when none was given. */
struct jw_parsers;
struct jw_gov;
const struct jw_parsers *jw_intake_parsers(const struct jw_intake *intake);
const struct jw_gov *jw_intake_gov(const struct jw_intake *intake);

/* Scratch memory of one thread (PCRE2 match data and the like). */
struct jw_intake_worker;
struct jw_intake_worker *jw_intake_worker_new(const struct jw_intake *intake);
void jw_intake_worker_free(struct jw_intake_worker *worker);
JW_DEFINE_AUTO(jw_intake_worker, jw_intake_worker_free)

/* What is known about a line before it is read. Texts are borrowed. */
struct jw_intake_from {
    jw_text source;  /* gov.source: the configured name, or the input's */
    jw_text format;  /* "syslog", "json", …; empty: find out */
    jw_text dataset; /* the sender or the configuration says what it is; empty: find out */
    jw_text peer;    /* address it came from; empty: none */
    int64_t received;
};

/* One message (a line without its end, a datagram, a JSON document) becomes one record in `rec`, which borrows
 * `line` and rec->mem. Never fails on what the line says: a line nobody understands is kept with gov.parsed=false,
 * and the result is JW_AGAIN; JW_OK when a parser understood it. JW_E_LIMIT only when rec->mem is full. */
JW_MUST_CHECK jw_status jw_intake_line(struct jw_intake_worker *worker, const struct jw_intake_from *from,
                                       jw_text line, struct jw_record *rec, struct jw_error *err);

/* A record that a reader has filled already (EVTX): parser, normalisation, attribution. It has no original line. */
JW_MUST_CHECK jw_status jw_intake_record(struct jw_intake_worker *worker, const struct jw_intake_from *from,
                                         struct jw_record *rec, struct jw_error *err);

/* Reads a whole file of any supported kind: EVTX, gzip of any of these, JSON lines, one JSON array or document, or
 * text lines. `each` gets every event in order; record numbers are as shared with users: the record identifier in
 * EVTX, else the 1-based number of the event in its file. Its status stops the reading when it is not JW_OK. */
typedef jw_status (*jw_intake_each)(void *context, uint64_t number, struct jw_record *rec, struct jw_error *err);
struct jw_intake_counts {
    uint64_t events, unparsed, damaged; /* damaged: records, or stretches of bytes, that could not be read */
};
JW_MUST_CHECK jw_status jw_intake_file(struct jw_intake_worker *worker, const struct jw_intake_from *from,
                                       const char *path, jw_intake_each each, void *context,
                                       struct jw_intake_counts *out, struct jw_error *err);
