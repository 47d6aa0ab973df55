/* The budget slider: the best under a size at once, the widths it would pick, measured when it rests.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/budget_bar.h"

#include "app/list_util.h"
#include "app/text.h"
#include "workbench/budget.h"

#include <glib/gi18n.h>
#include <math.h>

#define REST_MS 900 /* a slider that has not moved for so long has found its place */

struct _BsBudgetBar {
  AdwBin parent_instance;
  BsDocument *document;
  GtkScale *scale;
  GtkAdjustment *adjustment;
  GtkLabel *answer;
  GtkWidget *clear;
  gboolean filling, used; /* used: the slider was moved */
  gboolean busy, again;   /* a choice is being made; another one is wanted after it */
  BsBudgetPick *pick;
  guint rest; /* timer until it counts as resting */
};

G_DEFINE_FINAL_TYPE (BsBudgetBar, bs_budget_bar, ADW_TYPE_BIN)

enum { SIGNAL_CHANGED, N_SIGNALS };

static guint signals[N_SIGNALS];

double
bs_budget_bar_bytes (BsBudgetBar *self)
{
  return self->used ? gtk_adjustment_get_value (self->adjustment) : 0;
}

BsResult *
bs_budget_bar_picked (BsBudgetBar *self)
{
  return self->used && self->pick != NULL ? self->pick->picked : NULL;
}

static void
show_answer (BsBudgetBar *self, const char *problem)
{
  GString *text = g_string_new (NULL);

  if (self->used) {
    g_autofree char *bytes = bs_text_bytes (bs_budget_bar_bytes (self));
    g_string_append_printf (text, _ ("Under %s: "), bytes);
  }
  if (!self->used) {
    g_string_append (text, _ ("Move the slider to find the best under a size"));
  } else if (problem != NULL) {
    g_string_append (text, problem);
  } else if (self->pick != NULL) {
    const BsResult *measured = self->pick->measured, *picked = self->pick->picked;
    if (measured != NULL) {
      g_autofree char *quality = bs_text_quality (measured);
      g_autofree char *size = bs_text_bytes ((double) measured->weight_bytes);
      g_string_append_printf (text, _ ("%s with %s at %s"), quality, measured->label, size);
    }
    if (picked != NULL && (measured == NULL || !g_str_equal (picked->key, measured->key))) {
      g_autofree char *size = bs_text_bytes ((double) picked->weight_bytes);
      g_autofree char *sqnr = bs_text_db (self->pick->predicted_sqnr_db);
      g_string_append (text, measured != NULL ? " · " : "");
      g_string_append_printf (text, _ ("a width per layer at %s, %s predicted"), size, sqnr);
    }
  }
  gtk_label_set_label (self->answer, text->str);
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->answer), text->str);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->scale), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  text->str, -1);
  g_string_free (text, TRUE);
}

/* Choosing, on a worker: large networks take longer than a frame */

typedef struct {
  GPtrArray *results; /* BsResult */
  double bytes;
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  g_ptr_array_unref (request->results);
  g_free (request);
}

static void
pick_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Request *request = data;
  GError *error = NULL;
  BsBudgetPick *pick = bs_budget_pick ((BsResult *const *) request->results->pdata,
                                       request->results->len, request->bytes, &error);

  if (pick != NULL)
    g_task_return_pointer (task, pick, (GDestroyNotify) bs_budget_pick_free);
  else
    g_task_return_error (task, error);
}

static void choose (BsBudgetBar *self);

static void
picked_cb (GObject *source, GAsyncResult *result, gpointer user)
{
  BsBudgetBar *self = BS_BUDGET_BAR (source);
  g_autoptr (GError) error = NULL;
  BsBudgetPick *pick = g_task_propagate_pointer (G_TASK (result), &error);
  gboolean again = self->again;

  self->busy = self->again = FALSE;
  g_clear_pointer (&self->pick, bs_budget_pick_free);
  self->pick = pick;
  if (self->document == NULL)
    return;
  show_answer (self, error != NULL ? error->message : NULL);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  if (again)
    choose (self);
}

