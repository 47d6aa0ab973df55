/* The controls for one layer's weights: encoding, width, scales, range; edits go to the document.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/layer_editor.h"

#include "quant/config.h"
#include "quant/encoding.h"
#include "quant/range.h"

#include <glib/gi18n.h>
#include <math.h>

/* An entry of the list of encodings: a row of the table, integers once without and once with a zero
 * point. */
typedef struct {
  const BsEncoding *encoding;
  gboolean affine;
} Entry;

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

struct _BsLayerEditor {
  AdwBin parent_instance;
  BsDocument *document;
  GArray *entries; /* Entry */
  GtkDropDown *encoding, *scope, *range;
  GtkSpinButton *bits, *lo, *hi;
  GtkWidget *ends, *reset;
  gboolean filling;
  double clip_lo, clip_hi; /* in force */
  gboolean dragging;
  BsSpec dragged;
};

G_DEFINE_FINAL_TYPE (BsLayerEditor, bs_layer_editor, ADW_TYPE_BIN)

enum { SIGNAL_CHANGED, N_SIGNALS };

static guint signals[N_SIGNALS];

static const BsRange *
fixed_range (void)
{
  return bs_range_find ("fixed");
}

gboolean
bs_layer_editor_spec (BsLayerEditor *self, BsSpec *spec, gboolean *edited)
{
  BsLayerItem *layer = bs_document_selected_layer (self->document);
  BsResultItem *item = bs_document_selected_result (self->document);
  const char *text = layer != NULL ? bs_sweep_settings_edit (bs_document_settings (self->document),
                                                             bs_layer_item_name (layer))
                                   : NULL;

  *edited = self->dragging || text != NULL;
  if (self->dragging) {
    *spec = self->dragged;
    return TRUE;
  }
  if (text != NULL)
    return bs_spec_parse (text, spec, NULL);
  if (layer == NULL || item == NULL)
    return FALSE;
  g_autoptr (BsConfig) config = bs_config_parse (bs_result_item_get (item)->config, NULL);
  if (config == NULL)
    return FALSE;
  *spec = *bs_config_weights (config, bs_layer_item_name (layer));
  return TRUE;
}

/* The same, or 8 bits to start editing from. */
static BsSpec
base_spec (BsLayerEditor *self)
{
  gboolean edited;
  BsSpec spec;

  if (!bs_layer_editor_spec (self, &spec, &edited) || bs_spec_is_float (&spec))
    bs_spec_parse ("int8", &spec, NULL);
  return spec;
}

static void
commit (BsLayerEditor *self, const BsSpec *spec)
{
  BsLayerItem *layer = bs_document_selected_layer (self->document);
  g_autofree char *text = bs_spec_to_string (spec);

  if (layer != NULL)
    bs_document_edit (self->document, bs_layer_item_name (layer), text);
}

/* Widgets from the spec */

static guint
find_entry (BsLayerEditor *self, const BsSpec *spec)
{
  for (guint i = 0; i < self->entries->len; i++) {
    const Entry *entry = &g_array_index (self->entries, Entry, i);
    if (entry->encoding == spec->encoding && (!entry->affine || spec->affine) &&
        (entry->affine || !spec->affine || entry->encoding != &bs_encoding_int))
      return i;
  }
  return GTK_INVALID_LIST_POSITION;
}

static guint
find_scope (const BsSpec *spec)
{
  for (guint i = 0; i < G_N_ELEMENTS (scopes); i++)
    if (scopes[i].scope == spec->scope &&
        (spec->scope != BS_SCOPE_GROUP || scopes[i].group == spec->group))
      return i;
  return GTK_INVALID_LIST_POSITION;
}

static guint
find_range (const BsSpec *spec)
{
  for (guint i = 0; bs_ranges[i] != NULL; i++)
    if (bs_ranges[i] == spec->range)
      return i;
  return GTK_INVALID_LIST_POSITION;
}

static void
show_ends (BsLayerEditor *self)
{
  double span = MAX (self->clip_hi - self->clip_lo, 1e-6);
  guint digits = (guint) CLAMP (ceil (2 - log10 (span)), 0, 7);

  for (guint i = 0; i < 2; i++) {
    GtkSpinButton *spin = i == 0 ? self->lo : self->hi;
    gtk_spin_button_set_digits (spin, digits);
    gtk_spin_button_set_increments (spin, span / 100, span / 10);
    gtk_spin_button_set_value (spin, i == 0 ? self->clip_lo : self->clip_hi);
  }
}

