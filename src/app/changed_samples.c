/* The samples that two results judge differently, as images where they are images.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/changed_samples.h"

#include "app/text.h"
#include "datasets/picture.h"

#include <glib/gi18n.h>
#include <math.h>

#define MOST 48   /* samples shown */
#define PIXELS 72 /* side of a picture */

struct _BsChangedSamples {
  AdwBin parent_instance;
  BsDocument *document;
  GtkLabel *summary;
  GtkWidget *judge;
  GtkFlowBox *samples;
  const BsResult *shown[2]; /* whose samples are there; compared only */
};

G_DEFINE_FINAL_TYPE (BsChangedSamples, bs_changed_samples, ADW_TYPE_BIN)

/* Whole pixels: blurred ones would show what the network does not see. NULL: not an image. */
static GtkWidget *
make_picture (const BsDataset *dataset, guint index, const char *text)
{
  guint8 *pixels;
  guint width, height;

  if (dataset == NULL || !bs_dataset_picture (dataset, index, &width, &height, &pixels))
    return NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_take (pixels, (gsize) width * height * 3);
  g_autoptr (GdkPixbuf) small = gdk_pixbuf_new_from_bytes (
    bytes, GDK_COLORSPACE_RGB, FALSE, 8, (int) width, (int) height, (int) width * 3);
  int factor = MAX (PIXELS / (int) MAX (width, height), 1);
  g_autoptr (GdkPixbuf) large = gdk_pixbuf_scale_simple (small, (int) width * factor,
                                                         (int) height * factor, GDK_INTERP_NEAREST);
  g_autoptr (GdkTexture) texture = gdk_texture_new_for_pixbuf (large);
  GtkWidget *picture = gtk_picture_new_for_paintable (GDK_PAINTABLE (texture));
  gtk_picture_set_alternative_text (GTK_PICTURE (picture), text);
  gtk_widget_set_size_request (picture, PIXELS, PIXELS);
  gtk_widget_set_halign (picture, GTK_ALIGN_CENTER);
  return picture;
}

static void
add_label (GtkWidget *box, const char *text, const char *css)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_widget_add_css_class (label, css);
  gtk_box_append (GTK_BOX (box), label);
}

static void
add_sample (BsChangedSamples *self,
            const BsDataset *dataset,
            guint at,
            guint rows,
            gint32 a,
            gint32 b)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 2);
  g_autofree char *change = g_strdup_printf ("%d → %d", a, b);
  g_autofree char *truth = dataset != NULL && dataset->labels != NULL
                             ? g_strdup_printf (_ ("label %lld"), (long long) dataset->labels[at])
                             : g_strdup ("");
  g_autofree char *text = g_strdup_printf (_ ("Sample %u: %s, %s"), at / rows, change, truth);
  GtkWidget *picture = make_picture (dataset, at / rows, text);

  if (picture != NULL)
    gtk_box_append (GTK_BOX (box), picture);
  add_label (box, change, "heading");
  add_label (box, truth, "dim-label");
  gtk_widget_set_tooltip_text (box, text);
  gtk_flow_box_insert (self->samples, box, -1);
}

static void
clear (BsChangedSamples *self)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->samples))) != NULL)
    gtk_flow_box_remove (self->samples, child);
}

static void
fill (BsChangedSamples *self, const BsResult *a, const BsResult *b)
{
  BsStudy *study = bs_document_study (self->document);
  const BsDataset *dataset = study != NULL ? bs_study_dataset (study) : NULL;
  guint n = 0, rows = dataset != NULL ? MAX (a->n_predictions / MAX (dataset->n, 1), 1) : 1;

  for (guint i = 0; i < a->n_predictions; i++)
    if (a->predictions[i] != b->predictions[i] && n++ < MOST)
      add_sample (self, dataset, i, rows, a->predictions[i], b->predictions[i]);
  g_autofree char *changed = bs_text_count (n), *all = bs_text_count (a->n_predictions);
  g_autofree char *text = n > MOST
                            ? g_strdup_printf (_ ("%s of %s, the first %d:"), changed, all, MOST)
                            : g_strdup_printf (_ ("%s of %s"), changed, all);
  gtk_label_set_label (self->summary, text);
}

void
bs_changed_samples_show (BsChangedSamples *self, BsDocument *document)
{
  BsResultItem *first = bs_document_selected_result (document),
               *second = bs_document_other_result (document);
  const BsResult *a = first != NULL ? bs_result_item_judged (first) : NULL,
                 *b = second != NULL ? bs_result_item_judged (second) : NULL;
  gboolean known = a != NULL && b != NULL && a->n_predictions == b->n_predictions,
           classes = first != NULL && !isnan (bs_result_item_get (first)->agreement);

  g_set_object (&self->document, document);
  /* A running job has the samples: what is shown of the same two results stays. */
  if (known && bs_document_is_running (document) && a == self->shown[0] && b == self->shown[1])
    return;
  self->shown[0] = known ? a : NULL;
  self->shown[1] = known ? b : NULL;
  clear (self);
  gtk_widget_set_visible (self->judge, !known && classes);
  gtk_widget_set_sensitive (self->judge, !bs_document_is_running (document));
  if (known)
    fill (self, a, b);
  else
    gtk_label_set_label (self->summary,
                         classes ? _ ("Which samples these are is not stored with results.")
                                 : _ ("The network does not tell classes apart."));
}

static void
judge_cb (BsChangedSamples *self)
{
  bs_document_judge (self->document);
}

static void
dispose (GObject *object)
{
  g_clear_object (&BS_CHANGED_SAMPLES (object)->document);
  G_OBJECT_CLASS (bs_changed_samples_parent_class)->dispose (object);
}

static void
bs_changed_samples_class_init (BsChangedSamplesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/changed_samples.ui");
  gtk_widget_class_bind_template_child (widget_class, BsChangedSamples, summary);
  gtk_widget_class_bind_template_child (widget_class, BsChangedSamples, judge);
  gtk_widget_class_bind_template_child (widget_class, BsChangedSamples, samples);
  gtk_widget_class_bind_template_callback (widget_class, judge_cb);
}

static void
bs_changed_samples_init (BsChangedSamples *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
