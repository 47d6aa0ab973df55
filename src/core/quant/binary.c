/* Encodings: one and two bits, signs with one magnitude.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/vectorize.h"
#include "quant/encoding.h"
#include "quant/groups.h"

#include <glib/gi18n-lib.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { P_EXACT };

static const BsParam ternary_params[] = {
  [P_EXACT] = { "exact", N_ ("Least-squares optimum instead of the rule of thumb"), BS_PARAM_INT, 0,
                1, 0 },
  { NULL },
};

#define BLOCK 65536 /* values whose number still fits into the lanes' counts */
#define LANES 32    /* partial sums: the compiler makes no vectors of a loop over fewer */

/* Magnitudes that were added up, and how many: value i in lane i mod LANES. */
typedef struct {
  double sum[LANES];
  gint32 count[LANES];
} Lanes;

BS_INLINE void
add_lanes (Lanes *lanes, const float *x, float threshold)
{
  for (guint j = 0; j < LANES; j++) {
    float magnitude = fabsf (x[j]);
    gint32 counts = (magnitude > threshold) & (magnitude <= FLT_MAX);
    lanes->sum[j] += bs_select (counts, magnitude, 0);
    lanes->count[j] += counts;
  }
}

BS_VECTORIZED static void
add_block (Lanes *result, const float *x, gsize n, float threshold)
{
  Lanes lanes = { 0 };
  float rest[LANES];
  gsize whole = n - n % LANES;

  for (gsize i = 0; i < whole; i += LANES)
    add_lanes (&lanes, x + i, threshold);
  for (gsize j = 0; j < LANES; j++)
    rest[j] = whole + j < n ? x[whole + j] : NAN;
  add_lanes (&lanes, rest, threshold);
  *result = lanes;
}

/* mean_above: mean of the finite magnitudes above threshold; 0 without any. */
static double
mean_above (const float *x, gsize n, float threshold)
{
  double sum = 0;
  gsize count = 0;

  for (gsize i = 0; i < n; i += BLOCK) {
    Lanes lanes;
    add_block (&lanes, x + i, MIN (n - i, BLOCK), threshold);
    for (guint j = 0; j < LANES; j++) {
      sum += lanes.sum[j];
      count += (gsize) lanes.count[j];
    }
  }
  return count > 0 ? sum / (double) count : 0;
}

static double
mean_abs (const float *x, gsize n)
{
  return mean_above (x, n, -1);
}

/* fit_binary: 0 below zero, 1 from −0 on and for NaN. */
static gboolean
fit_binary (const BsSpec *spec,
            const float *x,
            gsize n,
            const BsInterval *interval,
            BsLevels *levels,
            float *scale)
{
  float alpha = (float) mean_abs (x, n), level[] = { -alpha, alpha }, below[] = { -FLT_TRUE_MIN };
  BskStatus status = bsk_levels_init (levels, 2, level, below, 1);

  g_assert (status == BSK_OK);
  *scale = 1;
  return TRUE;
}

static void
binary_group (BsQuant *quant,
              gsize k,
              const float *x,
              gsize n,
              const BsInterval *interval,
              gint32 *codes,
              float *values,
              gpointer user)
{
  float alpha = (float) mean_abs (x, n);

  quant->scale[k] = alpha;
  for (gsize i = 0; i < n; i++) {
    codes[i] = !(x[i] < 0); /* −0 and NaN: 1 */
    values[i] = codes[i] ? alpha : -alpha;
  }
}

/* twn: what is above 0.7 of the mean magnitude is kept; alpha is the mean of what is kept. Returns
 * the largest float that is not kept. */
static float
twn (const float *x, gsize n, double *alpha)
{
  float threshold = bs_round_down (0.7 * mean_abs (x, n));

  *alpha = mean_above (x, n, threshold);
  return threshold;
}

static int
compare_falling (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;

  return (x < y) - (x > y);
}

