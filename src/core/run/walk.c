/* The walk: runs a graph node by node in float, buffers freed as soon as nobody needs them.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "run/walk.h"

#include "ops/blas.h"
#include "run/buffers.h"

#include <stdlib.h>
#include <string.h>

#define SCRATCH_MAX 16

typedef struct {
  BsValue value;
  BsBuffer *buffer; /* NULL: constant or the caller's */
  guint uses;       /* readers still to come */
} Slot;

typedef struct {
  const BsModel *model;
  const BsWalkOptions *options;
  Slot *slots;
  BsBuffer *scratch[SCRATCH_MAX];
  guint n_scratch;
  BsBuffer *made[BS_CALL_MAX]; /* of the outputs of the node at work */
} Walk;

gboolean
bs_value_alloc (BsValue *value)
{
  gsize bytes;

  if (value->n_dims == BS_DIMS_UNKNOWN ||
      !bs_dims_bytes (value->dims, value->n_dims, value->dtype, &bytes))
    return FALSE;
  value->data = aligned_alloc (64, MAX ((bytes + 63) / 64 * 64, 64));
  return value->data != NULL;
}

void
bs_value_clear (BsValue *value)
{
  free (value->data);
  value->data = NULL;
}

static void *
scratch (BsCall *call, gsize bytes)
{
  Walk *walk = call->walk;
  BsBuffer *buffer = walk->n_scratch < SCRATCH_MAX ? bs_buffer_get (bytes) : NULL;

  if (buffer == NULL)
    return NULL;
  walk->scratch[walk->n_scratch++] = buffer;
  return buffer->data;
}

static gboolean
alloc_output (BsCall *call, guint output)
{
  Walk *walk = call->walk;
  BsValue *value = call->out[output];
  gsize bytes;

  if (!bs_dims_bytes (value->dims, value->n_dims, value->dtype, &bytes))
    return FALSE;
  bs_buffer_unref (walk->made[output]);
  walk->made[output] = bs_buffer_get (bytes);
  if (walk->made[output] == NULL)
    return FALSE;
  value->data = walk->made[output]->data;
  return TRUE;
}

static void
end_call (Walk *walk, guint n_out)
{
  for (guint i = 0; i < walk->n_scratch; i++)
    bs_buffer_unref (walk->scratch[i]);
  walk->n_scratch = 0;
  for (guint i = 0; i < n_out; i++)
    g_clear_pointer (&walk->made[i], bs_buffer_unref);
}

static void
release (Walk *walk, guint tensor)
{
  Slot *slot = &walk->slots[tensor];

  if (slot->uses > 0 && --slot->uses == 0) {
    g_clear_pointer (&slot->buffer, bs_buffer_unref);
    slot->value.data = NULL;
  }
}

/* May output 0 live in the memory of input 0? A view shares it; an in-place operator takes it over.
 */
static BsBuffer *
reuse_input (Walk *walk, BsCall *call)
{
  const BsNode *node = call->node;
  const Slot *slot = walk->slots != NULL && node->n_inputs > 0 && node->inputs[0] != BS_TENSOR_NONE
                       ? &walk->slots[node->inputs[0]]
                       : NULL;
  const BsValue *out = call->out[0];
  gboolean last;

  if (slot == NULL || slot->buffer == NULL || out->dtype != slot->value.dtype ||
      bs_value_count (out) != bs_value_count (&slot->value))
    return NULL;
  last = slot->uses == 1 && slot->buffer->refs == 1;
  if ((node->op->flags & BS_OP_VIEW) != 0 &&
      (last || walk->options == NULL || walk->options->tap == NULL))
    return bs_buffer_ref (slot->buffer);
  if ((node->op->flags & BS_OP_IN_PLACE) != 0 && last && node->n_outputs == 1 &&
      bs_value_same_shape (out, &slot->value))
    return bs_buffer_ref (slot->buffer);
  return NULL;
}

static gboolean
alloc_outputs (Walk *walk, BsCall *call, GError **error)
{
  for (guint i = 0; i < call->n_out; i++) {
    gsize count;
    if (call->out[i]->n_dims == BS_DIMS_UNKNOWN)
      continue; /* the operator allocates when it knows */
    if (!bs_dims_count (call->out[i]->dims, call->out[i]->n_dims, &count))
      return bs_call_error (call, error, BS_ERROR_TOO_LARGE,
                            "its output has impossible dimensions");
    walk->made[i] = i == 0 ? reuse_input (walk, call) : NULL;
    if (walk->made[i] != NULL)
      call->out[i]->data = walk->made[i]->data;
    else if (!alloc_output (call, i)) {
      g_autofree char *dims = bs_dims_to_string (call->out[i]->dims, call->out[i]->n_dims);
      return bs_call_error (call, error, BS_ERROR_TOO_LARGE, "no memory for its output, %s", dims);
    }
  }
  return TRUE;
}

