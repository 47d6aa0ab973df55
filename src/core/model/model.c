/* A loaded network: counting, freeing, and reading attributes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/model.h"

#include "model/model_private.h"

#include <string.h>

void
bs_attr_clear (BsAttr *attr)
{
  g_free (attr->name);
  g_free (attr->s);
  g_free (attr->ints);
  g_free (attr->floats);
  for (guint i = 0; attr->strings != NULL && i < attr->n; i++)
    g_free (attr->strings[i]);
  g_free (attr->strings);
  g_clear_pointer (&attr->graph, bs_model_unref);
}

void
bs_node_clear (BsNode *node)
{
  for (guint i = 0; i < node->n_attrs; i++)
    bs_attr_clear (&node->attrs[i]);
  g_free (node->attrs);
  g_free (node->name);
  g_free (node->op_type);
  g_free (node->domain);
  g_free (node->inputs);
  g_free (node->outputs);
}

BsModel *
bs_model_ref (BsModel *model)
{
  g_atomic_ref_count_inc (&model->refs);
  return model;
}

void
bs_model_unref (BsModel *model)
{
  if (model == NULL || !g_atomic_ref_count_dec (&model->refs))
    return;
  for (guint i = 0; i < model->n_tensors; i++)
    g_free (model->tensors[i].name);
  for (guint i = 0; i < model->n_nodes; i++)
    bs_node_clear (&model->nodes[i]);
  g_free (model->tensors);
  g_free (model->nodes);
  g_free (model->inputs);
  g_free (model->outputs);
  g_free (model->name);
  g_free (model->format);
  g_free (model->producer);
  g_strfreev (model->notes);
  g_ptr_array_unref (model->backing);
  bs_lazy_digest_unref (model->digest);
  g_free (model);
}

const char *
bs_model_digest (const BsModel *model)
{
  return model->digest != NULL ? bs_lazy_digest_get (model->digest) : "";
}

const BsAttr *
bs_node_attr (const BsNode *node, const char *name)
{
  for (guint i = 0; i < node->n_attrs; i++)
    if (strcmp (node->attrs[i].name, name) == 0)
      return &node->attrs[i];
  return NULL;
}

static const BsAttr *
attr_of_kind (const BsNode *node, const char *name, BsAttrKind kind)
{
  const BsAttr *attr = bs_node_attr (node, name);

  return attr != NULL && attr->kind == kind ? attr : NULL;
}

gint64
bs_node_int (const BsNode *node, const char *name, gint64 fallback)
{
  const BsAttr *attr = attr_of_kind (node, name, BS_ATTR_INT);

  return attr != NULL ? attr->i : fallback;
}

float
bs_node_float (const BsNode *node, const char *name, float fallback)
{
  const BsAttr *attr = attr_of_kind (node, name, BS_ATTR_FLOAT);

  return attr != NULL ? attr->f : fallback;
}

const char *
bs_node_string (const BsNode *node, const char *name, const char *fallback)
{
  const BsAttr *attr = attr_of_kind (node, name, BS_ATTR_STRING);

  return attr != NULL ? attr->s : fallback;
}

const gint64 *
bs_node_ints (const BsNode *node, const char *name, guint *n)
{
  const BsAttr *attr = attr_of_kind (node, name, BS_ATTR_INTS);

  *n = attr != NULL ? attr->n : 0;
  return attr != NULL ? attr->ints : NULL;
}

gint *
bs_model_producers (const BsModel *model)
{
  gint *producers = g_new (gint, MAX (model->n_tensors, 1));

  for (guint i = 0; i < model->n_tensors; i++)
    producers[i] = -1;
  for (guint n = 0; n < model->n_nodes; n++)
    for (guint i = 0; i < model->nodes[n].n_outputs; i++)
      if (model->nodes[n].outputs[i] != BS_TENSOR_NONE)
        producers[model->nodes[n].outputs[i]] = (gint) n;
  return producers;
}

guint *
bs_model_consumers (const BsModel *model)
{
  guint *consumers = g_new0 (guint, MAX (model->n_tensors, 1));

  for (guint n = 0; n < model->n_nodes; n++)
    for (guint i = 0; i < model->nodes[n].n_inputs; i++)
      if (model->nodes[n].inputs[i] != BS_TENSOR_NONE)
        consumers[model->nodes[n].inputs[i]]++;
  for (guint i = 0; i < model->n_outputs; i++)
    consumers[model->outputs[i]]++;
  return consumers;
}

gint
bs_model_find_node (const BsModel *model, const char *name)
{
  for (guint i = 0; i < model->n_nodes; i++)
    if (strcmp (model->nodes[i].name, name) == 0)
      return (gint) i;
  return -1;
}
