/* Sums, products and functions of one variable on integers.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "run/step.h"
#include "run/walk.h"

static gboolean
run_binary (const BsStep *step, BsRunner *runner, GError **error)
{
  const BskBinaryArgs *args = step->data;
  const BsValue *a = bs_runner_value (runner, step->in[0]);
  const void *b = bs_runner_value (runner, step->in[1])->data;
  gsize n = bs_value_count (a);
  gboolean add = g_str_equal (step->node->op_type, "Add");
  void *c = bs_runner_output (runner, step->out[0], error);

  return c != NULL &&
         bs_kernel_check (add ? bsk_add (args, a->data, b, c, n) : bsk_mul (args, a->data, b, c, n),
                          step->node, error);
}

/* Two activations of one shape. */
static gboolean
binary_capable (const BsLowering *l, guint index)
{
  const BsModel *model = l->p->model;
  const BsNode *node = &model->nodes[index];

  for (guint i = 0; i < 2; i++)
    if (model->tensors[node->inputs[i]].is_constant || l->stats[node->inputs[i]] == NULL ||
        l->p->shapes[node->inputs[i]].n_dims == BS_DIMS_UNKNOWN ||
        l->p->shapes[node->inputs[i]].n_dims == 0)
      return FALSE;
  return l->stats[node->outputs[0]] != NULL &&
         bs_value_same_shape (&l->p->shapes[node->inputs[0]], &l->p->shapes[node->inputs[1]]);
}

/* Channels last when one operand is at hand that way. */
static BsForm
common_form (const BsLowering *l, const BsNode *node, guint n)
{
  for (guint i = 0; i < n; i++)
    if (bs_lower_has (l, node->inputs[i], BS_FORM_CODES_LAST))
      return BS_FORM_CODES_LAST;
  return BS_FORM_CODES;
}

static gboolean
binary_lower (BsLowering *l, guint index, GError **error)
{
  const BsNode *node = &l->p->model->nodes[index];
  BsForm form = common_form (l, node, 2);
  guint in[2] = { bs_lower_need (l, node->inputs[0], form),
                  bs_lower_need (l, node->inputs[1], form) };
  BskBinaryArgs *args = g_new0 (BskBinaryArgs, 1);
  guint out = bs_lower_slot (l, l->outputs[index], form, node->name, in, 2);

  args->a_type = bs_lower_type (l, node->inputs[0]);
  args->b_type = bs_lower_type (l, node->inputs[1]);
  args->c_type = bs_lower_type (l, l->outputs[index]);
  args->qa = bs_lower_params (l, node->inputs[0]);
  args->qb = bs_lower_params (l, node->inputs[1]);
  args->qc = bs_lower_params (l, l->outputs[index]);
  bs_lower_clamp (l, l->fused[index], &args->qc);
  bs_lower_step (l, run_binary, node, in, 2, &out, 1, args, g_free);
  return TRUE;
}

static gboolean
run_lookup (const BsStep *step, BsRunner *runner, GError **error)
{
  const BsValue *a = bs_runner_value (runner, step->in[0]);
  gsize n = bs_value_count (a);
  void *c = bs_runner_output (runner, step->out[0], error);

  return c != NULL && bs_kernel_check (bsk_lookup (step->data, a->data, n, c), step->node, error);
}

/* All other inputs are constants of one element. */
static gboolean
lookup_capable (const BsLowering *l, guint index)
{
  const BsModel *model = l->p->model;
  const BsNode *node = &model->nodes[index];

  for (guint i = 1; i < node->n_inputs; i++) {
    gsize count;
    if (node->inputs[i] == BS_TENSOR_NONE)
      continue;
    const BsTensor *t = &model->tensors[node->inputs[i]];
    if (!t->is_constant || !bs_dims_count (t->dims, t->n_dims, &count) || count != 1)
      return FALSE;
  }
  return l->stats[node->inputs[0]] != NULL && l->stats[node->outputs[0]] != NULL &&
         l->p->shapes[node->inputs[0]].n_dims != BS_DIMS_UNKNOWN;
}

/* The operator itself on the 256 numbers that codes can mean, quantized as its output is. */
static gboolean
fill_table (const BsLowering *l, guint index, guint8 table[256], GError **error)
{
  const BsModel *model = l->p->model;
  const BsNode *node = &model->nodes[index];
  BskQParams qa = bs_lower_params (l, node->inputs[0]), qc = bs_lower_params (l, l->outputs[index]);
  guint8 codes[256];
  float x[256], y[256];
  BsValue in = { BS_DTYPE_F32, 1, { 256 }, x }, out = { BS_DTYPE_F32, 1, { 256 }, y },
          constants[BS_CALL_MAX];
  BsCall call = {
    .model = model, .node = node, .in = { &in }, .n_in = node->n_inputs, .out = { &out }, .n_out = 1
  };

  for (guint i = 0; i < 256; i++)
    codes[i] = (guint8) i;
  bsk_dequantize (codes, 256, &qa, bs_lower_type (l, node->inputs[0]), x);
  for (guint i = 1; i < node->n_inputs; i++) {
    if (node->inputs[i] == BS_TENSOR_NONE)
      continue;
    constants[i] = bs_tensor_value (&model->tensors[node->inputs[i]]);
    call.in[i] = &constants[i];
  }
  if (!node->op->infer (&call, error))
    return FALSE;
  out.data = y;
  return node->op->run (&call, error) &&
         bs_kernel_check (bsk_quantize (y, 256, &qc, bs_lower_type (l, l->outputs[index]), table),
                          node, error);
}

static gboolean
lookup_lower (BsLowering *l, guint index, GError **error)
{
  const BsNode *node = &l->p->model->nodes[index];
  BsForm form = common_form (l, node, 1);
  guint in = bs_lower_need (l, node->inputs[0], form), out;
  g_autofree guint8 *table = g_malloc (256);

  if (!fill_table (l, index, table, error))
    return FALSE;
  out = bs_lower_slot (l, l->outputs[index], form, node->name, &in, 1);
  bs_lower_step (l, run_lookup, node, &in, 1, &out, 1, g_steal_pointer (&table), g_free);
  return TRUE;
}

const BsIntOp bs_int_add = { "Add", FALSE, binary_capable, binary_lower };
const BsIntOp bs_int_mul = { "Mul", FALSE, binary_capable, binary_lower };
const BsIntOp bs_int_lookup = { "", FALSE, lookup_capable, lookup_lower };
