/* lib/ledger/types/phone.c — Chinese numbers: mobile (11 digits from 13 to 19), landline with its area code, 400
 * and 800, and the short ones of services. Written one way: 13800138000, 0751-8888888, 0751-8888888-12. */
#include "kit.h"

#define MOST 24

/* Digits, with one '-' for whatever stood before an extension. False for other signs. */
static bool squeeze(jw_text text, char out[MOST], size_t *extension) {
    static const char *const words[] = {"转", "ext.", "ext", "x", "#"};
    size_t len = 0;
    *extension = 0;
    if (jw_text_drop(&text, JW_TEXT("+86")) || jw_text_drop(&text, JW_TEXT("0086")))
        text = jw_characters_trim(text);
    while (text.len) {
        size_t word = 0;
        while (word < 5 && !jw_text_drop(&text, jw_text_from(words[word])))
            word++;
        if (word < 5) {
            if (*extension || len == 0)
                return false;
            *extension = len;
            continue;
        }
        char c = *text.ptr++;
        text.len--;
        if (c == '-' && len >= 10 && !*extension) /* behind a whole number */
            *extension = len;
        else if (c >= '0' && c <= '9' && len + 1 < MOST)
            out[len++] = c;
        else if (!strchr("- ()", c) || !c)
            return false;
    }
    out[len] = 0;
    return len > 0 && *extension < len;
}

/* 010, 02x have three digits, all others four. */
static size_t area_length(const char *digits) { return digits[1] == '1' || digits[1] == '2' ? 3 : 4; }

static bool print(const char *digits, size_t len, char *out, size_t room) {
    if (len == 11 && digits[0] == '1' && digits[1] >= '3')
        return snprintf(out, room, "%.11s", digits) > 0;
    if (digits[0] == '0' && len >= 10 && len <= 12 && digits[1] != '0') {
        size_t area = area_length(digits);
        bool good = (len - area == 7 || len - area == 8) && digits[area] >= '2';
        return good && snprintf(out, room, "%.*s-%.*s", (int)area, digits, (int)(len - area), digits + area) > 0;
    }
    bool service = len == 10 && (digits[0] == '4' || digits[0] == '8') && digits[1] == '0' && digits[2] == '0';
    bool brief = (len == 3 && digits[0] == '1') ||
                 (len == 5 && (digits[0] == '1' || (digits[0] == '9' && digits[1] >= '5')));
    return (service || brief) && snprintf(out, room, "%.*s", (int)len, digits) > 0;
}

static jw_status check(const struct jw_ledger_field *field, const json_t *in, json_t **out, struct jw_error *err) {
    char digits[MOST] = "", text[2 * MOST] = "";
    size_t extension = 0;
    (void)field;
    bool good = json_is_string(in) && squeeze(jw_characters_trim(jw_type_text_of(in)), digits, &extension);
    size_t len = strlen(digits), number = extension ? extension : len;
    good = good && print(digits, number, text, sizeof text);
    if (good && extension) {
        good = len - extension <= 6 && digits[0] != '1';
        snprintf(text + strlen(text), sizeof text - strlen(text), "-%s", digits + extension);
    }
    if (!good)
        return jw_fail(err, JW_E_SYNTAX, "is no Chinese telephone number; example: 13800138000 or 0751-8888888");
    return jw_type_give_text(text, strlen(text), out, err);
}

const struct jw_ledger_type jw_type_phone = {
    .name = "phone",
    .about = "a Chinese telephone number: mobile, landline with area code and extension, 400/800, short",
    .sample = "\"13800138000\"",
    .stored = JW_STORED_TEXT,
    .check = check,
};
