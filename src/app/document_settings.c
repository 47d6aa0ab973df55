/* The document: the settings of the sweep, with undo.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/document_private.h"

#include "quant/config.h"

#define MAX_UNDO 100

BsSweepSettings *
bs_document_settings (BsDocument *self)
{
  return self->history->pdata[self->at];
}

void
bs_document_show_edits (BsDocument *self)
{
  const BsSweepSettings *settings = bs_document_settings (self);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->layers)); i++) {
    g_autoptr (BsLayerItem) item = g_list_model_get_item (G_LIST_MODEL (self->layers), i);
    const char *text = bs_sweep_settings_edit (settings, bs_layer_item_name (item));
    BsSpec spec;
    bs_layer_item_edit (item, text != NULL && bs_spec_parse (text, &spec, NULL) ? spec.bits : 0);
  }
}

static void
notify_settings (BsDocument *self)
{
  bs_document_show_edits (self);
  bs_document_notify (self, BS_DOCUMENT_PROP_SETTINGS);
  bs_document_notify (self, BS_DOCUMENT_PROP_CAN_UNDO);
  bs_document_notify (self, BS_DOCUMENT_PROP_CAN_REDO);
}

/* Another number of samples is another yardstick: the float run and all results are for the old
 * one. */
static void
changed_limit (BsDocument *self, guint before)
{
  if (before == bs_document_settings (self)->effort.limit)
    return;
  bs_document_drop_job (self);
  g_clear_pointer (&self->study, bs_study_free);
  bs_document_clear_results (self);
}

void
bs_document_set_settings (BsDocument *self, BsSweepSettings *settings)
{
  guint before = bs_document_settings (self)->effort.limit;

  if (bs_sweep_settings_equal (settings, bs_document_settings (self)))
    return;
  g_ptr_array_set_size (self->history, (gint) self->at + 1);
  g_ptr_array_add (self->history, bs_sweep_settings_ref (settings));
  if (self->history->len > MAX_UNDO)
    g_ptr_array_remove_index (self->history, 0);
  self->at = self->history->len - 1;
  changed_limit (self, before);
  notify_settings (self);
}

void
bs_document_edit (BsDocument *self, const char *layer, const char *spec)
{
  g_autoptr (BsSweepSettings) settings =
    bs_sweep_settings_with_edit (bs_document_settings (self), layer, spec);

  bs_document_set_settings (self, settings);
}

gboolean
bs_document_layer_spec (BsDocument *self, const char *layer, BsSpec *spec, gboolean *edited)
{
  const char *text = bs_sweep_settings_edit (bs_document_settings (self), layer);

  *edited = text != NULL;
  if (text != NULL)
    return bs_spec_parse (text, spec, NULL);
  if (self->selected_result == NULL)
    return FALSE;
  g_autoptr (BsConfig) config =
    bs_config_parse (bs_result_item_get (self->selected_result)->config, NULL);
  if (config == NULL)
    return FALSE;
  *spec = *bs_config_weights (config, layer);
  return TRUE;
}

BsSpec
bs_document_edit_base (BsDocument *self, const char *layer)
{
  gboolean edited;
  BsSpec spec;

  if (layer == NULL || !bs_document_layer_spec (self, layer, &spec, &edited) ||
      bs_spec_is_float (&spec))
    bs_spec_parse ("int8", &spec, NULL);
  return spec;
}

static void
move_in_history (BsDocument *self, guint at)
{
  guint before = bs_document_settings (self)->effort.limit;

  self->at = at;
  changed_limit (self, before);
  notify_settings (self);
}

void
bs_document_undo (BsDocument *self)
{
  if (self->at > 0)
    move_in_history (self, self->at - 1);
}

void
bs_document_redo (BsDocument *self)
{
  if (self->at + 1 < self->history->len)
    move_in_history (self, self->at + 1);
}

void
bs_document_reset_settings (BsDocument *self, BsSweepSettings *settings)
{
  g_ptr_array_set_size (self->history, 0);
  g_ptr_array_add (self->history, bs_sweep_settings_ref (settings));
  self->at = 0;
  notify_settings (self);
}
