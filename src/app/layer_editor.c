/* The controls for one layer's weights: encoding, width, scales, range; edits go to the document.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/layer_editor.h"

#include "app/layer_choices.h"
#include "quant/config.h"
#include "quant/encoding.h"
#include "quant/range.h"

#include <math.h>

struct _BsLayerEditor {
  AdwBin parent_instance;
  BsDocument *document;
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

  *edited = self->dragging;
  if (self->dragging)
    *spec = self->dragged;
  return self->dragging ||
         (layer != NULL &&
          bs_document_layer_spec (self->document, bs_layer_item_name (layer), spec, edited));
}

/* The same, or 8 bits to start editing from. */
static BsSpec
base_spec (BsLayerEditor *self)
{
  BsLayerItem *layer = bs_document_selected_layer (self->document);

  return self->dragging ? self->dragged
                        : bs_document_edit_base (self->document,
                                                 layer != NULL ? bs_layer_item_name (layer) : NULL);
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
  gtk_drop_down_set_selected (self->encoding, bs_layer_encoding_find (&spec));
  gtk_spin_button_set_range (self->bits, spec.encoding->min_bits, spec.encoding->max_bits);
  gtk_spin_button_set_value (self->bits, spec.bits);
  gtk_widget_set_sensitive (GTK_WIDGET (self->bits),
                            spec.encoding->min_bits < spec.encoding->max_bits);
  gtk_drop_down_set_selected (self->scope, bs_layer_scope_find (&spec));
  gtk_widget_set_sensitive (GTK_WIDGET (self->scope),
                            (spec.encoding->flags & BS_ENCODING_BLOCKS_ONLY) == 0);
  gtk_drop_down_set_selected (self->range, bs_layer_range_find (&spec));
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

  if (self->filling || self->document == NULL || at == GTK_INVALID_LIST_POSITION)
    return;
  BsSpec old = base_spec (self), spec;
  if (bs_layer_encoding_spec (at, &old, &spec))
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

  if (self->filling || self->document == NULL || at == GTK_INVALID_LIST_POSITION)
    return;
  BsSpec spec = base_spec (self);
  bs_layer_scope_set (at, &spec);
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
dispose (GObject *object)
{
  BsLayerEditor *self = BS_LAYER_EDITOR (object);

  g_clear_object (&self->document);
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
  self->filling = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  const struct {
    GtkDropDown *list;
    GListModel *titles;
  } lists[] = { { self->encoding, bs_layer_encoding_titles () },
                { self->scope, bs_layer_scope_titles () },
                { self->range, bs_layer_range_titles () } };
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++) {
    gtk_drop_down_set_model (lists[i].list, lists[i].titles);
    g_object_unref (lists[i].titles);
  }
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
