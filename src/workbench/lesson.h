/* Lessons: classroom demonstrations on made-up or bundled values, the same numbers on every machine.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/figure.h"
#include "study/tensor_view.h"

G_BEGIN_DECLS

#define BS_LESSON_CONTROLS 8
#define BS_LESSON_LEVELS 16
#define BS_LESSON_VALUES                                                                           \
  (BS_LESSON_CONTROLS + BS_LESSON_LEVELS) /* of the controls, then what is only dragged */

/* Something to change: a list to choose from or a slider. */
typedef struct {
  const char *name;           /* N_(); NULL: no more controls */
  const char *const *choices; /* NULL-terminated, N_(); the value is an index. NULL: a slider */
  double min, max, step;      /* of the slider; step 0: any value */
  double def;
} BsLessonControl;

/* What a lesson shows for one setting of its controls: the histograms of a view, or figures. */
typedef struct {
  BsTensorView *view;
  char *spec;           /* what the view's values became */
  BsFigure *figures[2]; /* the second may be NULL */
  char *numbers;        /* lines */
} BsLessonShown;

void bs_lesson_shown_free (BsLessonShown *shown);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsLessonShown, bs_lesson_shown_free)

/* One row a lesson. */
typedef struct {
  const char *id;       /* "clip-or-round" */
  const char *title;    /* N_() */
  const char *text;     /* N_(): what is seen, and the mathematics behind it */
  const char *question; /* N_(): to be answered before the numbers are shown */
  const char *answer;   /* N_() */
  BsLessonControl controls[BS_LESSON_CONTROLS + 1];
  gint handle;             /* the slider that is moved by dragging in the picture; −1: none */
  gboolean second_answers; /* the second figure is shown with the answer only */

  /* NULL: handle says it all. Else what dragging a level of the histogram does to the values. */
  void (*drag) (double *values, guint level, double to);

  /* What activating an item of the first figure does to the values; NULL: nothing. */
  void (*press) (double *values, guint item);

  /* values: [BS_LESSON_VALUES], those of the controls within their ends.
   * Errors  the quantizer's; what reading a bundled example gives. */
  gboolean (*show) (const double *values, BsLessonShown *shown, GError **error);
} BsLesson;

extern const BsLesson *const bs_lessons[]; /* all rows, ending with NULL */

/* bs_lesson_defaults: values [BS_LESSON_VALUES], filled. */
void bs_lesson_defaults (const BsLesson *lesson, double *values);

/* bs_lesson_drag: what dragging a handle of the picture does to the values. */
void bs_lesson_drag (const BsLesson *lesson, double *values, guint handle, double to);

/* bs_lesson_show: what the lesson's show makes of the values. (transfer full) */
BsLessonShown *bs_lesson_show (const BsLesson *lesson, const double *values, GError **error);

G_END_DECLS
