/* What the lessons share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "workbench/lesson.h"

G_BEGIN_DECLS

/* bs_lesson_normal: n standard normal values, always the same; no library's generator or logarithm
 * decides their bits. */
void bs_lesson_normal (float *x, gsize n);

/* bs_lesson_number: with a point and a true minus sign, as plots write it. (transfer full) */
char *bs_lesson_number (double value, int decimals);

extern const BsLesson bs_lesson_staircase, bs_lesson_clip, bs_lesson_outlier, bs_lesson_granularity,
  bs_lesson_levels, bs_lesson_amplitude, bs_lesson_loud, bs_lesson_lattice, bs_lesson_budget,
  bs_lesson_pipeline, bs_lesson_bits;

G_END_DECLS
