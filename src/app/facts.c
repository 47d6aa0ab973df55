/* What a model file holds, found out when it is opened: layers, sizes, notes, unsupported
 * operators. SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/facts.h"

#include "base/error.h"
#include "loaders/loader.h"
#include "model/infer.h"
#include "model/layers.h"
#include "model/simplify.h"

BsFacts *
bs_facts_ref (BsFacts *facts)
{
  g_atomic_ref_count_inc (&facts->refs);
  return facts;
}

void
bs_facts_unref (BsFacts *facts)
{
  if (facts == NULL || !g_atomic_ref_count_dec (&facts->refs))
    return;
  g_free (facts->path);
  g_clear_pointer (&facts->simplified, bs_model_unref);
  g_clear_pointer (&facts->model, bs_model_unref);
  g_array_unref (facts->layers);
  g_array_unref (facts->unsupported);
  g_free (facts->shape_problem);
  g_free (facts);
}

static void
clear_layer (gpointer data)
{
  g_free (((BsLayerFact *) data)->shape);
}

static void
clear_unsupported (gpointer data)
{
  g_free (((BsUnsupported *) data)->op);
}

static void
list_layers (BsFacts *facts)
{
  const BsModel *model = facts->simplified;
  g_autoptr (GArray) layers = bs_model_layers (model, NULL);

  for (guint i = 0; i < layers->len; i++) {
    const BsLayer *layer = &g_array_index (layers, BsLayer, i);
    const BsTensor *tensor = &model->tensors[layer->tensors[0]];
    gsize n = 0;
    bs_dims_count (tensor->dims, tensor->n_dims, &n);
    BsLayerFact fact = {
      .name = model->nodes[layer->node].name,
      .op = model->nodes[layer->node].op_type,
      .shape = bs_dims_to_string (tensor->dims, tensor->n_dims),
      .parameters = n,
      .tensor = layer->tensors[0],
      .channel_axis = layer->channel_axis,
    };
    g_array_append_val (facts->layers, fact);
  }
}

static gint
compare_counts (gconstpointer a, gconstpointer b)
{
  const BsUnsupported *p = a, *q = b;

  return p->count != q->count ? (p->count < q->count ? 1 : -1) : g_strcmp0 (p->op, q->op);
}

static void
list_unsupported (BsFacts *facts)
{
  for (guint i = 0; i < facts->model->n_nodes; i++) {
    const BsNode *node = &facts->model->nodes[i];
    gboolean known = FALSE;
    if (node->op != NULL)
      continue;
    for (guint j = 0; j < facts->unsupported->len && !known; j++) {
      BsUnsupported *entry = &g_array_index (facts->unsupported, BsUnsupported, j);
      known = g_str_equal (entry->op, node->op_type);
      entry->count += known;
    }
    if (!known) {
      BsUnsupported entry = { g_strdup (node->op_type), 1 };
      g_array_append_val (facts->unsupported, entry);
    }
  }
  g_array_sort (facts->unsupported, compare_counts);
}

BsFacts *
bs_facts_load (const char *path, GError **error)
{
  g_autoptr (BsModel) model = bs_load_model (path, error);
  g_autoptr (BsModel) simple = NULL, shaped = NULL;
  g_autoptr (GError) local = NULL;
  gint64 fixed_batch;

  if (model == NULL)
    return NULL;
  BsFacts *facts = g_new0 (BsFacts, 1);
  g_atomic_ref_count_init (&facts->refs);
  facts->path = g_strdup (path);
  facts->layers = g_array_new (FALSE, TRUE, sizeof (BsLayerFact));
  g_array_set_clear_func (facts->layers, clear_layer);
  facts->unsupported = g_array_new (FALSE, TRUE, sizeof (BsUnsupported));
  g_array_set_clear_func (facts->unsupported, clear_unsupported);

  simple = bs_simplify (model, &local);
  if (simple != NULL)
    shaped = bs_infer (simple, &fixed_batch, &local);
  if (local != NULL)
    facts->shape_problem = g_strdup (local->message);
  facts->simplified = shaped != NULL   ? g_steal_pointer (&shaped)
                      : simple != NULL ? g_steal_pointer (&simple)
                                       : bs_model_ref (model);
  facts->model = g_steal_pointer (&model);
  facts->parameters = bs_model_parameters (facts->model);
  facts->float_bytes = facts->parameters * sizeof (float);
  list_layers (facts);
  list_unsupported (facts);
  bs_model_digest (facts->model); /* made on this thread: the overview shows it on the main one */
  return facts;
}

static void
load_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  BsFacts *facts = bs_facts_load (data, &error);

  if (facts != NULL)
    g_task_return_pointer (task, facts, (GDestroyNotify) bs_facts_unref);
  else
    g_task_return_error (task, error);
}

void
bs_facts_load_async (const char *path,
                     GCancellable *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer user)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user);

  g_task_set_source_tag (task, bs_facts_load_async);
  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, load_thread);
}

BsFacts *
bs_facts_load_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
