/* Lessons: the table, and what they share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/transcendental.h"
#include "quant/round.h"
#include "workbench/lesson_private.h"

#include <math.h>

const BsLesson *const bs_lessons[] = {
  &bs_lesson_staircase, &bs_lesson_clip,      &bs_lesson_outlier, &bs_lesson_granularity,
  &bs_lesson_levels,    &bs_lesson_amplitude, &bs_lesson_loud,    &bs_lesson_lattice,
  &bs_lesson_budget,    &bs_lesson_pipeline,  &bs_lesson_bits,    NULL,
};

void
bs_lesson_shown_free (BsLessonShown *shown)
{
  if (shown == NULL)
    return;
  bs_tensor_view_free (shown->view);
  g_free (shown->spec);
  bs_figure_unref (shown->figures[0]);
  bs_figure_unref (shown->figures[1]);
  g_free (shown->numbers);
  g_free (shown);
}

void
bs_lesson_defaults (const BsLesson *lesson, double *values)
{
  for (guint i = 0; i < BS_LESSON_VALUES; i++)
    values[i] = i < BS_LESSON_CONTROLS ? lesson->controls[i].def : 0;
}

void
bs_lesson_drag (const BsLesson *lesson, double *values, guint handle, double to)
{
  if (lesson->drag != NULL)
    lesson->drag (values, handle, to);
  else if (lesson->handle >= 0)
    values[lesson->handle] = fabs (to);
}

BsLessonShown *
bs_lesson_show (const BsLesson *lesson, const double *values, GError **error)
{
  g_autoptr (BsLessonShown) shown = g_new0 (BsLessonShown, 1);

  return lesson->show (values, shown, error) ? g_steal_pointer (&shown) : NULL;
}

/* Marsaglia's polar method (SIAM Review 6, 1964), on the program's own logarithm. */
void
bs_lesson_normal (float *x, gsize n)
{
  guint64 draw = 0;

  for (gsize i = 0; i < n;) {
    double u = (double) (bs_hash64 (draw++) >> 11) * 0x1p-52 - 1,
           v = (double) (bs_hash64 (draw++) >> 11) * 0x1p-52 - 1, s = u * u + v * v;
    if (s >= 1 || s < 1e-300)
      continue;
    double factor = sqrt (-2 * bs_log (s) / s);
    x[i++] = (float) (u * factor);
    if (i < n)
      x[i++] = (float) (v * factor);
  }
}

char *
bs_lesson_number (double value, int decimals)
{
  char format[8], number[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (value))
    return g_strdup (isnan (value) ? "–" : value > 0 ? "∞" : "−∞");
  g_snprintf (format, sizeof format, "%%.%df", decimals);
  g_ascii_formatd (number, sizeof number, format, fabs (value));
  return g_strconcat (value < 0 && g_ascii_strtod (number, NULL) != 0 ? "−" : "", number, NULL);
}
