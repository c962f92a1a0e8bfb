/* lib/workflow/layout.c — layers by the longest way from the start; every edge is cut into a chain with one link
 * for each layer in between, its label being a link as well, so that ordering and spacing keep labels and lines
 * apart too. Real nodes lie in even layers, labels in odd ones. */
#include "layout.h"

#include <stdlib.h>
#include <string.h>

#define LAYERS  (2 * JW_LAYOUT_NODES)
#define GAP     26.0 /* between neighbours of a layer */
#define LINE    10.0 /* width of a line that passes */
#define PASSES  24
#define MARGIN  24.0
#define BETWEEN 30.0 /* between layers */

struct link {
    double width, height, x, want;
    int layer, edge, node; /* edge, node: -1: none */
    int up[64], down[64];  /* neighbours */
    int ups, downs;
    int order;
};
struct making {
    struct jw_layout *layout;
    struct link *links;
    int count, room;
    int *layers[LAYERS];
    int sizes[LAYERS];
    int rank[JW_LAYOUT_NODES];
    int node_link[JW_LAYOUT_NODES];
    double tops[LAYERS], heights[LAYERS];
};

/* --- layers
 * -------------------------------------------------------------------------------------------------------- */
static void find_back(struct jw_layout *layout, int node, int *seen) {
    seen[node] = 1;
    for (size_t i = 0; i < layout->edge_count; i++) {
        struct jw_layout_edge *edge = &layout->edges[i];
        if (edge->from != node || edge->to == node)
            continue;
        if (seen[edge->to] == 1)
            edge->up = true;
        else if (!seen[edge->to])
            find_back(layout, edge->to, seen);
    }
    seen[node] = 2;
}

static void rank_nodes(struct making *m) {
    struct jw_layout *layout = m->layout;
    int seen[JW_LAYOUT_NODES] = {0};
    find_back(layout, layout->start, seen);
    for (size_t i = 0; i < layout->node_count; i++)
        if (!seen[i])
            find_back(layout, (int)i, seen);
    for (size_t round = 0; round < layout->node_count; round++)
        for (size_t i = 0; i < layout->edge_count; i++) {
            const struct jw_layout_edge *edge = &layout->edges[i];
            int a = edge->up ? edge->to : edge->from, b = edge->up ? edge->from : edge->to;
            if (a != b && m->rank[b] < m->rank[a] + 1)
                m->rank[b] = m->rank[a] + 1;
        }
}

/* --- links
 * --------------------------------------------------------------------------------------------------------- */
static int add_link(struct making *m, int layer, double width, double height, int edge, int node) {
    struct link *link = &m->links[m->count];
    *link = (struct link){.width = width, .height = height, .layer = layer, .edge = edge, .node = node};
    link->order = m->sizes[layer];
    m->layers[layer][m->sizes[layer]++] = m->count;
    return m->count++;
}

static void join(struct making *m, int above, int below) {
    struct link *a = &m->links[above], *b = &m->links[below];
    if (a->downs < 64 && b->ups < 64) {
        a->down[a->downs++] = below;
        b->up[b->ups++] = above;
    }
}

static void add_chain(struct making *m, int number) {
    struct jw_layout_edge *edge = &m->layout->edges[number];
    int a = edge->up ? edge->to : edge->from, b = edge->up ? edge->from : edge->to;
    if (a == b)
        return;
    int first = 2 * m->rank[a] + 1, last = 2 * m->rank[b] - 1, before = m->node_link[a];
    int label = edge->up ? last : first;
    for (int layer = first; layer <= last; layer++) {
        bool is = layer == label;
        int link = add_link(m, layer, is ? edge->width : LINE, is ? edge->height : 0, number, -1);
        join(m, before, link);
        before = link;
    }
    join(m, before, m->node_link[b]);
}

/* --- order
 * --------------------------------------------------------------------------------------------------------- */
static _Thread_local struct making *sorting; /* qsort has no context */

static int by_want(const void *a, const void *b) {
    const struct link *x = &sorting->links[*(const int *)a], *y = &sorting->links[*(const int *)b];
    return x->want < y->want ? -1 : x->want > y->want ? 1 : x->order - y->order;
}

