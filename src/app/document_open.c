/* The document: opening models and stored studies, and the data they are judged by.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/document_private.h"

#include "app/stored.h"
#include "workbench/data_text.h"

#include <glib/gi18n.h>
#include <string.h>

#define SYNTHETIC "synthetic:256"

static char *
stem (const char *path)
{
  char *name = g_path_get_basename (path), *dot = strrchr (name, '.');

  if (dot != NULL)
    *dot = '\0';
  return name;
}

static void
set_title (BsDocument *self)
{
  g_auto (BsDataText) data = { 0 };
  g_autofree char *model = stem (self->facts->model->name), *name = NULL;

  if (bs_data_text_parse (self->data_text, &data, NULL) &&
      !g_str_has_prefix (data.spec, "synthetic:"))
    name = stem (data.spec);
  g_free (self->title);
  self->title = g_strdup_printf ("%s · %s", model, name != NULL ? name : _ ("made-up inputs"));
}

/* How many samples are used is a setting of the sweep: a limit among the options of the data moves
 * there. (transfer full) */
static char *
without_limit (const char *data_text, guint *limit)
{
  g_auto (BsDataText) data = { 0 };

  *limit = 0;
  if (!bs_data_text_parse (data_text, &data, NULL) || data.options.limit == 0)
    return g_strdup (data_text);
  *limit = data.options.limit;
  data.options.limit = 0;
  return bs_data_text (data.spec, &data.options);
}

static BsSweepSettings *
with_limit (const BsSweepSettings *settings, guint limit)
{
  BsSweepEffort effort = settings->effort;

  effort.limit = limit;
  return bs_sweep_settings_new (&settings->plan, &effort, settings->edits);
}

void
bs_document_set_data (BsDocument *self, const char *data_text)
{
  guint limit;

  if (self->facts == NULL || g_strcmp0 (data_text, self->data_text) == 0)
    return;
  bs_document_drop_job (self);
  g_clear_pointer (&self->study, bs_study_free);
  bs_document_clear_results (self);
  g_free (self->data_text);
  self->data_text = without_limit (data_text != NULL ? data_text : SYNTHETIC, &limit);
  set_title (self);
  bs_document_notify (self, BS_DOCUMENT_PROP_DATA_TEXT);
  if (limit != 0) {
    g_autoptr (BsSweepSettings) settings = with_limit (bs_document_settings (self), limit);
    bs_document_set_settings (self, settings);
  }
}

typedef struct {
  BsDocument *self;
  guint generation;
  char *path, *data_text;
  BsSweepSettings *settings;
  BsStored *stored;
} Opening;

static void
opening_free (Opening *opening)
{
  g_object_unref (opening->self);
  g_free (opening->path);
  g_free (opening->data_text);
  g_clear_pointer (&opening->settings, bs_sweep_settings_unref);
  g_clear_pointer (&opening->stored, bs_stored_free);
  g_free (opening);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Opening, opening_free)

static void
set_opening (BsDocument *self, gboolean opening)
{
  if (self->opening == opening)
    return;
  self->opening = opening;
  bs_document_notify (self, BS_DOCUMENT_PROP_OPENING);
}

static void
fill_layers (BsDocument *self)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  guint64 total = 0;

  for (guint i = 0; i < self->facts->layers->len; i++)
    total += g_array_index (self->facts->layers, BsLayerFact, i).parameters;
  for (guint i = 0; i < self->facts->layers->len; i++) {
    const BsLayerFact *layer = &g_array_index (self->facts->layers, BsLayerFact, i);
    double share = total > 0 ? (double) layer->parameters / (double) total : 0;
    g_ptr_array_add (items, bs_layer_item_new (i, layer->name, layer->op, layer->shape,
                                               layer->parameters, share, layer->tensor));
  }
  bs_document_select_layer (self, NULL);
  g_list_store_splice (self->layers, 0, g_list_model_get_n_items (G_LIST_MODEL (self->layers)),
                       items->pdata, items->len);
  bs_document_show_edits (self);
  if (items->len > 0)
    bs_document_select_layer (self, items->pdata[0]);
}

