/* The choices of the Sweep page as the list of a plan, and back.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/weight_choice.h"

#include "study/plan.h"

static guint64
bit (const char *id)
{
  for (guint i = 0; bs_encodings[i] != NULL; i++)
    if (g_str_equal (bs_encodings[i]->id, id))
      return G_GUINT64_CONSTANT (1) << i;
  g_assert_not_reached ();
}

static void
assert_becomes (const char *list, const char *expected)
{
  BsWeightChoice choice = bs_weight_choice_parse (list);
  g_autofree char *text = bs_weight_choice_to_list (&choice);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_lists (void)
{
  assert_becomes ("int2..int4", "int2,int3,int4");
  assert_becomes ("int4:affine, uint8", "int4:affine,int8:affine");
  assert_becomes ("int3,int3:affine,nf4", "int3,int3:affine,nf4");
  assert_becomes ("mxfp4,kmeans-4,float", "kmeans-4,mxfp4");
  assert_becomes ("", "");
  assert_becomes ("int99", "");
}

/* Every encoding of the table can be asked for: the list of all is a plan. */
static void
test_all (void)
{
  BsWeightChoice choice = { .widths = 1u << 4, .symmetric = TRUE, .affine = TRUE };
  guint n = 2;

  for (guint i = 0; bs_encodings[i] != NULL; i++)
    if (bs_weight_choice_is_other (bs_encodings[i])) {
      choice.others |= G_GUINT64_CONSTANT (1) << i;
      n++;
    }
  g_autofree char *list = bs_weight_choice_to_list (&choice);
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) specs = bs_plan_specs (list, NULL, NULL, "weights", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (specs->len, ==, n);
  BsWeightChoice again = bs_weight_choice_parse (list);
  g_assert_cmpuint (again.others, ==, choice.others);
  g_assert_cmpuint (again.widths, ==, choice.widths);
}

/* Widths belong to all that has a choice; formats of fixed width need none. */
static void
test_widths (void)
{
  BsWeightChoice choice = { .others = bit ("nf4") | bit ("kmeans") | bit ("fp8e4m3") };

  g_autofree char *none = bs_weight_choice_to_list (&choice);
  g_assert_cmpstr (none, ==, "nf4,fp8e4m3");
  choice.widths = 1u << 3 | 1u << 5;
  g_autofree char *two = bs_weight_choice_to_list (&choice);
  g_assert_cmpstr (two, ==, "kmeans-3,kmeans-5,nf4,fp8e4m3");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/weight-choice/lists", test_lists);
  g_test_add_func ("/weight-choice/all", test_all);
  g_test_add_func ("/weight-choice/widths", test_widths);
  return g_test_run ();
}
