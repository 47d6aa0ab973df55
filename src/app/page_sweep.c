/* Page: the axes of the sweep, the data, and how many configurations that makes.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/page_sweep.h"

#include "app/correction_list.h"
#include "app/encoding_list.h"
#include "app/text.h"
#include "app/weight_choice.h"
#include "workbench/data_text.h"

#include <glib/gi18n.h>
#include <string.h>

/* A chip: a token of a plan and its text. */
typedef struct {
  const char *token, *text;
} Chip;

static const Chip bits_chips[] = { { "2", "2" }, { "3", "3" }, { "4", "4" }, { "5", "5" },
                                   { "6", "6" }, { "7", "7" }, { "8", "8" }, { NULL } };
enum { SYMMETRIC, AFFINE };
static const Chip integer_chips[] = { [SYMMETRIC] = { "int", N_ ("Symmetric") },
                                      [AFFINE] = { "affine", N_ ("Affine") },
                                      { NULL } };
static const Chip scope_chips[] = { { "model", N_ ("Model") },
                                    { "tensor", N_ ("Tensor") },
                                    { "channel", N_ ("Channel") },
                                    { "group=32", N_ ("Group of 32") },
                                    { NULL } };
static const Chip range_chips[] = { { "minmax", N_ ("All") },
                                    { "percentile=99.9", N_ ("99.9 %") },
                                    { "mse", N_ ("Least error") },
                                    { NULL } };
static const Chip act_chips[] = { { "float", N_ ("Float") }, { "uint8", "8" }, { "uint6", "6" },
                                  { "uint4", "4" },          { "uint2", "2" }, { NULL } };

#define MAX_CHIPS 8

typedef struct {
  const Chip *chips;
  GtkToggleButton *buttons[MAX_CHIPS];
} Axis;

enum { BITS, INTEGERS, SCOPES, RANGES, ACTS, N_AXES };

struct _BsPageSweep {
  AdwBin parent_instance;
  BsDocument *document;
  Axis axes[N_AXES];
  GtkBox *bits_box, *integers_box, *scopes_box, *ranges_box, *acts_box;
  AdwActionRow *summary_row, *data_row;
  AdwEntryRow *preparation_row;
  GtkSpinButton *limit_spin, *cache_spin;
  GtkSwitch *race_switch, *latency_switch;
  BsEncodingList *encodings;
  BsCorrectionList *corrections;
  gboolean filling; /* widgets are being set from the document */
};

G_DEFINE_FINAL_TYPE (BsPageSweep, bs_page_sweep, ADW_TYPE_BIN)

static gboolean
is_on (const Axis *axis, guint i)
{
  return gtk_toggle_button_get_active (axis->buttons[i]);
}

static guint
width_of (const Chip *chip)
{
  return (guint) g_ascii_strtoull (chip->token, NULL, 10);
}

static char *
join_axis (const Axis *axis)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; axis->chips[i].token != NULL; i++)
    if (is_on (axis, i))
      g_string_append_printf (text, "%s%s", text->len > 0 ? "," : "", axis->chips[i].token);
  return g_string_free (text, FALSE);
}

/* The list of weights with the widths and integers of the chips; other encodings stay. */
static char *
join_weights (BsPageSweep *self)
{
  BsWeightChoice choice =
    bs_weight_choice_parse (bs_document_settings (self->document)->plan.weights);

  choice.widths = 0;
  for (guint b = 0; bits_chips[b].token != NULL; b++)
    if (is_on (&self->axes[BITS], b))
      choice.widths |= 1u << width_of (&bits_chips[b]);
  choice.symmetric = is_on (&self->axes[INTEGERS], SYMMETRIC);
  choice.affine = is_on (&self->axes[INTEGERS], AFFINE);
  return bs_weight_choice_to_list (&choice);
}

static void
changed_cb (BsPageSweep *self)
{
  if (self->filling || self->document == NULL)
    return;
  g_autofree char *weights = join_weights (self);
  g_autofree char *acts = join_axis (&self->axes[ACTS]);
  g_autofree char *scopes = join_axis (&self->axes[SCOPES]);
  g_autofree char *ranges = join_axis (&self->axes[RANGES]);
  const BsSweepSettings *before = bs_document_settings (self->document);
  const BsPlan plan = {
    .weights = weights,
    .acts = acts,
    .scopes = scopes,
    .ranges = g_str_equal (ranges, "minmax") ? NULL : ranges,
    .corrections = before->plan.corrections,
  };
  const BsSweepEffort effort = {
    .limit = (guint) gtk_spin_button_get_value_as_int (self->limit_spin),
    .race = gtk_switch_get_active (self->race_switch),
    .latency = gtk_switch_get_active (self->latency_switch),
    .cache_mib = (guint) gtk_spin_button_get_value_as_int (self->cache_spin),
  };
  g_autoptr (BsSweepSettings) settings = bs_sweep_settings_new (&plan, &effort, before->edits);
  bs_document_set_settings (self->document, settings);
}

