/* Drawing that all plots share: text, markers, the frame with its axes, the legend.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "draw.h"

#include <math.h>
#include <pango/pangocairo.h>

void
bs_plot_set_color (cairo_t *cr, BsColor color, double alpha)
{
  cairo_set_source_rgba (cr, color.r, color.g, color.b, color.a * alpha);
}

BsColor
bs_plot_mix (BsColor a, BsColor b, double share)
{
  return (BsColor){ a.r + (b.r - a.r) * share, a.g + (b.g - a.g) * share, a.b + (b.b - a.b) * share,
                    a.a + (b.a - a.a) * share };
}

double
bs_plot_crisp (double position, double width)
{
  return fmod (round (width), 2) == 1 ? floor (position) + 0.5 : round (position);
}

/* Text */

static PangoLayout *
make_layout (BsPlotFrame *frame, const char *text, double scale, gboolean bold)
{
  PangoLayout *layout = pango_layout_new (frame->pango);
  PangoFontDescription *font =
    pango_font_description_copy (pango_context_get_font_description (frame->pango));

  pango_font_description_set_absolute_size (font, frame->em * scale * PANGO_SCALE);
  if (bold)
    pango_font_description_set_weight (font, PANGO_WEIGHT_BOLD);
  pango_layout_set_font_description (layout, font);
  pango_font_description_free (font);
  pango_layout_set_text (layout, text, -1);
  return layout;
}

static void
draw_text (BsPlotFrame *frame,
           const char *text,
           double x,
           double y,
           double align_x,
           double align_y,
           double scale,
           BsColor color,
           gboolean turned,
           gboolean bold)
{
  PangoRectangle box;

  if (frame->pango == NULL || text == NULL || *text == '\0')
    return;
  g_autoptr (PangoLayout) layout = make_layout (frame, text, scale, bold);
  pango_layout_get_extents (layout, NULL, &box);
  double w = (double) box.width / PANGO_SCALE, h = (double) box.height / PANGO_SCALE;
  cairo_save (frame->cr);
  bs_plot_set_color (frame->cr, color, 1);
  if (turned) {
    cairo_translate (frame->cr, round (x - h * align_y), round (y + w * align_x));
    cairo_rotate (frame->cr, -G_PI / 2);
  } else {
    cairo_translate (frame->cr, round (x - w * align_x), round (y - h * align_y));
  }
  pango_cairo_show_layout (frame->cr, layout);
  cairo_restore (frame->cr);
}

void
bs_plot_text (BsPlotFrame *frame,
              const char *text,
              double x,
              double y,
              double align_x,
              double align_y,
              double scale,
              BsColor color,
              gboolean turned)
{
  draw_text (frame, text, x, y, align_x, align_y, scale, color, turned, FALSE);
}

void
bs_plot_text_bold (BsPlotFrame *frame,
                   const char *text,
                   double x,
                   double y,
                   double align_x,
                   double align_y,
                   double scale,
                   BsColor color)
{
  draw_text (frame, text, x, y, align_x, align_y, scale, color, FALSE, TRUE);
}

double
bs_plot_text_width (BsPlotFrame *frame, const char *text, double scale)
{
  PangoRectangle box;

  if (text == NULL)
    return 0;
  if (frame->pango == NULL)
    return (double) g_utf8_strlen (text, -1) * 0.56 * frame->em * scale;
  g_autoptr (PangoLayout) layout = make_layout (frame, text, scale, FALSE);
  pango_layout_get_extents (layout, NULL, &box);
  return (double) box.width / PANGO_SCALE;
}

char *
bs_plot_text_fit (BsPlotFrame *frame, const char *text, double width, double scale)
{
  glong n = g_utf8_strlen (text, -1);
  char *fit = g_strdup (text);

  for (glong keep = n - 1; keep >= 2 && bs_plot_text_width (frame, fit, scale) > width; keep--) {
    g_autofree char *head = g_utf8_substring (text, 0, (keep + 1) / 2);
    g_autofree char *tail = g_utf8_substring (text, n - keep / 2, n);
    g_free (fit);
    fit = g_strconcat (head, "…", tail, NULL);
  }
  return fit;
}

