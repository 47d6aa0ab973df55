/* Lesson: rounding is a choice among the points of a lattice; the nearest is not always the best.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/correction.h"
#include "workbench/lesson_private.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define N_ROW 10    /* weights of the longer row */
#define N_INPUTS 15 /* directions its inputs are drawn from */

enum { CORRELATION, W1, W2 };

static const char *const method_names[] = { N_ ("nearest"), "GPTQ", "AdaRound", N_ ("best") };
enum { NEAREST, GPTQ, ADAROUND, BEST, N_METHODS };

/* One row of n weights and what the four methods make of it; error: mean of (Σ (ŵ − w) x)². */
typedef struct {
  float w[N_ROW], q[N_METHODS][N_ROW];
  double gram[N_ROW * N_ROW], error[N_METHODS];
  guint n;
} Row;

static BsLinear
as_linear (const Row *row)
{
  return (BsLinear){ .name = "row",
                     .weights = row->w,
                     .dims = { 1, row->n },
                     .n_dims = 2,
                     .channel_axis = 0,
                     .gram = row->gram };
}

/* All corners of the cell the weights are in, codes −most … most. */
static void
try_corners (Row *row, float scale, float most)
{
  const BsLinear linear = as_linear (row);
  float corner[N_ROW];

  row->error[BEST] = INFINITY;
  for (guint c = 0; c < 1u << row->n; c++) {
    for (guint i = 0; i < row->n; i++)
      corner[i] = CLAMP (floorf (row->w[i] / scale) + (float) (c >> i & 1), -most, most) * scale;
    double error = bs_output_mse (&linear, corner);
    if (error < row->error[BEST]) {
      row->error[BEST] = error;
      memcpy (row->q[BEST], corner, sizeof corner);
    }
  }
}

static gboolean
solve (Row *row, const char *text, GError **error)
{
  static const char *const ids[] = { [GPTQ] = "gptq", [ADAROUND] = "adaround" };
  const BsLinear linear = as_linear (row);
  double params[BS_MAX_PARAMS];
  const BsCorrection *correction;
  float scale = 1, most = 1;
  BsSpec spec;

  if (!bs_spec_parse (text, &spec, error))
    return FALSE;
  for (guint m = NEAREST; m <= ADAROUND; m++) {
    if (m != NEAREST && !bs_correction_parse (ids[m], &correction, params, error))
      return FALSE;
    g_autoptr (BsQuant) quant =
      m == NEAREST ? bs_quantize (&spec, row->w, linear.dims, 2, 0, NULL, linear.name, error)
                   : correction->quantize (&linear, &spec, params, error);
    if (quant == NULL)
      return FALSE;
    memcpy (row->q[m], quant->values, row->n * sizeof (float));
    row->error[m] = bs_output_mse (&linear, row->q[m]);
    scale = quant->scale[0];
    most = (float) quant->qmax;
  }
  try_corners (row, scale, most);
  return TRUE;
}

/* Two weights in steps: the lattice has a point at each whole number. */
static gboolean
solve_pair (const double *values, Row *row, GError **error)
{
  *row = (Row){ .w = { (float) values[W1], (float) values[W2] },
                .gram = { 1, values[CORRELATION], values[CORRELATION], 1 },
                .n = 2 };
  return solve (row, "int4:fixed=-7,7", error);
}

/* Ten weights at 3 bits whose inputs share much: few directions and a common part. */
static gboolean
solve_row (Row *row, GError **error)
{
  float x[(N_INPUTS + 1) * N_ROW]; /* the last row is the weights */

  *row = (Row){ .n = N_ROW };
  bs_lesson_normal (x, G_N_ELEMENTS (x));
  for (guint d = 0; d < N_INPUTS; d++) {
    for (guint i = 1; i < N_ROW; i++)
      x[d * N_ROW + i] += x[d * N_ROW];
    for (guint i = 0; i < N_ROW; i++)
      for (guint j = 0; j < N_ROW; j++)
        row->gram[i * N_ROW + j] +=
          (double) x[d * N_ROW + i] * (double) x[d * N_ROW + j] / N_INPUTS;
  }
  memcpy (row->w, x + N_INPUTS * N_ROW, sizeof row->w);
  return solve (row, "int3", error);
}

/* All (a, b) with (a, b) − w of this error: x = Lᵀ⁻¹ (√error · circle), H = L Lᵀ. */
static void
add_ellipse (BsFigure *figure, const Row *row, double error, const char *name, guint color)
{
  BsFigureSeries *series = bs_figure_add (figure, BS_FIGURE_LINE, name, color);
  double r = row->gram[1], low = sqrt (1 - r * r), radius = sqrt (error);

  for (guint i = 0; i <= 120; i++) {
    double t = 2 * G_PI * i / 120, b = radius * sin (t) / low, a = radius * cos (t) - r * b;
    bs_figure_point (series, (double) row->w[0] + a, (double) row->w[1] + b, NULL);
  }
}

/* GPTQ's way: the first weight rounded, the second slid to where the error is then least:
 * −err · H⁻¹₁₂/H⁻¹₁₁, which is +err · r for this H. */
static void
add_way (BsFigure *figure, const Row *row)
{
  BsFigureSeries *way = bs_figure_add (figure, BS_FIGURE_DASHES, _ ("GPTQ's way"), 2);
  double first = (double) row->q[GPTQ][0],
         slid = (double) row->w[1] + ((double) row->w[0] - first) * row->gram[1];

  bs_figure_point (way, (double) row->w[0], (double) row->w[1], NULL);
  bs_figure_point (way, first, slid, NULL);
  bs_figure_point (way, (double) row->q[GPTQ][0], (double) row->q[GPTQ][1], NULL);
}

