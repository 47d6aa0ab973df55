/* Export: ONNX with QuantizeLinear and DequantizeLinear pairs, read by ONNX Runtime, TensorRT,
 * OpenVINO and QNN tools. SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "export/export.h"
#include "export/onnx_upgrade.h"
#include "quant/encoding.h"
#include "run/step.h"

#define OPSET_QDQ 13 /* per-channel DequantizeLinear */
#define OPSET_4_BIT_16_BIT 21

typedef struct {
  BsOnnxWriter *w;
  const BsModel *model;
  const BsPrepared *plan;
  gboolean *float_native; /* [n_tensors] some step writes it as floats */
  gboolean *pair_written; /* [n_tensors] its QuantizeLinear is in the graph */
  guint n_copies;         /* DequantizeLinear nodes of activations so far */
  BsExportReport *report;
} Qdq;

static void G_GNUC_PRINTF (2, 3) add_sentence (GPtrArray *to, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (to, g_strdup_vprintf (format, args));
  va_end (args);
}

/* Whether output channels that share a place on the weights' channel axis, as those of a transposed
 * convolution with groups do, have the same scale and zero point. */
static gboolean
scales_along_axis (const BsPlannedLayer *layer)
{
  guint n = (guint) layer->quant[0]->dims[layer->layer.channel_axis];

  for (guint c = n; c < layer->n_channels; c++)
    if (layer->scale[c] != layer->scale[c % n] ||
        (layer->zero != NULL && layer->zero[c] != layer->zero[c % n]))
      return FALSE;
  return TRUE;
}

/* Integer codes with one scale for the tensor or each channel, also where a group is as long as a
 * channel: what DequantizeLinear can say of weights. */
static gboolean
weights_expressible (const BsPlannedLayer *layer)
{
  const BsSpec *spec = layer->weights;

  if (!bs_spec_integer_codes (spec, NULL, NULL) || spec->bits > 8)
    return FALSE;
  return layer->on_integers ? layer->group == 0 && scales_along_axis (layer)
                            : spec->scope <= BS_SCOPE_CHANNEL;
}

/* Codes as the kernels multiply them, bias and factors of Gemm included; else decoded floats stand
 * for the weights, and bias and factors stay the model's. */
static gboolean
as_kernel (const BsPlannedLayer *layer)
{
  return layer != NULL && layer->on_integers && weights_expressible (layer);
}

static gboolean
acts_expressible (const BsSpec *spec)
{
  return bs_spec_integer_codes (spec, NULL, NULL) && spec->scope <= BS_SCOPE_TENSOR &&
         !spec->range->at_run_time;
}

static void
describe_limits (const BsPrepared *plan, GPtrArray *limits)
{
  guint clipped = 0, decoded = 0;

  for (guint i = 0; i < plan->layers->len; i++) {
    const BsPlannedLayer *layer = &g_array_index (plan->layers, BsPlannedLayer, i);
    const char *name = plan->model->nodes[layer->layer.node].name;
    g_autofree char *weights = bs_spec_to_string (layer->weights),
                    *acts = bs_spec_to_string (layer->acts);
    if (!bs_spec_is_float (layer->weights) && !weights_expressible (layer)) {
      add_sentence (
        limits, "Layer “%s”: the weights are written as decoded float32, QDQ has no form for %s.",
        name, weights);
      decoded++;
    } else if (!bs_spec_is_float (layer->weights) && layer->weights->bits < 8 &&
               layer->weights->bits != 4)
      add_sentence (limits, "Layer “%s”: %u-bit codes are stored in a wider integer type.", name,
                    layer->weights->bits);
    if (!bs_spec_is_float (layer->acts) && !acts_expressible (layer->acts))
      add_sentence (limits, "Layer “%s”: the activations stay float32, QDQ has no form for %s.",
                    name, acts);
    if (bs_spec_integer_codes (layer->acts, NULL, NULL) && layer->acts->bits < 8)
      clipped++;
  }
  if (decoded > 0)
    add_sentence (limits,
                  "A runtime that optimizes may quantize decoded weights anew, to 8 bits and "
                  "one scale a tensor: in ONNX Runtime, run with optimization disabled.");
  if (clipped > 0)
    add_sentence (limits, "Activations of fewer than 8 bits are clipped in an 8-bit type.");
}

static GPtrArray *
limits (BsStudy *study, BsConfig *config)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (BsPrepared) plan = bs_study_prepare (study, config, NULL);

  if (plan != NULL)
    describe_limits (plan, list);
  return list;
}

