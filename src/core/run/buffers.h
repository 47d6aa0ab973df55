/* Buffers of a walk: 64-byte aligned, shared by views, kept by the thread for the next walk.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Used by one thread only. */
typedef struct {
  guint refs;
  gsize capacity; /* bytes */
  void *data;     /* from aligned_alloc */
} BsBuffer;

/* bs_buffer_get: at least bytes, contents undefined; NULL when memory is out. */
BsBuffer *bs_buffer_get (gsize bytes);
BsBuffer *bs_buffer_ref (BsBuffer *buffer);
void bs_buffer_unref (BsBuffer *buffer); /* the last one gives it to the thread's stock */

/* bs_buffer_steal: the data, to be freed with free (); the buffer must have one reference. */
void *bs_buffer_steal (BsBuffer *buffer);

G_END_DECLS
