/* The list of weight encodings that a sweep asks for, as choices: widths, integers, other encodings.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/weight_choice.h"

#include "study/plan.h"

#define MAX_WIDTH 16u

gboolean
bs_weight_choice_is_other (const BsEncoding *encoding)
{
  return encoding->family != BS_FAMILY_NONE && encoding->family != BS_FAMILY_INTEGER;
}

gboolean
bs_weight_choice_has_widths (const BsEncoding *encoding)
{
  return encoding->min_bits < encoding->max_bits;
}

static guint
index_of (const BsEncoding *encoding)
{
  guint i = 0;

  while (bs_encodings[i] != encoding)
    i++;
  return i;
}

BsWeightChoice
bs_weight_choice_parse (const char *list)
{
  g_autoptr (GArray) specs = bs_plan_specs (list, NULL, NULL, "weights", NULL);
  BsWeightChoice choice = { 0 };

  for (guint i = 0; specs != NULL && i < specs->len; i++) {
    const BsSpec *spec = &g_array_index (specs, BsSpec, i);
    if (bs_spec_is_float (spec))
      continue;
    if (bs_weight_choice_has_widths (spec->encoding))
      choice.widths |= 1u << spec->bits;
    if (bs_weight_choice_is_other (spec->encoding))
      choice.others |= G_GUINT64_CONSTANT (1) << index_of (spec->encoding);
    else if (spec->affine || spec->encoding == &bs_encoding_uint)
      choice.affine = TRUE;
    else
      choice.symmetric = TRUE;
  }
  return choice;
}

static void
add_widths (GString *list,
            guint32 widths,
            const BsEncoding *encoding,
            const char *between,
            const char *behind)
{
  for (guint bits = encoding->min_bits; bits <= MIN (encoding->max_bits, MAX_WIDTH); bits++)
    if ((widths & 1u << bits) != 0)
      g_string_append_printf (list, "%s%s%s%u%s", list->len > 0 ? "," : "", encoding->id, between,
                              bits, behind);
}

char *
bs_weight_choice_to_list (const BsWeightChoice *choice)
{
  GString *list = g_string_new (NULL);

  if (choice->symmetric)
    add_widths (list, choice->widths, &bs_encoding_int, "", "");
  if (choice->affine)
    add_widths (list, choice->widths, &bs_encoding_int, "", ":affine");
  for (guint i = 0; bs_encodings[i] != NULL; i++) {
    const BsEncoding *encoding = bs_encodings[i];
    if ((choice->others & G_GUINT64_CONSTANT (1) << i) == 0)
      continue;
    if (bs_weight_choice_has_widths (encoding))
      add_widths (list, choice->widths, encoding, "-", "");
    else
      g_string_append_printf (list, "%s%s", list->len > 0 ? "," : "", encoding->id);
  }
  return g_string_free (list, FALSE);
}