static gint64
choose_opset (const BsPrepared *plan)
{
  gint64 opset = MAX (plan->model->opset, OPSET_QDQ);

  for (guint i = 0; i < plan->layers->len; i++) {
    const BsPlannedLayer *layer = &g_array_index (plan->layers, BsPlannedLayer, i);
    if ((weights_expressible (layer) && layer->weights->bits <= 4) ||
        (bs_spec_integer_codes (layer->acts, NULL, NULL) && layer->acts->bits > 8))
      opset = MAX (opset, OPSET_4_BIT_16_BIT);
  }
  return opset;
}

/* Codes in the narrowest type of the opset: int8 or uint8, from opset 21 on also packed 4 bits. */
static void
write_codes (Qdq *q,
             const char *name,
             const BsTensor *t,
             const gint32 *codes,
             gsize n,
             gboolean is_signed,
             guint bits)
{
  gboolean nibbles = bits <= 4 && bs_onnx_writer_opset (q->w) >= OPSET_4_BIT_16_BIT;
  gsize bytes = nibbles ? (n + 1) / 2 : n;
  g_autofree guint8 *packed = g_malloc0 (MAX (bytes, 1));
  BsDtype dtype =
    nibbles ? (is_signed ? BS_DTYPE_I4 : BS_DTYPE_U4) : (is_signed ? BS_DTYPE_I8 : BS_DTYPE_U8);

  for (gsize i = 0; i < n; i++) {
    if (nibbles)
      packed[i / 2] |= (guint8) ((codes[i] & 15) << (i % 2 * 4));
    else
      packed[i] = (guint8) codes[i];
  }
  bs_onnx_writer_tensor (q->w, name, dtype, t->dims, t->n_dims, packed, bytes);
}

/* name_quantized, name_scale, name_zero_point and the DequantizeLinear that joins them; returns its
 * output. */
static char *
write_weights (Qdq *q, const BsPlannedLayer *layer, guint k)
{
  const BsTensor *t = &q->model->tensors[layer->layer.tensors[k]];
  const BsQuant *quant = layer->quant[k];
  gboolean is_signed = layer->weights->is_signed;
  gboolean per_channel = quant->n_scales > 1 || layer->n_rescaled > 0;
  gint axis = layer->weights->scope == BS_SCOPE_CHANNEL ? quant->axis : layer->layer.channel_axis;
  gsize n_scales = per_channel ? (gsize) quant->dims[axis] : 1;
  const char *node = q->model->nodes[layer->layer.node].name;
  g_autofree char *stem =
    g_strdup_printf ("%s_%s", t->name, node); /* shared weights: one copy for each layer */
  g_autofree char *codes = g_strconcat (stem, "_quantized", NULL),
                  *scale = g_strconcat (stem, "_scale", NULL),
                  *zero = g_strconcat (stem, "_zero_point", NULL),
                  *dq = g_strconcat (stem, "_DequantizeLinear", NULL);
  char *out = g_strconcat (stem, "_dequantized", NULL);
  g_autofree gint32 *values = g_new (gint32, quant->n);
  g_autofree float *scales = g_new (float, n_scales);
  g_autofree gint32 *zeros = g_new0 (gint32, n_scales);
  BsTensor parameter = { .n_dims = per_channel ? 1 : 0, .dims = { (gint64) n_scales } };

  for (gsize i = 0; i < quant->n; i++)
    values[i] = layer->on_integers ? layer->codes[i] : quant->codes[i];
  for (gsize c = 0; c < n_scales; c++) {
    scales[c] = layer->on_integers ? layer->scale[c] : quant->scale[quant->n_scales == 1 ? 0 : c];
    if (layer->on_integers)
      zeros[c] = layer->zero != NULL ? layer->zero[c] : 0;
    else if (quant->zero != NULL)
      zeros[c] = quant->zero[quant->n_scales == 1 ? 0 : c];
  }
  write_codes (q, codes, t, values, quant->n, is_signed, layer->weights->bits);
  bs_onnx_writer_tensor (q->w, scale, BS_DTYPE_F32, parameter.dims, parameter.n_dims, scales,
                         n_scales * sizeof *scales);
  write_codes (q, zero, &parameter, zeros, n_scales, is_signed, layer->weights->bits);
  const char *inputs[] = { codes, scale, zero }, *outputs[] = { out };
  Onnx__NodeProto *node_proto =
    bs_onnx_writer_node (q->w, "DequantizeLinear", "", dq, inputs, 3, outputs, 1);
  if (per_channel)
    bs_onnx_writer_int (q->w, node_proto, "axis", axis);
  return out;
}