/* exact: keeps the k largest magnitudes with the largest (sum)² / k; ties go to the larger k.
 * Returns the largest float that is not kept. */
static float
exact (const float *x, gsize n, double *alpha)
{
  g_autofree float *sorted = g_new (float, MAX (n, 1));
  double sum = 0, best = -1;
  float least = INFINITY;
  gsize m = 0;

  for (gsize i = 0; i < n; i++)
    if (isfinite (x[i]) && x[i] != 0)
      sorted[m++] = fabsf (x[i]);
  qsort (sorted, m, sizeof *sorted, compare_falling);
  *alpha = 0;
  for (gsize k = 1; k <= m; k++) {
    sum += sorted[k - 1];
    if (sum * sum / (double) k >= best) {
      best = sum * sum / (double) k;
      *alpha = sum / (double) k;
      least = sorted[k - 1];
    }
  }
  return nextafterf (least, 0);
}

static float
fit_magnitudes (const BsSpec *spec, const float *x, gsize n, float *threshold)
{
  double alpha;

  *threshold = spec->encoding_params[P_EXACT] != 0 ? exact (x, n, &alpha) : twn (x, n, &alpha);
  return (float) alpha;
}

static gboolean
fit_ternary (const BsSpec *spec,
             const float *x,
             gsize n,
             const BsInterval *interval,
             BsLevels *levels,
             float *scale)
{
  float threshold, alpha = fit_magnitudes (spec, x, n, &threshold);
  float level[] = { -alpha, 0, alpha },
        below[] = { MAX (nextafterf (-threshold, -INFINITY), -FLT_MAX), threshold };
  BskStatus status = bsk_levels_init (levels, 3, level, below, 1);

  g_assert (status == BSK_OK);
  *scale = 1;
  return TRUE;
}

static void
ternary_group (BsQuant *quant,
               gsize k,
               const float *x,
               gsize n,
               const BsInterval *interval,
               gint32 *codes,
               float *values,
               gpointer user)
{
  float threshold, alpha = fit_magnitudes (&quant->spec, x, n, &threshold);

  quant->scale[k] = alpha;
  for (gsize i = 0; i < n; i++) {
    codes[i] = fabsf (x[i]) > threshold ? (x[i] < 0 ? -1 : 1) : 0;
    values[i] = (float) codes[i] * alpha;
  }
}

static gboolean
encode_binary (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  bs_groups_encode (quant, x, NULL, binary_group, NULL);
  return TRUE;
}

static gboolean
encode_ternary (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  bs_groups_encode (quant, x, NULL, ternary_group, NULL);
  return TRUE;
}

const BsEncoding bs_encoding_binary = {
  .id = "binary",
  .title = N_ ("Binary"),
  .description = N_ ("One bit: the sign, times one magnitude, the mean of |x|, which is what least "
                     "squares asks for. Matrix "
                     "products become exclusive-or and bit counts. Source: Rastegari et al., "
                     "XNOR-Net, arXiv:1603.05279."),
  .family = BS_FAMILY_BINARY,
  .min_bits = 1,
  .max_bits = 1,
  .encode = encode_binary,
  .fit = fit_binary,
  .flags = BS_ENCODING_OWN_RANGE | BS_ENCODING_OWN_SCALE,
};

const BsEncoding bs_encoding_ternary = {
  .id = "ternary",
  .title = N_ ("Ternary"),
  .description = N_ ("Two bits: −α, 0 or α. What lies within 0.7 of the mean magnitude becomes 0 "
                     "and α is the mean of the "
                     "rest; exact=1 finds the threshold with the least squared error instead. "
                     "Source: Li et al., Ternary "
                     "Weight Networks, arXiv:1605.04711."),
  .family = BS_FAMILY_BINARY,
  .min_bits = 2,
  .max_bits = 2,
  .params = ternary_params,
  .encode = encode_ternary,
  .fit = fit_ternary,
  .flags = BS_ENCODING_OWN_RANGE | BS_ENCODING_OWN_SCALE,
};
