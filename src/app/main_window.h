/* The main window: one document, its layers and pages.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/document.h"

#include <adwaita.h>

G_BEGIN_DECLS

#define BS_TYPE_MAIN_WINDOW (bs_main_window_get_type ())
G_DECLARE_FINAL_TYPE (BsMainWindow, bs_main_window, BS, MAIN_WINDOW, AdwApplicationWindow)

BsMainWindow *bs_main_window_new (GtkApplication *application,
                                  const char *db_path); /* NULL: the default database */

/* bs_main_window_open: data_text NULL: made-up inputs, or a bundled example's own data. */
void bs_main_window_open (BsMainWindow *self, const char *path, const char *data_text);
void bs_main_window_open_study (BsMainWindow *self,
                                gint64 study,
                                const char *path,
                                const char *data_text);
void bs_main_window_set_data (BsMainWindow *self, const char *path); /* the data to judge by */
/* bs_main_window_show_lesson: the lesson of this number, from 1, also where no model is open. FALSE:
 * there is none. */
gboolean bs_main_window_show_lesson (BsMainWindow *self, guint number);
gboolean bs_main_window_show_page (BsMainWindow *self,
                                   const char *name); /* FALSE: there is no such page */
void bs_main_window_show_start (BsMainWindow *self, gboolean start);

BsDocument *bs_main_window_document (BsMainWindow *self);
GtkWidget *bs_main_window_visible_page (BsMainWindow *self); /* NULL: the start page is shown */
gboolean bs_main_window_has_layers (BsMainWindow *self);     /* the page shown goes with layers */
void bs_main_window_show_layers (BsMainWindow *self, gboolean shown);
void bs_main_window_toast (BsMainWindow *self, const char *text);

G_END_DECLS
