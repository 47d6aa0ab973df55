/* Correction: AdaRound, rounding up or down by what it does to the output.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/transcendental.h"
#include "quant/correction.h"
#include "quant/encoding.h"
#include "quant/groups.h"

#include <cblas.h>
#include <glib/gi18n-lib.h>

#include <math.h>
#include <string.h>

enum { P_STEPS };

static const BsParam params[] = {
  [P_STEPS] = { "steps", N_ ("Optimization steps"), BS_PARAM_INT, 10, 100000, 1000 },
  { NULL },
};

/* Nagel et al., arXiv:2004.10568, section 3.2 and appendix. */
#define ZETA 1.1
#define GAMMA (-0.1)
#define LAMBDA 0.01
#define BETA_START 20.0
#define BETA_END 2.0
#define WARM_UP 0.2 /* share of the steps without the push to 0 and 1 */
#define RATE 0.01
#define FLIP_ROUNDS 10

typedef struct {
  gsize n_out, n_in, n;
  const double *gram;
  double *low;       /* [n] value of the lower neighbour */
  double *step;      /* [n] to the upper one; 0 where clipping leaves no choice */
  double *w;         /* [n] float weights */
  double *v;         /* [n] */
  double *h, *slope; /* [n] the soft choice, rectified sigmoid of v, and its derivative */
  double *err;       /* [n] Ŵ − W */
  double *product;   /* [n] (Ŵ − W) · gram */
  double *m1, *m2;   /* [n] Adam's moments */
} Problem;

/* choose_softly: h and slope of every v, and the error that follows. */
BS_VECTORIZED static void
choose_softly (gsize n,
               const double *restrict v,
               const double *restrict low,
               const double *restrict step,
               const double *restrict w,
               double *restrict h,
               double *restrict slope,
               double *restrict err)
{
  for (gsize i = 0; i < n; i++) {
    double s = 1 / (1 + bs_exp (-v[i])), soft = s * (ZETA - GAMMA) + GAMMA;
    slope[i] = bs_select_f64 ((soft > 0) & (soft < 1), (ZETA - GAMMA) * s * (1 - s), 0);
    soft = bs_select_f64 (soft > 0, soft, 0);
    h[i] = bs_select_f64 (soft < 1, soft, 1);
    err[i] = low[i] + step[i] * h[i] - w[i];
  }
}

static void
multiply (Problem *p)
{
  cblas_dgemm (CblasRowMajor, CblasNoTrans, CblasNoTrans, (int) p->n_out, (int) p->n_in,
               (int) p->n_in, 1, p->err, (int) p->n_in, p->gram, (int) p->n_in, 0, p->product,
               (int) p->n_in);
}

/* Adam's constants of one step, and the push of a soft choice to 0 or 1. */
typedef struct {
  double unit, push, beta, fix1, fix2;
} Step;

BS_VECTORIZED static void
move (gsize n,
      Step s,
      const double *restrict product,
      const double *restrict step,
      const double *restrict h,
      const double *restrict slope,
      double *restrict m1,
      double *restrict m2,
      double *restrict v)
{
  for (gsize i = 0; i < n; i++) {
    double d = 2 * h[i] - 1, size = fabs (d);
    /* of 1 − |2h − 1|^β; the power of the least number stands for that of 0 */
    double power = bs_exp ((s.beta - 1) * bs_log (bs_select_f64 (size > 0x1p-60, size, 0x1p-60)));
    double pushed = s.push * 2 * s.beta * bs_select_f64 (d > 0, power, -power);
    double gradient = (2 * product[i] * step[i] / s.unit - pushed) * slope[i];
    m1[i] = 0.9 * m1[i] + 0.1 * gradient;
    m2[i] = 0.999 * m2[i] + 0.001 * gradient * gradient;
    v[i] -= RATE * (m1[i] / s.fix1) / (sqrt (m2[i] / s.fix2) + 1e-8);
  }
}

