/* daemons/collect/lines.c — grows by doubling; given away whole. */
#include "lines.h"

#define BYTES_MOST ((size_t)1 << 30) /* places are 32 bits wide */

struct jw_lines *jw_lines_new(void) {
    return calloc(1, sizeof(struct jw_lines));
}

void jw_lines_free(struct jw_lines *lines) {
    if (!lines)
        return;
    free(lines->bytes);
    free(lines->list);
    free(lines);
}

static bool room_for_bytes(struct jw_lines *lines, size_t more) {
    size_t need = lines->len + more, capacity = lines->capacity ? lines->capacity : 512;
    if (need <= lines->capacity)
        return true;
    while (capacity < need)
        capacity *= 2;
    char *bytes = need > BYTES_MOST ? NULL : realloc(lines->bytes, capacity);
    if (!bytes)
        return false;
    lines->bytes = bytes;
    lines->capacity = capacity;
    return true;
}

static bool room_for_line(struct jw_lines *lines) {
    uint32_t room = lines->room ? lines->room * 2 : 8;
    if (lines->count < lines->room)
        return true;
    struct jw_line *list = realloc(lines->list, room * sizeof *list);
    if (!list)
        return false;
    lines->list = list;
    lines->room = room;
    return true;
}

bool jw_lines_add(struct jw_lines *lines, jw_text line, unsigned flags) {
    if (!room_for_line(lines) || !room_for_bytes(lines, line.len + 1))
        return false;
    if (line.len)
        memcpy(lines->bytes + lines->len, line.ptr, line.len);
    lines->list[lines->count++] = (struct jw_line){(uint32_t)lines->len, (uint32_t)line.len, flags};
    lines->len += line.len;
    return true;
}