static void
fill (BsLayerEditor *self)
{
  BsSpec spec = base_spec (self), current;
  gboolean edited, own = (spec.encoding->flags & BS_ENCODING_OWN_RANGE) != 0,
                   has_layer = bs_document_selected_layer (self->document) != NULL;

  bs_layer_editor_spec (self, &current, &edited);
  self->filling = TRUE;
  gtk_widget_set_sensitive (GTK_WIDGET (self), has_layer);
  gtk_drop_down_set_selected (self->encoding, find_entry (self, &spec));
  gtk_spin_button_set_range (self->bits, spec.encoding->min_bits, spec.encoding->max_bits);
  gtk_spin_button_set_value (self->bits, spec.bits);
  gtk_widget_set_sensitive (GTK_WIDGET (self->bits),
                            spec.encoding->min_bits < spec.encoding->max_bits);
  gtk_drop_down_set_selected (self->scope, find_scope (&spec));
  gtk_widget_set_sensitive (GTK_WIDGET (self->scope),
                            (spec.encoding->flags & BS_ENCODING_BLOCKS_ONLY) == 0);
  gtk_drop_down_set_selected (self->range, find_range (&spec));
  gtk_widget_set_sensitive (GTK_WIDGET (self->range), !own);
  gtk_widget_set_visible (self->ends, spec.range == fixed_range () && !own);
  gtk_widget_set_sensitive (self->reset, edited);
  if (spec.range == fixed_range ()) {
    self->clip_lo = spec.range_params[0];
    self->clip_hi = spec.range_params[1];
  }
  show_ends (self);
  self->filling = FALSE;
}

