/* daemons/detect/attack.c — a rule's tags as ECS's threat.*: MITRE ATT&CK tactics, techniques, sub-techniques. */
#include "attack.h"

#include <ctype.h>

/* ATT&CK Enterprise and what ICS has besides; Sigma writes tactics as words with "-" or, in older rules, "_". */
static const struct {
    jw_text tag, id, name;
} tactics[] = {
    {JW_TEXT("reconnaissance"), JW_TEXT("TA0043"), JW_TEXT("Reconnaissance")},
    {JW_TEXT("resource-development"), JW_TEXT("TA0042"), JW_TEXT("Resource Development")},
    {JW_TEXT("initial-access"), JW_TEXT("TA0001"), JW_TEXT("Initial Access")},
    {JW_TEXT("execution"), JW_TEXT("TA0002"), JW_TEXT("Execution")},
    {JW_TEXT("persistence"), JW_TEXT("TA0003"), JW_TEXT("Persistence")},
    {JW_TEXT("privilege-escalation"), JW_TEXT("TA0004"), JW_TEXT("Privilege Escalation")},
    {JW_TEXT("defense-evasion"), JW_TEXT("TA0005"), JW_TEXT("Defense Evasion")},
    {JW_TEXT("credential-access"), JW_TEXT("TA0006"), JW_TEXT("Credential Access")},
    {JW_TEXT("discovery"), JW_TEXT("TA0007"), JW_TEXT("Discovery")},
    {JW_TEXT("lateral-movement"), JW_TEXT("TA0008"), JW_TEXT("Lateral Movement")},
    {JW_TEXT("collection"), JW_TEXT("TA0009"), JW_TEXT("Collection")},
    {JW_TEXT("exfiltration"), JW_TEXT("TA0010"), JW_TEXT("Exfiltration")},
    {JW_TEXT("command-and-control"), JW_TEXT("TA0011"), JW_TEXT("Command and Control")},
    {JW_TEXT("impact"), JW_TEXT("TA0040"), JW_TEXT("Impact")},
    {JW_TEXT("inhibit-response-function"), JW_TEXT("TA0107"), JW_TEXT("Inhibit Response Function")},
    {JW_TEXT("impair-process-control"), JW_TEXT("TA0106"), JW_TEXT("Impair Process Control")},
};

static bool is_tactic(jw_text tag, jw_text name) {
    if (tag.len != name.len)
        return false;
    for (size_t i = 0; i < tag.len; i++)
        if (tolower((unsigned char)(tag.ptr[i] == '_' ? '-' : tag.ptr[i])) != name.ptr[i])
            return false;
    return true;
}

static void add_once(struct jw_record *out, const char *name, jw_text value) {
    for (uint32_t i = 0; i < out->count; i++)
        if (jw_text_is(out->fields[i].name, jw_text_from(name)) && jw_text_is(out->fields[i].value, value))
            return;
    if (value.len)
        jw_record_add(out, jw_text_from(name), value);
}

/* "T1110.001" is technique T1110 and sub-technique T1110.001. */
static void add_technique(struct jw_record *out, jw_text tag) {
    char *copy = jw_arena_alloc(out->mem, tag.len);
    if (!copy)
        return;
    for (size_t i = 0; i < tag.len; i++)
        copy[i] = (char)toupper((unsigned char)tag.ptr[i]);
    jw_text whole = {copy, tag.len}, rest = whole, technique;
    bool sub = jw_text_cut(&rest, '.', &technique);
    add_once(out, "threat.technique.id", sub ? technique : whole);
    if (sub)
        add_once(out, "threat.technique.subtechnique.id", whole);
}

void jw_attack_add(struct jw_record *out, jw_text tag) {
    if (!jw_text_drop(&tag, JW_TEXT("attack.")) || tag.len < 2)
        return;
    if (tolower((unsigned char)*tag.ptr) == 't' && isdigit((unsigned char)tag.ptr[1]))
        add_technique(out, tag);
    for (size_t i = 0; i < sizeof tactics / sizeof *tactics; i++)
        if (is_tactic(tag, tactics[i].tag)) {
            add_once(out, "threat.tactic.id", tactics[i].id);
            add_once(out, "threat.tactic.name", tactics[i].name);
        }
}