static void
descend (Problem *p, guint steps)
{
  /* The loss in units of its curvature, so that LAMBDA and RATE mean the same for all layers. */
  double unit = 0;

  for (gsize i = 0; i < p->n; i++)
    unit += p->step[i] * p->step[i] * p->gram[i % p->n_in * (p->n_in + 1)] / (double) p->n;
  choose_softly (p->n, p->v, p->low, p->step, p->w, p->h, p->slope, p->err);
  if (!(unit > 0))
    return;
  for (guint t = 1; t <= steps; t++) {
    double at = (double) t / steps;
    Step s = {
      .unit = unit,
      .push = at < WARM_UP ? 0 : LAMBDA,
      .beta = BETA_END + (BETA_START - BETA_END) * (1 - MAX (at - WARM_UP, 0) / (1 - WARM_UP)),
      .fix1 = 1 - pow (0.9, t),
      .fix2 = 1 - pow (0.999, t),
    };
    multiply (p);
    move (p->n, s, p->product, p->step, p->h, p->slope, p->m1, p->m2, p->v);
    choose_softly (p->n, p->v, p->low, p->step, p->w, p->h, p->slope, p->err);
  }
}

/* flip: single weights of a row up or down as long as that helps: ends in a point no single change improves. */
static void
flip (Problem *p, guint8 *up)
{
  for (gsize i = 0; i < p->n; i++)
    p->err[i] = p->low[i] + (up[i] ? p->step[i] : 0) - p->w[i];
  multiply (p);
  for (guint round = 0; round < FLIP_ROUNDS; round++) {
    gboolean changed = FALSE;
    for (gsize o = 0; o < p->n_out; o++)
      for (gsize i = 0; i < p->n_in; i++) {
        gsize at = o * p->n_in + i;
        double d = up[at] ? -p->step[at] : p->step[at];
        if (d == 0 || d * d * p->gram[i * p->n_in + i] + 2 * d * p->product[at] >= 0)
          continue;
        up[at] = !up[at];
        for (gsize j = 0; j < p->n_in; j++)
          p->product[o * p->n_in + j] += d * p->gram[i * p->n_in + j];
        changed = TRUE;
      }
    if (!changed)
      return;
  }
}

static void
problem_clear (Problem *p)
{
  g_free (p->low);
  g_free (p->step);
  g_free (p->w);
  g_free (p->v);
  g_free (p->h);
  g_free (p->slope);
  g_free (p->err);
  g_free (p->product);
  g_free (p->m1);
  g_free (p->m2);
}

/* problem_init: neighbours of each weight on its grid, and the soft choice at its fraction. */
static void
problem_init (Problem *p,
              const BsLinear *layer,
              const BsQuant *quant,
              const double *scale,
              const gint32 *zero)
{
  p->n = p->n_out * p->n_in;
  p->gram = layer->gram;
  p->low = g_new (double, p->n);
  p->step = g_new (double, p->n);
  p->w = g_new (double, p->n);
  p->v = g_new (double, p->n);
  p->h = g_new (double, p->n);
  p->slope = g_new (double, p->n);
  p->err = g_new (double, p->n);
  p->product = g_new (double, p->n);
  p->m1 = g_new0 (double, p->n);
  p->m2 = g_new0 (double, p->n);
  for (gsize o = 0; o < p->n_out; o++)
    for (gsize i = 0; i < p->n_in; i++) {
      gsize at = bs_linear_at (layer, p->n_out, p->n_in, o, i), to = o * p->n_in + i;
      double w = layer->weights[at], s = scale[at];
      double code = isfinite (w) ? floor (CLAMP (w / s, -1e6, 1e6)) + zero[at] : quant->codes[at];
      double low = CLAMP (code, quant->qmin, quant->qmax),
             high = CLAMP (code + 1, quant->qmin, quant->qmax);
      p->w[to] = isfinite (w) ? w : 0;
      p->low[to] = (float) ((low - zero[at]) * s);
      p->step[to] = (float) ((high - zero[at]) * s) - p->low[to];
      double part = p->step[to] > 0 ? CLAMP ((p->w[to] - p->low[to]) / p->step[to], 0, 1) : 0;
      double sigmoid = CLAMP ((part - GAMMA) / (ZETA - GAMMA), 0.01, 0.99);
      p->v[to] = log (sigmoid / (1 - sigmoid)); /* h starts at the fraction */
    }
}

