/* Encoding: mu-law companding.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/levels.h"
#include "quant/scale.h"

#include <glib/gi18n-lib.h>

#include <float.h>
#include <math.h>

enum { P_MU };

static const BsParam params[] = {
  [P_MU] = { "mu", N_ ("Compression"), BS_PARAM_DOUBLE, 0.001, 1e6, 255 },
  { NULL },
};

#define TABLE_BITS 9 /* up to that many, codes of many values are looked up */
#define MANY 1024

/* Magnitudes, scale 1: what each code stands for, and from where on it is given. */
typedef struct {
  gint32 qmax;
  double mu, log_mu;
  double level[1 << 15];
  double least[1 << (TABLE_BITS - 1)];
} Table;

static inline double
code_of (const Table *table, double unit)
{
  return rint (log1p (table->mu * unit) / table->log_mu * table->qmax);
}

static void
compute (const Table *table, double scale, const float *x, gsize n, gint32 *codes, float *values)
{
  for (gsize i = 0; i < n; i++) {
    double unit = MIN (fabs ((double) x[i]) / scale, 1); /* MIN: NaN stays, infinity becomes 1 */
    gint32 code = isnan (x[i]) ? 0 : (gint32) code_of (table, unit);
    float value = (float) (table->level[code] * scale);
    codes[i] = x[i] < 0 ? -code : code;
    values[i] = x[i] < 0 && code > 0 ? -value : value;
  }
}

/* levels_of: the thresholds as magnitudes of x, so that nothing is computed per value. */
static void
levels_of (const Table *table, double scale, BsLevels *levels)
{
  float level[1 << (TABLE_BITS - 1)], threshold[1 << (TABLE_BITS - 1)];

  for (gint32 q = 0; q <= table->qmax; q++)
    level[q] = (float) (table->level[q] * scale);
  for (gint32 q = 1; q <= table->qmax; q++) {
    float at = (float) MIN (table->least[q] * scale, FLT_MAX);
    while (at / scale >= table->least[q])
      at = nextafterf (at, 0);
    while (nextafterf (at, INFINITY) / scale < table->least[q])
      at = nextafterf (at, INFINITY);
    threshold[q - 1] = at; /* the largest float below */
  }
  BskStatus status = bsk_levels_init (levels, table->qmax + 1, level, threshold, 0);
  g_assert (status == BSK_OK);
}

static double
scale_of (const BsSpec *spec, const BsInterval *interval)
{
  return bs_scale_store (MAX (-interval->lo, interval->hi), spec->store);
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
  double scale = scale_of (&quant->spec, interval);

  quant->scale[k] = (float) scale;
  if (table->least[1] > 0 && n >= MANY) {
    BsLevels levels;
    levels_of (table, scale, &levels);
    bs_levels_encode_magnitudes (&levels, 1, x, n, codes, values);
  } else {
    compute (table, scale, x, n, codes, values);
  }
}

/* least_of: the least magnitude that the formula gives code q: its inverse at q − ½, and a few steps
 * for the last bits. */
static double
least_of (const Table *table, gint32 q)
{
  double at = expm1 ((q - 0.5) / table->qmax * table->log_mu) / table->mu;

  while (code_of (table, at) >= q)
    at = nextafter (at, 0);
  while (code_of (table, at) < q)
    at = nextafter (at, INFINITY);
  return at;
}

/* table_new: with thresholds or without, then least[1] is 0. */
static Table *
table_new (const BsSpec *spec, gboolean thresholds)
{
  Table *table = g_new (Table, 1);

  table->qmax = (1 << (spec->bits - 1)) - 1;
  table->mu = spec->encoding_params[P_MU];
  table->log_mu = log1p (table->mu);
  for (gint32 q = 0; q <= table->qmax; q++)
    table->level[q] = expm1 ((double) q / table->qmax * table->log_mu) / table->mu;
  table->least[1] = 0;
  for (gint32 q = 1; thresholds && q <= table->qmax; q++)
    table->least[q] = least_of (table, q);
  return table;
}

static gboolean
fit (const BsSpec *spec,
     const float *x,
     gsize n,
     const BsInterval *interval,
     BsLevels *levels,
     float *scale)
{
  if (spec->bits > TABLE_BITS)
    return FALSE;
  g_autofree Table *table = table_new (spec, TRUE);
  levels_of (table, scale_of (spec, interval), levels);
  *scale = 1;
  return TRUE;
}

static gboolean
encode (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  gboolean many = quant->spec.bits <= TABLE_BITS && bs_groups_largest (quant) >= MANY;
  g_autofree Table *table = table_new (&quant->spec, many);

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
  .fit = fit,
  .flags = BS_ENCODING_MAGNITUDES,
};
