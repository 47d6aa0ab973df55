/* Exact quantiles of values in memory, without sorting or copying them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/quantile.h"

#include <math.h>
#include <string.h>

#define HALF_KEYS 65536u

/* key: unsigned integers in the order of the floats they stand for. */
static inline guint32
key (float v, guint32 keep)
{
  guint32 bits;

  memcpy (&bits, &v, sizeof bits);
  bits &= keep;
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static double
value_of (guint32 k)
{
  guint32 bits = k & 0x80000000u ? k & 0x7FFFFFFFu : ~k;
  float v;

  memcpy (&v, &bits, sizeof v);
  return v;
}

/* find: the half key of the element at position `at`, and how many elements lie before that half
 * key. */
static guint32
find (const gsize *counts, gsize at, gsize *before)
{
  gsize sum = 0;

  for (guint32 i = 0; i < HALF_KEYS; i++) {
    if (sum + counts[i] > at) {
      *before = sum;
      return i;
    }
    sum += counts[i];
  }
  g_assert_not_reached ();
}

static guint32
select_key (const float *x,
            gsize n,
            guint32 keep,
            const gsize *high_counts,
            gsize *counts,
            gsize at)
{
  gsize before;
  guint32 high = find (high_counts, at, &before);

  memset (counts, 0, HALF_KEYS * sizeof *counts);
  for (gsize i = 0; i < n; i++) {
    guint32 k = key (x[i], keep);
    if (k >> 16 == high)
      counts[k & 0xFFFF]++;
  }
  return high << 16 | find (counts, at - before, &before);
}

/* next_key: the smallest key above k, or k itself when more elements equal it than lie below `at`.
 */
static guint32
next_key (const float *x, gsize n, guint32 keep, guint32 k, gsize at)
{
  guint32 above = G_MAXUINT32;
  gsize upto = 0;

  for (gsize i = 0; i < n; i++) {
    guint32 other = key (x[i], keep);
    if (other <= k)
      upto++;
    else
      above = MIN (above, other);
  }
  return upto > at ? k : above;
}

double
bs_quantile (const float *x, gsize n, gboolean magnitude, double share)
{
  guint32 keep = magnitude ? 0x7FFFFFFFu : 0xFFFFFFFFu;
  double position = (double) (n - 1) * CLAMP (share, 0, 1);
  gsize low = MIN ((gsize) floor (position), n - 1);
  double part = position - (double) low;
  g_autofree gsize *high_counts = g_new0 (gsize, HALF_KEYS);
  g_autofree gsize *counts = g_new (gsize, HALF_KEYS);

  for (gsize i = 0; i < n; i++)
    high_counts[key (x[i], keep) >> 16]++;
  guint32 k = select_key (x, n, keep, high_counts, counts, low);
  double a = value_of (k);
  if (part == 0 || low + 1 >= n)
    return a;
  double b = value_of (next_key (x, n, keep, k, low + 1));
  return a + (b - a) * part;
}
