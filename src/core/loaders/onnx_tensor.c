/* ONNX's TensorProto: element type, dimensions and data, inside the file or beside it.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "loaders/onnx_tensor.h"

#include "loaders/onnx.pb-c.h"
#include "loaders/protobuf_check.h"
#include "run/walk.h"

#include <string.h>

static gboolean
fail (const Onnx__TensorProto *tensor, GError **error, BsErrorCode code, const char *what)
{
  g_set_error (error, BS_ERROR, code, "tensor “%s” %s", tensor->name != NULL ? tensor->name : "",
               what);
  return FALSE;
}

static const char *
external_entry (const Onnx__TensorProto *tensor, const char *key)
{
  for (gsize i = 0; i < tensor->n_external_data; i++)
    if (tensor->external_data[i]->key != NULL && strcmp (tensor->external_data[i]->key, key) == 0)
      return tensor->external_data[i]->value;
  return NULL;
}

/* A relative path without “..” stays inside the folder. */
static gboolean
is_inside (const char *location)
{
  g_auto (GStrv) parts = g_strsplit (location, "/", -1);

  if (*location == '\0' || g_path_is_absolute (location) || strchr (location, '\\') != NULL)
    return FALSE;
  for (guint i = 0; parts[i] != NULL; i++)
    if (strcmp (parts[i], "..") == 0)
      return FALSE;
  return TRUE;
}

static GBytes *
map_external (const char *location, BsOnnxExternal *external, GError **error)
{
  GBytes *bytes = g_hash_table_lookup (external->files, location);
  g_autofree char *path = NULL;
  g_autoptr (GMappedFile) file = NULL;
  g_autoptr (GError) problem = NULL;

  if (bytes != NULL)
    return bytes;
  path = g_build_filename (external->folder, location, NULL);
  file = g_mapped_file_new (path, FALSE, &problem);
  if (file == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, "its weights file “%s” cannot be read: %s", location,
                 problem->message);
    return NULL;
  }
  bytes = g_mapped_file_get_bytes (file);
  if (external->digest != NULL)
    bs_lazy_digest_add (external->digest, bytes, FALSE);
  g_hash_table_insert (external->files, g_strdup (location), bytes);
  return bytes;
}

static gboolean
read_offset (const char *text, guint64 fallback, guint64 *number)
{
  *number = fallback;
  return text == NULL || g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, number, NULL);
}

static gboolean
external_data (const Onnx__TensorProto *tensor,
               gsize bytes,
               BsOnnxExternal *external,
               BsValue *value,
               GBytes **backing,
               GError **error)
{
  const char *location = external_entry (tensor, "location");
  guint64 offset, length;
  GBytes *file;

  if (external == NULL || external->folder == NULL)
    return fail (tensor, error, BS_ERROR_UNSUPPORTED, "keeps its data in another file");
  if (location == NULL || !is_inside (location))
    return fail (tensor, error, BS_ERROR_FORMAT,
                 "names a weights file outside the folder of the model");
  if (!read_offset (external_entry (tensor, "offset"), 0, &offset) ||
      !read_offset (external_entry (tensor, "length"), bytes, &length) || length != bytes)
    return fail (tensor, error, BS_ERROR_FORMAT, "has an impossible place in its weights file");
  file = map_external (location, external, error);
  if (file == NULL)
    return FALSE;
  if (offset > g_bytes_get_size (file) || bytes > g_bytes_get_size (file) - offset) {
    g_set_error (error, BS_ERROR, BS_ERROR_FORMAT,
                 "its weights file “%s” is too short for tensor “%s”", location,
                 tensor->name != NULL ? tensor->name : "");
    return FALSE;
  }
  value->data = (guint8 *) g_bytes_get_data (file, NULL) + offset;
  *backing = g_bytes_ref (file);
  if (offset % MAX (bs_dtype_bits (value->dtype) / 8, 1) != 0) { /* unaligned: a copy */
    g_autoptr (GBytes) copy = g_bytes_new (value->data, bytes);
    value->data = (gpointer) g_bytes_get_data (copy, NULL);
    g_bytes_unref (*backing);
    *backing = g_steal_pointer (&copy);
  }
  return TRUE;
}

#define NARROW(type, field)                                                                        \
  do {                                                                                             \
    type *out = data;                                                                              \
    for (gsize i = 0; i < count; i++)                                                              \
      out[i] = (type) tensor->field[i];                                                            \
  } while (0)

/* The typed lists (float_data, int32_data, …): sizes checked by the caller. */
static void
convert (const Onnx__TensorProto *tensor, BsDtype dtype, gsize count, void *data)
{
  switch (dtype) {
  case BS_DTYPE_I8:
    NARROW (gint8, int32_data);
    break;
  case BS_DTYPE_I16:
    NARROW (gint16, int32_data);
    break;
  case BS_DTYPE_U16:
  case BS_DTYPE_F16:
  case BS_DTYPE_BF16:
    NARROW (guint16, int32_data);
    break;
  case BS_DTYPE_U32:
    NARROW (guint32, uint64_data);
    break;
  default: /* the 8-bit types and packed 4- and 2-bit types */
    NARROW (guint8, int32_data);
    break;
  }
}

