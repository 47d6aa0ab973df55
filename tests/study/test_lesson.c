/* Tests of the lessons: every row can be shown, and what the answers claim is what is computed.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "quant/quant.h"
#include "workbench/lesson.h"

#include <math.h>
#include <string.h>

static const BsLesson *
find (const char *id)
{
  for (guint i = 0; bs_lessons[i] != NULL; i++)
    if (strcmp (bs_lessons[i]->id, id) == 0)
      return bs_lessons[i];
  g_assert_not_reached ();
}

static BsLessonShown *
show (const char *id, const double *values)
{
  g_autoptr (GError) error = NULL;
  BsLessonShown *shown = bs_lesson_show (find (id), values, &error);

  g_assert_no_error (error);
  return shown;
}

static double
sqnr (const char *id, guint choice, double slider)
{
  g_autoptr (BsLessonShown) shown = show (id, (double[BS_LESSON_VALUES]){ choice, slider });

  return shown->view->sqnr_db;
}

static guint
choice_of (const char *id, const char *name)
{
  const char *const *choices = find (id)->controls[0].choices;

  for (guint i = 0; choices[i] != NULL; i++)
    if (strcmp (choices[i], name) == 0)
      return i;
  g_assert_not_reached ();
}

static const BsFigureSeries *
series_of (const BsFigure *figure, const char *name)
{
  for (guint i = 0; i < figure->series->len; i++) {
    const BsFigureSeries *series = figure->series->pdata[i];
    if (g_strcmp0 (series->name, name) == 0)
      return series;
  }
  g_assert_not_reached ();
}

static BsFigurePoint
point_of (const BsFigureSeries *series, guint i)
{
  g_assert_cmpuint (i, <, series->points->len);
  return g_array_index (series->points, BsFigurePoint, i);
}

static void
check_figure (const BsFigure *figure)
{
  double lo, hi;

  g_assert_true (g_str_has_suffix (figure->description, "."));
  g_assert_true (bs_figure_range (figure, TRUE, &lo, &hi));
  g_assert_true (bs_figure_range (figure, FALSE, &lo, &hi));
  for (guint s = 0; figure->y_log && s < figure->series->len; s++)
    for (guint i = 0; i < ((BsFigureSeries *) figure->series->pdata[s])->points->len; i++)
      g_assert_cmpfloat (point_of (figure->series->pdata[s], i).y, >, 0);
}

static void
check_shown (const BsLesson *lesson, const double *values)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BsLessonShown) shown = bs_lesson_show (lesson, values, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (strlen (shown->numbers), >, 20);
  g_assert_true ((shown->view != NULL) != (shown->figures[0] != NULL));
  if (shown->view != NULL) {
    g_assert_cmpuint (shown->view->n_levels, >, 0);
    g_assert_false (isnan (shown->view->sqnr_db));
  }
  for (guint i = 0; i < 2; i++)
    if (shown->figures[i] != NULL)
      check_figure (shown->figures[i]);
}

/* Every choice of every list, and both ends of every slider. */
static void
test_rows (void)
{
  for (guint i = 0; bs_lessons[i] != NULL; i++) {
    const BsLesson *lesson = bs_lessons[i];
    g_assert_cmpuint (strlen (lesson->text), >, 80);
    g_assert_cmpuint (strlen (lesson->question), >, 20);
    g_assert_cmpuint (strlen (lesson->answer), >, 40);
    for (guint c = 0; lesson->controls[c].name != NULL; c++) {
      const BsLessonControl *control = &lesson->controls[c];
      double values[BS_LESSON_VALUES];
      bs_lesson_defaults (lesson, values);
      check_shown (lesson, values);
      for (guint k = 0; control->choices != NULL && control->choices[k] != NULL; k++) {
        values[c] = k;
        check_shown (lesson, values);
      }
      if (control->choices == NULL) {
        g_assert_cmpfloat (control->min, <=, control->def);
        g_assert_cmpfloat (control->def, <=, control->max);
        values[c] = control->min;
        check_shown (lesson, values);
        values[c] = control->max;
        check_shown (lesson, values);
      }
    }
  }
}

