/* Encodings: one and two bits, signs with one magnitude.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"
#include "quant/groups.h"

#include <glib/gi18n-lib.h>

#include <math.h>
#include <stdlib.h>

enum { P_EXACT };

static const BsParam ternary_params[] = {
  [P_EXACT] = { "exact", N_ ("Least-squares optimum instead of the rule of thumb"), BS_PARAM_INT, 0,
                1, 0 },
  { NULL },
};

static double
mean_abs (const float *x, gsize n)
{
  double sum = 0;
  gsize count = 0;

  for (gsize i = 0; i < n; i++)
    if (isfinite (x[i])) {
      sum += fabs ((double) x[i]);
      count++;
    }
  return count > 0 ? sum / (double) count : 0;
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

/* twn: what is above 0.7 of the mean magnitude is kept; alpha is the mean of what is kept. */
static double
twn (const float *x, gsize n, double *alpha)
{
  double threshold = 0.7 * mean_abs (x, n), sum = 0;
  gsize kept = 0;

  for (gsize i = 0; i < n; i++)
    if (isfinite (x[i]) && fabs ((double) x[i]) > threshold) {
      sum += fabs ((double) x[i]);
      kept++;
    }
  *alpha = kept > 0 ? sum / (double) kept : 0;
  return threshold;
}

static int
compare_falling (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;

  return (x < y) - (x > y);
}

/* exact: keeps the k largest magnitudes with the largest (sum)² / k; ties go to the larger k.
 * Returns a threshold that only those k exceed or equal: the k-th magnitude, to be compared with ≥.
 */
static double
exact (const float *x, gsize n, double *alpha)
{
  g_autofree float *sorted = g_new (float, MAX (n, 1));
  double sum = 0, best = -1, threshold = INFINITY;
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
      threshold = sorted[k - 1];
    }
  }
  return threshold;
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
  gboolean is_exact = quant->spec.encoding_params[P_EXACT] != 0;
  double alpha, threshold = is_exact ? exact (x, n, &alpha) : twn (x, n, &alpha);

  quant->scale[k] = (float) alpha;
  for (gsize i = 0; i < n; i++) {
    double magnitude = fabs ((double) x[i]);
    gboolean keep = is_exact ? magnitude >= threshold : magnitude > threshold;
    codes[i] = keep ? (x[i] < 0 ? -1 : 1) : 0;
    values[i] = (float) codes[i] * quant->scale[k];
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
  .flags = BS_ENCODING_OWN_RANGE | BS_ENCODING_OWN_SCALE,
};