static char *
point_text (const float *q)
{
  return g_strdup_printf ("(%d, %d)", (int) lrintf (q[0]), (int) lrintf (q[1]));
}

static BsFigure *
draw_pair (const Row *row)
{
  BsFigure *figure =
    bs_figure_new (_ ("Two weights"), _ ("First weight, steps"), _ ("Second weight, steps"));
  double x = floor ((double) row->w[0]), y = floor ((double) row->w[1]);
  g_autofree char *nearest = point_text (row->q[NEAREST]), *best = point_text (row->q[BEST]);

  add_ellipse (figure, row, MAX (row->error[NEAREST], 1e-6), _ ("error of the nearest"), 0);
  add_ellipse (figure, row, MAX (row->error[BEST], 1e-6), _ ("error of the best"), 1);
  add_way (figure, row);
  BsFigureSeries *lattice = bs_figure_add (figure, BS_FIGURE_POINTS, NULL, 7);
  for (int i = -2; i <= 3; i++)
    for (int j = -2; j <= 3; j++)
      bs_figure_point (lattice, x + i, y + j, NULL);
  for (guint m = 0; m < N_METHODS; m += BEST) {
    BsFigureSeries *ring = bs_figure_add (figure, BS_FIGURE_RINGS, _ (method_names[m]), m != 0);
    g_autofree char *e = bs_lesson_number (row->error[m], 3);
    bs_figure_point (
      ring, (double) row->q[m][0], (double) row->q[m][1],
      g_strdup_printf ("%s %s: %s", _ (method_names[m]), m == NEAREST ? nearest : best, e));
  }
  BsFigureSeries *here = bs_figure_add (figure, BS_FIGURE_POINTS, _ ("the weights"), BS_FIGURE_INK);
  bs_figure_point (here, (double) row->w[0], (double) row->w[1], NULL);
  figure->x_lo = x - 1.6;
  figure->x_hi = x + 2.6;
  figure->y_lo = y - 1.6;
  figure->y_hi = y + 2.6;
  figure->description =
    g_strdup_printf (_ ("The nearest point is %s, the best is %s."), nearest, best);
  return figure;
}

static BsFigure *
draw_row (const Row *row)
{
  BsFigure *figure =
    bs_figure_new (_ ("A row of 10 weights at 3 bits"), NULL, _ ("Mean square output error"));
  BsFigureSeries *bars = bs_figure_add (figure, BS_FIGURE_BARS, NULL, 1);
  g_autofree char *worst = bs_lesson_number (row->error[NEAREST], 3),
                  *best = bs_lesson_number (row->error[BEST], 3);

  figure->categories = g_new0 (char *, N_METHODS + 1);
  for (guint m = 0; m < N_METHODS; m++) {
    g_autofree char *e = bs_lesson_number (row->error[m], 3);
    figure->categories[m] = g_strdup (_ (method_names[m]));
    bs_figure_point (bars, m, row->error[m], g_strdup_printf ("%s: %s", _ (method_names[m]), e));
  }
  figure->y_hi = row->error[NEAREST] * 1.1;
  figure->description = g_strdup_printf (
    _ ("Rounding to the nearest makes an error of %s, the best of 1024 corners %s."), worst, best);
  return figure;
}

static gboolean
show (const double *values, BsLessonShown *shown, GError **error)
{
  Row pair, row;
  g_auto (GStrv) text = NULL;

  if (!solve_pair (values, &pair, error) || !solve_row (&row, error))
    return FALSE;
  shown->figures[0] = draw_pair (&pair);
  shown->figures[1] = draw_row (&row);
  text = g_new0 (char *, 2 * N_METHODS + 1);
  for (guint m = 0; m < N_METHODS; m++) {
    text[m] = bs_lesson_number (pair.error[m], 3);
    text[N_METHODS + m] = bs_lesson_number (row.error[m], 3);
  }
  shown->numbers =
    g_strdup_printf (_ ("Two weights: nearest %s, GPTQ %s, AdaRound %s, best %s.\n"
                        "Ten weights: nearest %s, GPTQ %s, AdaRound %s, best of all corners %s."),
                     text[0], text[1], text[2], text[3], text[4], text[5], text[6], text[7]);
  return TRUE;
}

const BsLesson bs_lesson_lattice = {
  .id = "lattice",
  .title = N_ ("Rounding is a lattice problem"),
  .text =
    N_ ("What counts is the output: its mean square error is (ŵ − w)ᵀ H (ŵ − w), where H says how "
        "the inputs go together. Points of the same error lie on an ellipse around the weights, "
        "which correlated inputs turn and stretch. GPTQ rounds one weight and slides the others to "
        "make up for it; AdaRound chooses between up and down for all."),
  .question = N_ ("When is the nearest lattice point not the best? Where does the best one lie?"),
  .answer = N_ (
    "Only where inputs are uncorrelated is the nearest point sure to be the best. With "
    "correlation r > 0 an error up in one weight is made good by an error down in the other, so "
    "the best point lies along the ellipse, and can be the farther one."),
  .controls = { { N_ ("Correlation of the inputs"), NULL, -0.95, 0.95, 0, 0.9 },
                { N_ ("First weight"), NULL, 0, 2, 0, 0.55 },
                { N_ ("Second weight"), NULL, 0, 2, 0, 0.6 } },
  .handle = -1,
  .second_answers = TRUE,
  .show = show,
};
