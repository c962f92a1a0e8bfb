/* lib/evtx/evtx.h — Windows event log files (EVTX), read record by record without trusting anything in them.
 *
 * Source of the layout: Microsoft [MS-EVEN6] section 2.2.12 (BinXml) and J. Metz, "Windows XML Event Log (EVTX)
 * format". Each record becomes the fields Winlogbeat gives: winlog.channel, winlog.event_id, winlog.provider_name,
 * winlog.event_data.NAME (without a name: param1, param2 … by position), winlog.user_data.NAME, winlog.process.pid
 * …, plus event.code, event.provider and @timestamp from TimeCreated (100 ns). Values of event_data and user_data
 * are text, as the event viewer's XML shows them: GUIDs in braces and capitals, HexInt as 0x…, SIDs as S-1-…,
 * FILETIME as RFC 3339.
 *
 * Wrong checksums are counted and otherwise ignored: records of a dirty or carved file are worth reading. */
#pragma once
#include "record/record.h"

struct jw_evtx;
struct jw_evtx_counts {
    uint64_t chunks, records; /* read */
    uint64_t damaged;   /* records that could not be decoded, and places where the chain of records was broken */
    uint64_t checksums; /* chunks whose header or records do not match their CRC */
};

bool jw_evtx_detect(jw_text bytes); /* the beginning of a file, 8 bytes or more: a file header or a carved chunk */

/* `bytes` is the whole file, borrowed until the close. JW_E_SYNTAX when there is no chunk in it. */
JW_MUST_CHECK jw_status jw_evtx_open(jw_text bytes, struct jw_evtx **out_evtx, struct jw_error *err);
void jw_evtx_close(struct jw_evtx *evtx);
JW_DEFINE_AUTO(jw_evtx, jw_evtx_close)

/* The next record into `rec` (cleared first), which borrows the file, `evtx` and rec->mem and is valid until the
 * next call. *out_id is the identifier in the record's header. JW_OK; JW_E_SYNTAX: this record or place is damaged,
 * was counted, and the next call goes on behind it; JW_E_LIMIT: rec->mem is full; JW_END. */
JW_MUST_CHECK jw_status jw_evtx_next(struct jw_evtx *evtx, uint64_t *out_id, struct jw_record *rec,
                                     struct jw_error *err);
struct jw_evtx_counts jw_evtx_counts(const struct jw_evtx *evtx);
