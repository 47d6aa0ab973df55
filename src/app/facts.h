/* What a model file holds, found out when it is opened: layers, sizes, notes, unsupported
 * operators. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/model.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct {
  const char *name, *op; /* borrowed from the model */
  char *shape;           /* "16×1×5×5" */
  guint64 parameters;    /* of the weight */
  guint tensor;          /* the weight; of a recurrent layer the one of the inputs */
  gint channel_axis;     /* its output axis */
} BsLayerFact;

typedef struct {
  char *op;
  guint count;
} BsUnsupported;

/* Immutable, reference counted. */
typedef struct {
  gatomicrefcount refs;
  char *path;
  BsModel *model; /* as loaded */
  BsModel
    *simplified; /* with shapes where they could be inferred; the same as model where that failed */
  GArray *layers;      /* BsLayerFact, of simplified, in execution order */
  GArray *unsupported; /* BsUnsupported, most frequent first */
  guint64 parameters;  /* of the file */
  guint64 float_bytes; /* the same in float32 */
  char *shape_problem; /* why shapes are not known, or NULL */
} BsFacts;

BsFacts *bs_facts_ref (BsFacts *facts);
void bs_facts_unref (BsFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsFacts, bs_facts_unref)

/* bs_facts_load_async: opens a model file on a worker thread. */
void bs_facts_load_async (const char *path,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user);
BsFacts *bs_facts_load_finish (GAsyncResult *result, GError **error);

BsFacts *bs_facts_load (const char *path, GError **error); /* the same, blocking */

G_END_DECLS
