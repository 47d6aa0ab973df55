/* Buffers of a walk: 64-byte aligned, shared by views, kept by the thread for the next walk.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/buffers.h"

#include <stdlib.h>

#define STOCK_MAX ((gsize) 64 << 20) /* bytes a thread keeps; larger ones go back at once */
#define STOCK_SLOTS 64
#define SLACK 4 /* a buffer serves requests down to a quarter of its size */

typedef struct {
  BsBuffer *free[STOCK_SLOTS];
  guint n;
  gsize bytes;
} Stock;

static void
free_buffer (BsBuffer *buffer)
{
  free (buffer->data);
  g_free (buffer);
}

static void
free_stock (gpointer data)
{
  Stock *stock = data;

  for (guint i = 0; i < stock->n; i++)
    free_buffer (stock->free[i]);
  g_free (stock);
}

static GPrivate stock_key = G_PRIVATE_INIT (free_stock);

static Stock *
get_stock (void)
{
  Stock *stock = g_private_get (&stock_key);

  if (stock == NULL) {
    stock = g_new0 (Stock, 1);
    g_private_set (&stock_key, stock);
  }
  return stock;
}

BsBuffer *
bs_buffer_get (gsize bytes)
{
  Stock *stock = get_stock ();
  BsBuffer *buffer;
  gint best = -1;

  if (bytes > G_MAXINT64 / 16)
    return NULL;
  bytes = MAX ((bytes + 63) / 64 * 64, 64);
  for (gint i = (gint) stock->n - 1; i >= 0; i--) { /* the latest is warmest in cache */
    gsize capacity = stock->free[i]->capacity;
    if (capacity >= bytes && capacity <= bytes * SLACK &&
        (best < 0 || capacity < stock->free[best]->capacity))
      best = i;
  }
  if (best >= 0) {
    buffer = stock->free[best];
    for (guint i = (guint) best; i + 1 < stock->n; i++)
      stock->free[i] = stock->free[i + 1];
    stock->n--;
    stock->bytes -= buffer->capacity;
    buffer->refs = 1;
    return buffer;
  }
  void *data = aligned_alloc (64, bytes);
  if (data == NULL)
    return NULL;
  buffer = g_new (BsBuffer, 1);
  *buffer = (BsBuffer){ 1, bytes, data };
  return buffer;
}

BsBuffer *
bs_buffer_ref (BsBuffer *buffer)
{
  buffer->refs++;
  return buffer;
}

void
bs_buffer_unref (BsBuffer *buffer)
{
  Stock *stock;

  if (buffer == NULL || --buffer->refs > 0)
    return;
  stock = get_stock ();
  if (buffer->capacity > STOCK_MAX) {
    free_buffer (buffer);
    return;
  }
  while (stock->n == STOCK_SLOTS || (stock->n > 0 && stock->bytes + buffer->capacity > STOCK_MAX)) {
    BsBuffer *oldest = stock->free[0];
    stock->bytes -= oldest->capacity;
    stock->n--;
    for (guint i = 0; i < stock->n; i++)
      stock->free[i] = stock->free[i + 1];
    free_buffer (oldest);
  }
  stock->free[stock->n++] = buffer;
  stock->bytes += buffer->capacity;
}

void *
bs_buffer_steal (BsBuffer *buffer)
{
  void *data = buffer->data;

  g_assert (buffer->refs == 1);
  g_free (buffer);
  return data;
}
