/* lib/workflow/draw.c — a flow as a diagram: states as boxes from top to bottom, steps as arrows with their titles.
 * One document without scripts or outside fonts; its colours follow light and dark. */
#include "flow.h"
#include "layout.h"

#include <stdlib.h>
#include <string.h>

#define BIG   15.0 /* pixels: titles of states */
#define SMALL 12.0
#define LABEL 13.0

struct drawing {
    const struct jw_flow *flow;
    bool english;
    int present; /* -1: none */
    struct jw_layout layout;
    char (*labels)[256];
    bool *returns;
    jw_buffer *out;
};

static const char style[] =
    "<style>\n"
    "svg{--paper:#fff;--ink:#1f2937;--soft:#64748b;--line:#94a3b8;--back:#d97706;--mark:#2563eb}\n"
    ".b{stroke-width:1.5}.n{font:600 15px " /* one list of fonts for all texts */
    "'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',sans-serif;fill:var(--ink);"
    "text-anchor:middle}\n"
    ".s{font:12px 'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',sans-serif;"
    "fill:var(--soft);text-anchor:middle}\n"
    ".l{font:13px 'Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',sans-serif;"
    "fill:var(--ink);text-anchor:middle}\n"
    ".e{fill:none;stroke:var(--line);stroke-width:1.6}.r{stroke:var(--back);stroke-dasharray:6 4}\n"
    ".p{fill:var(--paper);stroke:none}.a{fill:var(--line)}.ra{fill:var(--back)}\n"
    ".b.now{stroke:var(--mark);stroke-width:2.5}.halo{fill:none;stroke:var(--mark);stroke-opacity:.25;stroke-width:"
    "9}\n"
    ".tag{fill:var(--mark)}.tagt{font:600 11px 'Noto Sans CJK SC','Source Han Sans SC','PingFang SC',"
    "'Microsoft YaHei',sans-serif;fill:#fff;text-anchor:middle}\n"
    ".blue{fill:#dbeafe;stroke:#3b82f6}.gold{fill:#fef3c7;stroke:#d97706}.orange{fill:#ffedd5;stroke:#ea580c}\n"
    ".red{fill:#fee2e2;stroke:#dc2626}.green{fill:#dcfce7;stroke:#16a34a}.cyan{fill:#cffafe;stroke:#0891b2}\n"
    ".purple{fill:#f3e8ff;stroke:#9333ea}.grey{fill:#f1f5f9;stroke:#94a3b8}\n"
    "@media(prefers-color-scheme:dark){svg{--paper:#0f172a;--ink:#e2e8f0;--soft:#94a3b8;--line:#64748b;--back:#"
    "fbbf24;"
    "--mark:#60a5fa}\n"
    ".blue{fill:#1e3a5f}.gold{fill:#4a3510}.orange{fill:#4a2a12}.red{fill:#4c1d1d}.green{fill:#14391f}"
    ".cyan{fill:#123c47}.purple{fill:#38205a}.grey{fill:#273244}}\n"
    "</style>\n";

/* --- texts
 * ---------------------------------------------------------------------------------------------------------- */
/* Chinese characters are as wide as high, letters a little more than half. */
static double width_of(const char *text, double size) {
    double width = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        width += *p >= 0xE0 ? size : *p >= 0x80 && *p < 0xC0 ? 0 : *p >= 0xC0 ? size * 0.6 : size * 0.58;
    return width;
}

static void escape(jw_buffer *out, const char *text) {
    for (; *text; text++) {
        if (*text == '<')
            jw_buffer_print(out, "&lt;");
        else if (*text == '>')
            jw_buffer_print(out, "&gt;");
        else if (*text == '&')
            jw_buffer_print(out, "&amp;");
        else if (*text == '"')
            jw_buffer_print(out, "&quot;");
        else if ((unsigned char)*text >= ' ')
            jw_buffer_byte(out, *text);
    }
}

static const char *title_of(const struct drawing *d, const struct jw_ledger_label *label) {
    return d->english ? label->en : label->zh;
}

static void deadline_of(const struct drawing *d, const struct jw_flow_state *state, char out[96]) {
    static const char *const zh[] = {"",           "%lld个工作日内", "%lld天内", "%lld个工作小时内",
                                     "%lld小时内", "按登记的日期"};
    static const char *const en[] = {"",
                                     "within %lld working days",
                                     "within %lld days",
                                     "within %lld working hours",
                                     "within %lld hours",
                                     "by the date in the record"};
    const struct jw_flow_span *span = &state->deadline.usual;
    *out = '\0';
    if (state->deadline.case_count) {
        snprintf(out, 96, "%s", d->english ? "time by kind" : "按类别限时");
        return;
    }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(out, 96, (d->english ? en : zh)[span->kind], (long long)span->count);
#pragma GCC diagnostic pop
}