static void
fill_axis (const Axis *axis, const char *list, const char *usual)
{
  for (guint i = 0; axis->chips[i].token != NULL; i++)
    gtk_toggle_button_set_active (
      axis->buttons[i], bs_sweep_list_has (*list != '\0' ? list : usual, axis->chips[i].token));
}

static void
summarize (BsPageSweep *self)
{
  const BsSweepSettings *settings = bs_document_settings (self->document);
  g_autoptr (GError) error = NULL;
  guint n = 0;
  double each = bs_document_seconds_each (self->document);
  GString *title = g_string_new (NULL);

  if (*settings->plan.weights == '\0')
    g_string_append (title, _ ("Choose at least one width and one encoding"));
  else if (*settings->plan.acts == '\0')
    g_string_append (title, _ ("Choose at least one width of activations"));
  else if (!bs_document_count (self->document, &n, &error))
    g_string_append (title, error->message);
  else
    g_string_append_printf (title, ngettext ("%u configuration", "%u configurations", n), n);
  if (n > 0 && each > 0) {
    g_autofree char *time = bs_text_seconds (each * n);
    g_string_append_printf (title, _ (" · about %s"), time);
  }
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->summary_row), title->str);
  adw_action_row_set_subtitle (
    self->summary_row,
    n == 0     ? ""
    : each > 0 ? _ ("What is measured already is not measured again. Results come coarse to fine.")
               : _ ("How long that takes is known after the first results. Results come coarse to "
                    "fine; Stop keeps them."));
  g_string_free (title, TRUE);
}

static void
fill (BsPageSweep *self)
{
  const BsSweepSettings *settings = bs_document_settings (self->document);
  BsWeightChoice choice = bs_weight_choice_parse (settings->plan.weights);

  self->filling = TRUE;
  for (guint b = 0; bits_chips[b].token != NULL; b++)
    gtk_toggle_button_set_active (self->axes[BITS].buttons[b],
                                  (choice.widths & 1u << width_of (&bits_chips[b])) != 0);
  if (choice.widths != 0) { /* widths all off: integers stay as they were */
    gtk_toggle_button_set_active (self->axes[INTEGERS].buttons[SYMMETRIC], choice.symmetric);
    gtk_toggle_button_set_active (self->axes[INTEGERS].buttons[AFFINE], choice.affine);
  }
  fill_axis (&self->axes[SCOPES], settings->plan.scopes, "tensor");
  fill_axis (&self->axes[RANGES], settings->plan.ranges, "minmax");
  fill_axis (&self->axes[ACTS], settings->plan.acts, "");
  gtk_spin_button_set_value (self->limit_spin, settings->effort.limit);
  gtk_switch_set_active (self->race_switch, settings->effort.race);
  gtk_switch_set_active (self->latency_switch, settings->effort.latency);
  gtk_spin_button_set_value (self->cache_spin, settings->effort.cache_mib);
  self->filling = FALSE;
  summarize (self);
}

static void
data_cb (BsPageSweep *self)
{
  const char *text = bs_document_data_text (self->document);
  g_auto (BsDataText) data = { 0 };

  if (text == NULL || !bs_data_text_parse (text, &data, NULL))
    return;
  g_autofree char *path = bs_data_text (data.spec, &(BsDatasetOptions){ 0 }),
                  *whole = bs_data_text (data.spec, &data.options); /* as text may not be */
  const char *options = whole + strlen (path);
  gboolean made_up = g_str_has_prefix (path, "synthetic:");
  adw_action_row_set_subtitle (
    self->data_row,
    made_up ? _ ("Made-up inputs without labels: shows agreement with the float model only")
            : path);
  gtk_widget_set_visible (GTK_WIDGET (self->preparation_row), !made_up);
  gtk_editable_set_text (GTK_EDITABLE (self->preparation_row), options + (*options == ' '));
}

