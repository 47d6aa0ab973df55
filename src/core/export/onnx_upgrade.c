/* Operators whose form changed between opsets: attributes that became inputs.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "export/onnx_upgrade.h"

/* Source: ONNX's Changelog.md. Integer lists that moved from an attribute to an input. */
static const struct {
  const char *type;
  gint64 since;
  const char *attrs[3]; /* NULL-terminated: the list, and others that vanished with it */
} lists[] = {
  { "Squeeze", 13, { "axes" } },         { "Unsqueeze", 13, { "axes" } },
  { "ReduceSum", 13, { "axes" } },       { "Split", 13, { "split" } },
  { "ReduceMean", 18, { "axes" } },      { "ReduceMax", 18, { "axes" } },
  { "ReduceMin", 18, { "axes" } },       { "ReduceProd", 18, { "axes" } },
  { "ReduceL1", 18, { "axes" } },        { "ReduceL2", 18, { "axes" } },
  { "ReduceLogSum", 18, { "axes" } },    { "ReduceLogSumExp", 18, { "axes" } },
  { "ReduceSumSquare", 18, { "axes" } },
};

static const char *const clip_attrs[] = { "min", "max", NULL };
static const char *const pad_attrs[] = { "pads", "value", NULL };

static void
add_ints (BsOnnxWriter *w, const BsNode *node, const char *attr, GPtrArray *inputs)
{
  guint n;
  const gint64 *ints = bs_node_ints (node, attr, &n), dims[1] = { n };
  char *name = g_strdup_printf ("%s_%s", node->name, attr);

  bs_onnx_writer_tensor (w, name, BS_DTYPE_I64, dims, 1, ints, n * sizeof *ints);
  g_ptr_array_add (inputs, name);
}

static void
add_float (BsOnnxWriter *w, const BsNode *node, const char *attr, GPtrArray *inputs)
{
  float value = bs_node_float (node, attr, 0);
  char *name = g_strdup_printf ("%s_%s", node->name, attr);

  bs_onnx_writer_scalar (w, name, BS_DTYPE_F32, &value);
  g_ptr_array_add (inputs, name);
}

const char *const *
bs_onnx_upgrade_inputs (BsOnnxWriter *w,
                        const BsModel *model,
                        const BsNode *node,
                        GPtrArray *inputs)
{
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    if (g_str_equal (lists[i].type, node->op_type) && model->opset < lists[i].since &&
        bs_onnx_writer_opset (w) >= lists[i].since &&
        bs_node_attr (node, lists[i].attrs[0]) != NULL) {
      add_ints (w, node, lists[i].attrs[0], inputs);
      return lists[i].attrs;
    }
  if (g_str_equal (node->op_type, "Clip") && model->opset < 11) {
    for (guint i = 0; clip_attrs[i] != NULL; i++) {
      if (bs_node_attr (node, clip_attrs[i]) != NULL)
        add_float (w, node, clip_attrs[i], inputs);
      else
        g_ptr_array_add (inputs, NULL);
    }
    return clip_attrs;
  }
  if (g_str_equal (node->op_type, "Pad") && model->opset < 11 &&
      bs_node_attr (node, "pads") != NULL) {
    add_ints (w, node, "pads", inputs);
    if (bs_node_attr (node, "value") != NULL)
      add_float (w, node, "value", inputs);
    return pad_attrs;
  }
  return NULL;
}
