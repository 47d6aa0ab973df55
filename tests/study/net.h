/* A small random network with one of each operator that runs on integers, and data for it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "datasets/dataset.h"
#include "study/study.h"

#define NET_SIDE 10
#define NET_CHANNELS 8
#define NET_CLASSES 5

/* net_new: Conv, Relu, depthwise Conv, Clip, two Convs added, Relu, MaxPool and AveragePool
 * concatenated, GlobalAveragePool, Flatten, Gemm. Weights depend on seed only. */
BsModel *net_new (guint32 seed);

/* net_fixed_new: a network that takes one sample at a time: its Reshape mixes batch and features.
 */
BsModel *net_fixed_new (guint32 seed);

/* net_groups_new: Conv of 32 channels 3 × 3, Relu, Conv of 40 channels 1 × 1, Relu, Flatten, Gemm:
 * sums long enough for groups of weights; images of 3 × 3. */
BsModel *net_groups_new (guint32 seed);

/* A ConvTranspose; pads as ONNX has them. */
typedef struct {
  const char *name;
  gint64 cin, cout, groups, kernel[2], stride[2], dilation[2], pads[4], extra[2];
} NetTransposed;

#define NET_HEIGHT 4
#define NET_WIDTH 5

/* net_transposed_new: n of them, each with a Relu called like it and “_relu”, Flatten, Gemm "fc";
 * flat: on lines, the second number of each pair. */
BsModel *net_transposed_new (const NetTransposed *layers, guint n, gboolean flat, guint32 seed);

/* net_product_new: MatMul "fc", with an attribute that only convolutions have. */
BsModel *net_product_new (gint64 group, guint32 seed);

/* net_data: n evaluation samples with random labels, for the model's input. */
BsDataset *net_data (const BsModel *model, guint n, guint32 seed);

/* net_study: all of it; the caller frees the study. */
BsStudy *net_study (guint n);
BsStudy *net_study_of (BsModel *model, guint n); /* with another model */

BsConfig *net_config (const char *weights, const char *acts);

/* net_layer_config: base specs everywhere, but weights and acts in one layer; NULL: as the base. */
BsConfig *net_layer_config (const char *base_weights,
                            const char *base_acts,
                            const char *layer,
                            const char *weights,
                            const char *acts);