/* What the data would be with the options in the entry. FALSE: they are not understood. */
static gboolean
prepared_data (BsPageSweep *self, BsDataText *data, GError **error)
{
  g_auto (BsDataText) now = { 0 };

  if (!bs_data_text_parse (bs_document_data_text (self->document), &now, error))
    return FALSE;
  g_autofree char *path = bs_data_text (now.spec, &(BsDatasetOptions){ 0 });
  g_autofree char *text =
    g_strjoin (" ", path, gtk_editable_get_text (GTK_EDITABLE (self->preparation_row)), NULL);
  return bs_data_text_parse (text, data, error);
}

static void
prepared_text_cb (BsPageSweep *self)
{
  g_auto (BsDataText) data = { 0 };
  g_autoptr (GError) error = NULL;

  if (self->document == NULL || prepared_data (self, &data, &error))
    gtk_widget_remove_css_class (GTK_WIDGET (self->preparation_row), "error");
  else
    gtk_widget_add_css_class (GTK_WIDGET (self->preparation_row), "error");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->preparation_row),
                               error != NULL ? error->message : NULL);
}

static void
prepare_cb (BsPageSweep *self)
{
  g_auto (BsDataText) data = { 0 };

  if (!prepared_data (self, &data, NULL))
    return;
  g_autofree char *text = bs_data_text (data.spec, &data.options);
  bs_document_set_data (self->document, text);
}

static void
add_chips (BsPageSweep *self, guint axis, GtkBox *box, const Chip *chips)
{
  self->axes[axis].chips = chips;
  for (guint i = 0; chips[i].token != NULL; i++) {
    GtkWidget *button = gtk_toggle_button_new_with_label (_ (chips[i].text));
    g_signal_connect_swapped (button, "toggled", G_CALLBACK (changed_cb), self);
    gtk_box_append (box, button);
    self->axes[axis].buttons[i] = GTK_TOGGLE_BUTTON (button);
  }
}

static void
dispose (GObject *object)
{
  g_clear_object (&BS_PAGE_SWEEP (object)->document);
  G_OBJECT_CLASS (bs_page_sweep_parent_class)->dispose (object);
}

static void
bs_page_sweep_class_init (BsPageSweepClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  g_type_ensure (BS_TYPE_CORRECTION_LIST);
  g_type_ensure (BS_TYPE_ENCODING_LIST);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/page_sweep.ui");
  gtk_widget_class_bind_template_child (widget_class, BsPageSweep, bits_box);
  gtk_widget_class_bind_template_child (widget_class, BsPageSweep, integers_box);
  gtk_widget_class_bind_template_child (widget_class, BsPageSweep, scopes_box);
  gtk_widget_class_bind_template_child (widget_class, BsPageSweep, ranges_box);
  gtk_widget_class_bind_template_child (widget_class, BsPageSweep, acts_box);
  gtk_widget_class_bind_template_child (widget_class, BsPageSweep, summary_row);
  gtk_widget_class_bind_template_child (widget_class, BsPageSweep, data_row);
  gtk_widget_class_bind_template_child (widget_class, BsPageSweep, limit_spin);
  gtk_widget_class_bind_template_child (widget_class, BsPageSweep, race_switch);
  gtk_widget_class_bind_template_child (widget_class, BsPageSweep, latency_switch);
  gtk_widget_class_bind_template_child (widget_class, BsPageSweep, cache_spin);
  gtk_widget_class_bind_template_child (widget_class, BsPageSweep, preparation_row);
  gtk_widget_class_bind_template_child (widget_class, BsPageSweep, encodings);
  gtk_widget_class_bind_template_child (widget_class, BsPageSweep, corrections);
  gtk_widget_class_bind_template_callback (widget_class, changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, prepare_cb);
  gtk_widget_class_bind_template_callback (widget_class, prepared_text_cb);
}

static void
bs_page_sweep_init (BsPageSweep *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  add_chips (self, BITS, self->bits_box, bits_chips);
  add_chips (self, INTEGERS, self->integers_box, integer_chips);
  add_chips (self, SCOPES, self->scopes_box, scope_chips);
  add_chips (self, RANGES, self->ranges_box, range_chips);
  add_chips (self, ACTS, self->acts_box, act_chips);
}

void
bs_page_sweep_set_document (BsPageSweep *self, BsDocument *document)
{
  self->document = g_object_ref (document);
  g_signal_connect_object (document, "notify::settings", G_CALLBACK (fill), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::data-text", G_CALLBACK (data_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (document, "notify::running", G_CALLBACK (summarize), self,
                           G_CONNECT_SWAPPED);
  bs_encoding_list_set_document (self->encodings, document);
  bs_correction_list_set_document (self->corrections, document);
  fill (self);
}