static void
changed (BsLayerEditor *self)
{
  fill (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

void
bs_layer_editor_show_clip (BsLayerEditor *self, double lo, double hi)
{
  if (self->dragging || !(lo < hi))
    return;
  self->clip_lo = lo;
  self->clip_hi = hi;
  self->filling = TRUE;
  show_ends (self);
  self->filling = FALSE;
}

/* The spec from widgets */

/* Four digits: what a pointer can tell apart, and short enough to read in a spec. */
static double
rounded (double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  return g_ascii_strtod (g_ascii_formatd (buffer, sizeof buffer, "%.4g", value), NULL);
}

static void
set_fixed (BsSpec *spec, double lo, double hi)
{
  spec->range = fixed_range ();
  spec->range_params[0] = rounded (MIN (lo, 0));
  spec->range_params[1] = rounded (MAX (hi, 0));
}

static void
encoding_cb (BsLayerEditor *self)
{
  guint at = gtk_drop_down_get_selected (self->encoding);

  if (self->filling || self->document == NULL || at >= self->entries->len)
    return;
  const Entry *entry = &g_array_index (self->entries, Entry, at);
  BsSpec old = base_spec (self), spec;
  guint bits = CLAMP (old.bits, entry->encoding->min_bits, entry->encoding->max_bits);
  g_autofree char *text = entry->encoding->min_bits == entry->encoding->max_bits
                            ? g_strdup (entry->encoding->id)
                          : entry->encoding->family == BS_FAMILY_INTEGER
                            ? g_strdup_printf ("%s%u", entry->encoding->id, bits)
                            : g_strdup_printf ("%s-%u", entry->encoding->id, bits);
  if (!bs_spec_parse (text, &spec, NULL)) /* with what the encoding itself asks for */
    return;
  spec.affine = spec.affine || entry->affine;
  if ((entry->encoding->flags & BS_ENCODING_BLOCKS_ONLY) == 0) {
    spec.scope = old.scope;
    spec.group = old.group;
  }
  if ((entry->encoding->flags & BS_ENCODING_OWN_RANGE) == 0) {
    spec.range = old.range;
    memcpy (spec.range_params, old.range_params, sizeof spec.range_params);
  }
  commit (self, &spec);
}

static void
bits_cb (BsLayerEditor *self)
{
  BsSpec spec;

  if (self->filling || self->document == NULL)
    return;
  spec = base_spec (self);
  spec.bits = (guint8) gtk_spin_button_get_value_as_int (self->bits);
  commit (self, &spec);
}

static void
scope_cb (BsLayerEditor *self)
{
  guint at = gtk_drop_down_get_selected (self->scope);

  if (self->filling || self->document == NULL || at >= G_N_ELEMENTS (scopes))
    return;
  BsSpec spec = base_spec (self);
  spec.scope = scopes[at].scope;
  spec.group = scopes[at].group;
  commit (self, &spec);
}

static void
range_cb (BsLayerEditor *self)
{
  guint at = gtk_drop_down_get_selected (self->range);

  if (self->filling || self->document == NULL || at == GTK_INVALID_LIST_POSITION)
    return;
  BsSpec spec = base_spec (self);
  spec.range = bs_ranges[at];
  for (guint i = 0; spec.range->params != NULL && spec.range->params[i].key != NULL; i++)
    spec.range_params[i] = spec.range->params[i].def;
  if (spec.range == fixed_range ())
    set_fixed (&spec, self->clip_lo, self->clip_hi);
  commit (self, &spec);
}

static void
ends_cb (BsLayerEditor *self)
{
  if (self->filling || self->document == NULL)
    return;
  BsSpec spec = base_spec (self);
  set_fixed (&spec, gtk_spin_button_get_value (self->lo), gtk_spin_button_get_value (self->hi));
  commit (self, &spec);
}

void
bs_layer_editor_drag (BsLayerEditor *self, guint end, double value, gboolean released)
{
  BsSpec spec = base_spec (self);
  double lo = self->clip_lo, hi = self->clip_hi;

  if (end == 0)
    lo = MIN (value, 0);
  else
    hi = MAX (value, 0);
  if (!spec.affine && spec.is_signed)
    lo = -(hi = end == 0 ? -lo : hi);
  if (!(lo < hi))
    return;
  set_fixed (&spec, lo, hi);
  self->dragged = spec;
  self->dragging = !released;
  if (released)
    commit (self, &spec);
  else
    changed (self);
}

static void
reset_cb (BsLayerEditor *self)
{
  BsLayerItem *layer = bs_document_selected_layer (self->document);

  if (layer != NULL)
    bs_document_edit (self->document, bs_layer_item_name (layer), NULL);
}

/* The object */

static void
add_encodings (BsLayerEditor *self)
{
  GtkStringList *titles = gtk_string_list_new (NULL);

  for (guint i = 0; bs_encodings[i] != NULL; i++) {
    const BsEncoding *encoding = bs_encodings[i];
    if (encoding->family == BS_FAMILY_NONE || encoding == &bs_encoding_uint)
      continue;
    for (guint affine = 0; affine <= (encoding == &bs_encoding_int); affine++) {
      Entry entry = { encoding, affine != 0 };
      g_array_append_val (self->entries, entry);
      gtk_string_list_append (titles, encoding != &bs_encoding_int ? _ (encoding->title)
                                      : affine != 0                ? _ ("Integer, affine")
                                                                   : _ ("Integer, symmetric"));
    }
  }
  gtk_drop_down_set_model (self->encoding, G_LIST_MODEL (titles));
  g_object_unref (titles);
}

static void
add_titles (BsLayerEditor *self)
{
  g_autoptr (GtkStringList) scope_titles = gtk_string_list_new (NULL),
                            range_titles = gtk_string_list_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (scopes); i++)
    gtk_string_list_append (scope_titles, _ (scopes[i].title));
  for (guint i = 0; bs_ranges[i] != NULL; i++)
    gtk_string_list_append (range_titles, _ (bs_ranges[i]->title));
  gtk_drop_down_set_model (self->scope, G_LIST_MODEL (scope_titles));
  gtk_drop_down_set_model (self->range, G_LIST_MODEL (range_titles));
}

static void
dispose (GObject *object)
{
  BsLayerEditor *self = BS_LAYER_EDITOR (object);

  g_clear_object (&self->document);
  g_clear_pointer (&self->entries, g_array_unref);
  G_OBJECT_CLASS (bs_layer_editor_parent_class)->dispose (object);
}

static void
bs_layer_editor_class_init (BsLayerEditorClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/layer_editor.ui");
  gtk_widget_class_bind_template_child (widget_class, BsLayerEditor, encoding);
  gtk_widget_class_bind_template_child (widget_class, BsLayerEditor, bits);
  gtk_widget_class_bind_template_child (widget_class, BsLayerEditor, scope);
  gtk_widget_class_bind_template_child (widget_class, BsLayerEditor, range);
  gtk_widget_class_bind_template_child (widget_class, BsLayerEditor, ends);
  gtk_widget_class_bind_template_child (widget_class, BsLayerEditor, lo);
  gtk_widget_class_bind_template_child (widget_class, BsLayerEditor, hi);
  gtk_widget_class_bind_template_child (widget_class, BsLayerEditor, reset);
  gtk_widget_class_bind_template_callback (widget_class, encoding_cb);
  gtk_widget_class_bind_template_callback (widget_class, bits_cb);
  gtk_widget_class_bind_template_callback (widget_class, scope_cb);
  gtk_widget_class_bind_template_callback (widget_class, range_cb);
  gtk_widget_class_bind_template_callback (widget_class, ends_cb);
  gtk_widget_class_bind_template_callback (widget_class, reset_cb);
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
bs_layer_editor_init (BsLayerEditor *self)
{
  self->entries = g_array_new (FALSE, FALSE, sizeof (Entry));
  self->filling = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  add_encodings (self);
  add_titles (self);
  self->filling = FALSE;
}

void
bs_layer_editor_set_document (BsLayerEditor *self, BsDocument *document)
{
  self->document = g_object_ref (document);
  g_signal_connect_object (document, "notify::settings", G_CALLBACK (changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::selected-layer", G_CALLBACK (fill), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::selected-result", G_CALLBACK (fill), self,
                           G_CONNECT_SWAPPED);
  fill (self);
}
