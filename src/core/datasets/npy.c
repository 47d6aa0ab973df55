/* NumPy's .npy arrays: a magic number, a Python dictionary in text, and the elements.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/npy.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define MAGIC "\x93NUMPY"
#define MAGIC_SIZE 6
#define ALIGNMENT 64 /* NumPy pads the header so that the data is aligned */

typedef struct {
  char kind; /* f i u b */
  guint bytes;
  BsDtype dtype;
} Type;

static const Type types[] = {
  { 'f', 4, BS_DTYPE_F32 }, { 'f', 8, BS_DTYPE_F64 }, { 'f', 2, BS_DTYPE_F16 },
  { 'u', 1, BS_DTYPE_U8 },  { 'i', 1, BS_DTYPE_I8 },  { 'u', 2, BS_DTYPE_U16 },
  { 'i', 2, BS_DTYPE_I16 }, { 'u', 4, BS_DTYPE_U32 }, { 'i', 4, BS_DTYPE_I32 },
  { 'u', 8, BS_DTYPE_U64 }, { 'i', 8, BS_DTYPE_I64 }, { 'b', 1, BS_DTYPE_BOOL },
};

/* What the dictionary says. */
typedef struct {
  const Type *type;
  gboolean swapped, fortran;
} Header;

void
bs_npy_clear (BsNpy *array)
{
  g_clear_pointer (&array->data, g_free);
}

static gboolean
fail (GError **error, BsErrorCode code, const char *name, const char *what)
{
  g_set_error (error, BS_ERROR, code, "“%s” %s", name, what);
  return FALSE;
}

/* The text behind 'key': up to the end of the dictionary, or NULL. */
static const char *
value_of (const char *dictionary, const char *key)
{
  for (const char *quote = "'"; quote != NULL; quote = *quote == '\'' ? "\"" : NULL) {
    g_autofree char *quoted = g_strconcat (quote, key, quote, NULL);
    const char *found = strstr (dictionary, quoted);

    if (found == NULL)
      continue;
    found += strlen (quoted);
    while (g_ascii_isspace (*found))
      found++;
    if (*found != ':')
      continue;
    found++;
    while (g_ascii_isspace (*found))
      found++;
    return found;
  }
  return NULL;
}

static gboolean
parse_type (const char *text, const char *name, Header *header, GError **error)
{
  char order, kind;
  guint64 bytes;

  if (text == NULL || (*text != '\'' && *text != '"'))
    return fail (error, BS_ERROR_UNSUPPORTED, name,
                 "holds records; only arrays of plain numbers can be read");
  order = text[1];
  if (order == '\0' || strchr ("<>|=", order) == NULL)
    return fail (error, BS_ERROR_FORMAT, name, "has an element type that is not NumPy's");
  kind = text[2];
  bytes = kind != '\0' ? g_ascii_strtoull (text + 3, NULL, 10) : 0;
  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    if (types[i].kind == kind && types[i].bytes == bytes)
      header->type = &types[i];
  }
  if (header->type == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED,
                 "“%s” holds elements of type %.*s, which are not numbers this program reads", name,
                 (int) strcspn (text + 1, "'\""), text + 1);
    return FALSE;
  }
  header->swapped = bytes > 1 && order == (G_BYTE_ORDER == G_LITTLE_ENDIAN ? '>' : '<');
  return TRUE;
}

static gboolean
parse_shape (const char *text, const char *name, BsNpy *array, GError **error)
{
  if (text == NULL || *text++ != '(')
    return fail (error, BS_ERROR_FORMAT, name, "has no shape in its header");
  array->n_dims = 0;
  for (;;) {
    char *end;

    while (g_ascii_isspace (*text) || *text == ',')
      text++;
    if (*text == ')')
      return TRUE;
    if (!g_ascii_isdigit (*text))
      return fail (error, BS_ERROR_FORMAT, name, "has a shape that is not a list of numbers");
    if (array->n_dims == BS_MAX_DIMS)
      return fail (error, BS_ERROR_UNSUPPORTED, name, "has more than 8 dimensions");
    errno = 0;
    array->dims[array->n_dims++] = g_ascii_strtoll (text, &end, 10);
    if (errno != 0)
      return fail (error, BS_ERROR_TOO_LARGE, name, "has a dimension that is too large");
    text = end;
  }
}