/* The range with the smallest error. */
static double
best_range (guint choice)
{
  double best = 0, most = -INFINITY;

  for (double range = 1; range <= 6; range += 0.1) {
    double db = sqnr ("clip-or-round", choice, range);
    if (db > most) {
      most = db;
      best = range;
    }
  }
  return best;
}

static void
test_clip (void)
{
  g_assert_cmpfloat_with_epsilon (best_range (choice_of ("clip-or-round", "int4")), 2.6, 0.25);
  g_assert_cmpfloat_with_epsilon (best_range (choice_of ("clip-or-round", "int8")), 4, 0.5);

  /* The rule of least error stands at the bottom of the curve, that of all values far to the right. */
  g_autoptr (BsLessonShown) shown =
    show ("clip-or-round", (double[BS_LESSON_VALUES]){ choice_of ("clip-or-round", "int4"), 3 });
  const BsFigureSeries *rules = series_of (shown->figures[1], "range rules");
  g_assert_cmpfloat_with_epsilon (point_of (rules, 2).x, 2.6, 0.25);
  g_assert_cmpfloat (point_of (rules, 0).x, >, 3.5);
}

static void
test_outlier (void)
{
  guint minmax = choice_of ("one-outlier", "int8"), mse = choice_of ("one-outlier", "int8:mse");

  g_assert_cmpfloat_with_epsilon (
    sqnr ("one-outlier", minmax, 20) - sqnr ("one-outlier", minmax, 40), 6.02, 0.3);
  g_assert_cmpfloat (sqnr ("one-outlier", mse, 20), >, sqnr ("one-outlier", minmax, 20));
  g_assert_cmpfloat (sqnr ("one-outlier", choice_of ("one-outlier", "int4"), 50), <, 10);
}

static void
test_levels (void)
{
  double even = sqnr ("sixteen-levels", choice_of ("sixteen-levels", "int4:mse"), 0),
         best = sqnr ("sixteen-levels", choice_of ("sixteen-levels", "lloyd-4"), 0);

  g_assert_cmpfloat_with_epsilon (best, 20.2, 0.25);
  g_assert_cmpfloat (best, >, even);
  g_assert_cmpfloat (sqnr ("sixteen-levels", choice_of ("sixteen-levels", "pow2-4"), 0), <, even);
}

/* Steps only ever help, and end where Lloyd's encoding is; a dragged level stays between its
 * neighbours and steps go on from there. */
static void
test_lloyd (void)
{
  const BsLesson *lesson = find ("sixteen-levels");
  double values[BS_LESSON_VALUES];

  bs_lesson_defaults (lesson, values);
  values[1] = 50;
  g_autoptr (BsLessonShown) even = show ("sixteen-levels", values);
  const BsFigureSeries *steps = series_of (even->figures[1], "error");
  for (guint i = 1; i < steps->points->len; i++)
    g_assert_cmpfloat (point_of (steps, i).y, <=, point_of (steps, i - 1).y);
  /* the sums' error is that of the values */
  double mse = point_of (steps, 50).y;
  g_assert_cmpfloat_with_epsilon (pow (10, -even->view->sqnr_db / 10), mse, 1e-2 * mse);

  values[0] = choice_of ("sixteen-levels", "lloyd-4");
  values[1] = 0;
  g_autoptr (BsLessonShown) best = show ("sixteen-levels", values);
  g_assert_cmpfloat_with_epsilon (point_of (series_of (best->figures[1], "error"), 0).y, 0.009501,
                                  2e-4);
  bs_lesson_drag (lesson, values, 5, 100);
  g_assert_cmpfloat (values[0], ==, choice_of ("sixteen-levels", "moved by hand"));
  g_autoptr (BsLessonShown) moved = show ("sixteen-levels", values);
  g_assert_cmpuint (moved->view->n_levels, ==, 16);
  g_assert_cmpfloat (moved->view->levels[5], >, best->view->levels[5]);
  g_assert_cmpfloat (moved->view->levels[5], <, best->view->levels[6]);
  g_assert_cmpfloat (moved->view->levels[4], ==, best->view->levels[4]);
  g_assert_cmpfloat (moved->view->sqnr_db, <, best->view->sqnr_db);
  values[1] = 50;
  g_autoptr (BsLessonShown) again = show ("sixteen-levels", values);
  g_assert_cmpfloat (again->view->sqnr_db, >, moved->view->sqnr_db);
}

