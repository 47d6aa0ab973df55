/* Tests of the lessons: every row can be shown, and what the answers claim is what is computed.
 * SPDX-License-Identifier: GPL-3.0-or-later */
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

static double
sqnr (const char *id, guint choice, double slider)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BsTensorView) view = bs_lesson_view (find (id), choice, slider, &error);

  g_assert_no_error (error);
  return view->sqnr_db;
}

static guint
choice_of (const char *id, const char *spec)
{
  for (guint i = 0; find (id)->specs[i] != NULL; i++)
    if (strcmp (find (id)->specs[i], spec) == 0)
      return i;
  g_assert_not_reached ();
}

static void
test_rows (void)
{
  for (guint i = 0; bs_lessons[i] != NULL; i++) {
    const BsLesson *lesson = bs_lessons[i];
    g_assert_cmpuint (strlen (lesson->text), >, 80);
    g_assert_cmpuint (strlen (lesson->question), >, 20);
    g_assert_cmpuint (strlen (lesson->answer), >, 40);
    for (guint c = 0; lesson->specs[c] != NULL; c++) {
      g_autoptr (GError) error = NULL;
      g_autoptr (BsTensorView) view = bs_lesson_view (lesson, c, lesson->def, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (view->n_levels, >, 0);
      g_assert_false (isnan (view->sqnr_db));
    }
    g_assert_nonnull (lesson->specs[lesson->usual]);
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
  g_assert_cmpfloat_with_epsilon (best_range (choice_of ("clip-or-round", "int4:fixed=-%s,%s")),
                                  2.6, 0.25);
  g_assert_cmpfloat_with_epsilon (best_range (choice_of ("clip-or-round", "int8:fixed=-%s,%s")), 4,
                                  0.5);
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

static void
test_amplitude (void)
{
  guint int8 = 0, fp8 = choice_of ("amplitude", "fp8e4m3:fixed=-1,1");

  for (double octaves = 0; octaves < 4; octaves++) {
    g_assert_cmpfloat_with_epsilon (
      sqnr ("amplitude", int8, octaves) - sqnr ("amplitude", int8, octaves + 1), 6.02, 0.2);
    g_assert_cmpfloat_with_epsilon (sqnr ("amplitude", fp8, octaves), 31.5, 0.6);
  }
}

static void
test_element (void)
{
  g_autoptr (BsTensorView) view =
    bs_lesson_view (find ("granularity"), choice_of ("granularity", "int4:element"), 20, NULL);

  g_assert_cmpfloat (view->bits_each, ==, 36);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lesson/rows", test_rows);
  g_test_add_func ("/lesson/clip", test_clip);
  g_test_add_func ("/lesson/outlier", test_outlier);
  g_test_add_func ("/lesson/levels", test_levels);
  g_test_add_func ("/lesson/amplitude", test_amplitude);
  g_test_add_func ("/lesson/element", test_element);
  return g_test_run ();
}
