/* STUDY|RESULT on the command line: what is stored under it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/model.h"
#include "store/store.h"

G_BEGIN_DECLS

typedef struct {
  BsStudyInfo *info;
  GPtrArray *results; /* BsResult, all of the study */
  BsResult *baseline; /* the float run; may be NULL */
  BsResult *selected; /* the result named; NULL when a study was */
} BsStored;

void bs_stored_clear (BsStored *stored);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BsStored, bs_stored_clear)

/* bs_stored_open: name is a study's number, or the first digits of a result's key.
 * Errors  the store's. */
gboolean bs_stored_open (BsStored *stored, const char *db, const char *name, GError **error);

/* bs_stored_chosen: the result named, else the best one on the frontier; NULL: there are none. */
BsResult *bs_stored_chosen (const BsStored *stored);

/* bs_stored_model: the model the study has measured, simplified.
 *   path  where it is now; NULL: where it was then
 * Errors  BS_ERROR_INVALID when the file is another one; the loader's own. (transfer full) */
BsModel *bs_stored_model (const BsStored *stored, const char *path, GError **error);

G_END_DECLS