/* Every bit turned over twice is what it was; the numbers are the format's. */
static void
test_bits (void)
{
  const BsLesson *lesson = find ("painted-bits");
  double values[BS_LESSON_VALUES];

  bs_lesson_defaults (lesson, values);
  for (guint i = 0; i < 8; i++) {
    double before = values[1];
    lesson->press (values, i);
    g_assert_cmpfloat (fabs (values[1] - before), ==, 1u << (7 - i));
    lesson->press (values, i);
    g_assert_cmpfloat (values[1], ==, before);
  }
  g_autoptr (BsLessonShown) one = show ("painted-bits", (double[BS_LESSON_VALUES]){ 0, 56 }),
                            none = show ("painted-bits", (double[BS_LESSON_VALUES]){ 0, 127 }),
                            least = show ("painted-bits", (double[BS_LESSON_VALUES]){ 4, 128 });
  g_assert_cmpfloat (point_of (one->figures[1]->series->pdata[1], 0).y, ==, 1);
  g_assert_nonnull (strstr (none->numbers, "no number"));
  g_assert_nonnull (strstr (least->numbers, "add up to −128"));
}

static void
test_amplitude (void)
{
  guint int8 = 0, fp8 = choice_of ("amplitude", "fp8e4m3");

  for (double octaves = 0; octaves < 4; octaves++) {
    g_assert_cmpfloat_with_epsilon (
      sqnr ("amplitude", int8, octaves) - sqnr ("amplitude", int8, octaves + 1), 6.02, 0.2);
    g_assert_cmpfloat_with_epsilon (sqnr ("amplitude", fp8, octaves), 31.5, 0.6);
  }
}

static void
test_element (void)
{
  g_autoptr (BsLessonShown) shown = show (
    "granularity", (double[BS_LESSON_VALUES]){ choice_of ("granularity", "int4:element"), 20 });

  g_assert_cmpfloat (shown->view->bits_each, ==, 36);

  /* One scale: errors everywhere. One for each channel: those of the loud one are by far the largest. */
  g_autoptr (BsLessonShown) global = show ("granularity", (double[BS_LESSON_VALUES]){ 0, 20 }),
                            local = show ("granularity", (double[BS_LESSON_VALUES]){ 1, 20 });
  double of_global = 0, of_local = 0;
  for (guint i = 64; i < 64 * 64; i++) {
    of_global += point_of (global->figures[1]->series->pdata[0], i).share / (63 * 64);
    of_local += point_of (local->figures[1]->series->pdata[0], i).share / (63 * 64);
  }
  g_assert_cmpfloat (of_global, >, 0.2);
  g_assert_cmpfloat (of_local, <, 0.1);
  g_assert_cmpfloat (point_of (local->figures[1]->series->pdata[0], 3).share, >, 0.5);
}

/* Where x = 500 ends in the picture. */
static double
decoded (guint codes, guint ties, guint division)
{
  g_autoptr (BsLessonShown) shown =
    show ("staircase", (double[BS_LESSON_VALUES]){ codes, ties, division, 500, 0 });

  return point_of (series_of (shown->figures[0], NULL), 0).y;
}

