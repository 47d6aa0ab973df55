/* Groups: which elements of a tensor share one scale, as runs of memory.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/groups.h"

#include <string.h>

static gsize
product (const gint64 *dims, guint from, guint to)
{
  gsize n = 1;

  for (guint i = from; i < to; i++)
    n *= (gsize) dims[i];
  return n;
}

static gboolean
resolve_axis (const BsQuant *quant, gint axis, const char *name, gint *out, GError **error)
{
  gint rank = (gint) quant->n_dims;

  if (axis < -rank || axis >= rank) {
    g_set_error (error, BS_ERROR, BS_ERROR_INVALID,
                 "Tensor “%s” has %d dimensions; there is no axis %d.", name, rank, axis);
    return FALSE;
  }
  *out = axis < 0 ? axis + rank : axis;
  return TRUE;
}

/* group_axis: the axis that groups run along: what a dot product runs along, normally the last one.
 */
static gint
group_axis (const BsQuant *quant, gint channel_axis)
{
  gint last = (gint) quant->n_dims - 1;

  if (quant->spec.axis != BS_AXIS_AUTO)
    return quant->spec.axis;
  return last > 0 && (channel_axis == last || channel_axis == -1) ? last - 1 : last;
}

/* plan_flat: groups of a convolution's weights run through all of an output channel, not along one
 * row of the kernel. */
static void
plan_flat (BsQuant *quant)
{
  gsize length = product (quant->dims, 1, quant->n_dims);

  quant->axis = 1;
  quant->scale_n_dims = 2;
  quant->scale_dims[0] = quant->dims[0];
  quant->scale_dims[1] = (gint64) ((length + quant->spec.group - 1) / quant->spec.group);
  quant->n_scales = product (quant->scale_dims, 0, 2);
}

gboolean
bs_groups_plan (BsQuant *quant, gint channel_axis, const char *name, GError **error)
{
  const BsSpec *spec = &quant->spec;

  quant->axis = -1;
  quant->n_scales = 1;
  quant->scale_n_dims = 0;
  switch (spec->scope) {
  case BS_SCOPE_CHANNEL: {
    gint axis = spec->axis != BS_AXIS_AUTO ? spec->axis : channel_axis;
    if (quant->n_dims == 0) /* a scalar is its own channel */
      return TRUE;
    if (!resolve_axis (quant, axis == BS_AXIS_AUTO ? 0 : axis, name, &quant->axis, error))
      return FALSE;
    quant->scale_n_dims = 1;
    quant->scale_dims[0] = quant->dims[quant->axis];
    quant->n_scales = (gsize) quant->dims[quant->axis];
    return TRUE;
  }
  case BS_SCOPE_GROUP:
    if (spec->group < 1) {
      g_set_error (error, BS_ERROR, BS_ERROR_INVALID, "A group needs at least one value.");
      return FALSE;
    }
    if (quant->n_dims == 0)
      return TRUE;
    if (spec->axis == BS_AXIS_AUTO && channel_axis == 0 && quant->n_dims > 2) {
      plan_flat (quant);
      return TRUE;
    }
    if (!resolve_axis (quant, group_axis (quant, channel_axis), name, &quant->axis, error))
      return FALSE;
    quant->scale_n_dims = quant->n_dims;
    memcpy (quant->scale_dims, quant->dims, sizeof quant->scale_dims);
    quant->scale_dims[quant->axis] = (quant->dims[quant->axis] + spec->group - 1) / spec->group;
    quant->n_scales = product (quant->scale_dims, 0, quant->n_dims);
    return TRUE;
  case BS_SCOPE_ELEMENT:
    quant->scale_n_dims = quant->n_dims;
    memcpy (quant->scale_dims, quant->dims, sizeof quant->scale_dims);
    quant->n_scales = quant->n;
    return TRUE;
  case BS_SCOPE_MODEL:
  case BS_SCOPE_TENSOR:
  default:
    return TRUE;
  }
}

