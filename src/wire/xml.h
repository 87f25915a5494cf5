/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little XML that Query answers and S3 bodies need: elements and text.
 * Attributes and prefixes are read over; document types, and with them
 * entities of one's own, are refused.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define XML_MAX_DEPTH 32
#define XML_MAX_NODES 20000

struct xml_node {
    struct str name; /* without its prefix */
    struct str text; /* of the element itself, entities replaced; never absent */
    struct xml_node *child, *next;
};

enum xml_outcome {
    XML_MALFORMED = 1,
};

MUST_CHECK int xml_parse(struct arena *a, struct str text, struct xml_node **ret);

/* The first child of that name; NULL if none, or if node is NULL. */
const struct xml_node *xml_child(const struct xml_node *node, struct str name);

void xml_open(struct buf *b, struct str name);
void xml_open_in(struct buf *b, struct str name, struct str xml_namespace); /* absent: none */
void xml_close(struct buf *b, struct str name);
void xml_text(struct buf *b, struct str text);
void xml_element(struct buf *b, struct str name, struct str text);

struct shape;
struct field;

/* The members of a struct whose place is the body, as elements. A member
 * whose wire name is "" is the text of the element around it. */
void xml_write_struct(struct buf *b, const struct shape *shape, const void *in);