static void sort_layer(struct making *m, int layer, bool from_above) {
    for (int i = 0; i < m->sizes[layer]; i++) {
        struct link *link = &m->links[m->layers[layer][i]];
        int count = from_above ? link->ups : link->downs;
        double sum = 0;
        for (int k = 0; k < count; k++)
            sum += m->links[from_above ? link->up[k] : link->down[k]].order;
        link->want = count ? sum / count : link->order;
    }
    sorting = m;
    qsort(m->layers[layer], (size_t)m->sizes[layer], sizeof(int), by_want);
    for (int i = 0; i < m->sizes[layer]; i++)
        m->links[m->layers[layer][i]].order = i;
}

static long crossings(const struct making *m) {
    long sum = 0;
    for (int layer = 0; layer + 1 < LAYERS; layer++)
        for (int i = 0; i < m->sizes[layer]; i++)
            for (int k = i + 1; k < m->sizes[layer]; k++) {
                const struct link *a = &m->links[m->layers[layer][i]], *b = &m->links[m->layers[layer][k]];
                for (int x = 0; x < a->downs; x++)
                    for (int y = 0; y < b->downs; y++)
                        sum += m->links[a->down[x]].order > m->links[b->down[y]].order;
            }
    return sum;
}

static void order(struct making *m) {
    int *best = calloc((size_t)m->count + 1, sizeof *best);
    long least = -1;
    for (int pass = 0; pass < PASSES; pass++) {
        for (int i = 0; i < LAYERS; i++)
            sort_layer(m, pass % 2 ? LAYERS - 1 - i : i, pass % 2 == 0);
        long now = crossings(m);
        if (best && (least < 0 || now < least)) {
            least = now;
            for (int i = 0; i < m->count; i++)
                best[i] = m->links[i].order;
        }
    }
    for (int i = 0; best && i < m->count; i++)
        m->layers[m->links[i].layer][best[i]] = i;
    for (int i = 0; best && i < m->count; i++)
        m->links[i].order = best[i];
    free(best);
}

/* --- across
 * -------------------------------------------------------------------------------------------------------- */
/* As near as possible to what each wants, in their order and with room between: neighbours that push each other
 * become a block that stands at the mean of its wishes. */
static void settle(struct making *m, int layer) {
    int count = m->sizes[layer];
    double offset = 0, *sums = calloc((size_t)count + 1, sizeof *sums);
    int *sizes = calloc((size_t)count + 1, sizeof *sizes), blocks = 0, at = 0;
    for (int i = 0; sums && sizes && i < count; i++) {
        struct link *link = &m->links[m->layers[layer][i]];
        const struct link *left = i ? &m->links[m->layers[layer][i - 1]] : NULL;
        offset += left ? (left->width + link->width) / 2 + GAP : 0;
        link->x = offset;
        sums[blocks] = link->want - offset;
        sizes[blocks++] = 1;
        while (blocks > 1 && sums[blocks - 2] / sizes[blocks - 2] > sums[blocks - 1] / sizes[blocks - 1]) {
            sums[blocks - 2] += sums[blocks - 1];
            sizes[blocks - 2] += sizes[blocks - 1];
            blocks--;
        }
    }
    for (int b = 0; sums && sizes && b < blocks; b++)
        for (int i = 0; i < sizes[b]; i++)
            m->links[m->layers[layer][at++]].x += sums[b] / sizes[b];
    free(sums);
    free(sizes);
}

static void wish(struct making *m, int layer, bool above, bool below) {
    for (int i = 0; i < m->sizes[layer]; i++) {
        struct link *link = &m->links[m->layers[layer][i]];
        double sum = 0;
        int count = 0;
        for (int k = 0; above && k < link->ups; k++, count++)
            sum += m->links[link->up[k]].x;
        for (int k = 0; below && k < link->downs; k++, count++)
            sum += m->links[link->down[k]].x;
        link->want = count ? sum / count : link->x;
    }
    settle(m, layer);
}

static void place(struct making *m) {
    double y = MARGIN, left = 1e9, right = -1e9;
    for (int layer = 0; layer < LAYERS; layer++)
        wish(m, layer, false, false);
    for (int pass = 0; pass < PASSES; pass++)
        for (int i = 0; i < LAYERS; i++)
            wish(m, pass % 2 ? LAYERS - 1 - i : i, pass + 1 == PASSES || pass % 2 == 0,
                 pass + 1 == PASSES || pass % 2);
    for (int layer = 0; layer < LAYERS; layer++) {
        for (int i = 0; i < m->sizes[layer]; i++) {
            const struct link *link = &m->links[m->layers[layer][i]];
            left = link->x - link->width / 2 < left ? link->x - link->width / 2 : left;
            right = link->x + link->width / 2 > right ? link->x + link->width / 2 : right;
            if (link->height > m->heights[layer])
                m->heights[layer] = link->height;
        }
        m->tops[layer] = y;
        if (m->sizes[layer])
            y += m->heights[layer] + BETWEEN;
    }
    for (int i = 0; i < m->count; i++)
        m->links[i].x += MARGIN - left;
    m->layout->width = right - left + 2 * MARGIN;
    m->layout->height = y - BETWEEN + MARGIN;
}