/* spread: scale and zero point of every weight, by groups. */
static void
spread (const BsQuant *quant, double *scale, gint32 *zero)
{
  for (gsize k = 0; k < quant->n_scales; k++) {
    BsGroup group = bs_groups_get (quant, k);
    for (gsize r = 0; r < group.n_runs; r++)
      for (gsize e = 0; e < group.run; e++) {
        gsize at = group.first + r * group.stride + e;
        scale[at] = quant->scale_f64 != NULL ? quant->scale_f64[k] : quant->scale[k];
        zero[at] = quant->zero != NULL ? quant->zero[k] : 0;
      }
  }
}

static void
take (const BsLinear *layer,
      const Problem *p,
      const guint8 *up,
      const double *scale,
      const gint32 *zero,
      BsQuant *quant)
{
  for (gsize o = 0; o < p->n_out; o++)
    for (gsize i = 0; i < p->n_in; i++) {
      gsize at = bs_linear_at (layer, p->n_out, p->n_in, o, i), from = o * p->n_in + i;
      double value = p->low[from] + (up[from] ? p->step[from] : 0);
      quant->codes[at] =
        (gint32) CLAMP (rint (value / scale[at]) + zero[at], quant->qmin, quant->qmax);
      quant->values[at] = (float) ((quant->codes[at] - zero[at]) * scale[at]);
    }
}

static BsQuant *
quantize (const BsLinear *layer, const BsSpec *spec, const double *values, GError **error)
{
  Problem p = { 0 };
  gint32 qmin, qmax;

  if (!bs_spec_integer_codes (spec, &qmin, &qmax) || !bs_linear_shape (layer, &p.n_out, &p.n_in)) {
    g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED,
                 "Layer “%s”: AdaRound chooses integer codes of matrix products only.",
                 layer->name);
    return NULL;
  }
  if (layer->gram == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_NO_DATA,
                 "Layer “%s”: AdaRound needs calibration inputs.", layer->name);
    return NULL;
  }
  g_autoptr (BsQuant) quant = bs_quantize (spec, layer->weights, layer->dims, layer->n_dims,
                                           layer->channel_axis, NULL, layer->name, error);
  if (quant == NULL || quant->n == 0)
    return g_steal_pointer (&quant);

  g_autofree double *scale = g_new (double, quant->n);
  g_autofree gint32 *zero = g_new (gint32, quant->n);
  g_autofree guint8 *up = g_new (guint8, quant->n);
  double nearest = bs_output_mse (layer, quant->values);
  g_autofree gint32 *codes = g_memdup2 (quant->codes, quant->n * sizeof *quant->codes);
  g_autofree float *decoded = g_memdup2 (quant->values, quant->n * sizeof *quant->values);
  spread (quant, scale, zero);
  problem_init (&p, layer, quant, scale, zero);
  descend (&p, (guint) values[P_STEPS]);
  for (gsize i = 0; i < p.n; i++)
    up[i] = p.h[i] >= 0.5;
  flip (&p, up);
  take (layer, &p, up, scale, zero, quant);
  problem_clear (&p);
  if (bs_output_mse (layer, quant->values) > nearest) { /* never worse than nearest */
    memcpy (quant->codes, codes, quant->n * sizeof *codes);
    memcpy (quant->values, decoded, quant->n * sizeof *decoded);
  }
  return g_steal_pointer (&quant);
}

const BsCorrection bs_correction_adaround = {
  .id = "adaround",
  .title = N_ ("AdaRound"),
  .description = N_ ("Learns for each weight whether to round up or down so that the layer's "
                     "output changes least, by "
                     "gradient descent on a soft choice that is pushed to 0 or 1; the nearest code "
                     "is kept where that is "
                     "better. Source: Nagel et al., ICML 2020, arXiv:2004.10568."),
  .kind = BS_CORRECTION_ROUND,
  .needs = BS_NEEDS_GRAM,
  .params = params,
  .quantize = quantize,
};
