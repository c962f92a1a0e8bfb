/* lib/evtx/sample.h — for the test and the fuzzer: an event log of one chunk, written by hand. */
#pragma once
#include "bytes.h"

#include "base/buffer.h"

static inline void sample_le(jw_buffer *out, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; i++)
        jw_buffer_byte(out, (char)(i < 8 ? value >> i * 8 : 0));
}

static inline void sample_patch(jw_buffer *out, size_t at, uint64_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes && !out->failed; i++)
        out->ptr[at + i] = (char)(value >> i * 8);
}

static inline void sample_pad(jw_buffer *out, size_t len) {
    while (out->len < len && !out->failed)
        jw_buffer_byte(out, '\0');
}

static inline void sample_utf16(jw_buffer *out, const char *ascii) {
    for (; *ascii; ascii++)
        sample_le(out, (uint8_t)*ascii, 2);
}

#define SAMPLE_CHUNK 4096
static inline uint32_t sample_here(const jw_buffer *out) { return (uint32_t)(out->len - SAMPLE_CHUNK); }

/* A name written in place: its offset, then itself. */
static inline void sample_name(jw_buffer *out, const char *name) {
    sample_le(out, sample_here(out) + 4, 4);
    sample_le(out, 0, 6);
    sample_le(out, strlen(name), 2);
    sample_utf16(out, name);
    sample_le(out, 0, 2);
}

static inline void sample_open(jw_buffer *out, const char *name, bool attributes) {
    sample_le(out, attributes ? 0x41 : 0x01, 1);
    sample_le(out, 0xffff, 2);
    sample_le(out, 0, 4);
    sample_name(out, name);
    if (attributes)
        sample_le(out, 0, 4);
}

static inline void sample_text(jw_buffer *out, const char *text) {
    sample_le(out, 0x0105, 2);
    sample_le(out, strlen(text), 2);
    sample_utf16(out, text);
}

static inline void sample_slot(jw_buffer *out, unsigned index, unsigned type) {
    sample_le(out, 0x0e, 1);
    sample_le(out, index, 2);
    sample_le(out, type, 1);
}

static inline void sample_attribute(jw_buffer *out, const char *name) {
    sample_le(out, 0x06, 1);
    sample_name(out, name);
}

static inline void sample_leaf(jw_buffer *out, const char *name, int slot, unsigned type, const char *text) {
    sample_open(out, name, false);
    sample_le(out, 0x02, 1);
    if (slot >= 0)
        sample_slot(out, (unsigned)slot, type);
    else
        sample_text(out, text);
    sample_le(out, 0x04, 1);
}

static inline void sample_data(jw_buffer *out, const char *name, unsigned slot, unsigned type) {
    sample_open(out, "Data", name != NULL);
    if (name) {
        sample_attribute(out, "Name");
        sample_text(out, name);
    }
    sample_le(out, 0x02, 1);
    sample_slot(out, slot, type);
    sample_le(out, 0x04, 1);
}

static inline void sample_template(jw_buffer *out) {
    sample_le(out, 0x0001010f, 4);
    sample_open(out, "Event", false), sample_le(out, 0x02, 1);
    sample_open(out, "System", false), sample_le(out, 0x02, 1);
    sample_open(out, "Provider", true), sample_attribute(out, "Name"), sample_text(out, "Test"),
        sample_le(out, 0x03, 1);
    sample_leaf(out, "EventID", 0, 0x06, NULL);
    sample_open(out, "TimeCreated", true), sample_attribute(out, "SystemTime"), sample_slot(out, 1, 0x11);
    sample_le(out, 0x03, 1);
    sample_leaf(out, "EventRecordID", 2, 0x0a, NULL);
    sample_leaf(out, "Channel", -1, 0, "Application");
    sample_open(out, "Security", true), sample_attribute(out, "UserID"), sample_slot(out, 3, 0x13),
        sample_le(out, 0x03, 1);
    sample_le(out, 0x04, 1);
    sample_open(out, "EventData", false), sample_le(out, 0x02, 1);
    sample_data(out, "Text", 4, 0x01);
    sample_data(out, "Guid", 5, 0x0f);
    sample_data(out, NULL, 6, 0x81);
    sample_data(out, "Empty", 7, 0x00);
    sample_data(out, "Mask", 8, 0x15);
    sample_open(out, "Data", true), sample_attribute(out, "Name"), sample_text(out, "Mixed"),
        sample_le(out, 0x02, 1);
    sample_text(out, "a "), sample_le(out, 0x09, 1), sample_name(out, "amp"), sample_text(out, " "),
        sample_slot(out, 0, 0x06);
    sample_le(out, 0x04, 1);
    sample_le(out, 0x0404, 2);
    sample_le(out, 0x00, 1);
}

/* One record; the first carries the template's definition, whose offset is kept in *definition. */
static inline void sample_record(jw_buffer *out, uint64_t id, uint32_t *definition) {
    static const struct {
        unsigned size, type;
    } values[] = {{2, 0x06},  {8, 0x11},  {8, 0x0a}, {12, 0x13}, {4, 0x01},
                  {16, 0x0f}, {10, 0x81}, {0, 0x00}, {8, 0x15}};
    size_t start = out->len;
    jw_buffer_add(out, JW_TEXT("**\0\0"));
    sample_le(out, 0, 4), sample_le(out, id, 8), sample_le(out, 133138728000000000u, 8);
    sample_le(out, 0x0001010f, 4), sample_le(out, 0x010c, 2), sample_le(out, 7, 4);
    if (*definition == 0) {
        *definition = sample_here(out) + 4;
        sample_le(out, *definition, 4), sample_le(out, 0, 20);
        size_t size = out->len;
        sample_le(out, 0, 4);
        sample_template(out);
        sample_patch(out, size, out->len - size - 4, 4);
    } else
        sample_le(out, *definition, 4);
    sample_le(out, sizeof values / sizeof *values, 4);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        sample_le(out, values[i].size, 2), sample_le(out, values[i].type, 2);
    sample_le(out, 4625, 2), sample_le(out, 133138728001234567u, 8), sample_le(out, id, 8);
    sample_le(out, 0x0101, 6), sample_le(out, 0x0500, 2), sample_le(out, 18, 4);
    sample_le(out, 0xDE00D83D, 4);
    for (uint8_t i = 0; i < 16; i++)
        sample_le(out, i, 1);
    sample_utf16(out, "x"), sample_le(out, 0, 2), sample_utf16(out, "yz"), sample_le(out, 0, 2);
    sample_le(out, 0x8020000000000000u, 8);
    sample_le(out, 0x00, 1);
    while ((out->len - start) % 8 != 4)
        sample_le(out, 0, 1);
    sample_patch(out, start + 4, out->len - start + 4, 4);
    sample_le(out, out->len - start + 4, 4);
}

/* Records `first` and those behind it; the chunk's header knows them all. */
static inline void sample_log(jw_buffer *out, uint64_t first, unsigned count) {
    uint32_t definition = 0;
    jw_buffer_add(out, JW_TEXT("ElfFile\0"));
    sample_pad(out, SAMPLE_CHUNK);
    jw_buffer_add(out, JW_TEXT("ElfChnk\0"));
    sample_pad(out, SAMPLE_CHUNK + 512);
    for (unsigned i = 0; i < count; i++)
        sample_record(out, first + i, &definition);
    sample_patch(out, SAMPLE_CHUNK + 48, sample_here(out), 4);
    sample_pad(out, SAMPLE_CHUNK + 65536);
}
