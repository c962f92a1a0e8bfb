/* lib/ledger/types/number.c — whole numbers and decimals. A decimal has at most 15 digits, which a double holds
 * exactly enough: what is typed is what is printed. */
#include "kit.h"

#include <math.h>
#include <stdlib.h>

#define WHOLE_MOST 9007199254740992.0 /* 2^53: JavaScript reads no larger ones rightly */

struct rule {
    double least, most;
    int64_t scale;
    const char *unit;
};

static const char *const number_keys[] = {"unit", "least", "most", NULL};
static const char *const decimal_keys[] = {"unit", "least", "most", "scale", NULL};

static void declare(struct jw_ledger_field *field, const json_t *options, struct jw_source *source, double widest,
                    int64_t scale) {
    struct rule *rule = jw_source_alloc(source, sizeof *rule);
    if (!rule)
        return;
    *rule = (struct rule){-widest, widest, scale, NULL};
    jw_source_number(source, options, "least", &rule->least);
    jw_source_number(source, options, "most", &rule->most);
    const char *unit = jw_source_text(source, options, "unit", 20);
    rule->unit = unit ? jw_source_copy(source, jw_text_from(unit)) : NULL;
    if (rule->least > rule->most)
        jw_source_fail(source, options, "least", 0, "least: is more than most");
    if (rule->least < -widest || rule->most > widest)
        jw_source_fail(source, options, rule->most > widest ? "most" : "least", 0,
                       "a number of this type lies between -%.0f and %.0f", widest, widest);
    field->rule = rule;
}

static void declare_number(struct jw_ledger_field *field, const json_t *options, struct jw_source *source) {
    declare(field, options, source, WHOLE_MOST, 0);
}

static void declare_decimal(struct jw_ledger_field *field, const json_t *options, struct jw_source *source) {
    int64_t scale = 2;
    jw_source_integer(source, options, "scale", 0, 6, &scale);
    declare(field, options, source, pow(10, (double)(15 - scale)) - 1, scale);
}

static jw_status within(const struct rule *rule, double value, struct jw_error *err) {
    const char *unit = rule->unit ? rule->unit : "";
    if (value < rule->least)
        return jw_fail(err, JW_E_SYNTAX, "is too small; at least %.15g%s", rule->least, unit);
    if (value > rule->most)
        return jw_fail(err, JW_E_SYNTAX, "is too large; at most %.15g%s", rule->most, unit);
    return JW_OK;
}

static const struct rule any_number = {-WHOLE_MOST, WHOLE_MOST, 0, NULL}, any_decimal = {-1e13, 1e13, 2, NULL};

static jw_status check_number(const struct jw_ledger_field *field, const json_t *in, json_t **out,
                              struct jw_error *err) {
    const struct rule *rule = field->rule ? field->rule : &any_number;
    double value = json_number_value(in);
    if (!json_is_number(in) || value != floor(value))
        return jw_fail(err, JW_E_SYNTAX, "is no whole number; example: 12");
    jw_status st = within(rule, value, err);
    if (st != JW_OK)
        return st;
    return jw_type_give(json_integer(json_is_integer(in) ? json_integer_value(in) : (json_int_t)value), out, err);
}

static jw_status check_decimal(const struct jw_ledger_field *field, const json_t *in, json_t **out,
                               struct jw_error *err) {
    const struct rule *rule = field->rule ? field->rule : &any_decimal;
    double value = json_number_value(in), factor = pow(10, (double)rule->scale);
    if (!json_is_number(in) || !isfinite(value))
        return jw_fail(err, JW_E_SYNTAX, "is no number; example: 12.5");
    jw_status st = within(rule, value, err);
    if (st != JW_OK)
        return st;
    double whole = nearbyint(value * factor);
    if (fabs(value * factor - whole) > fmax(1, fabs(whole)) * 1e-14)
        return jw_fail(err, JW_E_SYNTAX, "has more than %lld digits behind the point", (long long)rule->scale);
    return jw_type_give(json_real(whole == 0 ? 0 : whole / factor), out, err);
}

static void show_number(const struct jw_ledger_field *field, const json_t *value, const char *language,
                        jw_buffer *out) {
    (void)field, (void)language;
    jw_buffer_print(out, "%lld", (long long)json_integer_value(value));
}

static void show_decimal(const struct jw_ledger_field *field, const json_t *value, const char *language,
                         jw_buffer *out) {
    const struct rule *rule = field->rule ? field->rule : &any_decimal;
    (void)language;
    jw_buffer_print(out, "%.*f", (int)rule->scale, json_number_value(value));
}

/* A cell may hold commas between thousands, and the unit behind the number. */
static jw_status read_cell(const struct jw_ledger_field *field, jw_text cell, json_t **out, struct jw_error *err) {
    const struct rule *rule = field->rule;
    char digits[40];
    size_t len = 0;
    cell = jw_characters_trim(cell);
    if (rule && rule->unit && jw_text_ends(cell, jw_text_from(rule->unit)))
        cell = jw_characters_trim((jw_text){cell.ptr, cell.len - strlen(rule->unit)});
    for (size_t i = 0; i < cell.len && len + 1 < sizeof digits; i++)
        if (cell.ptr[i] != ',')
            digits[len++] = cell.ptr[i];
    digits[len] = 0;
    bool whole = strspn(digits + (*digits == '-'), "0123456789") == len - (*digits == '-');
    if (len == 0 || len + 1 == sizeof digits || strspn(digits, "0123456789.-") != len)
        return jw_fail(err, JW_E_SYNTAX, "is no number; example: 12");
    char *end;
    double value = strtod(digits, &end);
    if (*end || fabs(value) > WHOLE_MOST)
        return jw_fail(err, JW_E_SYNTAX, "is no number; example: 12");
    return jw_type_give(whole ? json_integer(strtoll(digits, NULL, 10)) : json_real(value), out, err);
}

const struct jw_ledger_type jw_type_number = {
    .name = "number",
    .about = "a whole number; unit, least, most",
    .sample = "12",
    .stored = JW_STORED_INTEGER,
    .keys = number_keys,
    .declare = declare_number,
    .check = check_number,
    .show = show_number,
    .read = read_cell,
};

const struct jw_ledger_type jw_type_decimal = {
    .name = "decimal",
    .about = "a number with digits behind the point; scale (2), unit, least, most",
    .sample = "12.5",
    .stored = JW_STORED_REAL,
    .keys = decimal_keys,
    .declare = declare_decimal,
    .check = check_decimal,
    .show = show_decimal,
    .read = read_cell,
};