static char *
write_bias (Qdq *q, const BsPlannedLayer *layer, const BsNode *node)
{
  const char *tensor = q->model->tensors[node->inputs[2]].name;
  g_autofree char *stem = g_strdup_printf ("%s_%s", tensor, node->name);
  g_autofree char *codes = g_strconcat (stem, "_quantized", NULL),
                  *scale = g_strconcat (stem, "_scale", NULL),
                  *dq = g_strconcat (stem, "_DequantizeLinear", NULL);
  char *out = g_strconcat (stem, "_dequantized", NULL);
  g_autofree float *scales = g_new (float, layer->n_channels);
  float a_scale = q->plan->tensors[node->inputs[0]].params.scale;
  gint64 dims[1] = { layer->n_channels };

  for (guint c = 0; c < layer->n_channels; c++)
    scales[c] = a_scale * layer->scale[c];
  bs_onnx_writer_tensor (q->w, codes, BS_DTYPE_I32, dims, 1, layer->bias,
                         layer->n_channels * sizeof *layer->bias);
  bs_onnx_writer_tensor (q->w, scale, BS_DTYPE_F32, dims, 1, scales,
                         layer->n_channels * sizeof *scales);
  const char *inputs[] = { codes, scale }, *outputs[] = { out };
  bs_onnx_writer_int (
    q->w, bs_onnx_writer_node (q->w, "DequantizeLinear", "", dq, inputs, 2, outputs, 1), "axis", 0);
  return out;
}

/* QuantizeLinear of an activation, clipped where the codes do not fill their type. */
static void
write_quantize (Qdq *q, guint tensor)
{
  const BsPlannedTensor *t = &q->plan->tensors[tensor];
  const char *name = q->model->tensors[tensor].name;
  gboolean wide = t->params.qmax > 255 || t->params.qmin < -128;
  BsDtype dtype = wide ? (t->is_signed ? BS_DTYPE_I16 : BS_DTYPE_U16)
                       : (t->is_signed ? BS_DTYPE_I8 : BS_DTYPE_U8);
  gint32 full_lo = !t->is_signed ? 0
                   : wide        ? -32768
                                 : -128,
         full_hi = (wide ? 65535 : 255) + full_lo;
  gboolean clip =
    t->params.qmax < full_hi || (t->params.qmin > full_lo && t->params.qmin != full_lo + 1);
  g_autofree char *scale = g_strconcat (name, "_scale", NULL),
                  *zero = g_strconcat (name, "_zero_point", NULL),
                  *raw = g_strconcat (name, clip ? "_unclipped" : "_quantized", NULL),
                  *node = g_strconcat (name, "_QuantizeLinear", NULL);
  gint32 value = t->params.zero_point; /* little-endian: the low bytes are the narrow value */

  bs_onnx_writer_scalar (q->w, scale, BS_DTYPE_F32, &t->params.scale);
  bs_onnx_writer_scalar (q->w, zero, dtype, &value);
  const char *inputs[] = { name, scale, zero }, *outputs[] = { raw };
  bs_onnx_writer_node (q->w, "QuantizeLinear", "", node, inputs, 3, outputs, 1);
  if (clip) {
    g_autofree char *lo = g_strconcat (name, "_qmin", NULL),
                    *hi = g_strconcat (name, "_qmax", NULL),
                    *codes = g_strconcat (name, "_quantized", NULL),
                    *clip_node = g_strconcat (name, "_Clip", NULL);
    const char *clip_in[] = { raw, lo, hi }, *clip_out[] = { codes };
    bs_onnx_writer_scalar (q->w, lo, dtype, &t->params.qmin);
    bs_onnx_writer_scalar (q->w, hi, dtype, &t->params.qmax);
    bs_onnx_writer_node (q->w, "Clip", "", clip_node, clip_in, 3, clip_out, 1);
  }
  q->pair_written[tensor] = TRUE;
}

