/* The options about data that commands share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cli/command.h"
#include "workbench/data_text.h"

G_BEGIN_DECLS

extern const GOptionEntry bs_data_option_entries[];

/* What --data takes, in words, for --help and the man page. */
extern const char bs_data_description[];

gboolean bs_data_is_given (void); /* --data was among the arguments */

/* bs_data_from_options: what --data and its options say. FALSE: wrong usage, also when there is no
 * --data. */
gboolean bs_data_from_options (BsDataText *data, GError **error);

G_END_DECLS