/* Markers */

static void
polygon (cairo_t *cr, double x, double y, double radius, int corners, double first)
{
  for (int i = 0; i < corners; i++) {
    double angle = first + 2 * G_PI * i / corners;
    cairo_line_to (cr, x + radius * sin (angle), y - radius * cos (angle));
  }
  cairo_close_path (cr);
}

void
bs_plot_marker (cairo_t *cr, BsMarker marker, double x, double y, double radius)
{
  double r = radius;

  cairo_new_path (cr);
  switch (marker) {
  case BS_MARKER_SQUARE:
    cairo_rectangle (cr, x - r * 0.88, y - r * 0.88, r * 1.76, r * 1.76);
    break;
  case BS_MARKER_DIAMOND:
    polygon (cr, x, y, r * 1.22, 4, 0);
    break;
  case BS_MARKER_TRIANGLE:
    polygon (cr, x, y + r * 0.2, r * 1.3, 3, 0);
    break;
  case BS_MARKER_TRIANGLE_DOWN:
    polygon (cr, x, y - r * 0.2, r * 1.3, 3, G_PI);
    break;
  case BS_MARKER_PENTAGON:
    polygon (cr, x, y, r * 1.12, 5, 0);
    break;
  case BS_MARKER_HEXAGON:
    polygon (cr, x, y, r * 1.08, 6, G_PI / 6);
    break;
  case BS_MARKER_CROSS:
    for (int i = 0; i < 12; i++) {
      static const signed char px[] = { -1, 1, 1, 3, 3, 1, 1, -1, -1, -3, -3, -1 };
      static const signed char py[] = { -3, -3, -1, -1, 1, 1, 3, 3, 1, 1, -1, -1 };
      cairo_line_to (cr, x + r * 0.36 * px[i], y + r * 0.36 * py[i]);
    }
    cairo_close_path (cr);
    break;
  case BS_MARKER_LINE:
  case BS_MARKER_DASHES:
    cairo_move_to (cr, x - r * 2, bs_plot_crisp (y, 1));
    cairo_line_to (cr, x + r * 2, bs_plot_crisp (y, 1));
    break;
  case BS_MARKER_CIRCLE:
  case BS_N_MARKERS:
  default:
    cairo_arc (cr, x, y, r, 0, 2 * G_PI);
    break;
  }
}

/* Frame */

void
bs_plot_frame_begin (BsPlotFrame *frame,
                     cairo_t *cr,
                     PangoContext *pango,
                     const BsPlotStyle *style,
                     double width,
                     double height,
                     const char *title)
{
  *frame =
    (BsPlotFrame){ .cr = cr, .pango = pango, .style = style, .width = width, .height = height };
  frame->em = style->font_size * 96 / 72;
  cairo_set_line_cap (cr, CAIRO_LINE_CAP_BUTT);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  bs_plot_set_color (cr, style->background, 1);
  cairo_rectangle (cr, 0, 0, width, height);
  cairo_fill (cr);

  double margin = round (frame->em * 0.9);
  frame->left = margin;
  frame->right = width - margin;
  frame->top = margin;
  frame->bottom = height - margin;
  if (title != NULL && *title != '\0') {
    g_autofree char *fit =
      bs_plot_text_fit (frame, title, (frame->right - frame->left) / 1.12, 1.1);
    bs_plot_text_bold (frame, fit, frame->left, frame->top - frame->em * 0.25, 0, 0, 1.1,
                       style->foreground);
    frame->top += round (frame->em * 1.5);
  }
}

