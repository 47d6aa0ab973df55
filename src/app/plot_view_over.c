/* The drawing widget: what lies over the plot: marks, the label, the drag, the focus.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/plot_view_private.h"

#include <math.h>

GdkRGBA
bs_plot_view_rgba (BsColor color, double alpha)
{
  return (GdkRGBA){ (float) color.r, (float) color.g, (float) color.b, (float) (color.a * alpha) };
}

/* A narrow item is a column or row of the plot: a band; a square one is a point: a ring. */
static void
mark_item (BsPlotView *self, GtkSnapshot *snapshot, const BsPlotItem *item, double strength)
{
  GdkRGBA color = bs_plot_view_rgba (self->style.accent, strength);
  gboolean point = fabs (item->width - item->height) < 1 && item->width < 60;

  if (point) {
    float radius = (float) item->width / 2 + 3;
    float x = (float) (item->x + item->width / 2), y = (float) (item->y + item->height / 2);
    GskRoundedRect ring;
    gsk_rounded_rect_init_from_rect (
      &ring, &GRAPHENE_RECT_INIT (x - radius, y - radius, 2 * radius, 2 * radius), radius);
    gtk_snapshot_append_border (snapshot, &ring, (float[]){ 2.5f, 2.5f, 2.5f, 2.5f },
                                (GdkRGBA[]){ color, color, color, color });
  } else {
    GskRoundedRect outline;
    gsk_rounded_rect_init_from_rect (&outline,
                                     &GRAPHENE_RECT_INIT ((float) floor (item->x),
                                                          (float) floor (item->y),
                                                          (float) MAX (ceil (item->width), 2),
                                                          (float) MAX (ceil (item->height), 2)),
                                     0);
    gtk_snapshot_append_border (snapshot, &outline, (float[]){ 1, 1, 1, 1 },
                                (GdkRGBA[]){ color, color, color, color });
    color.alpha *= 0.16f;
    gtk_snapshot_append_color (snapshot, &color,
                               &GRAPHENE_RECT_INIT ((float) floor (item->x),
                                                    (float) floor (item->y),
                                                    (float) MAX (ceil (item->width), 2),
                                                    (float) MAX (ceil (item->height), 2)));
  }
}

static void
draw_label (BsPlotView *self, GtkSnapshot *snapshot, const BsPlotItem *item)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), item->text);
  int text_width, text_height, width = gtk_widget_get_width (GTK_WIDGET (self));
  const int pad = 7;

  pango_layout_get_pixel_size (layout, &text_width, &text_height);
  double w = text_width + 2 * pad, h = text_height + 2 * pad;
  gboolean point = item->width < 60 && item->height < 60;
  double x = item->x + item->width / 2 + 14, y = point ? item->y - h - 6 : item->y + 6;
  if (x + w > width - 2)
    x = item->x + item->width / 2 - 14 - w;
  x = CLAMP (x, 2, MAX (width - w - 2, 2));
  if (y < 2)
    y = item->y + (point ? item->height + 6 : 6);
  y = CLAMP (y, 2, MAX (gtk_widget_get_height (GTK_WIDGET (self)) - h - 2, 2));

  GskRoundedRect box;
  GdkRGBA background = bs_plot_view_rgba (self->style.foreground, 0.94),
          text = bs_plot_view_rgba (self->style.background, 1);
  gsk_rounded_rect_init_from_rect (
    &box, &GRAPHENE_RECT_INIT ((float) round (x), (float) round (y), (float) w, (float) h), 6);
  gtk_snapshot_push_rounded_clip (snapshot, &box);
  gtk_snapshot_append_color (snapshot, &background, &box.bounds);
  gtk_snapshot_pop (snapshot);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot,
                          &GRAPHENE_POINT_INIT ((float) round (x) + pad, (float) round (y) + pad));
  gtk_snapshot_append_layout (snapshot, layout, &text);
  gtk_snapshot_restore (snapshot);
}

static gboolean
has_visible_focus (BsPlotView *self)
{
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));

  return gtk_widget_has_focus (GTK_WIDGET (self)) && GTK_IS_WINDOW (root) &&
         gtk_window_get_focus_visible (GTK_WINDOW (root));
}

static void
draw_reason (BsPlotView *self, GtkSnapshot *snapshot, int width, int height)
{
  g_autoptr (PangoLayout) layout = gtk_widget_create_pango_layout (GTK_WIDGET (self), self->reason);
  GdkRGBA color = bs_plot_view_rgba (self->style.muted, 1);
  int text_width, text_height;

  pango_layout_set_width (layout, MAX (width - 40, 40) * PANGO_SCALE);
  pango_layout_set_alignment (layout, PANGO_ALIGN_CENTER);
  pango_layout_set_wrap (layout, PANGO_WRAP_WORD_CHAR);
  pango_layout_get_pixel_size (layout, &text_width, &text_height);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (snapshot,
                          &GRAPHENE_POINT_INIT (20, (float) round ((height - text_height) / 2.0)));
  gtk_snapshot_append_layout (snapshot, layout, &color);
  gtk_snapshot_restore (snapshot);
}

/* The handle on its way, or the rubber band. */
static void
draw_drag (BsPlotView *self, GtkSnapshot *snapshot)
{
  GdkRGBA color = bs_plot_view_rgba (self->style.accent, 1);
  double left, top, right, bottom;

  if (self->data == NULL || !bs_plot_data_area (self->data, &left, &top, &right, &bottom))
    return;
  if (self->grip != BS_PLOT_NONE)
    gtk_snapshot_append_color (snapshot, &color,
                               &GRAPHENE_RECT_INIT ((float) round (self->grip_x) - 1, (float) top,
                                                    2, (float) (bottom - top)));
  if (!self->banding)
    return;
  graphene_rect_t band = GRAPHENE_RECT_INIT (
    (float) MIN (self->band_x0, self->band_x1), (float) MIN (self->band_y0, self->band_y1),
    (float) fabs (self->band_x1 - self->band_x0), (float) fabs (self->band_y1 - self->band_y0));
  GskRoundedRect outline;
  gsk_rounded_rect_init_from_rect (&outline, &band, 0);
  gtk_snapshot_append_border (snapshot, &outline, (float[]){ 1, 1, 1, 1 },
                              (GdkRGBA[]){ color, color, color, color });
  color.alpha *= 0.12f;
  gtk_snapshot_append_color (snapshot, &color, &band);
}

void
bs_plot_view_draw_over (BsPlotView *self, GtkSnapshot *snapshot)
{
  int width = gtk_widget_get_width (GTK_WIDGET (self)),
      height = gtk_widget_get_height (GTK_WIDGET (self));
  const BsPlotItem *items;
  guint n;

  if (self->node == NULL && self->reason != NULL)
    draw_reason (self, snapshot, width, height);
  items = bs_plot_view_items (self, &n);
  for (guint i = 0; i < n && self->selected != BS_PLOT_NONE; i++)
    if (items[i].index == self->selected)
      mark_item (self, snapshot, &items[i], 1);
  guint shown = self->hovered != BS_PLOT_NONE ? self->hovered
                : has_visible_focus (self)    ? self->cursor
                                              : BS_PLOT_NONE;
  if (shown < n) {
    mark_item (self, snapshot, &items[shown], 0.6);
    draw_label (self, snapshot, &items[shown]);
  }
  draw_drag (self, snapshot);
  if (has_visible_focus (self))
    gtk_snapshot_render_focus (snapshot, gtk_widget_get_style_context (GTK_WIDGET (self)), 0, 0,
                               width, height);
}
