/* What a layer's weights can become: the rows of the editor's lists, and which row a spec is.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/layer_choices.h"

#include "quant/encoding.h"
#include "quant/range.h"

#include <glib/gi18n.h>
#include <gtk/gtk.h>
#include <string.h>

typedef struct {
  BsScope scope;
  guint group;
  const char *title;
} Scope;

static const Scope scopes[] = {
  { BS_SCOPE_MODEL, 0, N_ ("Model") },        { BS_SCOPE_TENSOR, 0, N_ ("Tensor") },
  { BS_SCOPE_CHANNEL, 0, N_ ("Channel") },    { BS_SCOPE_GROUP, 128, N_ ("Group of 128") },
  { BS_SCOPE_GROUP, 32, N_ ("Group of 32") }, { BS_SCOPE_GROUP, 16, N_ ("Group of 16") },
  { BS_SCOPE_ELEMENT, 0, N_ ("Element") },
};

/* Walks the rows of the list of encodings; FALSE: at is after the last. */
static gboolean
encoding_at (guint at, const BsEncoding **encoding, gboolean *affine)
{
  for (guint i = 0; bs_encodings[i] != NULL; i++) {
    guint rows = bs_encodings[i]->family == BS_FAMILY_NONE || bs_encodings[i] == &bs_encoding_uint
                   ? 0
                 : bs_encodings[i] == &bs_encoding_int ? 2
                                                       : 1;
    if (at < rows) {
      *encoding = bs_encodings[i];
      *affine = at == 1;
      return TRUE;
    }
    at -= rows;
  }
  return FALSE;
}

GListModel *
bs_layer_encoding_titles (void)
{
  GtkStringList *titles = gtk_string_list_new (NULL);
  const BsEncoding *encoding;
  gboolean affine;

  for (guint i = 0; encoding_at (i, &encoding, &affine); i++)
    gtk_string_list_append (titles, encoding != &bs_encoding_int ? _ (encoding->title)
                                    : affine                     ? _ ("Integer, affine")
                                                                 : _ ("Integer, symmetric"));
  return G_LIST_MODEL (titles);
}

guint
bs_layer_encoding_find (const BsSpec *spec)
{
  const BsEncoding *encoding;
  gboolean affine;

  for (guint i = 0; encoding_at (i, &encoding, &affine); i++)
    if (encoding == spec->encoding && (!affine || spec->affine) &&
        (affine || !spec->affine || encoding != &bs_encoding_int))
      return i;
  return GTK_INVALID_LIST_POSITION;
}

gboolean
bs_layer_encoding_spec (guint at, const BsSpec *old, BsSpec *spec)
{
  const BsEncoding *encoding;
  gboolean affine;

  if (!encoding_at (at, &encoding, &affine))
    return FALSE;
  guint bits = CLAMP (old->bits, encoding->min_bits, encoding->max_bits);
  g_autofree char *text = encoding->min_bits == encoding->max_bits ? g_strdup (encoding->id)
                          : encoding->family == BS_FAMILY_INTEGER
                            ? g_strdup_printf ("%s%u", encoding->id, bits)
                            : g_strdup_printf ("%s-%u", encoding->id, bits);
  if (!bs_spec_parse (text, spec, NULL)) /* with what the encoding itself asks for */
    return FALSE;
  spec->affine = spec->affine || affine;
  if ((encoding->flags & BS_ENCODING_BLOCKS_ONLY) == 0) {
    spec->scope = old->scope;
    spec->group = old->group;
  }
  if ((encoding->flags & BS_ENCODING_OWN_RANGE) == 0) {
    spec->range = old->range;
    memcpy (spec->range_params, old->range_params, sizeof spec->range_params);
  }
  return TRUE;
}

GListModel *
bs_layer_scope_titles (void)
{
  GtkStringList *titles = gtk_string_list_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (scopes); i++)
    gtk_string_list_append (titles, _ (scopes[i].title));
  return G_LIST_MODEL (titles);
}

guint
bs_layer_scope_find (const BsSpec *spec)
{
  for (guint i = 0; i < G_N_ELEMENTS (scopes); i++)
    if (scopes[i].scope == spec->scope &&
        (spec->scope != BS_SCOPE_GROUP || scopes[i].group == spec->group))
      return i;
  return GTK_INVALID_LIST_POSITION;
}

void
bs_layer_scope_set (guint at, BsSpec *spec)
{
  g_assert (at < G_N_ELEMENTS (scopes));
  spec->scope = scopes[at].scope;
  spec->group = scopes[at].group;
}

GListModel *
bs_layer_range_titles (void)
{
  GtkStringList *titles = gtk_string_list_new (NULL);

  for (guint i = 0; bs_ranges[i] != NULL; i++)
    gtk_string_list_append (titles, _ (bs_ranges[i]->title));
  return G_LIST_MODEL (titles);
}

guint
bs_layer_range_find (const BsSpec *spec)
{
  for (guint i = 0; bs_ranges[i] != NULL; i++)
    if (bs_ranges[i] == spec->range)
      return i;
  return GTK_INVALID_LIST_POSITION;
}