static void
choose (BsBudgetBar *self)
{
  Request *request;
  guint n;

  if (!self->used)
    return;
  if (self->busy) {
    self->again = TRUE;
    return;
  }
  g_autofree BsResult **results = bs_list_results (bs_document_results (self->document), &n);
  request = g_new0 (Request, 1);
  request->results = g_ptr_array_new_with_free_func ((GDestroyNotify) bs_result_unref);
  for (guint i = 0; i < n; i++)
    g_ptr_array_add (request->results, bs_result_ref (results[i]));
  request->bytes = bs_budget_bar_bytes (self);
  g_autoptr (GTask) task = g_task_new (self, NULL, picked_cb, NULL);
  g_task_set_task_data (task, request, request_free);
  g_task_run_in_thread (task, pick_thread);
  self->busy = TRUE;
}

/* Measuring what was picked, once the slider rests and nothing else runs */

static gboolean
rest_cb (gpointer data)
{
  BsBudgetBar *self = data;
  BsBudgetPick *pick = self->pick;
  BsFacts *facts = bs_document_facts (self->document);

  if (bs_document_is_running (self->document) || self->busy)
    return G_SOURCE_CONTINUE; /* waits for the job; the slider may move meanwhile */
  self->rest = 0;
  if (pick == NULL || pick->config == NULL || facts == NULL || facts->unsupported->len > 0)
    return G_SOURCE_REMOVE;
  bs_document_measure (self->document, pick->config);
  return G_SOURCE_REMOVE;
}

static void
moved_cb (BsBudgetBar *self)
{
  if (self->filling || self->document == NULL)
    return;
  self->used = TRUE;
  gtk_widget_set_visible (self->clear, TRUE);
  g_clear_handle_id (&self->rest, g_source_remove);
  self->rest = g_timeout_add (REST_MS, rest_cb, self);
  show_answer (self, NULL);
  choose (self);
}

static void
clear_cb (BsBudgetBar *self)
{
  self->used = FALSE;
  g_clear_handle_id (&self->rest, g_source_remove);
  g_clear_pointer (&self->pick, bs_budget_pick_free);
  gtk_widget_set_visible (self->clear, FALSE);
  show_answer (self, NULL);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static char *
format_cb (GtkScale *scale, double value, gpointer user)
{
  return bs_text_bytes (value);
}

static void
results_cb (BsBudgetBar *self)
{
  double least, most;
  guint n;
  g_autofree BsResult **results = bs_list_results (bs_document_results (self->document), &n);

  gtk_widget_set_visible (GTK_WIDGET (self), n > 1);
  if (!bs_budget_range (results, n, &least, &most)) {
    clear_cb (self);
    return;
  }
  self->filling = TRUE;
  gtk_adjustment_configure (self->adjustment,
                            self->used ? gtk_adjustment_get_value (self->adjustment) : most, least,
                            most, (most - least) / 100, (most - least) / 10, 0);
  self->filling = FALSE;
  choose (self);
}

static void
dispose (GObject *object)
{
  BsBudgetBar *self = BS_BUDGET_BAR (object);

  g_clear_handle_id (&self->rest, g_source_remove);
  g_clear_pointer (&self->pick, bs_budget_pick_free);
  g_clear_object (&self->document);
  G_OBJECT_CLASS (bs_budget_bar_parent_class)->dispose (object);
}

static void
bs_budget_bar_class_init (BsBudgetBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/budget_bar.ui");
  gtk_widget_class_bind_template_child (widget_class, BsBudgetBar, scale);
  gtk_widget_class_bind_template_child (widget_class, BsBudgetBar, adjustment);
  gtk_widget_class_bind_template_child (widget_class, BsBudgetBar, answer);
  gtk_widget_class_bind_template_child (widget_class, BsBudgetBar, clear);
  gtk_widget_class_bind_template_callback (widget_class, moved_cb);
  gtk_widget_class_bind_template_callback (widget_class, clear_cb);
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
bs_budget_bar_init (BsBudgetBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_scale_set_format_value_func (self->scale, format_cb, NULL, NULL);
}

void
bs_budget_bar_set_document (BsBudgetBar *self, BsDocument *document)
{
  self->document = g_object_ref (document);
  g_signal_connect_object (bs_document_results (document), "items-changed", G_CALLBACK (results_cb),
                           self, G_CONNECT_SWAPPED);
  show_answer (self, NULL);
  results_cb (self);
}
