/* Advice before quantizing: what in a model will hurt, the measure that shows it, and what to try.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/advice.h"
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/quantile.h"

#include <bsk.h>

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define MAX_SPREAD 16.0
#define MAX_OUTLIER 8.0
#define MAX_SATURATED 0.01
#define MAX_UNUSED 0.5
#define VALUES_PER_CODE 10
#define MAX_BITS 8 /* codes are counted for */

const char *
bs_finding_id (BsFindingKind kind)
{
  static const char *const ids[] = {
    [BS_FINDING_CHANNEL_SPREAD] = "channel-spread", [BS_FINDING_OUTLIERS] = "outliers",
    [BS_FINDING_DEAD_CHANNELS] = "dead-channels",   [BS_FINDING_SATURATION] = "saturation",
    [BS_FINDING_UNUSED_CODES] = "unused-codes",     [BS_FINDING_BIAS_OVERFLOW] = "bias-overflow",
    [BS_FINDING_NOT_FINITE] = "not-finite",
  };

  return ids[kind];
}

double
bs_finding_bits (const BsFinding *finding)
{
  switch (finding->kind) {
  case BS_FINDING_NOT_FINITE:
    return INFINITY;
  case BS_FINDING_BIAS_OVERFLOW:
    return 32 + log2 (finding->value); /* the sum itself would be wrong */
  case BS_FINDING_CHANNEL_SPREAD:
  case BS_FINDING_OUTLIERS:
    return log2 (finding->value);
  case BS_FINDING_UNUSED_CODES:
    return -log2 (1 - finding->value);
  case BS_FINDING_SATURATION:
    return log2 (finding->value / MAX_SATURATED);
  case BS_FINDING_DEAD_CHANNELS:
    return 0;
  }
  return 0;
}

void
bs_finding_free (BsFinding *finding)
{
  if (finding == NULL)
    return;
  g_free (finding->where);
  g_free (finding->text);
  g_free (finding);
}

GPtrArray *
bs_findings_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) bs_finding_free);
}

G_GNUC_PRINTF (6, 7)
static void
add (GPtrArray *findings,
     BsFindingKind kind,
     double value,
     const char *where,
     const char *cure,
     const char *format,
     ...)
{
  BsFinding *finding = g_new0 (BsFinding, 1);
  va_list args;

  va_start (args, format);
  finding->text = g_strdup_vprintf (format, args);
  va_end (args);
  finding->kind = kind;
  finding->value = value;
  finding->where = g_strdup (where);
  finding->cure = cure;
  g_ptr_array_add (findings, finding);
}

#define FIGURE 32

/* A factor for people: "16.8", "33113". buffer [FIGURE] */
static const char *
figure (char *buffer, double factor)
{
  g_snprintf (buffer, FIGURE, factor < 100 ? "%.1f" : "%.0f", factor);
  return buffer;
}

static void
advise_not_finite (const char *where, guint64 n, GPtrArray *findings)
{
  if (n > 0)
    add (findings, BS_FINDING_NOT_FINITE, (double) n, where, NULL,
         _ ("“%s” holds %llu values that are NaN or infinite; they become 0 or the ends of the "
            "range."),
         where, (unsigned long long) n);
}

