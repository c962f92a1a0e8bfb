/* lib/wire/wire.h — messages between processes of one machine over a unix socket: length, type, body.
 *
 * A frame is: 4 bytes length of what follows (little-endian, 1..JW_WIRE_MOST) · 1 byte type · body. Bodies are read
 * and written with the sticky helpers below: numbers little-endian, texts with a 4-byte length before them.
 *
 * The sending of events (`jinwu send` to jw-collect, socket DATA/run/collect.sock):
 *   client  HELLO  u64 session · text source · text format · text dataset
 *   server  STATE  u64 done      every chunk up to this number is durable: nothing of it need be sent (again)
 *   client  CHUNK  u64 number (1, 2, 3 …) · u32 count · count texts: messages without their line ends
 *   server  STATE  u64 done      after each commit
 *   server  REFUSE text          why the connection is closed
 * A client that lost the connection connects again with the same session, and sends again what STATE does not name;
 * the server takes each chunk once, over its own restarts too. */
#pragma once
#include "base/buffer.h"

#define JW_WIRE_MOST   (4u << 20)
#define JW_WIRE_HELLO  1
#define JW_WIRE_STATE  2
#define JW_WIRE_CHUNK  3
#define JW_WIRE_REFUSE 4

#define JW_WIRE_CHUNK_LINES 8192
#define JW_WIRE_CHUNK_BYTES (3u << 20) /* of all its messages; a longer message is cut by the client */

/* Takes one frame from the front of `bytes`. JW_OK: `out_body` borrows it. JW_AGAIN: not whole yet, nothing taken.
 * JW_E_SYNTAX: a length of 0 or past the ceiling. */
JW_MUST_CHECK jw_status jw_wire_next(jw_text *bytes, uint8_t *out_type, jw_text *out_body);

/* Sticky: false in `good` after the first read past the end. */
struct jw_wire_reader {
    jw_text rest;
    bool good;
};
static inline struct jw_wire_reader jw_wire_read(jw_text body) { return (struct jw_wire_reader){body, true}; }
uint32_t jw_wire_u32(struct jw_wire_reader *reader);
uint64_t jw_wire_u64(struct jw_wire_reader *reader);
jw_text jw_wire_text(struct jw_wire_reader *reader);
static inline bool jw_wire_done(const struct jw_wire_reader *reader) { return reader->good && !reader->rest.len; }

/* Writing: `begin` gives the place that `end` needs; failures show in out->failed. */
size_t jw_wire_begin(jw_buffer *out, uint8_t type);
void jw_wire_put_u32(jw_buffer *out, uint32_t value);
void jw_wire_put_u64(jw_buffer *out, uint64_t value);
void jw_wire_put_text(jw_buffer *out, jw_text s);
void jw_wire_end(jw_buffer *out, size_t begin);
