/* The document: what will hurt, found in the background when a model is opened.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/document_private.h"

#include "study/advise.h"

/* The task does not keep the document alive. */
typedef struct {
  GWeakRef document;
  BsFacts *facts;
} Request;

static void
request_free (gpointer data)
{
  Request *request = data;

  g_weak_ref_clear (&request->document);
  bs_facts_unref (request->facts);
  g_free (request);
}

static void
advise_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Request *request = data;
  g_autoptr (BsConfig) config = bs_advise_default ();

  g_task_return_pointer (task, bs_advise_model (request->facts->simplified, config, NULL),
                         (GDestroyNotify) g_ptr_array_unref);
}

void
bs_document_set_findings (BsDocument *self, GPtrArray *findings)
{
  g_clear_pointer (&self->findings, g_ptr_array_unref);
  self->findings = findings;
  bs_document_notify (self, BS_DOCUMENT_PROP_FINDINGS);
}

static void
advised_cb (GObject *source, GAsyncResult *result, gpointer user)
{
  Request *request = g_task_get_task_data (G_TASK (result));
  g_autoptr (BsDocument) self = g_weak_ref_get (&request->document);
  g_autoptr (GPtrArray) findings = g_task_propagate_pointer (G_TASK (result), NULL);

  /* another model was opened, or a job knows more by now */
  if (self != NULL && request->facts == self->facts && self->findings == NULL)
    bs_document_set_findings (self, g_steal_pointer (&findings));
}

void
bs_document_advise (BsDocument *self)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, advised_cb, NULL);
  Request *request = g_new0 (Request, 1);

  bs_document_set_findings (self, NULL);
  g_weak_ref_init (&request->document, self);
  request->facts = bs_facts_ref (self->facts);
  g_task_set_source_tag (task, bs_document_advise);
  g_task_set_task_data (task, request, request_free);
  g_task_run_in_thread (task, advise_thread);
}

const GPtrArray *
bs_document_findings (BsDocument *self)
{
  return self->findings;
}