static void
test_staircase (void)
{
  enum { TEN, FOUR_BITS, EIGHT_BITS, TEN_BITS };
  enum { EVEN, AWAY };
  static const struct {
    guint codes, bits;
  } widths[] = { { FOUR_BITS, 4 }, { EIGHT_BITS, 8 }, { TEN_BITS, 10 } };
  const gint64 dims[] = { 1 };

  g_assert_cmpfloat_with_epsilon (decoded (TEN, EVEN, 0), 444.44, 0.01);
  g_assert_cmpfloat_with_epsilon (decoded (TEN, AWAY, 0), 555.56, 0.01);
  g_assert_cmpfloat_with_epsilon (decoded (EIGHT_BITS, EVEN, 0), 501.961, 0.001); /* code 128 */
  g_assert_cmpfloat_with_epsilon (decoded (EIGHT_BITS, EVEN, 1), 498.039, 0.001); /* code 127 */
  g_assert_cmpfloat_with_epsilon (decoded (TEN_BITS, EVEN, 0), 500.489, 0.001);
  /* The lesson's quantizer is the program's. */
  for (guint i = 0; i < G_N_ELEMENTS (widths); i++)
    for (guint ties = 0; ties < 2; ties++)
      for (guint in_double = 0; in_double < 2; in_double++) {
        g_autofree char *text =
          g_strdup_printf ("uint%u:affine:fixed=0,1000:round=%s:arith=%s", widths[i].bits,
                           ties == EVEN ? "half-even" : "half-away", in_double ? "f64" : "f32");
        BsSpec spec;
        g_assert_true (bs_spec_parse (text, &spec, NULL));
        g_autoptr (BsQuant) quant =
          bs_quantize (&spec, (const float[]){ 500 }, dims, 1, BS_AXIS_AUTO, NULL, "", NULL);
        g_assert_cmpfloat_with_epsilon (decoded (widths[i].codes, ties, in_double),
                                        (double) quant->values[0], 1e-3);
      }
  /* The formula turned round leaves the picture. */
  g_autoptr (BsLessonShown) shown =
    show ("staircase", (double[BS_LESSON_VALUES]){ TEN, EVEN, 0, 500, 0 });
  g_assert_nonnull (strstr (shown->numbers, "y = 50000"));
}

static void
test_loud (void)
{
  g_autoptr (BsLessonShown) loud = show ("loud-unit", (double[BS_LESSON_VALUES]){ 0, 9 }),
                            quiet = show ("loud-unit", (double[BS_LESSON_VALUES]){ 0, 0 });
  const BsFigureSeries *a = series_of (loud->figures[1], NULL),
                       *b = series_of (quiet->figures[1], NULL);

  g_assert_cmpfloat (point_of (a, 0).y, ==, point_of (b, 0).y); /* float: frozen */
  g_assert_cmpfloat (point_of (a, 1).y, <, 20);
  g_assert_cmpfloat (point_of (a, 2).y, <, 80);
  g_assert_cmpfloat (point_of (a, 2).y, >, point_of (a, 1).y + 15);
  g_assert_cmpfloat_with_epsilon (point_of (a, 3).y, point_of (a, 0).y, 1.01);
  g_assert_cmpfloat_with_epsilon (point_of (a, 4).y, point_of (a, 0).y, 1.01);
  g_assert_cmpfloat_with_epsilon (point_of (b, 1).y, point_of (b, 0).y, 1.01);
}

static void
test_lattice (void)
{
  g_autoptr (BsLessonShown) turned = show ("lattice", (double[BS_LESSON_VALUES]){ 0.9, 0.55, 0.6 }),
                            straight = show ("lattice", (double[BS_LESSON_VALUES]){ 0, 0.55, 0.6 });
  BsFigurePoint best = point_of (series_of (turned->figures[0], "best"), 0),
                nearest = point_of (series_of (turned->figures[0], "nearest"), 0);

  g_assert_true (nearest.x == 1 && nearest.y == 1);
  g_assert_true (best.x + best.y == 1); /* one up, one down */
  best = point_of (series_of (straight->figures[0], "best"), 0);
  g_assert_true (best.x == 1 && best.y == 1);
  /* All points of an ellipse have its error. */
  const BsFigureSeries *ellipse = series_of (turned->figures[0], "error of the nearest");
  double wanted = 0.45 * 0.45 + 2 * 0.9 * 0.45 * 0.4 + 0.4 * 0.4;
  for (guint i = 0; i < ellipse->points->len; i++) {
    double x = point_of (ellipse, i).x - 0.55, y = point_of (ellipse, i).y - 0.6;
    g_assert_cmpfloat_with_epsilon (x * x + 1.8 * x * y + y * y, wanted, 1e-5);
  }
  /* Ten weights: nothing beats all corners, and both methods lie between. */
  const BsFigureSeries *row = series_of (turned->figures[1], NULL);
  for (guint m = 0; m < 3; m++)
    g_assert_cmpfloat (point_of (row, m).y, >=, point_of (row, 3).y - 1e-9);
  g_assert_cmpfloat (point_of (row, 0).y, >, 2 * point_of (row, 3).y);
  g_assert_cmpfloat (point_of (row, 1).y, <, point_of (row, 0).y);
  g_assert_cmpfloat (point_of (row, 2).y, <, point_of (row, 0).y);
}