static gboolean
check_inputs (const BsCall *call, GError **error)
{
  const BsNode *node = call->node;

  if (node->n_inputs < node->op->min_in || node->n_inputs > node->op->max_in)
    return bs_call_error (call, error, BS_ERROR_FORMAT, "it has %u inputs, %u to %u are possible",
                          node->n_inputs, node->op->min_in, node->op->max_in);
  for (guint i = 0; i < node->op->min_in; i++)
    if (call->in[i] == NULL)
      return bs_call_error (call, error, BS_ERROR_FORMAT, "its input %u is missing", i + 1);
  return TRUE;
}

static gboolean
call_node (Walk *walk, BsCall *call, GError **error)
{
  return check_inputs (call, error) && call->node->op->infer (call, error) &&
         alloc_outputs (walk, call, error) && call->node->op->run (call, error);
}

static BsCall
make_call (Walk *walk, const BsNode *node, BsValue *values)
{
  BsCall call = { .model = walk->model,
                  .node = node,
                  .n_in = node->n_inputs,
                  .n_out = node->n_outputs,
                  .scratch = scratch,
                  .alloc = alloc_output,
                  .walk = walk };

  for (guint i = 0; i < node->n_outputs; i++) {
    values[i] = (BsValue){ .n_dims = BS_DIMS_UNKNOWN };
    call.out[i] = &values[i];
  }
  return call;
}

static gboolean
run_node (Walk *walk, const BsNode *node, GError **error)
{
  BsValue values[BS_CALL_MAX];
  BsCall call = make_call (walk, node, values);
  gboolean ok;

  for (guint i = 0; i < node->n_inputs; i++)
    call.in[i] = node->inputs[i] != BS_TENSOR_NONE ? &walk->slots[node->inputs[i]].value : NULL;
  ok = call_node (walk, &call, error);
  for (guint i = 0; ok && i < node->n_outputs; i++) {
    guint tensor = node->outputs[i];
    if (tensor == BS_TENSOR_NONE)
      continue;
    walk->slots[tensor].value = values[i];
    walk->slots[tensor].buffer = g_steal_pointer (&walk->made[i]);
    if (walk->options != NULL && walk->options->tap != NULL)
      walk->options->tap (walk->options->user, tensor, &walk->slots[tensor].value);
    if (walk->slots[tensor].uses == 0) {
      g_clear_pointer (&walk->slots[tensor].buffer, bs_buffer_unref);
      walk->slots[tensor].value.data = NULL;
    }
  }
  end_call (walk, node->n_outputs);
  for (guint i = 0; ok && i < node->n_inputs; i++)
    if (node->inputs[i] != BS_TENSOR_NONE && !walk->model->tensors[node->inputs[i]].is_constant)
      release (walk, node->inputs[i]);
  return ok;
}

BsValue
bs_tensor_value (const BsTensor *tensor)
{
  BsValue value = { .dtype = tensor->dtype,
                    .n_dims = tensor->n_dims,
                    .data = (gpointer) tensor->data };

  memcpy (value.dims, tensor->dims, sizeof tensor->dims);
  return value;
}

static void
fill_constants (Walk *walk)
{
  const BsModel *model = walk->model;
  const BsValue *overrides = walk->options != NULL ? walk->options->overrides : NULL;

  for (guint i = 0; i < model->n_tensors; i++) {
    const BsTensor *tensor = &model->tensors[i];
    if (!tensor->is_constant)
      continue;
    walk->slots[i].value = bs_tensor_value (tensor);
    if (overrides != NULL && overrides[i].data != NULL)
      walk->slots[i].value = overrides[i];
  }
}

/* Inputs are the caller's; where a tap may write into them, it gets a copy. */
static gboolean
fill_inputs (Walk *walk, const BsValue *inputs)
{
  const BsModel *model = walk->model;

  for (guint i = 0; i < model->n_inputs; i++) {
    Slot *slot = &walk->slots[model->inputs[i]];
    gsize bytes;
    slot->value = inputs[i];
    if (walk->options == NULL || walk->options->tap == NULL)
      continue;
    if (!bs_dims_bytes (inputs[i].dims, inputs[i].n_dims, inputs[i].dtype, &bytes))
      return FALSE;
    slot->buffer = bs_buffer_get (bytes);
    if (slot->buffer == NULL)
      return FALSE;
    slot->value.data = slot->buffer->data;
    if (bytes > 0)
      memcpy (slot->value.data, inputs[i].data, bytes);
    walk->options->tap (walk->options->user, model->inputs[i], &slot->value);
  }
  return TRUE;
}

/* Outputs leave the walk: taken over where nobody else holds the buffer, else copied. */
static gboolean
take_outputs (Walk *walk, BsValue *outputs)
{
  const BsModel *model = walk->model;

  for (guint i = 0; i < model->n_outputs; i++) {
    Slot *slot = &walk->slots[model->outputs[i]];
    gsize bytes;
    outputs[i] = slot->value;
    outputs[i].data = NULL;
    if (slot->buffer != NULL && slot->buffer->refs == 1 && slot->uses == 1) {
      outputs[i].data = bs_buffer_steal (g_steal_pointer (&slot->buffer));
      slot->uses = 0;
      continue;
    }
    if (!bs_value_alloc (&outputs[i]) ||
        !bs_dims_bytes (outputs[i].dims, outputs[i].n_dims, outputs[i].dtype, &bytes))
      return FALSE;
    if (bytes > 0 && slot->value.data != NULL)
      memcpy (outputs[i].data, slot->value.data, bytes);
    if (slot->buffer != NULL)
      release (walk, model->outputs[i]);
  }
  return TRUE;
}

