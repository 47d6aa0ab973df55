/* Large memory: aligned for vectors, in huge pages where it is large enough.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* BS_MEMORY_LARGE: bytes from which huge pages are asked for: two of them. */
#define BS_MEMORY_LARGE ((gsize) 4 << 20)

/* bs_memory_new: memory for what is read again and again, as weights and cuts are, not cleared,
 * aligned to 64 bytes and in whole lines of them. Not for what comes and goes: a fresh huge page may
 * cost more than all small ones in its place. (transfer full), by free (); NULL when there is not so
 * much. */
void *bs_memory_new (gsize bytes);

G_END_DECLS