static void label_of(const struct drawing *d, const struct jw_flow_step *step, char *out, size_t room) {
    char more[64] = "";
    if (step->agree == JW_AGREE_EACH)
        snprintf(more, sizeof more, "%s", d->english ? " (all sign)" : "（会签）");
    else if (step->agree > 1)
        snprintf(more, sizeof more, d->english ? " (%d agree)" : "（%d人同意）", step->agree);
    else if (step->who.count == 0)
        snprintf(more, sizeof more, "%s", d->english ? " (by itself)" : "（自动）");
    size_t at = strlen(out);
    snprintf(out + at, room - at, "%s%s%s", at ? " / " : "", title_of(d, &step->title), more);
}

/* --- the graph
 * -------------------------------------------------------------------------------------------------------- */
/* Steps between the same two states in the same manner share an arrow. */
static int edge_of(struct drawing *d, int from, const struct jw_flow_step *step) {
    struct jw_layout *layout = &d->layout;
    for (size_t i = 0; i < layout->edge_count; i++)
        if (layout->edges[i].from == from && layout->edges[i].to == step->to && d->returns[i] == step->back &&
            strlen(d->labels[i]) < 90)
            return (int)i;
    if (layout->edge_count == JW_LAYOUT_EDGES)
        return -1;
    layout->edges[layout->edge_count] = (struct jw_layout_edge){.from = from, .to = step->to};
    d->returns[layout->edge_count] = step->back;
    return (int)layout->edge_count++;
}

static void add_edges(struct drawing *d) {
    const struct jw_flow *flow = d->flow;
    for (size_t i = 0; i < flow->step_count; i++)
        for (int from = 0; from < (int)flow->state_count; from++) {
            int edge = flow->steps[i].from >> from & 1 ? edge_of(d, from, &flow->steps[i]) : -1;
            if (edge >= 0)
                label_of(d, &flow->steps[i], d->labels[edge], sizeof d->labels[edge]);
        }
    for (size_t i = 0; i < d->layout.edge_count; i++) {
        d->layout.edges[i].width = width_of(d->labels[i], LABEL) + 12;
        d->layout.edges[i].height = LABEL + 8;
    }
}

static double own_width(const struct drawing *d, int state) { /* of arrows from the state to itself */
    double most = 0;
    for (size_t i = 0; i < d->layout.edge_count; i++)
        if (d->layout.edges[i].from == state && d->layout.edges[i].to == state)
            most = d->layout.edges[i].width > most ? d->layout.edges[i].width : most;
    return most;
}

static double box_width(const struct drawing *d, const struct jw_flow_state *state) {
    char deadline[96];
    deadline_of(d, state, deadline);
    double title = width_of(title_of(d, &state->title), BIG), small = width_of(deadline, SMALL);
    double width = (title > small ? title : small) + 40;
    return width < 110 ? 110 : width;
}

static void add_nodes(struct drawing *d) {
    d->layout.node_count = d->flow->state_count;
    d->layout.start = d->flow->start;
    for (size_t i = 0; i < d->flow->state_count; i++) {
        char deadline[96];
        deadline_of(d, &d->flow->states[i], deadline);
        double loop = own_width(d, (int)i);
        d->layout.nodes[i].box = box_width(d, &d->flow->states[i]);
        d->layout.nodes[i].width = d->layout.nodes[i].box + (loop > 0 ? 2 * (loop + 40) : 0);
        d->layout.nodes[i].height = *deadline ? 58 : 44;
    }
}

/* --- drawing
 * ---------------------------------------------------------------------------------------------------------- */
static void draw_line(struct drawing *d, size_t number) {
    const struct jw_layout_edge *edge = &d->layout.edges[number];
    const char *marks = d->returns[number] ? "ra" : "a";
    size_t last = edge->points - 1;
    double end = edge->ys[last] + (edge->up ? 7 : -7); /* room for the head */
    jw_buffer_print(d->out, "<path class=\"e%s\" marker-end=\"url(#%s)\" d=\"M%.1f %.1f",
                    d->returns[number] ? " r" : "", marks, edge->xs[0], edge->ys[0]);
    for (size_t i = 1; i < edge->points; i++) {
        double y = i == last ? end : edge->ys[i], half = (y - edge->ys[i - 1]) / 2;
        jw_buffer_print(d->out, " C%.1f %.1f %.1f %.1f %.1f %.1f", edge->xs[i - 1], edge->ys[i - 1] + half,
                        edge->xs[i], y - half, edge->xs[i], y);
    }
    jw_buffer_print(d->out, "\"/>\n");
}

static void draw_loop(struct drawing *d, size_t number) {
    const struct jw_layout_edge *edge = &d->layout.edges[number];
    const struct jw_layout_node *node = &d->layout.nodes[edge->from];
    double right = node->x + box_width(d, &d->flow->states[edge->from]) / 2;
    jw_buffer_print(
        d->out,
        "<path class=\"e\" marker-end=\"url(#a)\" d=\"M%.1f %.1f c34 -14 34 30 7 24\"/>\n<text class=\"l\" "
        "style=\"text-anchor:start\" x=\"%.1f\" y=\"%.1f\">",
        right, node->y - 12, right + 32, node->y + 5);
    escape(d->out, d->labels[number]);
    jw_buffer_print(d->out, "</text>\n");
}

