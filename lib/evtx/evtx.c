/* lib/evtx/evtx.c — file, chunks, records. */
#include "evtx.h"

#include "event.h"
#include "value.h"

#include <pthread.h>

#define CHUNK        65536
#define CHUNK_HEADER 512 /* with the tables of names and templates */
#define RECORD_LEAST 28  /* header 24, size again 4 */
#define CHUNK_MEMORY (8 << 20)

static const jw_text file_magic = JW_TEXT("ElfFile\0"), chunk_magic = JW_TEXT("ElfChnk\0"),
                     record_magic = JW_TEXT("**\0\0");

struct jw_evtx {
    jw_text bytes;
    size_t next_chunk;  /* where to look for the next one */
    struct chunk chunk; /* size 0: none is open */
    size_t at, free;    /* in the chunk: the next record, and where its header says they end */
    uint64_t last_id;
    struct jw_evtx_counts counts;
};

/* CRC-32 of IEEE 802.3, reflected, eight bytes a step (M. Kounavis, F. Berry, "slicing-by-8", 2005). */
static uint32_t crc_table[8][256];
static pthread_once_t crc_once = PTHREAD_ONCE_INIT;

static void crc_fill(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
        crc_table[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++)
        for (int k = 1; k < 8; k++)
            crc_table[k][i] = crc_table[k - 1][i] >> 8 ^ crc_table[0][crc_table[k - 1][i] & 255];
}

static uint32_t crc32_ieee(uint32_t crc, const uint8_t *p, size_t size) {
    pthread_once(&crc_once, crc_fill);
    crc = ~crc;
    for (; size >= 8; p += 8, size -= 8) {
        uint32_t low = load_u32(p) ^ crc, high = load_u32(p + 4);
        crc = crc_table[7][low & 255] ^ crc_table[6][low >> 8 & 255] ^ crc_table[5][low >> 16 & 255] ^
              crc_table[4][low >> 24] ^ crc_table[3][high & 255] ^ crc_table[2][high >> 8 & 255] ^
              crc_table[1][high >> 16 & 255] ^ crc_table[0][high >> 24];
    }
    for (; size; p++, size--)
        crc = crc_table[0][(crc ^ *p) & 255] ^ crc >> 8;
    return ~crc;
}

bool jw_evtx_detect(jw_text bytes) {
    return jw_text_starts(bytes, file_magic) || jw_text_starts(bytes, chunk_magic);
}

jw_status jw_evtx_open(jw_text bytes, struct jw_evtx **out_evtx, struct jw_error *err) {
    size_t first = 0;
    if (!bytes.ptr || !jw_text_find(bytes, chunk_magic, &first)) {
        if (!jw_text_starts(bytes.ptr ? bytes : JW_TEXT(""), file_magic) || bytes.len < 4096)
            return jw_fail(err, JW_E_SYNTAX, "evtx: no chunk in %zu bytes", bytes.len);
        first = bytes.len; /* an empty log */
    }
    struct jw_evtx *evtx = calloc(1, sizeof *evtx);
    if (!evtx || !(evtx->chunk.mem = jw_arena_new(CHUNK_MEMORY))) {
        free(evtx);
        return jw_fail(err, JW_E_LIMIT, "evtx: no memory");
    }
    evtx->bytes = bytes;
    evtx->next_chunk = first;
    *out_evtx = evtx;
    return JW_OK;
}

void jw_evtx_close(struct jw_evtx *evtx) {
    if (!evtx)
        return;
    jw_arena_free(evtx->chunk.mem);
    free(evtx);
}

struct jw_evtx_counts jw_evtx_counts(const struct jw_evtx *evtx) {
    return evtx->counts;
}

static bool checksums_hold(const uint8_t *chunk, size_t size, size_t end) {
    if (end < CHUNK_HEADER || end > size)
        return false;
    uint32_t header = crc32_ieee(crc32_ieee(0, chunk, 120), chunk + 128, 384);
    return load_u32(chunk + 124) == header && load_u32(chunk + 52) == crc32_ieee(0, chunk + 512, end - 512);
}