/* What a configuration took in earlier sessions; 0: there were none. */
static double
mean_seconds (const GPtrArray *results)
{
  double sum = 0;

  for (guint i = 0; i < results->len; i++)
    sum += ((const BsResult *) results->pdata[i])->seconds;
  return results->len > 0 ? sum / results->len : 0;
}

static void
facts_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Opening) opening = data;
  BsDocument *self = opening->self;
  g_autoptr (GError) error = NULL;
  g_autoptr (BsFacts) facts = bs_facts_load_finish (result, &error);
  guint limit;

  if (opening->generation != self->generation)
    return;
  set_opening (self, FALSE);
  if (facts == NULL) {
    bs_document_fail (self, error);
    return;
  }
  bs_document_drop_job (self);
  g_clear_pointer (&self->study, bs_study_free);
  bs_document_clear_results (self);
  g_clear_pointer (&self->facts, bs_facts_unref);
  self->facts = g_steal_pointer (&facts);
  self->seconds_each = opening->stored != NULL ? mean_seconds (opening->stored->results) : 0;
  g_free (self->data_text);
  self->data_text =
    without_limit (opening->data_text != NULL ? opening->data_text : SYNTHETIC, &limit);
  set_title (self);
  g_autoptr (BsSweepSettings) usual = bs_sweep_settings_usual ();
  const BsSweepSettings *proposed = opening->settings != NULL ? opening->settings : usual;
  g_autoptr (BsSweepSettings) settings =
    with_limit (proposed, proposed->effort.limit != 0 ? proposed->effort.limit : limit);
  bs_document_reset_settings (self, settings);
  fill_layers (self);
  bs_document_notify (self, BS_DOCUMENT_PROP_HAS_MODEL);
  bs_document_notify (self, BS_DOCUMENT_PROP_MODEL_TITLE);
  bs_document_notify (self, BS_DOCUMENT_PROP_MODEL_SUMMARY);
  bs_document_notify (self, BS_DOCUMENT_PROP_DATA_TEXT);
  bs_document_advise (self);
  g_signal_emit (self, bs_document_signals[BS_DOCUMENT_SIGNAL_OPENED], 0);
  if (opening->stored != NULL) {
    bs_document_set_float (self, opening->stored->float_result);
    bs_document_add_results (self, opening->stored->results);
    bs_document_propose (self);
  }
}

static void
open_path (Opening *opening)
{
  bs_facts_load_async (opening->path, NULL, facts_cb, opening);
}

static Opening *
begin_opening (BsDocument *self, const char *path, const char *data_text)
{
  Opening *opening = g_new0 (Opening, 1);

  opening->self = g_object_ref (self);
  opening->generation = ++self->generation;
  opening->path = g_strdup (path);
  opening->data_text = g_strdup (data_text);
  set_opening (self, TRUE);
  return opening;
}

void
bs_document_open (BsDocument *self,
                  const char *path,
                  const char *data_text,
                  BsSweepSettings *settings)
{
  Opening *opening = begin_opening (self, path, data_text);

  opening->settings = settings != NULL ? bs_sweep_settings_ref (settings) : NULL;
  open_path (opening);
}

static void
stored_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Opening) opening = data;
  BsDocument *self = opening->self;
  g_autoptr (GError) error = NULL;

  opening->stored = bs_stored_load_finish (result, &error);
  if (opening->generation != self->generation)
    return;
  if (opening->stored == NULL) {
    set_opening (self, FALSE);
    bs_document_fail (self, error);
    return;
  }
  if (opening->path == NULL)
    opening->path = g_strdup (opening->stored->info->model_path);
  if (opening->data_text == NULL)
    opening->data_text = g_strdup (opening->stored->info->data_spec);
  open_path (g_steal_pointer (&opening));
}

void
bs_document_open_study (BsDocument *self, gint64 study, const char *path, const char *data_text)
{
  bs_stored_load_async (self->db_path, study, stored_cb, begin_opening (self, path, data_text));
}