void
bs_plot_frame_legend (BsPlotFrame *frame, const BsLegendEntry *entries, guint n)
{
  double line = round (frame->em * 1.55), gap = frame->em * 1.3, mark = frame->em * 1.0;
  double x = frame->left, y = frame->top + line / 2;

  if (n == 0)
    return;
  for (guint i = 0; i < n; i++) {
    const BsLegendEntry *entry = &entries[i];
    gboolean is_line = entry->marker == BS_MARKER_LINE || entry->marker == BS_MARKER_DASHES;
    double mark_width = is_line ? mark * 1.8 : mark;

    if (entry->text == NULL) {
      if (x > frame->left) {
        x = frame->left;
        y += line;
      }
      continue;
    }
    double text_width = bs_plot_text_width (frame, entry->text, 0.95);
    if (x > frame->left && x + mark_width + text_width > frame->right) {
      x = frame->left;
      y += line;
    }
    bs_plot_marker (frame->cr, entry->marker, x + mark_width / 2 - frame->em * 0.1, y,
                    frame->em * 0.38);
    bs_plot_set_color (frame->cr, entry->color, 1);
    cairo_set_line_width (frame->cr, frame->style->line_width);
    if (entry->marker == BS_MARKER_DASHES)
      cairo_set_dash (frame->cr, (double[]){ 4, 3 }, 2, 0);
    if (is_line || entry->hollow)
      cairo_stroke (frame->cr);
    else
      cairo_fill (frame->cr);
    cairo_set_dash (frame->cr, NULL, 0, 0);
    bs_plot_text (frame, entry->text, x + mark_width + frame->em * 0.15, y, 0, 0.5, 0.95,
                  frame->style->foreground, FALSE);
    x += mark_width + text_width + gap;
  }
  frame->top = y + line / 2 + frame->em * 0.45;
}

static gboolean
labels_overlap (BsPlotFrame *frame, const BsPlotAxis *axis)
{
  for (guint i = 0; i + 1 < axis->n_ticks; i++)
    for (guint j = i + 1; j < axis->n_ticks; j++) {
      double distance = fabs (bs_plot_axis_at (axis, axis->ticks[i].value) -
                              bs_plot_axis_at (axis, axis->ticks[j].value));
      double need = (bs_plot_text_width (frame, axis->ticks[i].label, 0.95) +
                     bs_plot_text_width (frame, axis->ticks[j].label, 0.95)) /
                    2;
      if (distance < need + frame->em * 0.9)
        return TRUE;
    }
  return FALSE;
}

