/* Page: lessons, each with a sentence, controls, a live picture, a question and the numbers.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/page_lessons.h"

#include "app/plot_view.h"
#include "plot/figure.h"
#include "workbench/lesson.h"

#include <glib/gi18n.h>
#include <string.h>

#define PRESENTER_SCALE 1.5

struct _BsPageLessons {
  AdwBin parent_instance;
  GtkDropDown *lesson;
  GtkFlowBox *lists, *sliders;
  GtkLabel *text, *question, *numbers, *answer;
  GtkEditable *prediction;
  GtkToggleButton *reveal, *presenter;
  BsPlotView *first, *second;
  GtkWidget *widgets[BS_LESSON_CONTROLS]; /* GtkDropDown or GtkScale; NULL: no more */
  double dragged[BS_LESSON_LEVELS];       /* values without a control */
  gboolean filling;
};

G_DEFINE_FINAL_TYPE (BsPageLessons, bs_page_lessons, ADW_TYPE_BIN)

static const BsLesson *
current (BsPageLessons *self)
{
  return bs_lessons[gtk_drop_down_get_selected (self->lesson)];
}

static void
read_values (BsPageLessons *self, double *values)
{
  bs_lesson_defaults (current (self), values);
  for (guint i = 0; i < BS_LESSON_CONTROLS && self->widgets[i] != NULL; i++)
    values[i] = GTK_IS_DROP_DOWN (self->widgets[i])
                  ? gtk_drop_down_get_selected (GTK_DROP_DOWN (self->widgets[i]))
                  : gtk_range_get_value (GTK_RANGE (self->widgets[i]));
  memcpy (values + BS_LESSON_CONTROLS, self->dragged, sizeof self->dragged);
}

static void
write_values (BsPageLessons *self, const double *values)
{
  for (guint i = 0; i < BS_LESSON_CONTROLS && self->widgets[i] != NULL; i++)
    if (GTK_IS_DROP_DOWN (self->widgets[i]))
      gtk_drop_down_set_selected (GTK_DROP_DOWN (self->widgets[i]), (guint) values[i]);
    else
      gtk_range_set_value (GTK_RANGE (self->widgets[i]), values[i]);
  memcpy (self->dragged, values + BS_LESSON_CONTROLS, sizeof self->dragged);
}

static void
show_figure (BsPlotView *view, BsFigure *figure)
{
  bs_plot_view_show (view, &bs_plot_figure, &(BsPlotInput){ .figure = figure });
}

static void
show_histograms (BsPageLessons *self, const BsLesson *lesson, const BsLessonShown *shown)
{
  const BsPlotInput input = {
    .title = shown->spec,
    .spec = shown->spec,
    .view = shown->view,
    .levels_move = lesson->drag != NULL,
  };

  bs_plot_view_show (self->first, bs_plot_find ("weight-histogram"), &input);
  bs_plot_view_show (self->second, bs_plot_find ("error-histogram"), &input);
}

static void
update (BsPageLessons *self)
{
  double values[BS_LESSON_VALUES];
  g_autoptr (GError) error = NULL;

  if (self->filling || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  const BsLesson *lesson = current (self);
  read_values (self, values);
  g_autoptr (BsLessonShown) shown = bs_lesson_show (lesson, values, &error);
  if (shown == NULL) {
    gtk_label_set_label (self->numbers, error->message);
    gtk_toggle_button_set_active (self->reveal, TRUE); /* it is not said elsewhere */
    return;
  }
  gboolean answered = shown->figures[1] != NULL &&
                      (!lesson->second_answers || gtk_toggle_button_get_active (self->reveal));
  if (shown->view != NULL)
    show_histograms (self, lesson, shown);
  else
    show_figure (self->first, shown->figures[0]);
  if (answered)
    show_figure (self->second, shown->figures[1]);
  gtk_widget_set_visible (GTK_WIDGET (self->second), answered || shown->view != NULL);
  gtk_label_set_label (self->numbers, shown->numbers);
}

/* Values that the picture was made to have, not the controls. */
static void
take_values (BsPageLessons *self, const double *values)
{
  self->filling = TRUE;
  write_values (self, values);
  self->filling = FALSE;
  update (self);
}

static GtkWidget *
make_list (BsPageLessons *self, const BsLessonControl *control)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  GtkWidget *list;

  for (guint i = 0; control->choices[i] != NULL; i++)
    gtk_string_list_append (names, _ (control->choices[i]));
  list = gtk_drop_down_new (g_object_ref (G_LIST_MODEL (names)), NULL);
  gtk_drop_down_set_selected (GTK_DROP_DOWN (list), (guint) control->def);
  g_signal_connect_object (list, "notify::selected", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  return list;
}

static GtkWidget *
make_slider (BsPageLessons *self, const BsLessonControl *control)
{
  double span = control->max - control->min, step = control->step > 0 ? control->step : span / 100;
  GtkWidget *slider =
    gtk_scale_new_with_range (GTK_ORIENTATION_HORIZONTAL, control->min, control->max, step);

  gtk_scale_set_digits (GTK_SCALE (slider), control->step >= 1 ? 0 : control->step > 0 ? 1 : 2);
  gtk_scale_set_draw_value (GTK_SCALE (slider), TRUE);
  gtk_scale_set_value_pos (GTK_SCALE (slider), GTK_POS_RIGHT);
  gtk_range_set_increments (GTK_RANGE (slider), step, MAX (span / 10, step));
  gtk_range_set_value (GTK_RANGE (slider), control->def);
  gtk_widget_set_size_request (slider, 120, -1);
  gtk_widget_set_hexpand (slider, TRUE);
  g_signal_connect_object (slider, "value-changed", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  return slider;
}

static void
clear (GtkFlowBox *box)
{
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (box))) != NULL)
    gtk_flow_box_remove (box, child);
}

