/* Fuzz target: any bytes as an ONNX file, loaded, simplified and shapes inferred.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz_file.h"
#include "loaders/loader.h"
#include "model/infer.h"
#include "model/simplify.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (BsModel) model = bs_load_model (fuzz_file (data, size, ".onnx"), NULL);
  g_autoptr (BsModel) simple = model != NULL ? bs_simplify (model, NULL) : NULL;
  gint64 batch;
  g_autoptr (BsModel) inferred = simple != NULL ? bs_infer (simple, &batch, NULL) : NULL;

  return 0;
}
