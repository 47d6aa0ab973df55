/* Memory for weights: aligned for vectors, in huge pages where it is large.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/memory.h"

#include <stdlib.h>
#include <sys/mman.h>

#define LINE 64
#define HUGE_PAGE ((gsize) 2 << 20) /* of x86-64, and of ARM with pages of 4 KiB */

/* Huge pages save the waits for page tables in each pass over the values, and page faults in the
 * first. Debian gives them to those who ask. */
void *
bs_memory_new (gsize bytes)
{
  gboolean large = bytes >= BS_MEMORY_LARGE;
  gsize alignment = large ? HUGE_PAGE : LINE;

  if (bytes > G_MAXSSIZE - alignment)
    return NULL;
  bytes = (MAX (bytes, 1) + alignment - 1) / alignment * alignment;
  void *memory = aligned_alloc (alignment, bytes);
  if (memory != NULL && large)
    madvise (memory, bytes, MADV_HUGEPAGE); /* a wish: no failure matters */
  return memory;
}