/* A DequantizeLinear for each reader: ONNX Runtime fuses only such. */
static char *
write_dequantize (Qdq *q, guint tensor, const char *output)
{
  const char *name = q->model->tensors[tensor].name;
  guint copy = ++q->n_copies;
  g_autofree char *codes = g_strconcat (name, "_quantized", NULL),
                  *scale = g_strconcat (name, "_scale", NULL),
                  *zero = g_strconcat (name, "_zero_point", NULL),
                  *node = g_strdup_printf ("%s_DequantizeLinear_%u", name, copy);
  char *out =
    output != NULL ? g_strdup (output) : g_strdup_printf ("%s_dequantized_%u", name, copy);

  if (!q->pair_written[tensor])
    write_quantize (q, tensor);
  const char *inputs[] = { codes, scale, zero }, *outputs[] = { out };
  bs_onnx_writer_node (q->w, "DequantizeLinear", "", node, inputs, 3, outputs, 1);
  return out;
}

/* Whether this reader sees the tensor through its codes. */
static gboolean
reads_codes (const Qdq *q, guint node_index, guint tensor)
{
  const BsPlannedTensor *t = &q->plan->tensors[tensor];

  if (!q->float_native[tensor] && t->quantized)
    return TRUE;
  for (guint s = 0; s < q->plan->n_steps; s++) {
    const BsStep *step = &q->plan->steps[s];
    if (step->node != &q->model->nodes[node_index])
      continue;
    for (guint k = 0; k < step->n_in; k++) {
      if (step->in[k] == BS_SLOT_NONE || q->plan->slots[step->in[k]].tensor != tensor)
        continue;
      BsForm form = q->plan->slots[step->in[k]].form;
      return form == BS_FORM_CODES || form == BS_FORM_CODES_LAST ||
             ((form == BS_FORM_FAKE || form == BS_FORM_FAKE_LAST) && t->params.scale > 0);
    }
  }
  return FALSE;
}

static const BsPlannedLayer *
layer_of (const Qdq *q, guint node)
{
  for (guint i = 0; i < q->plan->layers->len; i++)
    if (g_array_index (q->plan->layers, BsPlannedLayer, i).layer.node == node)
      return &g_array_index (q->plan->layers, BsPlannedLayer, i);
  return NULL;
}

static void
write_constant (Qdq *q, guint tensor, const float *values)
{
  const BsTensor *t = &q->model->tensors[tensor];
  gsize bytes = 0;

  bs_dims_bytes (t->dims, t->n_dims, t->dtype, &bytes);
  bs_onnx_writer_tensor (q->w, t->name, t->dtype, t->dims, t->n_dims,
                         values != NULL ? (const void *) values : t->data, bytes);
}

/* Other floats in place of those of constant t, for this node alone; returns their name. */
static char *
write_values (Qdq *q, const BsNode *node, guint t, const char *what, const float *values)
{
  const BsTensor *tensor = &q->model->tensors[t];
  char *name = g_strdup_printf ("%s_%s_%s", tensor->name, node->name, what);
  gsize bytes = 0;

  bs_dims_bytes (tensor->dims, tensor->n_dims, tensor->dtype, &bytes);
  bs_onnx_writer_tensor (q->w, name, tensor->dtype, tensor->dims, tensor->n_dims, values, bytes);
  return name;
}

static char *
input_name (Qdq *q, guint node_index, const BsPlannedLayer *layer, guint k, gboolean *written)
{
  const BsNode *node = &q->model->nodes[node_index];
  guint t = node->inputs[k];

  if (t == BS_TENSOR_NONE)
    return NULL;
  for (guint i = 0; layer != NULL && i < layer->layer.n_weights; i++)
    if (layer->layer.inputs[i] == k && layer->quant[i] != NULL) {
      if (weights_expressible (layer))
        return write_weights (q, layer, i);
      return write_values (q, node, t, "decoded", layer->quant[i]->values);
    }
  if (as_kernel (layer) && k == 2 && layer->bias != NULL)
    return write_bias (q, layer, node);
  if (layer != NULL && k == 2 && layer->bias_values != NULL)
    return write_values (q, node, t, "corrected", layer->bias_values);
  if (q->model->tensors[t].is_constant) {
    if (!written[t])
      write_constant (q, t, NULL);
    written[t] = TRUE;
    return g_strdup (q->model->tensors[t].name);
  }
  return reads_codes (q, node_index, t) ? write_dequantize (q, t, NULL)
                                        : g_strdup (q->model->tensors[t].name);
}

