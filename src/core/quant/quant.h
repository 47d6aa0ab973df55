/* A spec that met numbers: codes, scales and decoded values of one tensor.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/tensor.h"
#include "quant/range.h"

#include <bsk.h>

G_BEGIN_DECLS

/* real = (code − zero) · scale for integer encodings; values hold the decoded reals of every encoding. Immutable. */
typedef struct {
  gint refs; /* atomic */
  BsSpec spec;
  guint n_dims;
  gint64 dims[BS_MAX_DIMS];
  gsize n;   /* elements */
  gint axis; /* ≥ 0: the axis scales run along (channel), or the axis that groups cut (group) */
  gsize
    n_scales; /* 1 for model and tensor; dims[axis] for channel; the scale tensor's size for group; n for element */
  /* Shape of the scale tensor: scalar for model and tensor; [n_axis] for channel; dims with that of axis → ⌈L/group⌉ for
   * group, [dims[0], ⌈rest/group⌉] where groups run through all of an output channel (no axis said, channel axis 0, more
   * than 2 dimensions); dims for element. */
  guint scale_n_dims;
  gint64 scale_dims[BS_MAX_DIMS];
  gint32 qmin, qmax;    /* integer encodings */
  gint32 *codes;        /* [n]; NULL for float */
  float *values;        /* [n] decoded */
  float *scale;         /* [n_scales] as stored; NULL where the encoding has none */
  double *scale_f64;    /* [n_scales] with BS_STORE_F64, else NULL */
  gint32 *zero;         /* [n_scales]; NULL: all 0 */
  float tensor_scale;   /* NVFP4: what all block scales are multiplied with; else 0 */
  float *code_book;     /* [n_scales × 2^bits] rising levels of kmeans and lloyd; else NULL */
  guint64 size_bits;    /* codes, scales, zero points, code books */
  guint64 n_not_finite; /* NaN and infinities seen */
} BsQuant;

/* bs_quantize: quantizes one tensor.
 *
 *   x             [dims], row-major float32
 *   channel_axis  axis used for BS_AXIS_AUTO: the operator's output axis; itself BS_AXIS_AUTO
 *                 for a tensor without one: channels are then axis 0, groups run along the last
 *   model_range   interval for BS_SCOPE_MODEL (bs_quant_model_range); NULL otherwise: then model means tensor
 *   name          of the tensor, for messages
 *
 * Errors  BS_ERROR_INVALID (axis out of range, bits the encoding does not have), BS_ERROR_NOT_FINITE never:
 *         NaN becomes the code of 0, infinities the ends of the range, and both are counted.
 * Source  ONNX QuantizeLinear for integers; each encoding's own. */
BsQuant *bs_quantize (const BsSpec *spec,
                      const float *x,
                      const gint64 *dims,
                      guint n_dims,
                      gint channel_axis,
                      const BsInterval *model_range,
                      const char *name,
                      GError **error);
BsQuant *bs_quant_ref (BsQuant *quant);
void bs_quant_unref (BsQuant *quant);

/* bs_quant_new, bs_quant_encode: the two halves of bs_quantize, for several tensors of one shape: memory and groups,
 * codes not set yet; and codes, values and scales for values of that shape, in the place of earlier ones. */
BsQuant *bs_quant_new (const BsSpec *spec,
                       const gint64 *dims,
                       guint n_dims,
                       gint channel_axis,
                       const char *name,
                       GError **error);
gboolean bs_quant_encode (BsQuant *quant,
                          const float *x,
                          const BsInterval *model_range,
                          const char *name,
                          GError **error);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsQuant, bs_quant_unref)

/* bs_quant_model_range: the one interval that BS_SCOPE_MODEL uses for all tensors.
 *   x, n  [n_tensors] values and their counts
 * Source  the rule of spec on all values together; min-max and fixed exactly, others on their histogram. */
gboolean bs_quant_model_range (const BsSpec *spec,
                               const float *const *x,
                               const gsize *n,
                               guint n_tensors,
                               BsInterval *out,
                               GError **error);

/* bs_quant_apply: replaces the values of an activation, n for each of n_samples, by their decoded codes: with one
 * scale for the given interval, or, where the range rule says so, with one for each sample's own. Encodings that fit
 * themselves (binary, code books) and block formats fit the values at hand. */
gboolean bs_quant_apply (const BsSpec *spec,
                         const BsInterval *interval,
                         float *x,
                         gsize n_samples,
                         gsize n,
                         GError **error);

/* bs_quant_scratch: an empty result for n values with one scale, to call an encoding with. Free with bs_quant_unref.
 * Errors  BS_ERROR_TOO_LARGE */
BsQuant *bs_quant_scratch (const BsSpec *spec, gsize n, GError **error);

/* bs_quant_params: scale, zero point and code range of an integer spec for one interval: what activations need.
 *   amax or [lo, hi] from interval; the scale is rounded once to spec->store.
 * Source  methods: symmetric s = amax/qmax; affine s = (hi−lo)/(qmax−qmin), z = clamp(rne(qmin − lo/s)). */
void bs_quant_params (const BsSpec *spec, const BsInterval *interval, BskQParams *out);

/* bs_quant_params_rows: the same for each of n intervals. */
void
bs_quant_params_rows (const BsSpec *spec, const BsInterval *intervals, gsize n, BskQParams *out);

/* bs_quant_size_bits: size of a tensor of these dims under spec without quantizing it. float: 32 bits an element. */
guint64
bs_quant_size_bits (const BsSpec *spec, const gint64 *dims, guint n_dims, gint channel_axis);

G_END_DECLS
