/* How long work tells its caller where it is, and learns that it should stop.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _BsResult BsResult;

/* All callbacks may be NULL. They are called on the thread that does the work. */
typedef struct {
  /* done of total steps; what: the configuration in work, e.g. "int4 · channel"; seconds_left < 0:
   * not known yet */
  void (*progress) (gpointer user, guint done, guint total, const char *what, double seconds_left);
  void (*result) (gpointer user, BsResult *result); /* borrowed; take a reference to keep it */
  const gint *cancelled; /* atomic; non-zero: stop within a fraction of a second */
  gpointer user;
} BsObserver;

G_END_DECLS
