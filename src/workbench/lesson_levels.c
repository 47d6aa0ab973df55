/* Lesson: where 16 levels belong: presets, Lloyd's steps, and levels moved by hand.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "workbench/lesson_private.h"

#include "quant/quant.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#define N_VALUES 65536
#define MAX_STEPS 50
#define BEST_MSE 0.009501 /* of 16 levels for normal values: Max, IRE Trans. IT-6, 1960 */

enum { PRESET, STEPS, MOVED = BS_LESSON_CONTROLS }; /* MOVED: the levels as moved by hand */

static const char *const presets[] = { "int4",   "int4:mse", "nf4",     "fp4e2m1",
                                       "pow2-4", "kmeans-4", "lloyd-4", N_ ("moved by hand"),
                                       NULL };
#define BY_HAND (G_N_ELEMENTS (presets) - 2)

/* The values in ascending order, with the sums up to each: what falls between two thresholds has its
 * mean and its error at once. */
typedef struct {
  float *x;
  double *sums;   /* [N_VALUES + 1] */
  double squares; /* of all */
} Values;

static gint
compare_floats (gconstpointer a, gconstpointer b)
{
  float p = *(const float *) a, q = *(const float *) b;

  return p < q ? -1 : p > q;
}

static const Values *
sorted_values (void)
{
  static Values values;
  static gsize ready;

  if (g_once_init_enter (&ready)) {
    values.x = g_new (float, N_VALUES);
    values.sums = g_new (double, N_VALUES + 1);
    bs_lesson_normal (values.x, N_VALUES);
    qsort (values.x, N_VALUES, sizeof *values.x, compare_floats);
    values.sums[0] = 0;
    for (guint i = 0; i < N_VALUES; i++) {
      values.sums[i + 1] = values.sums[i] + (double) values.x[i];
      values.squares += (double) values.x[i] * (double) values.x[i];
    }
    g_once_init_leave (&ready, 1);
  }
  return &values;
}

/* How many values are below the threshold. */
static guint
count_below (const Values *values, double threshold)
{
  guint lo = 0, hi = N_VALUES;

  while (lo < hi) {
    guint middle = (lo + hi) / 2;
    if (values->x[middle] < threshold)
      lo = middle + 1;
    else
      hi = middle;
  }
  return lo;
}

/* Lloyd's two conditions, one after the other: thresholds to the middle between levels, levels to the
 * mean of what falls to them. Source: Lloyd, IEEE Trans. IT-28, 1982. */
static void
step (const Values *values, double *levels, guint n)
{
  guint from = 0;

  for (guint i = 0; i < n; i++) {
    guint to = i + 1 < n ? count_below (values, (levels[i] + levels[i + 1]) / 2) : N_VALUES;
    if (to > from)
      levels[i] = (values->sums[to] - values->sums[from]) / (to - from);
    from = to;
  }
}

/* Σ(x − l)² = Σx² − Σ(2l·Σx − n·l²), the last two over what falls to each level. */
static double
mean_square_error (const Values *values, const double *levels, guint n)
{
  double error = values->squares;
  guint from = 0;

  for (guint i = 0; i < n; i++) {
    guint to = i + 1 < n ? count_below (values, (levels[i] + levels[i + 1]) / 2) : N_VALUES;
    error -=
      2 * levels[i] * (values->sums[to] - values->sums[from]) - (to - from) * levels[i] * levels[i];
    from = to;
  }
  return error / N_VALUES;
}

/* The levels of the preset, before any step; their number. */
static guint
preset_levels (guint preset, double *levels, GError **error)
{
  const gint64 dims[] = { N_VALUES };
  const Values *values = sorted_values ();
  gint32 qmin, qmax;
  BsSpec spec;
  guint n = 0;

  if (!bs_spec_parse (presets[preset], &spec, error))
    return 0;
  g_autoptr (BsQuant) quant =
    bs_quantize (&spec, values->x, dims, 1, BS_AXIS_AUTO, NULL, "", error);
  if (quant == NULL)
    return 0;
  if (bs_spec_integer_codes (&spec, &qmin, &qmax)) {
    for (gint q = qmin; q <= qmax && n < BS_LESSON_LEVELS; q++)
      levels[n++] = q * (double) quant->scale[0];
    return n;
  }
  for (guint i = 0; i < N_VALUES && n < BS_LESSON_LEVELS; i++) /* ascending, as the values are */
    if (n == 0 || (double) quant->values[i] > levels[n - 1])
      levels[n++] = quant->values[i];
  return n;
}

/* The levels shown; their number. 0: error. */
static guint
make_levels (const double *values, double *levels, GError **error)
{
  guint preset = (guint) values[PRESET], n = 0;

  if (preset == BY_HAND)
    while (n < BS_LESSON_LEVELS && (n == 0 || values[MOVED + n] > values[MOVED + n - 1])) {
      levels[n] = values[MOVED + n];
      n++;
    }
  if (n < 2) /* nothing is moved yet */
    n = preset_levels (preset == BY_HAND ? 0 : preset, levels, error);
  for (guint i = 0; i < (guint) values[STEPS]; i++)
    step (sorted_values (), levels, n);
  return n;
}

