/* Encoding: mu-law companding.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/scale.h"
#include "quant/vectors.h"

#include <glib/gi18n-lib.h>

#include <math.h>
#include <string.h>

enum { P_MU };

static const BsParam params[] = {
  [P_MU] = { "mu", N_ ("Compression"), BS_PARAM_DOUBLE, 0.001, 1e6, 255 },
  { NULL },
};

#define MAX_BUCKETS (1 << 12)
#define TABLE_BITS 8 /* up to that many, codes are looked up */

/* Codes of magnitudes, scale 1: what each stands for, and from which magnitude on it is the nearest
 * in the compressed domain. 1 + mu · magnitude has the same number of thresholds in each octave, so
 * that its exponent and leading mantissa bits tell where to look. */
typedef struct {
  gint32 qmax;
  double mu, log_mu;
  double *level;                           /* [qmax + 1] */
  double threshold[2 << (TABLE_BITS - 1)]; /* [qmax], then infinities */
  guint shift, depth;                      /* bits dropped; most thresholds in one bucket */
  gint32 first[MAX_BUCKETS];               /* thresholds in lower buckets */
} Table;

typedef struct {
  const Table *table;
  double scale;
} Job;

BS_INLINE gint32
bucket_of (const Table *table, double unit)
{
  float w = (float) (1 + table->mu * unit);
  guint32 bits;

  memcpy (&bits, &w, sizeof bits);
  return (gint32) ((bits - 0x3F800000u) >> table->shift);
}

/* unit_of: magnitudes in units of the scale, at most 1; NaN is 0. */
BS_INLINE double
unit_of (float x, double scale)
{
  double unit = fabs ((double) x) / scale;

  unit = bs_select_f64 (unit == unit, unit, 0);
  return bs_select_f64 (unit < 1, unit, 1);
}

BS_VECTORIZED static void
look_up (gconstpointer how,
         const float *restrict x,
         gsize n,
         gsize first,
         gint32 *restrict codes,
         float *restrict values)
{
  const Job *job = how;
  const Table *table = job->table;

  for (gsize from = 0; from < n; from += BS_VECTOR) {
    double unit[BS_VECTOR];
    float value[BS_VECTOR];
    gint32 code[BS_VECTOR], low[BS_VECTOR];
    for (guint i = 0; i < BS_VECTOR; i++) {
      unit[i] = unit_of (x[from + i], job->scale);
      code[i] = low[i] = table->first[bucket_of (table, unit[i])];
    }
    for (guint d = 0; d < table->depth; d++)
      for (guint i = 0; i < BS_VECTOR; i++)
        code[i] += unit[i] >= table->threshold[(guint) low[i] + d];
    for (guint i = 0; i < BS_VECTOR; i++)
      value[i] = (float) (table->level[code[i]] * job->scale);
    for (guint i = 0; i < BS_VECTOR; i++) {
      gint32 flip = (x[from + i] < 0) & (code[i] > 0);
      codes[from + i] = (code[i] ^ -flip) + flip;
      values[from + i] = bs_select (flip, -value[i], value[i]);
    }
  }
}

static void
compute (gconstpointer how,
         const float *restrict x,
         gsize n,
         gsize first,
         gint32 *restrict codes,
         float *restrict values)
{
  const Job *job = how;
  const Table *table = job->table;

  for (gsize i = 0; i < n; i++) {
    double unit = unit_of (x[i], job->scale);
    gint32 code = (gint32) rint (log1p (table->mu * unit) / table->log_mu * table->qmax);
    float value = (float) (table->level[code] * job->scale);
    codes[i] = x[i] < 0 ? -code : code;
    values[i] = x[i] < 0 && code > 0 ? -value : value;
  }
}

static void
encode_group (BsQuant *quant,
              gsize k,
              const float *x,
              gsize n,
              const BsInterval *interval,
              gint32 *codes,
              float *values,
              gpointer user)
{
  const Table *table = user;
  Job job = { table, bs_scale_store (MAX (-interval->lo, interval->hi), quant->spec.store) };

  quant->scale[k] = (float) job.scale;
  bs_in_vectors (table->depth > 0 ? look_up : compute, &job, x, n, codes, values);
}

/* threshold_of: the least magnitude that the formula gives code q: from the inverse of the formula
 * at q − ½ a few steps, for the last bits. */
static double
threshold_of (const Table *table, gint32 q)
{
  double at = expm1 ((q - 0.5) / table->qmax * table->log_mu) / table->mu;

  while (rint (log1p (table->mu * at) / table->log_mu * table->qmax) >= q)
    at = nextafter (at, 0);
  while (rint (log1p (table->mu * at) / table->log_mu * table->qmax) < q)
    at = nextafter (at, INFINITY);
  return at;
}

static void
sort_in (Table *table)
{
  gint32 at = 0, last;

  for (gsize i = 0; i < G_N_ELEMENTS (table->threshold); i++)
    table->threshold[i] = INFINITY;
  for (gint32 q = 1; q <= table->qmax; q++)
    table->threshold[q - 1] = threshold_of (table, q);
  while (bucket_of (table, 1) >= MAX_BUCKETS)
    table->shift++;
  last = bucket_of (table, 1);
  for (gint32 b = 0; b <= last; b++) {
    gint32 before = at;
    table->first[b] = at;
    while (at < table->qmax && bucket_of (table, table->threshold[at]) == b)
      at++;
    table->depth = MAX (table->depth, (guint) (at - before));
  }
}

static gboolean
encode (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  g_autofree Table *table = g_new0 (Table, 1);
  g_autofree double *level = g_new (double, 1 << (quant->spec.bits - 1));

  table->qmax = (1 << (quant->spec.bits - 1)) - 1;
  table->mu = quant->spec.encoding_params[P_MU];
  table->log_mu = log1p (table->mu);
  table->level = level;
  for (gint32 q = 0; q <= table->qmax; q++)
    table->level[q] = expm1 ((double) q / table->qmax * table->log_mu) / table->mu;
  if (quant->spec.bits <= TABLE_BITS && quant->n > 1000)
    sort_in (table);
  bs_groups_encode (quant, x, intervals, encode_group, table);
  return TRUE;
}

const BsEncoding bs_encoding_mulaw = {
  .id = "mulaw",
  .title = N_ ("Mu-law"),
  .description =
    N_ ("Integer codes of the logarithm: y = sgn (x) ln (1 + μ|x| / A) / ln (1 + μ), as telephones "
        "do. Small "
        "values keep their relative precision, large ones pay for it. Source: ITU-T G.711."),
  .family = BS_FAMILY_NONLINEAR,
  .min_bits = 2,
  .max_bits = 16,
  .params = params,
  .encode = encode,
};