/* Chunks stand every 64 KiB; where one is missing, the next magic counts, so that carved pieces are read too. */
static bool open_chunk(struct jw_evtx *evtx) {
    jw_text rest = {evtx->bytes.ptr + evtx->next_chunk, evtx->bytes.len - evtx->next_chunk};
    size_t skipped;
    if (rest.len < CHUNK_HEADER + RECORD_LEAST || !jw_text_find(rest, chunk_magic, &skipped) ||
        rest.len - skipped < CHUNK_HEADER + RECORD_LEAST)
        return false;
    struct chunk *chunk = &evtx->chunk;
    jw_arena_reset(chunk->mem);
    memset(chunk->programs, 0, sizeof chunk->programs);
    chunk->bytes = (const uint8_t *)rest.ptr + skipped;
    chunk->size = rest.len - skipped < CHUNK ? rest.len - skipped : CHUNK;
    evtx->next_chunk += skipped + chunk->size;
    evtx->free = load_u32(chunk->bytes + 48);
    evtx->at = CHUNK_HEADER;
    evtx->last_id = 0;
    evtx->counts.chunks++;
    evtx->counts.checksums += !checksums_hold(chunk->bytes, chunk->size, evtx->free);
    return true;
}

/* A record at `at`: magic, a size that fits, and the same size at its end. */
static size_t record_size(const struct chunk *chunk, size_t at) {
    if (chunk->size - at < RECORD_LEAST || memcmp(chunk->bytes + at, record_magic.ptr, record_magic.len) != 0)
        return 0;
    size_t size = load_u32(chunk->bytes + at + 4);
    if (size < RECORD_LEAST || size > chunk->size - at || load_u32(chunk->bytes + at + size - 4) != size)
        return 0;
    return size;
}

/* Moves to the next record of this chunk. *out_gap: bytes were skipped to find it. False: the chunk has no more.
 * Behind the end that the header knows, a record counts when its identifier follows the last: the header of a log
 * that was not closed is older than its records, while a reused chunk keeps older ones. */
static bool find_record(struct jw_evtx *evtx, size_t *out_size, bool *out_gap) {
    const struct chunk *chunk = &evtx->chunk;
    size_t from = evtx->at;
    for (; chunk->size && chunk->size - evtx->at >= RECORD_LEAST; evtx->at += 8) {
        bool known = evtx->at < evtx->free;
        *out_size = record_size(chunk, evtx->at);
        *out_gap = evtx->at != from;
        if (*out_size &&
            (known || load_u64(chunk->bytes + evtx->at + 8) == evtx->last_id + 1 || evtx->last_id == 0))
            return true;
        if (!known)
            break;
    }
    *out_gap = chunk->size && from < evtx->free && evtx->at > from && evtx->free <= chunk->size;
    evtx->chunk.size = 0;
    return false;
}

static jw_status broken_chain(struct jw_evtx *evtx, struct jw_error *err) {
    evtx->counts.damaged++;
    return jw_fail(err, JW_E_SYNTAX, "evtx: chunk %llu: bytes that are no record behind record %llu",
                   (unsigned long long)evtx->counts.chunks, (unsigned long long)evtx->last_id);
}

jw_status jw_evtx_next(struct jw_evtx *evtx, uint64_t *out_id, struct jw_record *rec, struct jw_error *err) {
    size_t size = 0;
    bool gap = false;
    jw_record_clear(rec);
    while (!find_record(evtx, &size, &gap)) {
        if (gap)
            return broken_chain(evtx, err);
        if (!open_chunk(evtx))
            return JW_END;
    }
    if (gap) /* told once; the record found stays for the next call */
        return broken_chain(evtx, err);
    const uint8_t *record = evtx->chunk.bytes + evtx->at;
    size_t at = evtx->at;
    int64_t written;
    evtx->at += size;
    evtx->counts.records++;
    *out_id = evtx->last_id = load_u64(record + 8);
    bool whole = jw_event_read(&evtx->chunk, at + 24, at + size - 4, rec);
    if (!rec->has_time && jw_value_time(load_u64(record + 16), &written))
        jw_record_set_time(rec, written);
    if (rec->state != JW_OK)
        return jw_record_check(rec, err);
    if (whole)
        return JW_OK;
    evtx->counts.damaged++;
    return jw_fail(err, JW_E_SYNTAX, "evtx: record %llu: broken BinXml", (unsigned long long)*out_id);
}