/* One level to where it was dragged, between its neighbours; all others stay. */
static void
drag (double *values, guint handle, double value)
{
  double levels[BS_LESSON_LEVELS];
  guint n = make_levels (values, levels, NULL);

  if (handle >= n)
    return;
  double gap = 1e-3, lo = handle > 0 ? levels[handle - 1] + gap : -INFINITY,
         hi = handle + 1 < n ? levels[handle + 1] - gap : INFINITY;
  if (lo < hi)
    levels[handle] = CLAMP (value, lo, hi);
  memcpy (&values[MOVED], levels, n * sizeof *values);
  for (guint i = n; i < BS_LESSON_LEVELS; i++)
    values[MOVED + i] = levels[n - 1]; /* not above: no level */
  values[PRESET] = BY_HAND;
  values[STEPS] = 0;
}

/* The error after each step from here on. */
static BsFigure *
draw_steps (const double *values, GError **error)
{
  g_autoptr (BsFigure) figure =
    bs_figure_new (_ ("Lloyd's algorithm"), _ ("Steps"), _ ("Mean square error"));
  BsFigureSeries *best = bs_figure_add (figure, BS_FIGURE_DASHES, _ ("best 16 levels"), 7),
                 *line = bs_figure_add (figure, BS_FIGURE_LINE, _ ("error"), 1),
                 *now = bs_figure_add (figure, BS_FIGURE_RINGS, NULL, 1);
  const Values *sorted = sorted_values ();
  double start[BS_LESSON_VALUES], levels[BS_LESSON_LEVELS], last = 0;

  memcpy (start, values, sizeof start);
  start[STEPS] = 0;
  guint n = make_levels (start, levels, error);
  if (n == 0)
    return NULL;
  for (guint s = 0; s <= MAX_STEPS; s++) {
    last = mean_square_error (sorted, levels, n);
    g_autofree char *text = bs_lesson_number (last, 6);
    bs_figure_point (line, s, last, g_strdup (text));
    if (s == (guint) values[STEPS])
      bs_figure_point (now, s, last, g_strdup (text));
    step (sorted, levels, n);
  }
  bs_figure_point (best, 0, BEST_MSE, NULL);
  bs_figure_point (best, MAX_STEPS, BEST_MSE, NULL);
  figure->y_log = TRUE;
  g_autofree char *text = bs_lesson_number (last, 6);
  figure->description =
    g_strdup_printf (_ ("After %d steps the mean square error is %s."), MAX_STEPS, text);
  return g_steal_pointer (&figure);
}

static gboolean
show (const double *values, BsLessonShown *shown, GError **error)
{
  double levels[BS_LESSON_LEVELS];
  const char *name = presets[(guint) values[PRESET]];
  guint steps = (guint) values[STEPS], n = make_levels (values, levels, error);

  if (n == 0)
    return FALSE;
  shown->view = bs_tensor_view_of_levels (sorted_values ()->x, N_VALUES, levels, n);
  shown->spec =
    steps == 0 ? g_strdup (_ (name))
               : g_strdup_printf (ngettext ("%s, %u step", "%s, %u steps", steps), _ (name), steps);
  shown->figures[1] = draw_steps (values, error);
  g_autofree char *db = bs_lesson_number (shown->view->sqnr_db, 2),
                  *mse = bs_lesson_number (mean_square_error (sorted_values (), levels, n), 6),
                  *best = bs_lesson_number (BEST_MSE, 6);
  shown->numbers = g_strdup_printf (
    _ ("%s: SQNR %s dB, mean square error %s; the best 16 levels for normal values have %s"),
    shown->spec, db, mse, best);
  return shown->figures[1] != NULL;
}

const BsLesson bs_lesson_levels = {
  .id = "sixteen-levels",
  .title = N_ ("Where do 16 levels belong?"),
  .text = N_ ("Four bits name sixteen levels; the encoding says where they are. Evenly spaced, at "
              "quantiles of the normal distribution, dense around zero as floats are, or where the "
              "values themselves ask for them: Lloyd's conditions put thresholds halfway between "
              "levels and levels at the mean of what falls to them. Drag the levels, and let "
              "Lloyd's algorithm go on from there."),
  .question = N_ ("Values are dense around zero. Does it pay to put more levels there than an even "
                  "spacing does?"),
  .answer =
    N_ ("A little, up to the best placement: about 20.2 dB for normal values. Powers of two "
        "are far too dense at zero and too coarse outside: more bits do not help them."),
  .controls = { { N_ ("What the values become"), presets },
                { N_ ("Steps of Lloyd's algorithm"), NULL, 0, MAX_STEPS, 1, 0 } },
  .handle = -1,
  .second_answers = TRUE,
  .drag = drag,
  .show = show,
};
