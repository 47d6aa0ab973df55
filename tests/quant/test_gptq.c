/* Tests of GPTQ with groups, in order and out of order, against the plain form of the method: the
 * whole inverse, made anew after each column. SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/correction.h"
#include "quant/quant.h"
#include "quant/round.h"

#include <math.h>
#include <string.h>

enum { N_OUT = 5, N_IN = 14, GROUP = 4, N_GROUPS = 4, SAMPLES = 60, DEAD = 6 };

#define DAMP 0.01

static double
uniform (guint64 at)
{
  return (double) (bs_hash64 (at) >> 11) * 0x1p-53 - 0.5;
}

/* Inputs that go together, of rising size, one of them always 0. */
static void
make_gram (double *gram)
{
  memset (gram, 0, N_IN * N_IN * sizeof *gram);
  for (guint s = 0; s < SAMPLES; s++) {
    double x[N_IN], common = uniform (s);
    for (guint i = 0; i < N_IN; i++)
      x[i] = i == DEAD ? 0 : (common + uniform (1000 + s * N_IN + i)) * (1 + (i * 5) % N_IN);
    for (guint i = 0; i < N_IN; i++)
      for (guint j = 0; j < N_IN; j++)
        gram[i * N_IN + j] += x[i] * x[j] / SAMPLES;
  }
}

/* invert: by Gauss and Jordan; a is positive definite and is lost. */
static void
invert (double *a, double *inverse)
{
  for (guint i = 0; i < N_IN * N_IN; i++)
    inverse[i] = i % (N_IN + 1) == 0 ? 1 : 0;
  for (guint p = 0; p < N_IN; p++) {
    double pivot = a[p * N_IN + p];
    for (guint j = 0; j < N_IN; j++) {
      a[p * N_IN + j] /= pivot;
      inverse[p * N_IN + j] /= pivot;
    }
    for (guint i = 0; i < N_IN; i++) {
      double f = a[i * N_IN + p];
      for (guint j = 0; i != p && j < N_IN; j++) {
        a[i * N_IN + j] -= f * a[p * N_IN + j];
        inverse[i * N_IN + j] -= f * inverse[p * N_IN + j];
      }
    }
  }
}

/* oracle: codes of one row of weights. Each column in turn is rounded; its error moves those that
 * are left by their row of the inverse, from which the column is then eliminated (Frantar and
 * Alistarh, Optimal Brain Compression, arXiv:2208.11580, section 4).
 *   scale  [N_GROUPS] of the row; with refit chosen anew when a group begins */
static void
oracle (const double *gram,
        gboolean by_importance,
        gint32 qmax,
        double *w,
        double *scale,
        gint32 *codes)
{
  double h[N_IN * N_IN], inverse[N_IN * N_IN], mean = 0;
  gboolean done[N_IN] = { FALSE };

  for (guint i = 0; i < N_IN * N_IN; i++)
    h[i] = 2 * gram[i];
  h[DEAD * (N_IN + 1)] = 1;
  w[DEAD] = 0;
  for (guint i = 0; i < N_IN; i++)
    mean += h[i * (N_IN + 1)] / N_IN;
  guint order[N_IN], n = 0;
  while (n < N_IN) { /* the largest diagonal that is left, or the first column */
    guint best = N_IN;
    for (guint i = 0; i < N_IN; i++)
      if (!done[i] && (best == N_IN || (by_importance && h[i * (N_IN + 1)] > h[best * (N_IN + 1)])))
        best = i;
    done[best] = TRUE;
    order[n++] = best;
  }
  for (guint i = 0; i < N_IN; i++)
    h[i * (N_IN + 1)] += DAMP * mean;
  invert (h, inverse);
  for (guint s = 0; s < N_IN; s++) {
    guint c = order[s], group = c / GROUP;
    if (!by_importance && c % GROUP == 0) {
      float largest = 0;
      for (guint i = c; i < MIN (c + GROUP, N_IN); i++)
        largest = MAX (largest, fabsf ((float) w[i]));
      scale[group] = largest / (float) qmax;
    }
    codes[c] = (gint32) CLAMP (rint (w[c] / scale[group]), -qmax, qmax);
    double err = (w[c] - codes[c] * scale[group]) / inverse[c * (N_IN + 1)];
    for (guint i = 0; i < N_IN; i++)
      w[i] -= err * inverse[c * N_IN + i];
    double column[N_IN], pivot = inverse[c * (N_IN + 1)];
    for (guint i = 0; i < N_IN; i++)
      column[i] = inverse[i * N_IN + c];
    for (guint i = 0; i < N_IN; i++)
      for (guint j = 0; j < N_IN; j++)
        inverse[i * N_IN + j] -= column[i] * column[j] / pivot;
  }
}

/* Both orders, outputs as rows and as columns of the matrix. */
static void
test_groups (void)
{
  double gram[N_IN * N_IN];
  BsSpec spec;

  make_gram (gram);
  g_assert_true (bs_spec_parse ("int4:group=4", &spec, NULL));
  for (guint important = 0; important < 2; important++)
    for (guint last = 0; last < 2; last++) {
      float w[N_OUT * N_IN];
      double params[BS_MAX_PARAMS] = { DAMP, important };
      for (guint o = 0; o < N_OUT; o++)
        for (guint i = 0; i < N_IN; i++)
          w[last ? i * N_OUT + o : o * N_IN + i] = (float) uniform (77 + o * N_IN + i);
      BsLinear layer = { .name = "layer",
                         .weights = w,
                         .dims = { last ? N_IN : N_OUT, last ? N_OUT : N_IN },
                         .n_dims = 2,
                         .channel_axis = last ? 1 : 0,
                         .gram = gram };
      g_autoptr (GError) error = NULL;
      g_autoptr (BsQuant) plain =
        bs_quantize (&spec, w, layer.dims, 2, layer.channel_axis, NULL, "layer", &error);
      g_assert_no_error (error);
      g_autoptr (BsQuant) quant = bs_correction_gptq.quantize (&layer, &spec, params, &error);
      g_assert_no_error (error);
      for (guint o = 0; o < N_OUT; o++) {
        double row[N_IN], scale[N_GROUPS];
        gint32 codes[N_IN];
        for (guint i = 0; i < N_IN; i++)
          row[i] = w[last ? i * N_OUT + o : o * N_IN + i];
        for (guint g = 0; g < N_GROUPS; g++)
          scale[g] = plain->scale[last ? g * N_OUT + o : o * N_GROUPS + g];
        oracle (gram, important, 7, row, scale, codes);
        for (guint i = 0; i < N_IN; i++) {
          gsize at = last ? i * N_OUT + o : o * N_IN + i;
          g_assert_cmpint (quant->codes[at], ==, codes[i]);
          g_assert_cmpfloat_with_epsilon (quant->values[at], codes[i] * scale[i / GROUP], 1e-6);
        }
      }
      /* out of order a group keeps the scale of the float weights, in order it is fitted anew */
      gboolean same = memcmp (quant->scale, plain->scale, plain->n_scales * sizeof (float)) == 0;
      g_assert_cmpint (same, ==, important);
      g_assert_cmpfloat (bs_output_mse (&layer, quant->values), <,
                         0.7 * bs_output_mse (&layer, plain->values));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/gptq/groups", test_groups);
  return g_test_run ();
}
