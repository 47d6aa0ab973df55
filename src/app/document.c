/* The document: the one object that pages bind to.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/document_private.h"
#include "app/text.h"

#include <glib/gi18n.h>
#include <math.h>

G_DEFINE_FINAL_TYPE (BsDocument, bs_document, G_TYPE_OBJECT)

static GParamSpec *props[BS_DOCUMENT_N_PROPS];
guint bs_document_signals[BS_DOCUMENT_N_SIGNALS];

void
bs_document_notify (BsDocument *self, guint prop)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[prop]);
}

void
bs_document_fail (BsDocument *self, const GError *error)
{
  g_signal_emit (self, bs_document_signals[BS_DOCUMENT_SIGNAL_FAILED], 0, error);
}

/* Selection */

static void
measure_layers (BsDocument *self)
{
  BsResult *result =
    self->selected_result != NULL ? bs_result_item_get (self->selected_result) : NULL;

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->layers)); i++) {
    g_autoptr (BsLayerItem) item = g_list_model_get_item (G_LIST_MODEL (self->layers), i);
    bs_layer_item_measure (item, bs_result_layer (result, bs_layer_item_name (item)));
  }
}

void
bs_document_show_result (BsDocument *self, BsResultItem *item)
{
  if (!g_set_object (&self->selected_result, item))
    return;
  measure_layers (self);
  bs_document_notify (self, BS_DOCUMENT_PROP_SELECTED_RESULT);
}

void
bs_document_select_result (BsDocument *self, BsResultItem *item)
{
  self->chosen_by_user = item != NULL;
  bs_document_show_result (self, item);
}

void
bs_document_select_other (BsDocument *self, BsResultItem *item)
{
  if (g_set_object (&self->other_result, item))
    bs_document_notify (self, BS_DOCUMENT_PROP_OTHER_RESULT);
}

void
bs_document_select_layer (BsDocument *self, BsLayerItem *item)
{
  if (g_set_object (&self->selected_layer, item))
    bs_document_notify (self, BS_DOCUMENT_PROP_SELECTED_LAYER);
}

void
bs_document_select_layer_named (BsDocument *self, const char *name)
{
  GListModel *layers = bs_document_layers (self);

  for (guint i = 0; i < g_list_model_get_n_items (layers); i++) {
    g_autoptr (BsLayerItem) item = g_list_model_get_item (layers, i);
    if (g_str_equal (bs_layer_item_name (item), name))
      bs_document_select_layer (self, item);
  }
}

/* The smallest result on the frontier that loses at most one point (one percent of a perplexity, 1
 * dB): what most people came for. The best one where none is that good. */
void
bs_document_propose (BsDocument *self)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (self->results));
  BsResultItem *pick = NULL;
  BsResult *reference = self->float_result != NULL ? bs_result_item_get (self->float_result) : NULL;

  if (self->chosen_by_user && self->selected_result != NULL)
    return;
  for (gboolean close = TRUE; pick == NULL; close = FALSE) {
    for (guint i = 0; i < n; i++) {
      g_autoptr (BsResultItem) item = g_list_model_get_item (G_LIST_MODEL (self->results), i);
      const BsResult *result = bs_result_item_get (item),
                     *best = pick != NULL ? bs_result_item_get (pick) : NULL;
      double quality = bs_result_quality (result),
             target = reference != NULL ? bs_result_quality (reference) : NAN;
      double slack = g_strcmp0 (result->metric, "perplexity") == 0 ? fabs (target) * 0.01
                     : fabs (target) > 1                           ? 1
                                                                   : 0.01;
      if (result->stopped_early || isnan (quality) || (close && !(quality >= target - slack)))
        continue;
      if (best == NULL ||
          (close ? result->weight_bytes < best->weight_bytes : quality > bs_result_quality (best)))
        pick = item; /* stays alive in the list */
    }
    if (!close)
      break;
  }
  if (pick != NULL)
    bs_document_show_result (self, pick);
}

/* Results */

static void
clear_scans (BsDocument *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (self->scans); i++)
    g_clear_pointer (&self->scans[i], bs_sensitivity_free);
}

