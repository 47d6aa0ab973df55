/* The man page and the bash completion, printed from the table of commands when the program is
 * built. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* bs_manual_print: “--print-manual” prints the man page, “--print-completion” the bash completion.
 * FALSE: neither. */
gboolean bs_manual_print (const char *argument);

G_END_DECLS
