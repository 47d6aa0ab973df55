/* Amounts on the command line.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* bs_amount_parse: "0.01", "40K", "1.5M", "2G", in steps of 1024; with share "1%" as well, up to 1.
 * FALSE: it is neither, below 0, or not finite. */
gboolean bs_amount_parse (const char *text, gboolean share, double *amount);

G_END_DECLS