static void
make_controls (BsPageLessons *self, const BsLesson *lesson)
{
  clear (self->lists);
  clear (self->sliders);
  for (guint i = 0; i < BS_LESSON_CONTROLS; i++) {
    const BsLessonControl *control = &lesson->controls[i];
    self->widgets[i] = NULL;
    if (control->name == NULL)
      continue;
    GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8),
              *label = gtk_label_new (_ (control->name));
    self->widgets[i] =
      control->choices != NULL ? make_list (self, control) : make_slider (self, control);
    gtk_accessible_update_relation (GTK_ACCESSIBLE (self->widgets[i]),
                                    GTK_ACCESSIBLE_RELATION_LABELLED_BY, label, NULL, -1);
    gtk_box_append (GTK_BOX (box), label);
    gtk_box_append (GTK_BOX (box), self->widgets[i]);
    gtk_flow_box_insert (control->choices != NULL ? self->lists : self->sliders, box, -1);
    gtk_widget_set_focusable (gtk_widget_get_parent (box), FALSE); /* only what is in it */
  }
  gtk_widget_set_visible (GTK_WIDGET (self->lists),
                          gtk_flow_box_get_child_at_index (self->lists, 0) != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->sliders),
                          gtk_flow_box_get_child_at_index (self->sliders, 0) != NULL);
}

static void
lesson_cb (BsPageLessons *self)
{
  if (self->filling)
    return;
  const BsLesson *lesson = current (self);
  self->filling = TRUE;
  memset (self->dragged, 0, sizeof self->dragged);
  gtk_label_set_label (self->text, _ (lesson->text));
  gtk_label_set_label (self->question, _ (lesson->question));
  gtk_label_set_label (self->answer, _ (lesson->answer));
  gtk_editable_set_text (self->prediction, "");
  gtk_toggle_button_set_active (self->reveal, FALSE);
  make_controls (self, lesson);
  self->filling = FALSE;
  update (self); /* nothing while the page is not seen */
}

static void
item_activated_cb (BsPageLessons *self, guint item)
{
  double values[BS_LESSON_VALUES];

  if (current (self)->press == NULL)
    return;
  read_values (self, values);
  current (self)->press (values, item);
  take_values (self, values);
}

/* Where the picture shows what a slider says, it can be taken hold of there, too. */
static void
handle_moved_cb (BsPageLessons *self, guint handle, double value, gboolean released)
{
  double values[BS_LESSON_VALUES];

  read_values (self, values);
  bs_lesson_drag (current (self), values, handle, value);
  take_values (self, values);
}

static void
presenter_cb (BsPageLessons *self)
{
  gboolean on = gtk_toggle_button_get_active (self->presenter);

  if (on)
    gtk_widget_add_css_class (GTK_WIDGET (self), "presenter");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "presenter");
  bs_plot_view_set_scale (self->first, on ? PRESENTER_SCALE : 1);
  bs_plot_view_set_scale (self->second, on ? PRESENTER_SCALE : 1);
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
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, lists);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, sliders);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, text);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, question);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, prediction);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, numbers);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, answer);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, reveal);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, presenter);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, first);
  gtk_widget_class_bind_template_child (widget_class, BsPageLessons, second);
  gtk_widget_class_bind_template_callback (widget_class, lesson_cb);
  gtk_widget_class_bind_template_callback (widget_class, update);
  gtk_widget_class_bind_template_callback (widget_class, presenter_cb);
  gtk_widget_class_bind_template_callback (widget_class, handle_moved_cb);
  gtk_widget_class_bind_template_callback (widget_class, item_activated_cb);
}

static void
bs_page_lessons_init (BsPageLessons *self)
{
  g_autoptr (GtkStringList) titles = gtk_string_list_new (NULL);

  self->filling = TRUE;
  gtk_widget_init_template (GTK_WIDGET (self));
  for (guint i = 0; bs_lessons[i] != NULL; i++) {
    g_autofree char *title = g_strdup_printf ("%u. %s", i + 1, _ (bs_lessons[i]->title));
    gtk_string_list_append (titles, title);
  }
  gtk_drop_down_set_model (self->lesson, G_LIST_MODEL (titles));
  self->filling = FALSE;
  lesson_cb (self);
}
