/* The list of weight encodings that a sweep asks for, as choices: widths, integers, other encodings.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/encoding.h"

G_BEGIN_DECLS

typedef struct {
  guint32 widths; /* bit b: width b, 1 … 16; shared by all encodings that have a choice */
  gboolean symmetric, affine; /* integers */
  guint64 others;             /* bit i: bs_encodings[i]; never float, int or uint */
} BsWeightChoice;

/* bs_weight_choice_parse: list as in BsPlan: "int2..int8,nf4,kmeans-4". What is not a choice (one
 * encoding at a width of its own, parameters) counts as the nearest that is. A list that cannot be
 * read is no choice at all. */
BsWeightChoice bs_weight_choice_parse (const char *list);

/* bs_weight_choice_to_list: the list that asks for these. (transfer full) */
char *bs_weight_choice_to_list (const BsWeightChoice *choice);

/* bs_weight_choice_is_other: whether an encoding belongs into `others`. */
gboolean bs_weight_choice_is_other (const BsEncoding *encoding);

/* bs_weight_choice_has_widths: whether the width is chosen, and not part of the format. */
gboolean bs_weight_choice_has_widths (const BsEncoding *encoding);

G_END_DECLS
