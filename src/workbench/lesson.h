/* Lessons: classroom demonstrations on made-up values, the same numbers on every machine.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "workbench/tensor_view.h"

G_BEGIN_DECLS

/* One row a lesson. Values are 64 channels of 1024 each. */
typedef struct {
  const char *id;       /* "clip-or-round" */
  const char *title;    /* N_() */
  const char *text;     /* N_(): what is seen, and the mathematics behind it */
  const char *question; /* N_(): to be answered before the numbers are shown */
  const char *answer;   /* N_() */
  const char *const
    *specs;    /* NULL-terminated choices; “%s” in one is where the slider's value goes */
  guint usual; /* the choice to begin with */
  const char *slider; /* N_(): what the slider changes; NULL: there is none */
  double min, max, def;
  void (*change) (float *x, double slider); /* what the slider does to normal values; may be NULL */
} BsLesson;

extern const BsLesson *const bs_lessons[]; /* all rows, ending with NULL */

/* bs_lesson_spec: the choice as a spec, with the slider's value. (transfer full) */
char *bs_lesson_spec (const BsLesson *lesson, guint choice, double slider);

/* bs_lesson_view: the lesson's values, quantized. (transfer full)
 * Errors  the quantizer's. */
BsTensorView *bs_lesson_view (const BsLesson *lesson, guint choice, double slider, GError **error);

G_END_DECLS