/* advise_channels: ranges of the output channels, whatever the scope of the spec. */
static void
advise_channels (const char *layer,
                 const float *w,
                 const gint64 *dims,
                 guint n_dims,
                 gint channel_axis,
                 const BsSpec *spec,
                 GPtrArray *findings)
{
  BsQuant plan = { .spec = *spec, .n_dims = n_dims };
  double low = INFINITY, high = 0;
  gsize n_dead = 0;
  char number[FIGURE];

  plan.spec.scope = BS_SCOPE_CHANNEL;
  plan.spec.axis = BS_AXIS_AUTO;
  memcpy (plan.dims, dims, n_dims * sizeof *dims);
  if (!bs_dims_count (dims, n_dims, &plan.n) || plan.n == 0 ||
      !bs_groups_plan (&plan, channel_axis, layer, NULL))
    return;
  g_autofree float *buffer = g_new (float, bs_groups_largest (&plan));
  for (gsize k = 0; k < plan.n_scales; k++) {
    BsGroup group = bs_groups_get (&plan, k);
    const float *values = bs_groups_gather (&group, w, buffer);
    float min, max;
    bsk_minmax (values, group.n_runs * group.run, &min, &max, NULL);
    double amax = MAX (-min, max);
    if (amax > 0) {
      low = MIN (low, amax);
      high = MAX (high, amax);
    } else {
      n_dead++;
    }
  }
  if (n_dead > 0)
    add (findings, BS_FINDING_DEAD_CHANNELS, (double) n_dead, layer, NULL,
         _ ("%llu of %llu output channels of “%s” hold nothing but zeros; they could be removed."),
         (unsigned long long) n_dead, (unsigned long long) plan.n_scales, layer);
  gboolean shared = spec->scope == BS_SCOPE_TENSOR || spec->scope == BS_SCOPE_MODEL;
  if (shared && high > low * MAX_SPREAD)
    add (findings, BS_FINDING_CHANNEL_SPREAD, high / low, layer, "equalize",
         _ ("Channel ranges of “%s” differ by a factor of %s: one scale for all costs the smallest "
            "channel %.1f of its bits. A scale per channel, or cross-layer equalization, repairs "
            "that."),
         layer, figure (number, high / low), log2 (high / low));
}

static void
advise_outliers (const char *where,
                 double amax,
                 double usual,
                 const BsSpec *spec,
                 GPtrArray *findings)
{
  char number[FIGURE];

  if (usual > 0 && amax > usual * MAX_OUTLIER && spec->range == &bs_range_minmax)
    add (
      findings, BS_FINDING_OUTLIERS, amax / usual, where, "mse",
      _ ("The largest magnitude of “%s” is %s times what 99.9 %% of its values stay below: the "
         "range from minimum to maximum wastes %.1f bits on it. A clipping range, such as mse or "
         "percentile, is worth a try."),
      where, figure (number, amax / usual), log2 (amax / usual));
}

/* advise_codes: used[]: which of the codes were seen. */
static void
advise_codes (const char *where,
              const gboolean *used,
              guint n_codes,
              const char *cure,
              GPtrArray *findings)
{
  guint n_used = 0;

  for (guint i = 0; i < n_codes; i++)
    n_used += used[i];
  double unused = 1 - (double) n_used / n_codes;
  if (unused > MAX_UNUSED)
    add (findings, BS_FINDING_UNUSED_CODES, unused, where, cure,
         "“%s” uses only %u of its %u codes.", where, n_used, n_codes);
}

void
bs_advise_weights (const char *layer,
                   const float *w,
                   const gint64 *dims,
                   guint n_dims,
                   gint channel_axis,
                   const BsSpec *spec,
                   GPtrArray *findings)
{
  gint32 qmin, qmax;
  gsize n;

  if (bs_spec_is_float (spec) || !bs_dims_count (dims, n_dims, &n) || n == 0)
    return;
  g_autoptr (BsQuant) quant = bs_quantize (spec, w, dims, n_dims, channel_axis, NULL, layer, NULL);
  if (quant == NULL)
    return;
  advise_not_finite (layer, quant->n_not_finite, findings);
  if (quant->n_not_finite > 0)
    return; /* the other measures would be about these */
  advise_channels (layer, w, dims, n_dims, channel_axis, spec, findings);
  advise_outliers (layer, bs_quantile (w, n, TRUE, 1), bs_quantile (w, n, TRUE, 0.999), spec,
                   findings);
  if (!bs_spec_integer_codes (spec, &qmin, &qmax) || spec->bits > MAX_BITS ||
      n < VALUES_PER_CODE * (gsize) (qmax - qmin + 1))
    return;
  gboolean used[1 << MAX_BITS] = { FALSE };
  for (gsize i = 0; i < n; i++)
    used[quant->codes[i] - qmin] = TRUE;
  advise_codes (layer, used, (guint) (qmax - qmin + 1), "mse", findings);
}

