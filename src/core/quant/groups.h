/* Groups: which elements of a tensor share one scale, as runs of memory.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/quant.h"

G_BEGIN_DECLS

/* The elements of one group: n_runs runs of `run` elements, `stride` apart, from `first`. */
typedef struct {
  gsize first, n_runs, run, stride;
} BsGroup;

/* bs_groups_plan: sets axis, n_scales, scale_n_dims and scale_dims of quant from its spec, dims and
 * n. Errors  BS_ERROR_INVALID: axis out of range, group of 0. */
gboolean bs_groups_plan (BsQuant *quant, gint channel_axis, const char *name, GError **error);

/* bs_groups_get: group k of n_scales. A group may be empty. */
BsGroup bs_groups_get (const BsQuant *quant, gsize k);

/* bs_groups_in_rows: elements of each group when all have the same number and lie one after the
 * other, as rows of a matrix; else 0. */
gsize bs_groups_in_rows (const BsQuant *quant);

/* bs_groups_largest: elements of the largest group. */
gsize bs_groups_largest (const BsQuant *quant);

/* bs_groups_gather: the values of a group side by side: x itself where they already are, else
 * copied to buffer. */
const float *bs_groups_gather (const BsGroup *group, const float *x, float *buffer);

/* Encodes n values of group k: fills codes and values [n], and quant->scale[k], quant->zero[k]
 * where there are such. interval is NULL for encodings that fit themselves. user: as given to
 * bs_groups_encode. */
typedef void (*BsGroupFunc) (BsQuant *quant,
                             gsize k,
                             const float *x,
                             gsize n,
                             const BsInterval *interval,
                             gint32 *codes,
                             float *values,
                             gpointer user);

/* bs_groups_encode: calls func for every group of quant and puts codes and values in their places.
 */
void bs_groups_encode (BsQuant *quant,
                       const float *x,
                       const BsInterval *intervals,
                       BsGroupFunc func,
                       gpointer user);

G_END_DECLS
