/* Tests of plans: which configurations a text spans, and that the ends come before the middle.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/error.h"
#include "study/plan.h"

#include <string.h>

static char *
name_of (const BsConfig *config)
{
  g_autofree char *weights = bs_spec_to_string (&config->weights),
                  *acts = bs_spec_to_string (&config->acts);

  return g_strdup_printf ("%s/%s", weights, acts);
}

static GPtrArray *
expand (const char *weights, const char *acts, const char *scopes, const char *ranges)
{
  BsPlan plan = { (char *) weights, (char *) acts, (char *) scopes, (char *) ranges, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) configs = bs_plan_configs (&plan, &error);
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

  g_assert_no_error (error);
  for (guint i = 0; i < configs->len; i++)
    g_ptr_array_add (names, name_of (configs->pdata[i]));
  return names;
}

static guint
position (GPtrArray *names, const char *name)
{
  for (guint i = 0; i < names->len; i++)
    if (g_str_equal (names->pdata[i], name))
      return i;
  g_test_message ("%s is missing", name);
  g_test_fail ();
  return G_MAXUINT;
}

static void
test_ranges (void)
{
  g_autoptr (GPtrArray) all = expand ("int2..int8", "uint8", NULL, NULL);
  g_autoptr (GPtrArray) short_form = expand ("int2..8,float", "uint8", "", "");
  g_autoptr (GPtrArray) down = expand ("uint8..uint6", "float", NULL, NULL);
  g_autoptr (GPtrArray) tail = expand ("int3..int4:channel:mse", "uint8", NULL, NULL);

  g_assert_cmpuint (all->len, ==, 7);
  for (guint bits = 2; bits <= 8; bits++) {
    g_autofree char *name = g_strdup_printf ("int%u/uint8", bits);
    position (all, name);
    position (short_form, name);
  }
  g_assert_cmpuint (short_form->len, ==, 8);
  position (short_form, "float/uint8");
  g_assert_cmpuint (down->len, ==, 3);
  position (down, "uint7/float");
  g_assert_cmpuint (tail->len, ==, 2);
  position (tail, "int4:channel:mse/uint8");
}

static void
test_order (void)
{
  g_autoptr (GPtrArray) names =
    expand ("int2..int8", "uint8,uint6,uint4", "model,tensor,channel", NULL);

  g_assert_cmpuint (names->len, ==, 7 * 3 * 3);
  for (guint i = 0; i < 12; i++) { /* both ends of each axis, in every scope, before all else */
    const char *name = names->pdata[i];
    g_assert_true (g_str_has_prefix (name, "int2") || g_str_has_prefix (name, "int8"));
    g_assert_true (g_str_has_suffix (name, "/uint8") || g_str_has_suffix (name, "/uint4"));
  }
  g_assert_cmpuint (position (names, "int6:channel/uint8"), <,
                    position (names, "int3:channel/uint8"));
}

static void
test_doubles (void)
{
  g_autoptr (GPtrArray) names = expand ("int4,int4:tensor,float", "uint8", "tensor,channel", NULL);

  g_assert_cmpuint (names->len, ==, 3); /* float has no scope, int4 is int4:tensor */

  g_autoptr (GPtrArray) thrice = expand ("mxfp4", "uint8", "model,tensor,channel", NULL);
  g_assert_cmpuint (thrice->len, ==, 1); /* a block format has its own scope */
}

static void
test_errors (void)
{
  static const struct {
    const char *weights, *acts, *named;
  } wrong[] = {
    { "int2..intx", "uint8", "int2..intx" },
    { "int0..int4", "uint8", "int0..int4" },
    { "int2..int40", "uint8", "int17" },
    { "nonsense", "uint8", "nonsense" },
    { "", "uint8", "weights" },
    { "int4", "", "activations" },
    { "int4", "uint8:nonsense", "nonsense" },
    { "int2..int4..int8", "uint8", "int" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    BsPlan plan = { (char *) wrong[i].weights, (char *) wrong[i].acts, NULL, NULL, NULL };
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) configs = bs_plan_configs (&plan, &error);
    g_test_message ("%s × %s", wrong[i].weights, wrong[i].acts);
    g_assert_null (configs);
    g_assert_error (error, BS_ERROR, BS_ERROR_INVALID);
    g_assert_nonnull (strstr (error->message, wrong[i].named));
  }
}

static void
test_too_many (void)
{
  g_autoptr (GString) list = g_string_new ("int2..int8");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 200; i++)
    g_string_append_printf (list, ",int2..int16:group=%u", i + 2);
  BsPlan plan = { list->str, (char *) "uint2..uint16,int2..int16,uint2..uint16:mse", NULL, NULL,
                  NULL };
  g_assert_null (bs_plan_configs (&plan, &error));
  g_assert_error (error, BS_ERROR, BS_ERROR_TOO_LARGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plan/ranges", test_ranges);
  g_test_add_func ("/plan/order", test_order);
  g_test_add_func ("/plan/doubles", test_doubles);
  g_test_add_func ("/plan/errors", test_errors);
  g_test_add_func ("/plan/too-many", test_too_many);
  return g_test_run ();
}
