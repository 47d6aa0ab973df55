/* What the tests of datasets share.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixture.h"

#include "model/builder.h"

#include <glib/gstdio.h>
#include <string.h>

BsModel *
fixture_model (BsDtype dtype, guint n_dims, const gint64 *dims, gint64 n_tokens)
{
  g_autoptr (BsModelBuilder) builder = bs_model_builder_new ("m", "test");
  g_autoptr (GError) error = NULL;
  guint x = bs_model_builder_tensor (builder, "x"), y = bs_model_builder_tensor (builder, "y");
  BsTensor *tensor = &bs_model_builder_edit (builder)->tensors[x];

  tensor->dtype = dtype;
  tensor->n_dims = n_dims;
  memcpy (tensor->dims, dims, n_dims * sizeof *dims);
  bs_model_builder_input (builder, x);
  bs_model_builder_output (builder, y);
  if (dtype == BS_DTYPE_F32) {
    bs_model_builder_node (builder, "Relu", "", "r", &x, 1, &y, 1);
  } else {
    const gint64 table[] = { n_tokens, 1 };
    g_autofree float *zeros = g_new0 (float, (gsize) n_tokens + 1);
    guint inputs[2] = {
      bs_model_builder_constant (builder, "t", BS_DTYPE_F32, table, 2, zeros, NULL), x
    };
    bs_model_builder_node (builder, "Gather", "", "g", inputs, 2, &y, 1);
  }
  BsModel *model = bs_model_builder_finish (builder, &error);
  g_assert_no_error (error);
  return model;
}

void
fixture_remove (const char *path)
{
  GDir *dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *inner = g_build_filename (path, name, NULL);
    fixture_remove (inner);
  }
  if (dir != NULL)
    g_dir_close (dir);
  g_remove (path);
}
