/* NumPy's .npy arrays: reading from memory or a file, and writing.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/error.h"
#include "model/tensor.h"

G_BEGIN_DECLS

/* One array in memory: row-major, in this machine's byte order. */
typedef struct {
  BsDtype dtype;
  guint n_dims;
  gint64 dims[BS_MAX_DIMS];
  gsize count; /* elements */
  void *data;  /* packed elements, owned; NULL only when count is 0 */
} BsNpy;

void bs_npy_clear (BsNpy *array);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BsNpy, bs_npy_clear)

/* bs_npy_parse: the bytes of a .npy file, versions 1 to 3; Fortran order and the other byte order
 * are turned.
 *
 *   name  of the file or archive member, for messages
 *
 * Errors  BS_ERROR_FORMAT, BS_ERROR_UNSUPPORTED (structured and text types), BS_ERROR_TOO_LARGE,
 * naming it. Source  numpy.lib.format */
gboolean
bs_npy_parse (const guint8 *bytes, gsize size, const char *name, BsNpy *array, GError **error);
gboolean bs_npy_load (const char *path, BsNpy *array, GError **error); /* BS_ERROR_IO too */

/* bs_npy_to_float: the same values as float32 in a new array of count elements. (transfer full) */
float *bs_npy_to_float (const BsNpy *array);

/* bs_npy_save: version 1, row-major, through a temporary file and a rename.
 *   data  packed elements of dims; may be NULL when there are none
 * Errors  BS_ERROR_IO with the path; BS_ERROR_UNSUPPORTED for types NumPy does not have. */
gboolean bs_npy_save (const char *path,
                      BsDtype dtype,
                      const gint64 *dims,
                      guint n_dims,
                      const void *data,
                      GError **error);

G_END_DECLS
