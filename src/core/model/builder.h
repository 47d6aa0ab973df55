/* Making a model: what loaders, simplification and tests use; finish () gives it away immutable.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "model/model.h"

G_BEGIN_DECLS

typedef struct _BsModelBuilder BsModelBuilder;

BsModelBuilder *bs_model_builder_new (const char *name, const char *format);
void bs_model_builder_free (BsModelBuilder *builder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsModelBuilder, bs_model_builder_free)

/* bs_model_builder_copy: a builder that starts as a copy of model; constants are shared, not
 * copied. */
BsModelBuilder *bs_model_builder_copy (const BsModel *model);

/* bs_model_builder_edit: the model being built, to change in place (set opset, producer, digest,
 * dims; rewire inputs; mark a node as removed by n_outputs = 0). Pointers into it are valid until
 * the next addition. */
BsModel *bs_model_builder_edit (BsModelBuilder *builder);

/* bs_model_builder_tensor: index of the tensor called name; added with unknown type and shape if
 * new. */
guint bs_model_builder_tensor (BsModelBuilder *builder, const char *name);

/* bs_model_builder_constant: a tensor with data. backing NULL: the data is copied, 64-byte aligned;
 * else data points into backing, which is kept alive. A name that is taken gets a number appended,
 * unless the tensor of that name exists without data and writer: then that one becomes the
 * constant. */
guint bs_model_builder_constant (BsModelBuilder *builder,
                                 const char *name,
                                 BsDtype dtype,
                                 const gint64 *dims,
                                 guint n_dims,
                                 const void *data,
                                 GBytes *backing);

/* bs_model_builder_node: appends a node; inputs and outputs are copied; an empty or taken name is
 * made unique. The operator row is looked up by domain and type. The pointer is valid until the
 * next node. */
BsNode *bs_model_builder_node (BsModelBuilder *builder,
                               const char *op_type,
                               const char *domain,
                               const char *name,
                               const guint *inputs,
                               guint n_inputs,
                               const guint *outputs,
                               guint n_outputs);
BsAttr *
bs_node_add_attr (BsNode *node, const char *name, BsAttrKind kind); /* filled by the caller */

void bs_model_builder_input (BsModelBuilder *builder, guint tensor);
void bs_model_builder_output (BsModelBuilder *builder, guint tensor);
void bs_model_builder_note (BsModelBuilder *builder, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* bs_model_builder_finish: sorts nodes into execution order, drops removed nodes, nodes nobody
 * reads and constants nobody reads, and gives the model away; the builder is empty afterwards.
 * Errors  BS_ERROR_FORMAT on a cycle, two writers of one tensor, an input nobody writes: naming it.
 */
BsModel *bs_model_builder_finish (BsModelBuilder *builder, GError **error);

G_END_DECLS
