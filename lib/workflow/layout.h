/* lib/workflow/layout.h — a small directed graph in layers from top to bottom, without overlaps: boxes, and for
 * every edge the points it runs through, one of which is the place of its label. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define JW_LAYOUT_NODES 40
#define JW_LAYOUT_EDGES 400

struct jw_layout_node {
    double width, height, box; /* given; box: the part of the width where edges may end */
    double x, y;               /* out: the middle */
};
struct jw_layout_edge {
    int from, to;                                                    /* given; to itself is not laid out */
    double width, height;                                            /* given: of the label */
    double x, y;                                                     /* out: the middle of the label */
    double xs[2 * JW_LAYOUT_NODES + 2], ys[2 * JW_LAYOUT_NODES + 2]; /* out: the points, from begin to end */
    size_t points;
    bool up; /* out: runs against the layers */
};
struct jw_layout {
    struct jw_layout_node nodes[JW_LAYOUT_NODES];
    size_t node_count;
    struct jw_layout_edge *edges; /* of the caller */
    size_t edge_count;
    int start;
    double width, height; /* out */
};
bool jw_layout_make(struct jw_layout *layout); /* false: no memory */
