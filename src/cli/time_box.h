/* --time: how long work may take.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* bs_time_from_option: "30s", "5m", "1h"; a bare number is seconds. NULL: seconds stays.
 * Errors  wrong usage. */
gboolean bs_time_from_option (const char *text, double *seconds, GError **error);

G_END_DECLS
