/* Float islands: the float operator itself, on float tensors and decoded weights.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/error.h"
#include "run/buffers.h"
#include "run/step.h"
#include "run/walk.h"

typedef struct {
  BsValue *constants; /* [n_in]; data NULL: the input is a slot or absent */
} Island;

static void
free_island (gpointer data)
{
  g_free (((Island *) data)->constants);
  g_free (data);
}

typedef struct {
  const BsStep *step;
  BsRunner *runner;
  GPtrArray *buffers; /* scratch of this call */
} Call;

static void *
scratch (BsCall *call, gsize bytes)
{
  Call *c = call->walk;
  BsBuffer *buffer = bs_buffer_get (bytes);

  if (buffer == NULL)
    return NULL;
  g_ptr_array_add (c->buffers, buffer);
  return buffer->data;
}

/* For outputs whose shape only the run itself finds out. */
static gboolean
allocate (BsCall *call, guint output)
{
  Call *c = call->walk;

  return c->step->out[output] != BS_SLOT_NONE
           ? bs_runner_allocate (c->runner, call->out[output], NULL)
           : bs_value_alloc (call->out[output]);
}

static gboolean
run_island (const BsStep *step, BsRunner *runner, GError **error)
{
  const Island *island = step->data;
  g_autoptr (GPtrArray) buffers = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_buffer_unref);
  Call own = { step, runner, buffers };
  BsCall call = { .model = bs_runner_plan (runner)->model,
                  .node = step->node,
                  .n_in = step->n_in,
                  .n_out = step->n_out,
                  .scratch = scratch,
                  .walk = &own,
                  .alloc = allocate };
  BsValue unread[BS_CALL_MAX] = { 0 };

  for (guint i = 0; i < step->n_in; i++)
    call.in[i] = island->constants[i].data != NULL || step->node->inputs[i] == BS_TENSOR_NONE ||
                     step->in[i] == BS_SLOT_NONE
                   ? (step->node->inputs[i] == BS_TENSOR_NONE ? NULL : &island->constants[i])
                   : bs_runner_value (runner, step->in[i]);
  for (guint i = 0; i < step->n_out; i++)
    call.out[i] =
      step->out[i] != BS_SLOT_NONE ? bs_runner_value (runner, step->out[i]) : &unread[i];
  if (!step->node->op->infer (&call, error))
    return FALSE;
  if ((step->node->op->flags & BS_OP_VIEW) != 0 && step->in[0] != BS_SLOT_NONE &&
      step->out[0] != BS_SLOT_NONE && bs_runner_share (runner, step->in[0], step->out[0]))
    return TRUE;
  for (guint i = 0; i < step->n_out; i++) {
    if (call.out[i]->n_dims == BS_DIMS_UNKNOWN)
      continue;
    if (step->out[i] != BS_SLOT_NONE) {
      if (!bs_runner_allocate (runner, call.out[i], error))
        return FALSE;
    } else if (!bs_value_alloc (call.out[i])) {
      return bs_call_error (&call, error, BS_ERROR_TOO_LARGE, "output %u is too large", i);
    }
  }
  gboolean ok = step->node->op->run (&call, error);
  for (guint i = 0; i < step->n_out; i++)
    if (step->out[i] == BS_SLOT_NONE)
      bs_value_clear (&unread[i]);
  return ok;
}

void
bs_lower_island (BsLowering *l, guint node_index, BsForm form)
{
  const BsModel *model = l->p->model;
  const BsNode *node = &model->nodes[node_index];
  gint layer_index = l->layer_of[node_index];
  BsPlannedLayer *layer =
    layer_index >= 0 ? &g_array_index (l->p->layers, BsPlannedLayer, layer_index) : NULL;
  Island *island = g_new0 (Island, 1);
  guint in[BS_CALL_MAX], out[BS_CALL_MAX];
  g_autoptr (GString) what = g_string_new ("island ");

  g_string_append (what, node->name);
  if (l->p->config->corrections[0] != NULL)
    g_string_append_printf (what, " %s", l->p->config->key);
  island->constants = g_new0 (BsValue, node->n_inputs);
  for (guint i = 0; i < node->n_inputs; i++) {
    guint t = node->inputs[i];
    in[i] = BS_SLOT_NONE;
    if (t == BS_TENSOR_NONE)
      continue;
    if (model->tensors[t].is_constant) {
      island->constants[i] = bs_tensor_value (&model->tensors[t]);
      for (guint k = 0; layer != NULL && k < layer->layer.n_weights; k++)
        if (layer->layer.inputs[k] == i && layer->quant[k] != NULL) {
          const BsQuant *quant = layer->quant[k];
          island->constants[i].data = quant->values;
          g_string_append_printf (what, " %" G_GINT64_MODIFIER "x",
                                  bs_lower_digest (quant->values, quant->n * sizeof (float)));
        }
      if (layer != NULL && layer->bias_values != NULL && i == 2)
        island->constants[i].data = layer->bias_values;
      continue;
    }
    gboolean fake = layer != NULL && !bs_spec_is_float (layer->acts) &&
                    model->tensors[t].dtype == BS_DTYPE_F32 &&
                    i == (guint) (layer->layer.inputs[0] == 0 ? 1 : 0);
    in[i] = bs_lower_need (l, t, fake ? BS_FORM_FAKE : form);
  }
  for (guint i = 0; i < node->n_outputs; i++)
    out[i] = node->outputs[i] == BS_TENSOR_NONE
               ? BS_SLOT_NONE
               : bs_lower_slot (l, node->outputs[i], form, what->str, in, node->n_inputs);
  bs_lower_step (l, run_island, node, in, node->n_inputs, out, node->n_outputs, island,
                 free_island);
}
