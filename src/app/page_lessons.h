/* Page: lessons, each with a sentence, a live picture, a question and the numbers.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_PAGE_LESSONS (bs_page_lessons_get_type ())
G_DECLARE_FINAL_TYPE (BsPageLessons, bs_page_lessons, BS, PAGE_LESSONS, AdwBin)

/* bs_page_lessons_show: the lesson of this number, from 1. FALSE: there is none. */
gboolean bs_page_lessons_show (BsPageLessons *self, guint number);

G_END_DECLS
