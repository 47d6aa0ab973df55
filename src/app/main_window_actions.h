/* The actions of the main window.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "app/main_window.h"

G_BEGIN_DECLS

void bs_main_window_add_actions (BsMainWindow *self);
void bs_main_window_update_actions (BsMainWindow *self); /* which of them can be used now */

G_END_DECLS