/* Layers of the list and of a scan are the same, in execution order. */
void
bs_document_show_scan (BsDocument *self)
{
  const BsSensitivity *scan = self->scans[BS_SENSITIVITY_ONLY];

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->layers)); i++) {
    g_autoptr (BsLayerItem) item = g_list_model_get_item (G_LIST_MODEL (self->layers), i);
    bs_layer_item_scan (item, scan != NULL && i < scan->n_layers ? bs_sensitivity_mean_db (scan, i)
                                                                 : NAN);
  }
  g_signal_emit (self, bs_document_signals[BS_DOCUMENT_SIGNAL_SCANNED], 0);
}

void
bs_document_clear_results (BsDocument *self)
{
  g_hash_table_remove_all (self->keys);
  g_list_store_remove_all (self->results);
  self->chosen_by_user = FALSE;
  bs_document_show_result (self, NULL);
  bs_document_select_other (self, NULL);
  g_clear_object (&self->float_result);
  clear_scans (self);
  bs_document_show_scan (self);
  bs_document_notify (self, BS_DOCUMENT_PROP_FLOAT_RESULT);
}

/* A measurement to the end after one that was stopped early, one with its time after one without. */
static gboolean
says_more (const BsResult *result, const BsResult *old)
{
  return !result->stopped_early &&
         (old->stopped_early || (isnan (old->latency_ms) && !isnan (result->latency_ms)));
}

void
bs_document_set_float (BsDocument *self, BsResult *result)
{
  if (result == NULL ||
      (self->float_result != NULL && !says_more (result, bs_result_item_get (self->float_result))))
    return;
  g_clear_object (&self->float_result);
  self->float_result = bs_result_item_new (result);
  bs_document_notify (self, BS_DOCUMENT_PROP_FLOAT_RESULT);
}

/* A measurement in the place of one that says less, selected where that was. */
static void
replace_result (BsDocument *self, BsResultItem *old, BsResult *result)
{
  g_autoptr (BsResultItem) item = bs_result_item_new (result);
  g_autoptr (BsResultItem) held = g_object_ref (old);
  guint position;

  if (!g_list_store_find (self->results, old, &position))
    return;
  g_hash_table_replace (self->keys, result->key, item);
  g_list_store_splice (self->results, position, 1, (gpointer *) &item, 1);
  if (self->selected_result == held)
    bs_document_show_result (self, item);
  if (self->other_result == held)
    bs_document_select_other (self, item);
}

/* One items-changed for all that is new; what is there already is not added twice. */
void
bs_document_add_results (BsDocument *self, GPtrArray *results)
{
  g_autoptr (GPtrArray) fresh = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < results->len; i++) {
    BsResult *result = results->pdata[i];
    BsResultItem *item = g_hash_table_lookup (self->keys, result->key);
    if (item != NULL) {
      if (says_more (result, bs_result_item_get (item)))
        replace_result (self, item, result);
      else if (result->predictions != NULL)
        bs_result_item_judge (item, result);
      continue;
    }
    item = bs_result_item_new (result);
    g_hash_table_insert (self->keys, result->key, item);
    g_ptr_array_add (fresh, item);
  }
  if (fresh->len > 0)
    g_list_store_splice (self->results, g_list_model_get_n_items (G_LIST_MODEL (self->results)), 0,
                         fresh->pdata, fresh->len);
}

/* The object */