static void
test_budget (void)
{
  g_autoptr (BsLessonShown) shown =
    show ("bit-budget", (double[BS_LESSON_VALUES]){ 2, 2, 2, 2, 2, 2, 4 });
  const BsFigureSeries *exact = series_of (shown->figures[1], "exact"),
                       *greedy = series_of (shown->figures[1], "greedy");
  BsFigurePoint mine = point_of (series_of (shown->figures[1], "yours"), 0);

  g_assert_cmpfloat (mine.x, ==, 4);
  g_assert_cmpuint (exact->points->len, ==, greedy->points->len);
  for (guint i = 0; i < exact->points->len; i++) {
    g_assert_cmpfloat (point_of (exact, i).y, >=, point_of (greedy, i).y);
    g_assert_cmpfloat (point_of (exact, i).x, <=, 2 + i / 4.0);
    if (point_of (exact, i).x <= 4) /* 4 bits on average against 4 bits everywhere */
      g_assert_cmpfloat (point_of (exact, i).y, <, mine.y + 7);
  }
  g_assert_cmpfloat (point_of (exact, 8).y, >, mine.y + 6);
}

static gboolean
fits (double products)
{
  g_autoptr (BsLessonShown) shown =
    show ("integer-pipeline", (double[BS_LESSON_VALUES]){ 131, 128, 5, products, 0 });

  return strstr (shown->numbers, "do not fit") == NULL;
}

static void
test_pipeline (void)
{
  for (guint m = 0; m < 4; m++) {
    g_autoptr (BsLessonShown) shown =
      show ("integer-pipeline", (double[BS_LESSON_VALUES]){ 131, 128, 5, 1000, m });
    const BsFigure *figure = shown->figures[0];
    guint twice = 0, once = 0;
    for (guint i = 0; i < 17; i++) {
      double exact = point_of (figure->series->pdata[0], i).y;
      twice += point_of (figure->series->pdata[1], i).y != exact;
      once += point_of (figure->series->pdata[2], i).y != exact;
    }
    if (m == 0) { /* sums of 7 … 23: every second odd one is a half that goes to the even side */
      g_assert_cmpuint (twice, ==, 4);
      g_assert_cmpuint (once, ==, 4);
    }
    if (m == 2) { /* a third has no ties, but rounded twice it has */
      g_assert_cmpuint (twice, ==, 6);
      g_assert_cmpuint (once, ==, 0);
    }
  }
  g_assert_true (fits (33025));
  g_assert_false (fits (33026));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lesson/rows", test_rows);
  g_test_add_func ("/lesson/staircase", test_staircase);
  g_test_add_func ("/lesson/clip", test_clip);
  g_test_add_func ("/lesson/outlier", test_outlier);
  g_test_add_func ("/lesson/levels", test_levels);
  g_test_add_func ("/lesson/lloyd", test_lloyd);
  g_test_add_func ("/lesson/bits", test_bits);
  g_test_add_func ("/lesson/amplitude", test_amplitude);
  g_test_add_func ("/lesson/element", test_element);
  g_test_add_func ("/lesson/loud", test_loud);
  g_test_add_func ("/lesson/lattice", test_lattice);
  g_test_add_func ("/lesson/budget", test_budget);
  g_test_add_func ("/lesson/pipeline", test_pipeline);
  return g_test_run ();
}