/* outside: share of the values below lo or above hi. */
static double
outside (const BsStats *stats, const BsInterval *interval)
{
  double sum = 0;

  for (guint i = 0; i < BS_STATS_BINS; i++) {
    double middle = bs_stats_bin_low (stats, i) + stats->bin_width / 2;
    if (middle < interval->lo || middle > interval->hi)
      sum += (double) stats->bins[i];
  }
  return sum / (double) stats->count;
}

void
bs_advise_acts (const char *tensor, const BsStats *stats, const BsSpec *spec, GPtrArray *findings)
{
  BsInterval interval;
  BskQParams p;

  advise_not_finite (tensor, stats->n_nan + stats->n_pos_inf + stats->n_neg_inf, findings);
  if (bs_spec_is_float (spec) || !bs_range_choose (stats, spec, tensor, &interval, NULL))
    return;
  double amax = MAX (-stats->min, stats->max), share = outside (stats, &interval);
  advise_outliers (tensor, amax, bs_stats_quantile_abs (stats, 0.999), spec, findings);
  if (share > MAX_SATURATED)
    add (findings, BS_FINDING_SATURATION, share, tensor, "minmax",
         _ ("%.1f %% of the values of “%s” lie outside the chosen range and are clipped."),
         100 * share, tensor);
  if (!bs_spec_integer_codes (spec, NULL, NULL) || spec->bits > MAX_BITS)
    return;
  bs_quant_params (spec, &interval, &p);
  guint n_codes = (guint) (p.qmax - p.qmin + 1);
  if (stats->count < VALUES_PER_CODE * (guint64) n_codes)
    return;
  gboolean used[1 << MAX_BITS] = { FALSE };
  for (guint i = 0; i < BS_STATS_BINS; i++)
    if (stats->bins[i] > 0) { /* a bin may span several codes */
      double low = MAX (bs_stats_bin_low (stats, i), stats->min);
      double high = MIN (bs_stats_bin_low (stats, i) + stats->bin_width, stats->max);
      double first = CLAMP (rint (low / p.scale) + p.zero_point, p.qmin, p.qmax);
      double last = CLAMP (rint (high / p.scale) + p.zero_point, p.qmin, p.qmax);
      for (gint code = (gint) first; code <= (gint) last; code++)
        used[code - p.qmin] = TRUE;
    }
  gboolean half_empty = !spec->affine && (stats->min >= 0 || stats->max <= 0);
  if (half_empty)
    add (findings, BS_FINDING_UNUSED_CODES, 0.5, tensor, "uint8",
         stats->min >= 0
           ? _ ("“%s” is never negative: symmetric codes waste half of their range; unsigned ones "
                "gain a bit.")
           : _ ("“%s” is never positive: symmetric codes waste half of their range; unsigned ones "
                "gain a bit."),
         tensor);
  else
    advise_codes (tensor, used, n_codes, "mse", findings);
}

void
bs_advise_bias (const char *layer,
                const float *bias,
                gsize n,
                float input_scale,
                const float *w_scale,
                gsize n_scales,
                GPtrArray *findings)
{
  double largest = 0;

  for (gsize i = 0; i < n; i++) {
    double unit = (double) input_scale * w_scale[n_scales == 1 ? 0 : i];
    if (unit > 0 && isfinite (bias[i]))
      largest = MAX (largest, fabs (bias[i] / unit));
  }
  if (largest >= 0x1p31)
    add (
      findings, BS_FINDING_BIAS_OVERFLOW, largest / 0x1p31, layer, "equalize",
      _ ("The largest bias of “%s” is %.3g in units of its scale and does not fit into 32 bits: a "
         "channel with tiny weights has a large bias."),
      layer, largest);
}