/* With the kernels' codes alpha and beta of Gemm are inside the scales and the bias. */
static gboolean
absorbed (const BsPlannedLayer *layer, const char *attr)
{
  return as_kernel (layer) && (g_str_equal (attr, "alpha") || g_str_equal (attr, "beta"));
}

static gboolean
write_node (Qdq *q, guint index, gboolean *written, GError **error)
{
  const BsNode *node = &q->model->nodes[index];
  const BsPlannedLayer *layer = layer_of (q, index);
  g_autoptr (GPtrArray) inputs = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) outputs = g_ptr_array_new ();

  for (guint k = 0; k < node->n_inputs; k++)
    g_ptr_array_add (inputs, input_name (q, index, layer, k, written));
  for (guint k = 0; k < node->n_outputs; k++) {
    gboolean is_output = FALSE;
    guint t = node->outputs[k];
    for (guint i = 0; i < q->model->n_outputs; i++)
      is_output |= q->model->outputs[i] == t;
    g_ptr_array_add (outputs, t == BS_TENSOR_NONE ? NULL : (gpointer) q->model->tensors[t].name);
  }
  const char *const *dropped = bs_onnx_upgrade_inputs (q->w, q->model, node, inputs);
  Onnx__NodeProto *proto = bs_onnx_writer_node (q->w, node->op_type, node->domain, node->name,
                                                (const char *const *) inputs->pdata, inputs->len,
                                                (const char *const *) outputs->pdata, outputs->len);
  for (guint a = 0; a < node->n_attrs; a++) {
    if ((dropped != NULL && g_strv_contains (dropped, node->attrs[a].name)) ||
        absorbed (layer, node->attrs[a].name))
      continue;
    if (!bs_onnx_writer_attr (q->w, proto, q->model, &node->attrs[a])) {
      g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED,
                   "Node “%s” (%s) has the attribute “%s”, which cannot be exported", node->name,
                   node->op_type, node->attrs[a].name);
      return FALSE;
    }
  }
  return TRUE;
}

static void
find_float_native (Qdq *q)
{
  for (guint i = 0; i < q->model->n_inputs; i++)
    q->float_native[q->model->inputs[i]] = TRUE;
  for (guint s = 0; s < q->plan->n_steps; s++)
    for (guint k = 0; q->plan->steps[s].node != NULL && k < q->plan->steps[s].n_out; k++) {
      guint slot = q->plan->steps[s].out[k];
      if (slot != BS_SLOT_NONE && q->plan->slots[slot].form <= BS_FORM_FLOAT_LAST)
        q->float_native[q->plan->slots[slot].tensor] = TRUE;
    }
}

static gboolean
write_qdq (BsStudy *study,
           BsConfig *config,
           const char *path,
           BsExportReport *report,
           GError **error)
{
  g_autoptr (BsPrepared) plan = bs_study_prepare (study, config, error);
  g_autoptr (BsOnnxWriter) w = NULL;
  g_autofree gboolean *float_native = NULL, *pair_written = NULL, *written = NULL;

  if (plan == NULL)
    return FALSE;
  describe_limits (plan, report->warnings);
  w = bs_onnx_writer_new (plan->model->name, choose_opset (plan));
  float_native = g_new0 (gboolean, plan->model->n_tensors);
  pair_written = g_new0 (gboolean, plan->model->n_tensors);
  written = g_new0 (gboolean, plan->model->n_tensors);
  Qdq q = { w, plan->model, plan, float_native, pair_written, 0, report };
  find_float_native (&q);
  for (guint i = 0; i < plan->model->n_inputs; i++)
    bs_onnx_writer_input (w, &plan->model->tensors[plan->model->inputs[i]]);
  for (guint n = 0; n < plan->model->n_nodes; n++)
    if (!write_node (&q, n, written, error))
      return FALSE;
  for (guint i = 0; i < plan->model->n_outputs; i++)
    bs_onnx_writer_output (w, &plan->model->tensors[plan->model->outputs[i]]);
  return bs_onnx_writer_save (w, path, error);
}

const BsExport bs_export_onnx_qdq = {
  .id = "onnx-qdq",
  .title = N_ ("ONNX with QDQ"),
  .description = N_ ("A standard ONNX file whose quantized tensors pass through QuantizeLinear and "
                     "DequantizeLinear: for ONNX Runtime, "
                     "TensorRT 10, OpenVINO and QNN. Opset 13; 21 where weights have 4 bits."),
  .suffix = ".onnx",
  .limits = limits,
  .write = write_qdq,
};