static gboolean
parse_header (const char *dictionary,
              const char *name,
              Header *header,
              BsNpy *array,
              GError **error)
{
  const char *order = value_of (dictionary, "fortran_order");

  if (!parse_type (value_of (dictionary, "descr"), name, header, error))
    return FALSE;
  if (order == NULL || (!g_str_has_prefix (order, "True") && !g_str_has_prefix (order, "False")))
    return fail (error, BS_ERROR_FORMAT, name,
                 "does not say in its header in which order its elements are");
  header->fortran = *order == 'T';
  if (!parse_shape (value_of (dictionary, "shape"), name, array, error))
    return FALSE;
  array->dtype = header->type->dtype;
  if (!bs_dims_count (array->dims, array->n_dims, &array->count))
    return fail (error, BS_ERROR_TOO_LARGE, name, "has a shape whose size overflows");
  return TRUE;
}

static void
swap_bytes (guint8 *data, gsize count, guint width)
{
  for (gsize i = 0; i < count; i++, data += width) {
    for (guint j = 0; j < width / 2; j++) {
      guint8 byte = data[j];

      data[j] = data[width - 1 - j];
      data[width - 1 - j] = byte;
    }
  }
}

/* Column-major to row-major. */
static void
copy_fortran (const BsNpy *array, const guint8 *from, guint8 *to, guint width)
{
  gint64 index[BS_MAX_DIMS] = { 0 };
  gsize stride[BS_MAX_DIMS], offset;

  for (guint d = 0; d < array->n_dims; d++)
    stride[d] = d == 0 ? 1 : stride[d - 1] * (gsize) array->dims[d - 1];
  for (gsize i = 0; i < array->count; i++, to += width) {
    offset = 0;
    for (guint d = 0; d < array->n_dims; d++)
      offset += (gsize) index[d] * stride[d];
    memcpy (to, from + offset * width, width);
    for (guint d = array->n_dims; d > 0; d--) {
      if (++index[d - 1] < array->dims[d - 1])
        break;
      index[d - 1] = 0;
    }
  }
}

gboolean
bs_npy_parse (const guint8 *bytes, gsize size, const char *name, BsNpy *array, GError **error)
{
  g_autofree char *dictionary = NULL;
  Header header = { 0 };
  gsize start, length, data_bytes;

  *array = (BsNpy){ 0 };
  if (size < MAGIC_SIZE + 4 || memcmp (bytes, MAGIC, MAGIC_SIZE) != 0)
    return fail (error, BS_ERROR_FORMAT, name, "is not a NumPy array");
  if (bytes[6] < 1 || bytes[6] > 3)
    return fail (error, BS_ERROR_UNSUPPORTED, name,
                 "has a version of the NumPy format that is not known");
  start = bytes[6] == 1 ? 10 : 12;
  if (size < start)
    return fail (error, BS_ERROR_FORMAT, name, "ends inside of its header");
  length = bytes[8] | (gsize) bytes[9] << 8;
  if (bytes[6] > 1)
    length |= (gsize) bytes[10] << 16 | (gsize) bytes[11] << 24;
  if (length > size - start)
    return fail (error, BS_ERROR_FORMAT, name, "ends inside of its header");
  dictionary = g_strndup ((const char *) bytes + start, length);
  if (!parse_header (dictionary, name, &header, array, error))
    return FALSE;
  if (!bs_dims_bytes (array->dims, array->n_dims, array->dtype, &data_bytes))
    return fail (error, BS_ERROR_TOO_LARGE, name, "has a shape whose size overflows");
  bytes += start + length;
  if (data_bytes > size - start - length) {
    g_set_error (error, BS_ERROR, BS_ERROR_FORMAT,
                 "“%s” is cut short: its header promises %" G_GSIZE_FORMAT
                 " bytes of data, there are %" G_GSIZE_FORMAT,
                 name, data_bytes, size - start - length);
    return FALSE;
  }

  array->data = g_try_malloc (MAX (data_bytes, 1));
  if (array->data == NULL)
    return fail (error, BS_ERROR_TOO_LARGE, name, "does not fit into memory");
  if (header.fortran && array->n_dims > 1)
    copy_fortran (array, bytes, array->data, header.type->bytes);
  else
    memcpy (array->data, bytes, data_bytes);
  if (header.swapped)
    swap_bytes (array->data, array->count, header.type->bytes);
  return TRUE;
}

