/* lib/ledger/types/geo.c — a place: latitude and longitude in degrees (CGCS2000, which agrees with WGS 84 to the
 * metre). */
#include "kit.h"

#include <math.h>
#include <stdlib.h>

static double rounded(double degrees) { /* a centimetre */
    double whole = nearbyint(degrees * 1e7);
    return whole == 0 ? 0 : whole / 1e7;
}

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    const json_t *lat = json_object_get(in, "lat"), *lon = json_object_get(in, "lon");
    (void)field;
    if (json_object_size(in) != 2 || !json_is_number(lat) || !json_is_number(lon))
        return jw_fail(err, JW_E_SYNTAX, "is no place; example: {\"lat\": 24.8103, \"lon\": 113.5972}");
    double north = json_number_value(lat), east = json_number_value(lon);
    if (!(north >= -90 && north <= 90 && east >= -180 && east <= 180))
        return jw_fail(err, JW_E_SYNTAX, "lies outside of the earth: lat from -90 to 90, lon from -180 to 180");
    return jw_type_give(json_pack("{s:f,s:f}", "lat", rounded(north), "lon", rounded(east)), out, err);
}

static void show(const struct jw_ledger_field *field, const json_t *value, const char *language, jw_buffer *out) {
    (void)field, (void)language;
    jw_buffer_print(out, "%.7f, %.7f", json_number_value(json_object_get(value, "lat")),
                    json_number_value(json_object_get(value, "lon")));
}

static bool degrees(jw_text text, double *out) {
    char copy[40] = "", *end = copy;
    text = jw_characters_trim(text);
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.ptr, text.len);
    bool plain = strspn(copy, "0123456789.-") == text.len;
    *out = strtod(copy, &end);
    return plain && !*end;
}

/* "24.8103, 113.5972": latitude first, as people say it. */
static jw_status read_cell(const struct jw_ledger_field *field, jw_text cell, json_t **out, struct jw_error *err) {
    jw_text head;
    double lat, lon;
    (void)field;
    if (!jw_text_cut(&cell, ',', &head) || !degrees(head, &lat) || !degrees(cell, &lon))
        return jw_fail(err, JW_E_SYNTAX, "is no place; example: 24.8103, 113.5972 (latitude, longitude)");
    return jw_type_give(json_pack("{s:f,s:f}", "lat", lat, "lon", lon), out, err);
}

const struct jw_ledger_type jw_type_geo = {
    .name = "geo",
    .about = "a place: latitude and longitude in degrees",
    .sample = "{\"lat\": 24.8103, \"lon\": 113.5972}",
    .stored = JW_STORED_TEXT,
    .check = check,
    .show = show,
    .read = read_cell,
};
