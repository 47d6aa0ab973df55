/* Moving codes: reshapes, transpositions and concatenation.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "base/error.h"
#include "run/step.h"
#include "run/walk.h"

/* The operator's own code, on bytes instead of floats. */
static gboolean
run_move (const BsStep *step, BsRunner *runner, GError **error)
{
  const BsModel *model = bs_runner_plan (runner)->model;
  BsCall call = { .model = model, .node = step->node, .n_in = step->node->n_inputs, .n_out = 1 };
  BsValue constants[BS_CALL_MAX];
  void *out = bs_runner_output (runner, step->out[0], error);

  if (out == NULL)
    return FALSE;
  call.in[0] = bs_runner_value (runner, step->in[0]);
  call.out[0] = bs_runner_value (runner, step->out[0]);
  if ((step->node->op->flags & BS_OP_VIEW) != 0) {
    if (!bs_runner_share (runner, step->in[0], step->out[0]))
      memcpy (out, call.in[0]->data, bs_value_count (call.in[0]));
    return TRUE;
  }
  for (guint i = 1; i < call.n_in; i++) {
    if (step->node->inputs[i] == BS_TENSOR_NONE)
      continue;
    constants[i] = bs_tensor_value (&model->tensors[step->node->inputs[i]]);
    call.in[i] = &constants[i];
  }
  return step->node->op->infer (&call, error) && step->node->op->run (&call, error);
}

/* Any mover whose other inputs are constants; padding would need the zero point, so Pad is not
 * among them. */
static gboolean
move_capable (const BsLowering *l, guint index)
{
  const BsModel *model = l->p->model;
  const BsNode *node = &model->nodes[index];

  if (g_str_equal (node->op_type, "Pad") || model->tensors[node->inputs[0]].is_constant)
    return FALSE;
  for (guint i = 1; i < node->n_inputs; i++)
    if (node->inputs[i] != BS_TENSOR_NONE && !model->tensors[node->inputs[i]].is_constant &&
        (node->op->flags & BS_OP_VIEW) == 0)
      return FALSE;
  return l->stats[node->inputs[0]] != NULL && l->stats[node->outputs[0]] != NULL &&
         l->p->shapes[node->outputs[0]].n_dims != BS_DIMS_UNKNOWN;
}

static gboolean
move_lower (BsLowering *l, guint index, GError **error)
{
  const BsNode *node = &l->p->model->nodes[index];
  guint in = bs_lower_need (l, node->inputs[0], BS_FORM_CODES);
  guint out = bs_lower_slot (l, l->outputs[index], BS_FORM_CODES, node->name, &in, 1);

  bs_lower_step (l, run_move, node, &in, 1, &out, 1, NULL, NULL);
  return TRUE;
}

typedef struct {
  gsize outer;             /* runs a sample */
  gsize runs[BS_CALL_MAX]; /* bytes of each operand's run */
  gboolean same[BS_CALL_MAX];
  BskQParams qa[BS_CALL_MAX], qc;
  BskType a_type[BS_CALL_MAX], c_type;
} Concat;

static gboolean
run_concat (const BsStep *step, BsRunner *runner, GError **error)
{
  const Concat *d = step->data;
  gsize outer = d->outer * bs_runner_n_samples (runner), pitch = 0, offset = 0;
  guint8 *c = bs_runner_output (runner, step->out[0], error);

  if (c == NULL)
    return FALSE;
  for (guint i = 0; i < step->n_in; i++)
    pitch += d->runs[i];
  for (guint i = 0; i < step->n_in; i++) {
    const guint8 *a = bs_runner_value (runner, step->in[i])->data;
    if (!d->same[i]) {
      guint8 *scratch = bs_runner_scratch (runner, outer * d->runs[i], error);
      if (scratch == NULL ||
          !bs_kernel_check (bsk_requantize (d->a_type[i], &d->qa[i], a, d->c_type, &d->qc, scratch,
                                            outer * d->runs[i]),
                            step->node, error))
        return FALSE;
      a = scratch;
    }
    for (gsize o = 0; o < outer; o++)
      memcpy (c + o * pitch + offset, a + o * d->runs[i], d->runs[i]);
    offset += d->runs[i];
  }
  return TRUE;
}

static gboolean
concat_capable (const BsLowering *l, guint index)
{
  const BsModel *model = l->p->model;
  const BsNode *node = &model->nodes[index];
  gint64 rank = l->p->shapes[node->outputs[0]].n_dims, axis = bs_node_int (node, "axis", 1);

  if (rank == BS_DIMS_UNKNOWN || rank < 2 || axis == 0 || axis == -rank ||
      l->stats[node->outputs[0]] == NULL)
    return FALSE;
  for (guint i = 0; i < node->n_inputs; i++)
    if (node->inputs[i] == BS_TENSOR_NONE || model->tensors[node->inputs[i]].is_constant ||
        l->stats[node->inputs[i]] == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
concat_lower (BsLowering *l, guint index, GError **error)
{
  const BsNode *node = &l->p->model->nodes[index];
  const BsValue *shape = &l->p->shapes[node->outputs[0]];
  gint64 axis = bs_node_int (node, "axis", 1);
  BsForm form = BS_FORM_CODES;
  Concat *d = g_new0 (Concat, 1);
  guint in[BS_CALL_MAX], out;

  if (axis < 0)
    axis += shape->n_dims;
  for (guint i = 0; i < node->n_inputs && axis == 1; i++)
    if (bs_lower_has (l, node->inputs[i], BS_FORM_CODES_LAST) && shape->n_dims >= 3)
      form = BS_FORM_CODES_LAST;
  d->qc = bs_lower_params (l, node->outputs[0]);
  d->c_type = bs_lower_type (l, node->outputs[0]);
  d->outer = 1;
  for (guint i = 0; i < shape->n_dims; i++)
    if (form == BS_FORM_CODES_LAST ? i != 1 : i < (guint) axis)
      d->outer *= (gsize) shape->dims[i];
  for (guint i = 0; i < node->n_inputs; i++) {
    guint t = node->inputs[i];
    in[i] = bs_lower_need (l, t, form);
    d->runs[i] = d->outer > 0 ? bs_lower_elements (l, t) / d->outer : 0;
    d->qa[i] = bs_lower_params (l, t);
    d->a_type[i] = bs_lower_type (l, t);
    d->same[i] = d->a_type[i] == d->c_type && memcmp (&d->qa[i], &d->qc, sizeof d->qc) == 0;
  }
  out = bs_lower_slot (l, node->outputs[0], form, node->name, in, node->n_inputs);
  bs_lower_step (l, run_concat, node, in, node->n_inputs, &out, 1, d, g_free);
  return TRUE;
}

const BsIntOp bs_int_move = { "", TRUE, move_capable, move_lower };
const BsIntOp bs_int_concat = { "Concat", FALSE, concat_capable, concat_lower };