static gboolean
listed_data (const Onnx__TensorProto *tensor,
             gsize count,
             gsize bytes,
             GBytes *message,
             BsValue *value,
             GBytes **backing,
             GError **error)
{
  gsize listed, wanted = count;
  void *direct = NULL;

  switch (value->dtype) {
  case BS_DTYPE_F32:
    listed = tensor->n_float_data;
    direct = tensor->float_data;
    break;
  case BS_DTYPE_F64:
    listed = tensor->n_double_data;
    direct = tensor->double_data;
    break;
  case BS_DTYPE_I32:
    listed = tensor->n_int32_data;
    direct = tensor->int32_data;
    break;
  case BS_DTYPE_I64:
    listed = tensor->n_int64_data;
    direct = tensor->int64_data;
    break;
  case BS_DTYPE_U64:
    listed = tensor->n_uint64_data;
    direct = tensor->uint64_data;
    break;
  case BS_DTYPE_U32:
    listed = tensor->n_uint64_data;
    break;
  default:
    listed = tensor->n_int32_data;
    if (bs_dtype_bits (value->dtype) < 8)
      wanted = bytes;
  }
  if (listed != wanted)
    return fail (tensor, error, BS_ERROR_FORMAT,
                 "has another number of elements than its shape says");
  if (direct != NULL) {
    value->data = direct;
    *backing = g_bytes_ref (message);
    return TRUE;
  }
  value->data = g_malloc (MAX (bytes, 1));
  convert (tensor, value->dtype, wanted, value->data);
  *backing = g_bytes_new_take (value->data, MAX (bytes, 1));
  return TRUE;
}

gboolean
bs_onnx_tensor (const BsOnnxTensorProto *tensor,
                GBytes *message,
                BsOnnxExternal *external,
                BsValue *value,
                GBytes **backing,
                GError **error)
{
  gsize count, bytes;

  *value = (BsValue){ .dtype = (BsDtype) tensor->data_type, .n_dims = (guint) tensor->n_dims };
  if (tensor->n_dims > BS_MAX_DIMS)
    return fail (tensor, error, BS_ERROR_UNSUPPORTED, "has more than 8 dimensions");
  for (guint i = 0; i < tensor->n_dims; i++)
    value->dims[i] = tensor->dims[i];
  if (value->dtype != BS_DTYPE_STRING && bs_dtype_bits (value->dtype) == 0)
    return fail (tensor, error, BS_ERROR_UNSUPPORTED,
                 "has an element type this program does not know");
  if (!bs_dims_count (value->dims, value->n_dims, &count) ||
      !bs_dims_bytes (value->dims, value->n_dims, value->dtype, &bytes))
    return fail (tensor, error, BS_ERROR_FORMAT, "has impossible dimensions");
  if (tensor->segment != NULL)
    return fail (tensor, error, BS_ERROR_UNSUPPORTED, "is stored in segments");
  *backing = g_bytes_ref (message);
  if (value->dtype == BS_DTYPE_STRING || count == 0)
    return TRUE;
  g_clear_pointer (backing, g_bytes_unref);
  if (tensor->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
    return external_data (tensor, bytes, external, value, backing, error);
  if (!tensor->has_raw_data)
    return listed_data (tensor, count, bytes, message, value, backing, error);
  if (tensor->raw_data.len != bytes)
    return fail (tensor, error, BS_ERROR_FORMAT, "has another number of bytes than its shape says");
  value->data = tensor->raw_data.data;
  *backing = g_bytes_ref (message);
  return TRUE;
}

static void
free_tensor (gpointer data)
{
  onnx__tensor_proto__free_unpacked (data, NULL);
}

gboolean
bs_onnx_read_tensor (const char *path, BsValue *value, GError **error)
{
  g_autofree char *data = NULL;
  g_autoptr (GBytes) message = NULL;
  g_autoptr (GBytes) backing = NULL;
  gsize size, bytes = 0;
  Onnx__TensorProto *tensor;
  BsValue view;

  if (!g_file_get_contents (path, &data, &size, error) ||
      !bs_protobuf_check (&onnx__tensor_proto__descriptor, (const guint8 *) data, size, error))
    return FALSE;
  tensor = onnx__tensor_proto__unpack (NULL, size, (const guint8 *) data);
  if (tensor == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_FORMAT, "The file “%s” holds no ONNX tensor", path);
    return FALSE;
  }
  message = g_bytes_new_with_free_func (tensor, sizeof *tensor, free_tensor, tensor);
  if (!bs_onnx_tensor (tensor, message, NULL, &view, &backing, error))
    return FALSE;
  *value = view;
  value->data = NULL;
  if (!bs_value_alloc (value)) {
    g_set_error (error, BS_ERROR, BS_ERROR_TOO_LARGE, "The tensor in “%s” is too large", path);
    return FALSE;
  }
  if (view.data != NULL && bs_dims_bytes (view.dims, view.n_dims, view.dtype, &bytes) && bytes > 0)
    memcpy (value->data, view.data, bytes);
  return TRUE;
}