void
bs_plot_frame_axes (BsPlotFrame *frame,
                    BsPlotAxis *x,
                    BsPlotAxis *y,
                    const char *x_title,
                    const char *y_title,
                    BsFrameFlags flags)
{
  const BsPlotStyle *style = frame->style;
  cairo_t *cr = frame->cr;
  double em = frame->em;

  /* The bottom strip: tick labels and title have fixed heights. */
  frame->bottom = round (frame->bottom - em * 1.6 - (x_title != NULL ? em * 1.5 : 0));
  frame->top = round (frame->top + em * 0.3);
  if (frame->bottom < frame->top + 10)
    frame->bottom = frame->top + 10;
  bs_plot_axis_place (y, frame->bottom, frame->top);

  double labels = 0;
  if ((flags & BS_FRAME_NO_Y_LABELS) == 0) {
    bs_plot_axis_ticks (y, (guint) CLAMP ((frame->bottom - frame->top) / (em * 2.6), 2, 9));
    for (guint i = 0; i < y->n_ticks; i++)
      labels = MAX (labels, bs_plot_text_width (frame, y->ticks[i].label, 0.95));
    labels += em * 0.5;
  }
  double outer = frame->left;
  frame->left = round (frame->left + labels + (y_title != NULL ? em * 1.7 : 0));
  if (frame->right < frame->left + 10)
    frame->right = frame->left + 10;
  frame->right = round (frame->right);

  bs_plot_axis_place (x, frame->left, frame->right);
  x->n_ticks = 0;
  for (guint n = (guint) CLAMP ((frame->right - frame->left) / (em * 3.4), 2, 11);
       (flags & BS_FRAME_NO_X_LABELS) == 0 && n >= 2; n--) {
    bs_plot_axis_ticks (x, n);
    if (!labels_overlap (frame, x))
      break;
  }

  cairo_set_line_width (cr, 1);
  bs_plot_set_color (cr, style->grid, 1);
  for (guint i = 0; (flags & BS_FRAME_GRID_X) != 0 && i < x->n_ticks; i++) {
    double at = bs_plot_crisp (bs_plot_axis_at (x, x->ticks[i].value), 1);
    cairo_move_to (cr, at, frame->top);
    cairo_line_to (cr, at, frame->bottom);
  }
  for (guint i = 0; (flags & BS_FRAME_GRID_Y) != 0 && i < y->n_ticks; i++) {
    double at = bs_plot_crisp (bs_plot_axis_at (y, y->ticks[i].value), 1);
    cairo_move_to (cr, frame->left, at);
    cairo_line_to (cr, frame->right, at);
  }
  cairo_stroke (cr);

  bs_plot_set_color (cr, style->foreground, 0.8);
  cairo_move_to (cr, frame->left + 0.5, frame->top);
  cairo_line_to (cr, frame->left + 0.5, frame->bottom + 0.5);
  cairo_line_to (cr, frame->right, frame->bottom + 0.5);
  for (guint i = 0; i < x->n_ticks; i++) {
    double at = bs_plot_crisp (bs_plot_axis_at (x, x->ticks[i].value), 1);
    cairo_move_to (cr, at, frame->bottom);
    cairo_line_to (cr, at, frame->bottom + round (em * 0.3));
  }
  for (guint i = 0; (flags & BS_FRAME_NO_Y_LABELS) == 0 && i < y->n_ticks; i++) {
    double at = bs_plot_crisp (bs_plot_axis_at (y, y->ticks[i].value), 1);
    cairo_move_to (cr, frame->left - round (em * 0.3), at);
    cairo_line_to (cr, frame->left, at);
  }
  cairo_stroke (cr);

  for (guint i = 0; i < x->n_ticks; i++)
    bs_plot_text (frame, x->ticks[i].label, bs_plot_axis_at (x, x->ticks[i].value),
                  frame->bottom + em * 0.4, 0.5, 0, 0.95, style->foreground, FALSE);
  for (guint i = 0; (flags & BS_FRAME_NO_Y_LABELS) == 0 && i < y->n_ticks; i++)
    bs_plot_text (frame, y->ticks[i].label, frame->left - em * 0.5,
                  bs_plot_axis_at (y, y->ticks[i].value), 1, 0.5, 0.95, style->foreground, FALSE);
  if (x_title != NULL) {
    double room = frame->right - outer;
    g_autofree char *fit = bs_plot_text_fit (frame, x_title, room, 1);
    double half = bs_plot_text_width (frame, fit, 1) / 2, middle = (frame->left + frame->right) / 2;
    bs_plot_text (frame, fit, MIN (middle, frame->right - half), frame->bottom + em * 1.85, 0.5, 0,
                  1, style->foreground, FALSE);
  }
  if (y_title != NULL) {
    /* A title longer than the axis may use the room below it, but not the legend's. */
    double room = frame->height - frame->top - em * 0.5;
    g_autofree char *fit = bs_plot_text_fit (frame, y_title, room, 1);
    double half = bs_plot_text_width (frame, fit, 1) / 2;
    double middle = MAX ((frame->top + frame->bottom) / 2, frame->top + half);
    bs_plot_text (frame, fit, outer - em * 0.25, middle, 0.5, 0, 1, style->foreground, TRUE);
  }
}

void
bs_plot_grip (BsPlotFrame *frame, double x)
{
  double half = frame->em * 0.3, y = (frame->top + frame->bottom) / 2;

  cairo_rectangle (frame->cr, round (x - half), round (y - 2 * half), round (2 * half),
                   round (4 * half));
  bs_plot_set_color (frame->cr, frame->style->series[0], 1);
  cairo_fill_preserve (frame->cr);
  bs_plot_set_color (frame->cr, frame->style->background, 1);
  cairo_set_line_width (frame->cr, 1);
  cairo_stroke (frame->cr);
}
