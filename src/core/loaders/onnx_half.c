/* Networks in float16 or bfloat16 become float32 networks, which is what is computed here.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "loaders/onnx_half.h"

#include "ops/cast.h"
#include "run/walk.h"

#include <stdlib.h>
#include <string.h>

static gboolean
is_half (BsDtype dtype)
{
  return dtype == BS_DTYPE_F16 || dtype == BS_DTYPE_BF16;
}

static gboolean
has_half_weight (const BsModel *model)
{
  for (guint n = 0; n < model->n_nodes; n++) {
    const BsNode *node = &model->nodes[n];
    gint weight = node->op != NULL ? node->op->weight_input : -1;
    if (weight < 0 || (guint) weight >= node->n_inputs || node->inputs[weight] == BS_TENSOR_NONE)
      continue;
    const BsTensor *tensor = &model->tensors[node->inputs[weight]];
    if (tensor->is_constant && is_half (tensor->dtype))
      return TRUE;
  }
  return FALSE;
}

/* Where memory is out the constant stays as it is, and the operator that reads it says so. */
static void
widen_constant (BsModel *model, BsTensor *tensor)
{
  BsValue from = bs_tensor_value (tensor), to = from;

  to.dtype = BS_DTYPE_F32;
  if (!bs_value_alloc (&to))
    return;
  if (from.data != NULL && !bs_cast_values (&from, &to)) {
    bs_value_clear (&to);
    return;
  }
  tensor->dtype = BS_DTYPE_F32;
  tensor->data = to.data;
  g_ptr_array_add (model->backing, g_bytes_new_with_free_func (to.data, 1, free, to.data));
}

void
bs_widen_halves (BsModelBuilder *builder)
{
  BsModel *model = bs_model_builder_edit (builder);

  if (!has_half_weight (model))
    return;
  for (guint i = 0; i < model->n_tensors; i++) {
    BsTensor *tensor = &model->tensors[i];
    if (is_half (tensor->dtype) && tensor->is_constant)
      widen_constant (model, tensor);
    else if (is_half (tensor->dtype))
      tensor->dtype = BS_DTYPE_F32;
  }
  for (guint n = 0; n < model->n_nodes; n++)
    for (guint i = 0; i < model->nodes[n].n_attrs; i++) {
      BsAttr *attr = &model->nodes[n].attrs[i];
      if (attr->kind == BS_ATTR_INT && strcmp (attr->name, "to") == 0 &&
          strcmp (model->nodes[n].op_type, "Cast") == 0 && is_half ((BsDtype) attr->i))
        attr->i = BS_DTYPE_F32;
    }
  bs_model_builder_note (builder, "Made in 16-bit floating point; computed in float32");
}
