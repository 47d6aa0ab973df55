/* Lesson: one neuron on integers: the sum, its width, and three ways to scale it back.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/requantize.h"
#include "workbench/lesson_private.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#define REACH 8  /* sums shown to either side */
#define MOST 255 /* largest code */

enum { CODE, ZERO, WEIGHT, PRODUCTS, MULTIPLIER };

static const char *const multiplier_names[] = { "1/2", "1/4", "1/3", "0.0117", NULL };
static const double multipliers[] = { 0.5, 0.25, 1.0 / 3, 0.0117 };

static const struct {
  const char *name;
  BsRequantizeProfile profile;
  BsFigureMark mark;
} profiles[] = {
  { N_ ("exact, half to even"), BS_REQUANTIZE_REAL_EVEN, BS_FIGURE_POINTS },
  { N_ ("shifted twice, half away from zero"), BS_REQUANTIZE_TFLITE_DOUBLE, BS_FIGURE_RINGS },
  { N_ ("shifted once, half up"), BS_REQUANTIZE_TFLITE_SINGLE, BS_FIGURE_LINE },
};

static gint32
scale_back (gint64 acc, double m, BsRequantizeProfile profile)
{
  return bs_requantize ((gint32) CLAMP (acc, G_MININT32, G_MAXINT32), m, 0, G_MININT32 / 2,
                        G_MAXINT32 / 2, profile);
}

/* The sum of n equal products; FALSE: an int32 does not hold it. */
static gboolean
sum_up (guint n, gint32 code, gint32 zero, gint32 weight, gint64 *acc)
{
  g_autofree gint32 *a = g_new (gint32, n), *b = g_new (gint32, n);

  for (guint i = 0; i < n; i++) {
    a[i] = code;
    b[i] = weight;
  }
  return bs_integer_product (a, b, 1, n, 1, zero, 0, acc);
}

static BsFigure *
draw_rounding (gint64 acc, double m, const char *name)
{
  g_autofree char *y_title = g_strdup_printf (_ ("Sum · %s, rounded"), name);
  BsFigure *figure = bs_figure_new (_ ("Scaling the sum back"), _ ("Sum"), y_title);
  guint n_ties = 0;

  for (guint p = 0; p < G_N_ELEMENTS (profiles); p++) {
    BsFigureSeries *series = bs_figure_add (figure, profiles[p].mark, _ (profiles[p].name),
                                            p == 0   ? 1
                                            : p == 1 ? 0
                                                     : 2);
    for (gint64 at = acc - REACH; at <= acc + REACH; at++) {
      gint32 code = scale_back (at, m, profiles[p].profile);
      bs_figure_point (
        series, (double) at, code,
        g_strdup_printf ("%" G_GINT64_FORMAT " → %d\n%s", at, code, _ (profiles[p].name)));
      if (p > 0)
        n_ties += code != scale_back (at, m, profiles[0].profile);
    }
  }
  figure->description = g_strdup_printf (
    ngettext ("Around the sum of %lld three ways of rounding differ at %u place.",
              "Around the sum of %lld three ways of rounding differ at %u places.", n_ties),
    (long long) acc, n_ties);
  return figure;
}

static BsFigure *
draw_width (guint n, gboolean fits)
{
  BsFigure *figure = bs_figure_new (fits ? _ ("The int32 sum holds all products")
                                         : _ ("The int32 sum has overflowed"),
                                    _ ("Products of 255 · 255"), _ ("Sum"));
  BsFigureSeries *limit = bs_figure_add (figure, BS_FIGURE_DASHES, "2³¹ − 1", BS_FIGURE_INK),
                 *sum = bs_figure_add (figure, BS_FIGURE_LINE, _ ("the sum"), 1),
                 *here = bs_figure_add (figure, BS_FIGURE_RINGS, NULL, fits ? 2 : 0);
  double most = 50000;

  bs_figure_point (limit, 0, G_MAXINT32, NULL);
  bs_figure_point (limit, most, G_MAXINT32, NULL);
  bs_figure_point (sum, 0, 0, NULL);
  bs_figure_point (sum, most, most * MOST * MOST, NULL);
  bs_figure_point (here, n, (double) n * MOST * MOST, g_strdup_printf ("%u", n));
  figure->description =
    g_strdup_printf (fits ? _ ("An int32 holds the sum of %u products of 255 · 255.")
                          : _ ("An int32 does not hold the sum of %u products of 255 · 255."),
                     n);
  return figure;
}

static gboolean
show (const double *values, BsLessonShown *shown, GError **error)
{
  gint32 code = (gint32) values[CODE], zero = (gint32) values[ZERO],
         weight = (gint32) values[WEIGHT], q31;
  guint n = (guint) values[PRODUCTS], m = (guint) values[MULTIPLIER];
  gint64 acc, unused;
  gint shift;

  sum_up (1, code, zero, weight, &acc);
  gboolean fits = sum_up (n, MOST, 0, MOST, &unused);
  bs_quantize_multiplier (multipliers[m], &q31, &shift);
  shown->figures[0] = draw_rounding (acc, multipliers[m], multiplier_names[m]);
  shown->figures[1] = draw_width (n, fits);
  shown->numbers = g_strdup_printf (
    _ ("(%d − %d) · %d = %lld; M = %s is %d · 2^%d: %d exactly rounded, %d shifted "
       "twice, %d shifted once.\n%u products of 255 · 255 %s."),
    code, zero, weight, (long long) acc, multiplier_names[m], q31, shift - 31,
    scale_back (acc, multipliers[m], profiles[0].profile),
    scale_back (acc, multipliers[m], profiles[1].profile),
    scale_back (acc, multipliers[m], profiles[2].profile), n,
    fits ? _ ("fit into an int32") : _ ("do not fit into an int32"));
  return TRUE;
}

const BsLesson bs_lesson_pipeline = {
  .id = "integer-pipeline",
  .title = N_ ("A neuron on integers"),
  .text = N_ (
    "A product of codes, (x − z) · w, is summed in 32 bits. What the sum is worth comes back by "
    "one multiplication with M = s₁·s₂/s₃, itself an integer M₀ of 31 bits and a shift. Real "
    "programs round that in three ways."),
  .question =
    N_ ("Where do the three ways of rounding differ? And how many products of 255 · 255 fit into "
        "an int32?"),
  .answer = N_ (
    "On ties: with M = 1/2 the halves of odd sums. Shifting twice rounds twice and can make a tie "
    "of what was none: 7 · 1/3 = 2.33 becomes 7 · 2/3 = 4.67, 5, 2.5 and then 3. 33,025 products "
    "fit; one more, as an 8-bit layer with 33,026 inputs could have, overflows."),
  .controls = { { N_ ("Code x"), NULL, 0, MOST, 1, 131 },
                { N_ ("Zero point z"), NULL, 0, MOST, 1, 128 },
                { N_ ("Weight w"), NULL, -127, 127, 1, 5 },
                { N_ ("Products"), NULL, 1, 50000, 1, 30000 },
                { N_ ("Multiplier M"), multiplier_names } },
  .handle = -1,
  .second_answers = TRUE,
  .show = show,
};