static char *
model_summary (BsDocument *self)
{
  if (self->facts == NULL)
    return g_strdup ("");
  g_autofree char *count = bs_text_count ((double) self->facts->parameters);
  g_autofree char *bytes = bs_text_bytes ((double) self->facts->float_bytes);
  return g_strdup_printf (_ ("%s parameters · %s"), count, bytes);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  BsDocument *self = BS_DOCUMENT (object);

  switch (id) {
  case BS_DOCUMENT_PROP_HAS_MODEL:
    g_value_set_boolean (value, self->facts != NULL);
    break;
  case BS_DOCUMENT_PROP_MODEL_TITLE:
    g_value_set_string (value, self->facts != NULL ? self->facts->model->name : "");
    break;
  case BS_DOCUMENT_PROP_MODEL_SUMMARY:
    g_value_take_string (value, model_summary (self));
    break;
  case BS_DOCUMENT_PROP_DATA_TEXT:
    g_value_set_string (value, self->data_text);
    break;
  case BS_DOCUMENT_PROP_SETTINGS:
    g_value_set_boxed (value, bs_document_settings (self));
    break;
  case BS_DOCUMENT_PROP_CAN_UNDO:
    g_value_set_boolean (value, self->at > 0);
    break;
  case BS_DOCUMENT_PROP_CAN_REDO:
    g_value_set_boolean (value, self->at + 1 < self->history->len);
    break;
  case BS_DOCUMENT_PROP_OPENING:
    g_value_set_boolean (value, self->opening);
    break;
  case BS_DOCUMENT_PROP_RUNNING:
    g_value_set_boolean (value, self->job != NULL);
    break;
  case BS_DOCUMENT_PROP_PROGRESS:
    g_value_set_double (value, self->progress);
    break;
  case BS_DOCUMENT_PROP_PROGRESS_TEXT:
    g_value_set_string (value, self->progress_text);
    break;
  case BS_DOCUMENT_PROP_SELECTED_RESULT:
    g_value_set_object (value, self->selected_result);
    break;
  case BS_DOCUMENT_PROP_OTHER_RESULT:
    g_value_set_object (value, self->other_result);
    break;
  case BS_DOCUMENT_PROP_FLOAT_RESULT:
    g_value_set_object (value, self->float_result);
    break;
  case BS_DOCUMENT_PROP_SELECTED_LAYER:
    g_value_set_object (value, self->selected_layer);
    break;
  case BS_DOCUMENT_PROP_FINDINGS:
    g_value_set_boxed (value, self->findings);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

void
bs_document_close (BsDocument *self)
{
  self->generation++;
  if (self->job == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->job, self);
  bs_job_finish_now (self->job);
  g_clear_object (&self->job);
}

static void
dispose (GObject *object)
{
  bs_document_close (BS_DOCUMENT (object));
  G_OBJECT_CLASS (bs_document_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  BsDocument *self = BS_DOCUMENT (object);

  g_clear_pointer (&self->facts, bs_facts_unref);
  g_clear_pointer (&self->study, bs_study_free);
  g_clear_pointer (&self->findings, g_ptr_array_unref);
  clear_scans (self);
  g_clear_object (&self->float_result);
  g_clear_object (&self->selected_result);
  g_clear_object (&self->other_result);
  g_clear_object (&self->selected_layer);
  g_hash_table_unref (self->keys);
  g_object_unref (self->layers);
  g_object_unref (self->results);
  g_ptr_array_unref (self->history);
  g_free (self->db_path);
  g_free (self->data_text);
  g_free (self->title);
  g_free (self->progress_text);
  G_OBJECT_CLASS (bs_document_parent_class)->finalize (object);
}

static void
bs_document_class_init (BsDocumentClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = get_property;
  object_class->dispose = dispose;
  object_class->finalize = finalize;
  props[BS_DOCUMENT_PROP_HAS_MODEL] = g_param_spec_boolean ("has-model", NULL, NULL, FALSE, flags);
  props[BS_DOCUMENT_PROP_MODEL_TITLE] =
    g_param_spec_string ("model-title", NULL, NULL, NULL, flags);
  props[BS_DOCUMENT_PROP_MODEL_SUMMARY] =
    g_param_spec_string ("model-summary", NULL, NULL, NULL, flags);
  props[BS_DOCUMENT_PROP_DATA_TEXT] = g_param_spec_string ("data-text", NULL, NULL, NULL, flags);
  props[BS_DOCUMENT_PROP_SETTINGS] =
    g_param_spec_boxed ("settings", NULL, NULL, BS_TYPE_SWEEP_SETTINGS, flags);
  props[BS_DOCUMENT_PROP_CAN_UNDO] = g_param_spec_boolean ("can-undo", NULL, NULL, FALSE, flags);
  props[BS_DOCUMENT_PROP_CAN_REDO] = g_param_spec_boolean ("can-redo", NULL, NULL, FALSE, flags);
  props[BS_DOCUMENT_PROP_OPENING] = g_param_spec_boolean ("opening", NULL, NULL, FALSE, flags);
  props[BS_DOCUMENT_PROP_RUNNING] = g_param_spec_boolean ("running", NULL, NULL, FALSE, flags);
  props[BS_DOCUMENT_PROP_PROGRESS] = g_param_spec_double ("progress", NULL, NULL, 0, 1, 0, flags);
  props[BS_DOCUMENT_PROP_PROGRESS_TEXT] =
    g_param_spec_string ("progress-text", NULL, NULL, NULL, flags);
  props[BS_DOCUMENT_PROP_SELECTED_RESULT] =
    g_param_spec_object ("selected-result", NULL, NULL, BS_TYPE_RESULT_ITEM, flags);
  props[BS_DOCUMENT_PROP_OTHER_RESULT] =
    g_param_spec_object ("other-result", NULL, NULL, BS_TYPE_RESULT_ITEM, flags);
  props[BS_DOCUMENT_PROP_FLOAT_RESULT] =
    g_param_spec_object ("float-result", NULL, NULL, BS_TYPE_RESULT_ITEM, flags);
  props[BS_DOCUMENT_PROP_SELECTED_LAYER] =
    g_param_spec_object ("selected-layer", NULL, NULL, BS_TYPE_LAYER_ITEM, flags);
  props[BS_DOCUMENT_PROP_FINDINGS] =
    g_param_spec_boxed ("findings", NULL, NULL, G_TYPE_PTR_ARRAY, flags);
  g_object_class_install_properties (object_class, BS_DOCUMENT_N_PROPS, props);

  bs_document_signals[BS_DOCUMENT_SIGNAL_FAILED] =
    g_signal_new ("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                  G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
  bs_document_signals[BS_DOCUMENT_SIGNAL_OPENED] =
    g_signal_new ("opened", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  bs_document_signals[BS_DOCUMENT_SIGNAL_EXPORTED] = g_signal_new (
    "exported", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  bs_document_signals[BS_DOCUMENT_SIGNAL_SCANNED] =
    g_signal_new ("scanned", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
bs_document_init (BsDocument *self)
{
  self->layers = g_list_store_new (BS_TYPE_LAYER_ITEM);
  self->results = g_list_store_new (BS_TYPE_RESULT_ITEM);
  self->keys = g_hash_table_new (g_str_hash, g_str_equal);
  self->history = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_sweep_settings_unref);
  g_ptr_array_add (self->history, bs_sweep_settings_usual ());
}

BsDocument *
bs_document_new (const char *db_path)
{
  BsDocument *self = g_object_new (BS_TYPE_DOCUMENT, NULL);

  self->db_path = g_strdup (db_path);
  return self;
}

BsFacts *
bs_document_facts (BsDocument *self)
{
  return self->facts;
}

const char *
bs_document_data_text (BsDocument *self)
{
  return self->data_text;
}

const char *
bs_document_title (BsDocument *self)
{
  return self->title;
}

GListModel *
bs_document_results (BsDocument *self)
{
  return G_LIST_MODEL (self->results);
}

GListModel *
bs_document_layers (BsDocument *self)
{
  return G_LIST_MODEL (self->layers);
}

BsResultItem *
bs_document_selected_result (BsDocument *self)
{
  return self->selected_result;
}

BsResultItem *
bs_document_other_result (BsDocument *self)
{
  return self->other_result;
}

BsResultItem *
bs_document_float_result (BsDocument *self)
{
  return self->float_result;
}

BsLayerItem *
bs_document_selected_layer (BsDocument *self)
{
  return self->selected_layer;
}

gboolean
bs_document_is_running (BsDocument *self)
{
  return self->job != NULL;
}

const BsSensitivity *
bs_document_scanned (BsDocument *self, BsSensitivityMode mode)
{
  return self->scans[mode];
}

BsStudy *
bs_document_study (BsDocument *self)
{
  return self->study;
}

double
bs_document_seconds_each (BsDocument *self)
{
  return self->seconds_each;
}
