/* Helpers for lists: finding a row, leaving with Tab, gathering results for plots, sorting.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "study/result.h"

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* bs_list_find: position of item in the model, or GTK_INVALID_LIST_POSITION. */
guint bs_list_find (GListModel *model, gpointer item);

/* bs_list_tab_leaves: Tab moves the focus out of the list instead of through every row; arrows move
 * between rows. */
void bs_list_tab_leaves (GtkWidget *scrolled);

/* bs_list_results: the results of a list of BsResultItem, borrowed from the items. (transfer
 * container) */
BsResult **bs_list_results (GListModel *model, guint *n);

/* bs_list_sortable: a number as columns sort it: what is not known comes before all others. */
double bs_list_sortable (double value);

G_END_DECLS