gboolean
bs_npy_load (const char *path, BsNpy *array, GError **error)
{
  g_autoptr (GMappedFile) file = NULL;
  gint fd = g_open (path, O_RDONLY | O_CLOEXEC, 0);

  *array = (BsNpy){ 0 };
  if (fd < 0) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, "“%s” cannot be read: %s", path, g_strerror (errno));
    return FALSE;
  }
  file = g_mapped_file_new_from_fd (fd, FALSE, NULL);
  close (fd);
  if (file == NULL)
    return fail (error, BS_ERROR_IO, path, "cannot be read: it is not a plain file");
  return bs_npy_parse ((const guint8 *) g_mapped_file_get_contents (file),
                       g_mapped_file_get_length (file), path, array, error);
}

static float
half_to_float (guint16 half)
{
  guint32 sign = (guint32) (half >> 15) << 31, exponent = half >> 10 & 31, fraction = half & 1023,
          bits;
  float value;

  if (exponent == 0) {
    value = (float) fraction * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  bits = sign | (exponent == 31 ? 255u : exponent + 112) << 23 | fraction << 13;
  memcpy (&value, &bits, sizeof value);
  return value;
}

#define CONVERT(ctype)                                                                             \
  for (gsize i = 0; i < array->count; i++)                                                         \
    out[i] = (float) ((const ctype *) array->data)[i];                                             \
  break

float *
bs_npy_to_float (const BsNpy *array)
{
  float *out = g_new (float, MAX (array->count, 1));

  switch (array->dtype) {
  case BS_DTYPE_F32:
    CONVERT (float);
  case BS_DTYPE_F64:
    CONVERT (double);
  case BS_DTYPE_U8:
  case BS_DTYPE_BOOL:
    CONVERT (guint8);
  case BS_DTYPE_I8:
    CONVERT (gint8);
  case BS_DTYPE_U16:
    CONVERT (guint16);
  case BS_DTYPE_I16:
    CONVERT (gint16);
  case BS_DTYPE_U32:
    CONVERT (guint32);
  case BS_DTYPE_I32:
    CONVERT (gint32);
  case BS_DTYPE_U64:
    CONVERT (guint64);
  case BS_DTYPE_I64:
    CONVERT (gint64);
  case BS_DTYPE_F16:
    for (gsize i = 0; i < array->count; i++)
      out[i] = half_to_float (((const guint16 *) array->data)[i]);
    break;
  default:
    g_assert_not_reached (); /* bs_npy_parse gives no other */
  }
  return out;
}

gboolean
bs_npy_save (const char *path,
             BsDtype dtype,
             const gint64 *dims,
             guint n_dims,
             const void *data,
             GError **error)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_autoptr (GString) header = NULL;
  const Type *type = NULL;
  gsize data_bytes, length;

  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    if (types[i].dtype == dtype)
      type = &types[i];
  }
  if (type == NULL) {
    g_set_error (error, BS_ERROR, BS_ERROR_UNSUPPORTED,
                 "“%s” cannot be written: NumPy has no type %s", path, bs_dtype_name (dtype));
    return FALSE;
  }
  if (!bs_dims_bytes (dims, n_dims, dtype, &data_bytes) || data_bytes > G_MAXUINT - 65536)
    return fail (error, BS_ERROR_TOO_LARGE, path, "would be too large to write");

  header = g_string_new (NULL);
  g_string_printf (header, "{'descr': '%c%c%u', 'fortran_order': False, 'shape': (",
                   type->bytes == 1 ? '|' : (G_BYTE_ORDER == G_LITTLE_ENDIAN ? '<' : '>'),
                   type->kind, type->bytes);
  for (guint i = 0; i < n_dims; i++)
    g_string_append_printf (header, "%s%" G_GINT64_FORMAT, i > 0 ? ", " : "", dims[i]);
  g_string_append (header, n_dims == 1 ? ",), }" : "), }");
  while ((MAGIC_SIZE + 4 + header->len + 1) % ALIGNMENT != 0)
    g_string_append_c (header, ' ');
  g_string_append_c (header, '\n');

  length = header->len;
  g_byte_array_append (bytes, (const guint8 *) MAGIC "\x01\x00", MAGIC_SIZE + 2);
  g_byte_array_append (bytes, (const guint8[]){ (guint8) (length & 255), (guint8) (length >> 8) },
                       2);
  g_byte_array_append (bytes, (const guint8 *) header->str, (guint) length);
  if (data_bytes > 0)
    g_byte_array_append (bytes, data, (guint) data_bytes);
  if (!g_file_set_contents (path, (const char *) bytes->data, (gssize) bytes->len, &problem)) {
    g_set_error (error, BS_ERROR, BS_ERROR_IO, "“%s” cannot be written: %s", path,
                 problem->message);
    return FALSE;
  }
  return TRUE;
}