/* --- what comes out
 * -------------------------------------------------------------------------------------------------- */
static double middle(const struct making *m, int layer) { return m->tops[layer] + m->heights[layer] / 2; }

/* Edges leave a box side by side, in the order of where they go. */
static double port(const struct making *m, int node, int link, bool below) {
    const struct link *box = &m->links[m->node_link[node]], *own = &m->links[link];
    const int *list = below ? box->down : box->up;
    int count = below ? box->downs : box->ups, before = 0;
    for (int i = 0; i < count; i++)
        before += m->links[list[i]].x < own->x || (m->links[list[i]].x == own->x && list[i] < link);
    double room = m->layout->nodes[node].box * 0.6;
    return count < 2 ? box->x : box->x - room / 2 + room * before / (count - 1);
}

static void add_point(struct jw_layout_edge *edge, double x, double y) {
    edge->xs[edge->points] = x;
    edge->ys[edge->points++] = y;
}

static void turn(struct jw_layout_edge *edge) {
    for (size_t i = 0, k = edge->points - 1; i < k; i++, k--) {
        double x = edge->xs[i], y = edge->ys[i];
        edge->xs[i] = edge->xs[k], edge->ys[i] = edge->ys[k];
        edge->xs[k] = x, edge->ys[k] = y;
    }
}

static void give_edge(const struct making *m, int number) {
    struct jw_layout_edge *edge = &m->layout->edges[number];
    int a = edge->up ? edge->to : edge->from, b = edge->up ? edge->from : edge->to, last = -1;
    edge->points = 0;
    for (int i = 0; i < m->count; i++) {
        const struct link *link = &m->links[i];
        if (link->edge != number)
            continue;
        double top = m->tops[2 * m->rank[a]] + (m->heights[2 * m->rank[a]] + m->links[m->node_link[a]].height) / 2;
        if (edge->points == 0)
            add_point(edge, port(m, a, i, true), top);
        add_point(edge, link->x, middle(m, link->layer));
        last = i;
        if (link->height > 0)
            edge->x = link->x, edge->y = middle(m, link->layer);
    }
    if (last < 0)
        return;
    double bottom = m->tops[2 * m->rank[b]] + (m->heights[2 * m->rank[b]] - m->links[m->node_link[b]].height) / 2;
    add_point(edge, port(m, b, last, false), bottom);
    if (edge->up)
        turn(edge);
}

bool jw_layout_make(struct jw_layout *layout) {
    struct making *m = calloc(1, sizeof *m);
    bool good = m;
    if (good) {
        m->layout = layout;
        m->room = (int)(layout->node_count + layout->edge_count * LAYERS);
        m->links = calloc((size_t)m->room, sizeof *m->links);
        good = m->links;
    }
    for (int i = 0; good && i < LAYERS; i++)
        good = (m->layers[i] = calloc(layout->node_count + layout->edge_count + 1, sizeof(int)));
    if (good) {
        rank_nodes(m);
        for (size_t i = 0; i < layout->node_count; i++)
            m->node_link[i] =
                add_link(m, 2 * m->rank[i], layout->nodes[i].width, layout->nodes[i].height, -1, (int)i);
        for (size_t i = 0; i < layout->edge_count; i++)
            add_chain(m, (int)i);
        order(m);
        place(m);
        for (size_t i = 0; i < layout->node_count; i++) {
            layout->nodes[i].x = m->links[m->node_link[i]].x;
            layout->nodes[i].y = middle(m, 2 * m->rank[i]);
        }
        for (size_t i = 0; i < layout->edge_count; i++)
            give_edge(m, (int)i);
    }
    for (int i = 0; m && i < LAYERS; i++)
        free(m->layers[i]);
    if (m)
        free(m->links);
    free(m);
    return good;
}