BsGroup
bs_groups_get (const BsQuant *quant, gsize k)
{
  if (quant->spec.scope == BS_SCOPE_ELEMENT)
    return (BsGroup){ k, 1, 1, 0 };
  if (quant->axis < 0)
    return (BsGroup){ 0, 1, quant->n, 0 };

  if (quant->n == 0)
    return (BsGroup){ 0, 1, 0, 0 };
  guint axis = (guint) quant->axis;
  gboolean flat = quant->spec.scope == BS_SCOPE_GROUP && quant->scale_n_dims < quant->n_dims;
  gsize length = flat ? product (quant->dims, axis, quant->n_dims) : (gsize) quant->dims[axis];
  gsize inner = flat ? 1 : product (quant->dims, axis + 1, quant->n_dims);
  if (quant->spec.scope == BS_SCOPE_CHANNEL)
    return (BsGroup){ k * inner, product (quant->dims, 0, axis), inner, length * inner };

  gsize n_blocks = (gsize) quant->scale_dims[axis], block = k / inner % n_blocks;
  gsize outer = k / inner / n_blocks, start = block * quant->spec.group;
  gsize n = MIN ((gsize) quant->spec.group, length - start);
  gsize first = (outer * length + start) * inner + k % inner;
  return inner == 1 ? (BsGroup){ first, 1, n, 0 } : (BsGroup){ first, n, 1, inner };
}

gsize
bs_groups_in_rows (const BsQuant *quant)
{
  if (quant->n_scales == 0 || quant->n % quant->n_scales != 0)
    return 0;
  gsize n = quant->n / quant->n_scales;
  BsGroup first = bs_groups_get (quant, 0), last = bs_groups_get (quant, quant->n_scales - 1);
  /* The first group is none of the shorter ones at the ends of rows; with one of those, the mean
   * would be less. */
  return first.n_runs == 1 && first.run == n && last.n_runs == 1 && last.first == quant->n - n ? n
                                                                                               : 0;
}

gsize
bs_groups_largest (const BsQuant *quant)
{
  if (quant->n_scales == 0 || quant->n == 0)
    return 0;
  BsGroup first = bs_groups_get (quant, 0); /* only the last of a row is shorter */
  return first.n_runs * first.run;
}

const float *
bs_groups_gather (const BsGroup *group, const float *x, float *buffer)
{
  if (group->n_runs == 1)
    return x + group->first;
  if (group->run == 1)
    for (gsize i = 0; i < group->n_runs; i++)
      buffer[i] = x[group->first + i * group->stride];
  else
    for (gsize i = 0; i < group->n_runs; i++)
      memcpy (buffer + i * group->run, x + group->first + i * group->stride,
              group->run * sizeof *x);
  return buffer;
}

static void
scatter (const BsGroup *group, const gint32 *codes, const float *values, BsQuant *quant)
{
  for (gsize i = 0; i < group->n_runs; i++) {
    gsize to = group->first + i * group->stride;
    if (group->run == 1) {
      quant->codes[to] = codes[i];
      quant->values[to] = values[i];
      continue;
    }
    memcpy (quant->codes + to, codes + i * group->run, group->run * sizeof *codes);
    memcpy (quant->values + to, values + i * group->run, group->run * sizeof *values);
  }
}

void
bs_groups_encode (BsQuant *quant,
                  const float *x,
                  const BsInterval *intervals,
                  BsGroupFunc func,
                  gpointer user)
{
  gsize largest = bs_groups_largest (quant), row = bs_groups_in_rows (quant);
  gboolean in_place = quant->n_scales == 0 || bs_groups_get (quant, 0).n_runs <= 1;
  g_autofree float *buffer = in_place ? NULL : g_new (float, largest);
  g_autofree gint32 *codes = in_place ? NULL : g_new (gint32, largest);
  g_autofree float *values = in_place ? NULL : g_new (float, largest);

  for (gsize k = 0; k < quant->n_scales; k++) {
    BsGroup group = row > 0 ? (BsGroup){ k * row, 1, row, 0 } : bs_groups_get (quant, k);
    const BsInterval *interval = intervals != NULL ? &intervals[k] : NULL;
    if (group.n_runs == 1) {
      func (quant, k, x + group.first, group.run, interval, quant->codes + group.first,
            quant->values + group.first, user);
    } else {
      func (quant, k, bs_groups_gather (&group, x, buffer), group.n_runs * group.run, interval,
            codes, values, user);
      scatter (&group, codes, values, quant);
    }
  }
}
