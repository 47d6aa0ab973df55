/* Memory for weights: aligned for vectors, in huge pages where it is large.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* BS_MEMORY_LARGE: bytes from which huge pages are asked for: two of them. */
#define BS_MEMORY_LARGE ((gsize) 4 << 20)

/* bs_memory_new: memory for what is read again and again, as weights are, not cleared, aligned to 64
 * bytes and in whole lines of them. Not for what comes and goes: a fresh huge page may cost more
 * than all small ones in its place, ten times as much where a virtual machine gives free ones back
 * to its host. (transfer full), by free (); NULL when there is not so much. */
void *bs_memory_new (gsize bytes);

G_END_DECLS