static void draw_label(struct drawing *d, size_t number) {
    const struct jw_layout_edge *edge = &d->layout.edges[number];
    jw_buffer_print(d->out, "<rect class=\"p\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"4\"/>",
                    edge->x - edge->width / 2, edge->y - edge->height / 2, edge->width, edge->height);
    jw_buffer_print(d->out, "<text class=\"l\" x=\"%.1f\" y=\"%.1f\">", edge->x, edge->y + 4.5);
    escape(d->out, d->labels[number]);
    jw_buffer_print(d->out, "</text>\n");
}

static void draw_tag(struct drawing *d, double x, double y) {
    const char *text = d->english ? "now" : "当前";
    double width = width_of(text, 11) + 14;
    jw_buffer_print(d->out, "<rect class=\"tag\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"18\" rx=\"9\"/>",
                    x - width / 2, y - 9, width);
    jw_buffer_print(d->out, "<text class=\"tagt\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", x, y + 4, text);
}

static void draw_state(struct drawing *d, size_t number) {
    const struct jw_flow_state *state = &d->flow->states[number];
    const struct jw_layout_node *node = &d->layout.nodes[number];
    double width = box_width(d, state), x = node->x - width / 2, y = node->y - node->height / 2;
    const char *colour = state->colour                   ? state->colour
                         : state->final                  ? "green"
                         : (int)number == d->flow->start ? "blue"
                                                         : "gold";
    bool present = (int)number == d->present;
    double round = state->final ? node->height / 2 : 10;
    char deadline[96];
    deadline_of(d, state, deadline);
    if (present)
        jw_buffer_print(d->out,
                        "<rect class=\"halo\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.1f\"/>",
                        x, y, width, node->height, round);
    jw_buffer_print(d->out,
                    "<rect class=\"b %s%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.1f\"/>",
                    colour, present ? " now" : "", x, y, width, node->height, round);
    jw_buffer_print(d->out, "<text class=\"n\" x=\"%.1f\" y=\"%.1f\">", node->x,
                    node->y + (*deadline ? -4.0 : 5.5));
    escape(d->out, title_of(d, &state->title));
    jw_buffer_print(d->out, "</text>\n");
    if (*deadline)
        jw_buffer_print(d->out, "<text class=\"s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", node->x, node->y + 17,
                        deadline);
    if (present)
        draw_tag(d, x + width, node->y);
}

static void draw_all(struct drawing *d) {
    const struct jw_layout *layout = &d->layout;
    double width = layout->width < 260 ? 260 : layout->width;
    jw_buffer_print(
        d->out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"%.0f 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" "
        "role=\"img\">\n<title>",
        (layout->width - width) / 2, width, layout->height, width, layout->height);
    escape(d->out, title_of(d, &d->flow->title));
    jw_buffer_print(d->out, "</title>\n%s<defs>", style);
    for (int i = 0; i < 2; i++)
        jw_buffer_print(
            d->out,
            "<marker id=\"%s\" viewBox=\"0 0 10 10\" refX=\"2\" refY=\"5\" markerWidth=\"10\" markerHeight=\"9\" "
            "markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"%s\" d=\"M0 0L10 5L0 10z\"/></marker>",
            i ? "ra" : "a", i ? "ra" : "a");
    jw_buffer_print(d->out, "</defs>\n<rect class=\"p\" x=\"%.0f\" width=\"%.0f\" height=\"%.0f\"/>\n",
                    (layout->width - width) / 2, width, layout->height);
    for (size_t i = 0; i < layout->edge_count; i++)
        if (layout->edges[i].points)
            draw_line(d, i);
        else
            draw_loop(d, i);
    for (size_t i = 0; i < layout->edge_count; i++)
        if (layout->edges[i].points)
            draw_label(d, i);
    for (size_t i = 0; i < layout->node_count; i++)
        draw_state(d, i);
    jw_buffer_print(d->out, "</svg>\n");
}

jw_status jw_flow_draw(const struct jw_flow *flow, const char *state, const char *language, jw_buffer *out,
                       struct jw_error *err) {
    struct drawing *d = calloc(1, sizeof *d);
    bool good = d;
    if (d) {
        d->flow = flow;
        d->english = strcmp(language, "en") == 0;
        d->present = state ? jw_flow_state_find(flow, jw_text_from(state)) : -1;
        d->out = out;
        d->layout.edges = calloc(JW_LAYOUT_EDGES, sizeof *d->layout.edges);
        d->labels = calloc(JW_LAYOUT_EDGES, sizeof *d->labels);
        d->returns = calloc(JW_LAYOUT_EDGES, sizeof *d->returns);
        good = d->layout.edges && d->labels && d->returns;
    }
    if (good) {
        add_edges(d);
        add_nodes(d);
        good = jw_layout_make(&d->layout);
    }
    if (good)
        draw_all(d);
    if (d) {
        free(d->layout.edges);
        free(d->labels);
        free(d->returns);
    }
    free(d);
    return good && !out->failed ? JW_OK : jw_fail(err, JW_E_LIMIT, "no memory for a diagram");
}
