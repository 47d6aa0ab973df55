/* Tests of .npy arrays: every type, both orders, every prefix of a file.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/npy.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

/* A file's bytes from a header's dictionary and data; version 1 to 3. */
static GByteArray *
make (guint8 version, const char *dictionary, const void *data, gsize size)
{
  GByteArray *bytes = g_byte_array_new ();
  gsize length = strlen (dictionary);
  guint8 start[12] = {
    0x93, 'N', 'U', 'M', 'P', 'Y', version, 0, (guint8) (length & 255), (guint8) (length >> 8)
  };

  g_byte_array_append (bytes, start, version == 1 ? 10 : 12);
  g_byte_array_append (bytes, (const guint8 *) dictionary, (guint) length);
  g_byte_array_append (bytes, data, (guint) size);
  return bytes;
}

static void
test_orders (void)
{
  static const gint16 row_major[6] = { 1, 2, 3, 4, 5, 6 };
  static const guint8 columns_big[12] = { 0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6 };
  g_autoptr (GByteArray) bytes =
    make (2, "{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3), }", columns_big,
          sizeof columns_big);
  g_autoptr (GError) error = NULL;
  g_auto (BsNpy) array = { 0 };

  g_assert_true (bs_npy_parse (bytes->data, bytes->len, "x", &array, &error));
  g_assert_no_error (error);
  g_assert_cmpint (array.dtype, ==, BS_DTYPE_I16);
  g_assert_cmpuint (array.n_dims, ==, 2);
  g_assert_cmpint (array.dims[0], ==, 2);
  g_assert_cmpint (array.dims[1], ==, 3);
  g_assert_cmpmem (array.data, 12, row_major, 12);
}

static void
test_round_trip (void)
{
  static const BsDtype dtypes[] = { BS_DTYPE_F32, BS_DTYPE_F64, BS_DTYPE_U8,  BS_DTYPE_I8,
                                    BS_DTYPE_U16, BS_DTYPE_I16, BS_DTYPE_U32, BS_DTYPE_I32,
                                    BS_DTYPE_U64, BS_DTYPE_I64, BS_DTYPE_BOOL };
  static const gint64 shapes[][3] = { { 2, 3, 2 }, { 12, 0, 0 }, { 0, 5, 0 } };
  static const guint n_dims[] = { 3, 1, 2 };
  g_autofree char *folder = g_dir_make_tmp ("bitstair-npy-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "x.npy", NULL);
  guint8 data[96];

  for (guint i = 0; i < sizeof data; i++)
    data[i] = (guint8) (i * 37 % 60);
  for (guint t = 0; t < G_N_ELEMENTS (dtypes); t++) {
    for (guint s = 0; s < G_N_ELEMENTS (shapes); s++) {
      g_autoptr (GError) error = NULL;
      g_auto (BsNpy) array = { 0 };

      g_assert_true (bs_npy_save (path, dtypes[t], shapes[s], n_dims[s], data, &error));
      g_assert_no_error (error);
      g_assert_true (bs_npy_load (path, &array, &error));
      g_assert_no_error (error);
      g_assert_cmpint (array.dtype, ==, dtypes[t]);
      g_assert_cmpuint (array.n_dims, ==, n_dims[s]);
      g_assert_cmpmem (array.dims, n_dims[s] * sizeof (gint64), shapes[s],
                       n_dims[s] * sizeof (gint64));
      g_assert_cmpmem (array.data, array.count * bs_dtype_bits (dtypes[t]) / 8, data,
                       (s == 2 ? 0 : 12) * bs_dtype_bits (dtypes[t]) / 8);
    }
  }
  g_remove (path);
  g_rmdir (folder);
}

static void
test_to_float (void)
{
  static const guint16 halves[] = { 0x3c00, 0xc000, 0x0001, 0x7bff, 0xfc00, 0x8000 };
  static const float expected[] = { 1, -2, 0x1p-24f, 65504, -INFINITY, -0.0f };
  g_autoptr (GByteArray) bytes = make (
    1, "{\"descr\": \"<f2\", \"fortran_order\": False, \"shape\": (6,)}", halves, sizeof halves);
  g_auto (BsNpy) array = { 0 };
  g_autofree float *values = NULL;

  g_assert_true (bs_npy_parse (bytes->data, bytes->len, "x", &array, NULL));
  values = bs_npy_to_float (&array);
  g_assert_cmpmem (values, sizeof expected, expected, sizeof expected);
}

static void
test_every_prefix (void)
{
  static const float data[4] = { 1, 2, 3, 4 };
  g_autoptr (GByteArray) bytes =
    make (1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", data, 16);

  for (guint size = 0; size < bytes->len; size++) {
    g_autofree guint8 *copy =
      g_memdup2 (bytes->data, size); /* on its own, so that sanitizers see reads behind it */
    g_autoptr (GError) error = NULL;
    g_auto (BsNpy) array = { 0 };

    g_assert_false (bs_npy_parse (copy, size, "half.npy", &array, &error));
    g_assert_error (error, BS_ERROR, BS_ERROR_FORMAT);
    g_assert_nonnull (strstr (error->message, "half.npy"));
  }
}

static void
test_refused (void)
{
  static const char *const dictionaries[] = {
    "{}",
    "{'descr': '<f4'}",
    "{'descr': '<f4', 'fortran_order': False}",
    "{'descr': '<f4', 'fortran_order': Perhaps, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4)}",
    "{'descr': '<U5', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '?', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '",
  };
  static const guint8 data[64] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (dictionaries); i++) {
    g_autoptr (GByteArray) bytes = make (1, dictionaries[i], data, sizeof data);
    g_autoptr (GError) error = NULL;
    g_auto (BsNpy) array = { 0 };

    if (bs_npy_parse (bytes->data, bytes->len, "odd.npy", &array, &error))
      g_error ("accepted %s", dictionaries[i]);
    g_assert_nonnull (strstr (error->message, "odd.npy"));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/npy/orders", test_orders);
  g_test_add_func ("/npy/round-trip", test_round_trip);
  g_test_add_func ("/npy/to-float", test_to_float);
  g_test_add_func ("/npy/every-prefix", test_every_prefix);
  g_test_add_func ("/npy/refused", test_refused);
  return g_test_run ();
}
