/* Samples as pixels: both layouts, grey and colour, and what is no image.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "datasets/picture.h"

#include <string.h>

/* A set of two samples of 2 × 3 pixels; the second counts up. */
static BsDataset
make (float *x, gint64 a, gint64 b, gint64 c)
{
  gsize n = (gsize) (a * b * c);
  BsDataset set = { .dtype = BS_DTYPE_F32, .n_dims = 3, .dims = { a, b, c }, .n = 2 };

  for (gsize i = 0; i < n; i++) {
    x[i] = 7;
    x[n + i] = (float) i - 2;
  }
  set.x = (guint8 *) x;
  set.sample_bytes = n * sizeof (float);
  return set;
}

static void
check (gint64 a, gint64 b, gint64 c, const guint8 *first, guint8 last)
{
  float x[36];
  BsDataset set = make (x, a, b, c);
  guint8 *pixels;
  guint width, height;

  g_assert_true (bs_dataset_picture (&set, 1, &width, &height, &pixels));
  g_assert_cmpuint (width, ==, 3);
  g_assert_cmpuint (height, ==, 2);
  g_assert_cmpmem (pixels, 3, first, 3);
  g_assert_cmpuint (pixels[17], ==, last);
  g_free (pixels);
  g_assert_true (bs_dataset_picture (&set, 0, &width, &height, &pixels)); /* one value: black */
  g_assert_cmpuint (pixels[0] + pixels[17], ==, 0);
  g_free (pixels);
}

static void
test_layouts (void)
{
  check (1, 2, 3, (guint8[]){ 0, 0, 0 }, 255);
  check (2, 3, 1, (guint8[]){ 0, 0, 0 }, 255);
  check (3, 2, 3, (guint8[]){ 0, 90, 180 }, 255); /* planes of 6: 0, 6 and 12 of 17 */
  check (2, 3, 3, (guint8[]){ 0, 15, 30 }, 255);
}

static void
test_no_image (void)
{
  float x[36];
  guint8 *pixels;
  guint width, height;
  BsDataset set = make (x, 2, 3, 2);

  g_assert_false (bs_dataset_picture (&set, 0, &width, &height, &pixels));
  set = make (x, 1, 2, 3);
  g_assert_false (bs_dataset_picture (&set, 2, &width, &height, &pixels));
  set.n_dims = 2;
  g_assert_false (bs_dataset_picture (&set, 0, &width, &height, &pixels));
  set = make (x, 1, 2, 3);
  set.dtype = BS_DTYPE_I64;
  g_assert_false (bs_dataset_picture (&set, 0, &width, &height, &pixels));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/picture/layouts", test_layouts);
  g_test_add_func ("/picture/no-image", test_no_image);
  return g_test_run ();
}