static gboolean
run_all (Walk *walk, const BsValue *inputs, BsValue *outputs, GError **error)
{
  const BsModel *model = walk->model;

  for (guint i = 0; i < model->n_outputs; i++)
    outputs[i].data = NULL;
  fill_constants (walk);
  if (!fill_inputs (walk, inputs)) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "No memory for the inputs of “%s”",
                 model->name);
    return FALSE;
  }
  for (guint i = 0; i < model->n_nodes; i++) {
    if (walk->options != NULL && walk->options->cancelled != NULL &&
        g_atomic_int_get (walk->options->cancelled) != 0) {
      g_set_error (error, BS_ERROR, BS_ERROR_CANCELLED, "Stopped");
      return FALSE;
    }
    if (!run_node (walk, &model->nodes[i], error))
      return FALSE;
  }
  if (!take_outputs (walk, outputs)) {
    for (guint i = 0; i < model->n_outputs; i++)
      bs_value_clear (&outputs[i]);
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "No memory for the outputs of “%s”",
                 model->name);
    return FALSE;
  }
  return TRUE;
}

gboolean
bs_walk_body (const BsModel *model,
              const BsValue *inputs,
              BsValue *outputs,
              const BsWalkOptions *options,
              GError **error)
{
  Walk walk = { .model = model, .options = options };
  g_autofree guint *uses = NULL;
  gboolean ok;

  bs_blas_init ();
  if (!bs_check_operators (model, error))
    return FALSE;
  uses = bs_model_consumers (model);
  walk.slots = g_new0 (Slot, model->n_tensors + 1);
  for (guint i = 0; i < model->n_tensors; i++)
    walk.slots[i].uses = uses[i];
  ok = run_all (&walk, inputs, outputs, error);
  for (guint i = 0; i < model->n_tensors; i++)
    bs_buffer_unref (walk.slots[i].buffer);
  g_free (walk.slots);
  return ok;
}

static gboolean
check_input (const BsModel *model, guint input, const BsValue *value, GError **error)
{
  const BsTensor *tensor = &model->tensors[model->inputs[input]];
  g_autofree char *given = bs_dims_to_string (value->dims, value->n_dims);
  g_autofree char *wanted = bs_dims_to_string (tensor->dims, tensor->n_dims);
  gboolean fits = tensor->n_dims == BS_DIMS_UNKNOWN || tensor->n_dims == value->n_dims;

  for (guint i = 0; fits && tensor->n_dims != BS_DIMS_UNKNOWN && i < tensor->n_dims; i++)
    fits = tensor->dims[i] < 0 || tensor->dims[i] == value->dims[i];
  if (!fits) {
    g_set_error (error, BS_ERROR, BS_ERROR_SHAPE, "Input “%s” takes %s, not %s", tensor->name,
                 wanted, given);
    return FALSE;
  }
  if (tensor->dtype != BS_DTYPE_NONE && tensor->dtype != value->dtype) {
    g_set_error (error, BS_ERROR, BS_ERROR_SHAPE, "Input “%s” takes %s, not %s", tensor->name,
                 bs_dtype_name (tensor->dtype), bs_dtype_name (value->dtype));
    return FALSE;
  }
  return TRUE;
}

gboolean
bs_walk (const BsModel *model,
         const BsValue *inputs,
         BsValue *outputs,
         const BsWalkOptions *options,
         GError **error)
{
  for (guint i = 0; i < model->n_inputs; i++)
    if (!check_input (model, i, &inputs[i], error))
      return FALSE;
  return bs_walk_body (model, inputs, outputs, options, error);
}

gboolean
bs_call_infer (const BsModel *model,
               const BsNode *node,
               const BsValue *const *inputs,
               BsValue *outputs,
               GError **error)
{
  Walk walk = { .model = model };
  BsCall call = make_call (&walk, node, outputs);

  for (guint i = 0; i < node->n_inputs; i++)
    call.in[i] = inputs[i];
  return check_inputs (&call, error) && node->op->infer (&call, error);
}

gboolean
bs_call_once (const BsModel *model,
              const BsNode *node,
              const BsValue *const *inputs,
              BsValue *outputs,
              GError **error)
{
  Walk walk = { .model = model };
  BsCall call = make_call (&walk, node, outputs);
  gboolean ok;

  bs_blas_init ();
  for (guint i = 0; i < node->n_inputs; i++)
    call.in[i] = inputs[i];
  ok = call_node (&walk, &call, error);
  for (guint i = 0; i < node->n_outputs; i++)
    if (ok && walk.made[i] != NULL)
      outputs[i].data = bs_buffer_steal (g_steal_pointer (&walk.made[i]));
    else
      outputs[i].data = NULL;
  end_call (&walk, node->n_outputs);
  return ok;
}
