/* Page: lessons, each with a sentence, a live picture, a question and the numbers.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/page_lessons.h"

#include "app/plot_view.h"
#include "app/text.h"
#include "plot/axis.h"
#include "workbench/lesson.h"

#include <glib/gi18n.h>
#include <string.h>

struct _BsPageLessons {
  AdwBin parent_instance;
  GtkDropDown *lesson, *choice;
  GtkLabel *text, *question, *slider_title, *numbers, *answer;
  GtkWidget *slider_box;
  GtkAdjustment *adjustment;
  GtkToggleButton *reveal, *presenter;
  GtkRevealer *revealer;
  BsPlotView *values, *errors;
  gboolean filling;
};

G_DEFINE_FINAL_TYPE (BsPageLessons, bs_page_lessons, ADW_TYPE_BIN)

static const BsLesson *
current (BsPageLessons *self)
{
  return bs_lessons[gtk_drop_down_get_selected (self->lesson)];
}

static void
show_numbers (BsPageLessons *self, const BsTensorView *view, const char *spec)
{
  g_autofree char *sqnr = bs_text_db (view->sqnr_db);
  char bits[32];

  bs_plot_number (bits, sizeof bits, view->bits_each, 2);
  g_autofree char *text =
    g_strdup_printf (_ ("%s: SQNR %s, %s bits a value with scales"), spec, sqnr, bits);
  gtk_label_set_label (self->numbers, text);
}

static void
update (BsPageLessons *self)
{
  guint choice = gtk_drop_down_get_selected (self->choice);
  double slider = gtk_adjustment_get_value (self->adjustment);
  g_autoptr (GError) error = NULL;

  if (self->filling || choice == GTK_INVALID_LIST_POSITION ||
      !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  const BsLesson *lesson = current (self);
  g_autofree char *spec = bs_lesson_spec (lesson, choice, slider);
  g_autoptr (BsTensorView) view = bs_lesson_view (lesson, choice, slider, &error);
  if (view == NULL) {
    gtk_label_set_label (self->numbers, error->message);
    return;
  }
  BsPlotInput input = {
    .layer = _ (lesson->title),
    .spec = spec,
    .values = view->values,
    .n_values = view->n,
    .levels = view->levels,
    .n_levels = view->n_levels,
    .clip_lo = view->clip_lo,
    .clip_hi = view->clip_hi,
  };
  bs_plot_view_show (self->values, bs_plot_find ("weight-histogram"), &input);
  input.error_bins = view->error_bins;
  input.error_span = view->error_span;
  input.sqnr_db = view->sqnr_db;
  bs_plot_view_show (self->errors, bs_plot_find ("error-histogram"), &input);
  show_numbers (self, view, spec);
}

static void
lesson_cb (BsPageLessons *self)
{
  g_autoptr (GtkStringList) choices = gtk_string_list_new (NULL);

  if (self->filling)
    return;
  const BsLesson *lesson = current (self);
  for (guint i = 0; lesson->specs[i] != NULL; i++) {
    g_autofree char *name = g_strndup (lesson->specs[i], strcspn (lesson->specs[i], "%"));
    if (g_str_has_suffix (name, ":fixed=-"))
      name[strlen (name) - strlen (":fixed=-")] = '\0';
    gtk_string_list_append (choices, name);
  }
  self->filling = TRUE;
  gtk_label_set_label (self->text, _ (lesson->text));
  gtk_label_set_label (self->question, _ (lesson->question));
  gtk_label_set_label (self->answer, _ (lesson->answer));
  gtk_toggle_button_set_active (self->reveal, FALSE);
  gtk_drop_down_set_model (self->choice, G_LIST_MODEL (choices));
  gtk_drop_down_set_selected (self->choice, lesson->usual);
  gtk_widget_set_visible (self->slider_box, lesson->slider != NULL);
  if (lesson->slider != NULL) {
    gtk_label_set_label (self->slider_title, _ (lesson->slider));
    gtk_adjustment_configure (self->adjustment, lesson->def, lesson->min, lesson->max,
                              (lesson->max - lesson->min) / 100, (lesson->max - lesson->min) / 10,
                              0);
  }
  self->filling = FALSE;
  update (self); /* nothing while the page is not seen */
}

/* Where the slider is the range, its ends can be taken hold of, too. */
static void
handle_moved_cb (BsPageLessons *self, guint handle, double value, gboolean released)
{
  guint choice = gtk_drop_down_get_selected (self->choice);

  if (choice != GTK_INVALID_LIST_POSITION && strstr (current (self)->specs[choice], "%s") != NULL)
    gtk_adjustment_set_value (self->adjustment, ABS (value));
}

static void
presenter_cb (BsPageLessons *self)
{
  if (gtk_toggle_button_get_active (self->presenter))
    gtk_widget_add_css_class (GTK_WIDGET (self), "presenter");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "presenter");
}

gboolean
bs_page_lessons_show (BsPageLessons *self, guint number)
{
  if (number < 1 || number > g_list_model_get_n_items (gtk_drop_down_get_model (self->lesson)))
    return FALSE;
  gtk_drop_down_set_selected (self->lesson, number - 1);
  return TRUE;
}

static void
map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (bs_page_lessons_parent_class)->map (widget);
  update (BS_PAGE_LESSONS (widget));
}

static void
bs_page_lessons_class_init (BsPageLessonsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->map = map;
  g_type_ensure (BS_TYPE_PLOT_VIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bitstair/Bitstair/page_lessons.ui");
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, lesson);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, choice);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, text);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, question);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, slider_title);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, numbers);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, answer);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, slider_box);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, adjustment);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, reveal);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, presenter);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, revealer);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, values);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, errors);
  gtk_widget_class_bind_template_callback (widget_class, lesson_cb);
  gtk_widget_class_bind_template_callback (widget_class, update);
  gtk_widget_class_bind_template_callback (widget_class, presenter_cb);
  gtk_widget_class_bind_template_callback (widget_class, handle_moved_cb);
}

static void
bs_page_lessons_init (BsPageLessons *self)
{
  g_autoptr (GtkStringList) titles = gtk_string_list_new (NULL);

  self->filling = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  for (guint i = 0; bs_lessons[i] != NULL; i++)
    gtk_string_list_append (titles, _ (bs_lessons[i]->title));
  gtk_drop_down_set_model (self->lesson, G_LIST_MODEL (titles));
  self->filling = FALSE;
  lesson_cb (self);
}
