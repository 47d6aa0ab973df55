/* Results of an earlier session, read from the database on a worker thread.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "store/store.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  BsStudyInfo *info;
  GPtrArray *results;     /* BsResult */
  BsResult *float_result; /* or NULL */
} BsStored;

void bs_stored_free (BsStored *stored);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsStored, bs_stored_free)

/* db_path NULL: the default database; study 0: the newest. */
void bs_stored_load_async (const char *db_path,
                           gint64 study,
                           GAsyncReadyCallback callback,
                           gpointer user);
BsStored *bs_stored_load_finish (GAsyncResult *result, GError **error);

G_END_DECLS
