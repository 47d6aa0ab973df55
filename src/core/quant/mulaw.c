/* Encoding: mu-law companding.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/encoding.h"
#include "quant/groups.h"
#include "quant/scale.h"

#include <glib/gi18n-lib.h>

#include <math.h>

enum { P_MU };

static const BsParam params[] = {
  [P_MU] = { "mu", N_ ("Compression"), BS_PARAM_DOUBLE, 0.001, 1e6, 255 },
  { NULL },
};

/* A code table: the inverse is computed once per code, the thresholds once per table, in the
 * compressed domain. */
typedef struct {
  gint32 qmax;
  double mu, log_mu;
  double level[1 << 15]; /* of magnitude code q, scale 1 */
} Table;

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
  double scale = bs_scale_store (MAX (-interval->lo, interval->hi), quant->spec.store);

  quant->scale[k] = (float) scale;
  for (gsize i = 0; i < n; i++) {
    double unit = MIN (fabs ((double) x[i]) / scale, 1); /* MIN: NaN stays, infinity becomes 1 */
    gint32 code =
      isnan (x[i]) ? 0 : (gint32) rint (log1p (table->mu * unit) / table->log_mu * table->qmax);
    codes[i] = x[i] < 0 ? -code : code;
    values[i] =
      (float) (x[i] < 0 && code > 0 ? -table->level[code] * scale : table->level[code] * scale);
  }
}

static gboolean
encode (BsQuant *quant, const float *x, const BsInterval *intervals, GError **error)
{
  g_autofree Table *table = g_new (Table, 1);

  table->qmax = (1 << (quant->spec.bits - 1)) - 1;
  table->mu = quant->spec.encoding_params[P_MU];
  table->log_mu = log1p (table->mu);
  for (gint32 q = 0; q <= table->qmax; q++)
    table->level[q] = expm1 ((double) q / table->qmax * table->log_mu) / table->mu;
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
