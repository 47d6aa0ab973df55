/* Colours and sizes of plots, on paper and on a dark screen.
 * The series are the palette of Okabe and Ito (2008), which people with any form of colour
 * blindness can tell apart, in an order that puts the most different ones first; on dark ground the
 * same hues, lighter. SPDX-License-Identifier: GPL-3.0-or-later */
#include "draw.h"

#define RGB(hex)                                                                                   \
  {                                                                                                \
    ((hex) >> 16 & 255) / 255.0, ((hex) >> 8 & 255) / 255.0, ((hex) &255) / 255.0, 1               \
  }

const BsPlotStyle bs_plot_style_light = {
  .background = RGB (0xffffff),
  .foreground = RGB (0x1e1e1e),
  .grid = RGB (0xe4e4e4),
  .accent = RGB (0x1a5fb4),
  .muted = RGB (0x6a6a6a),
  .series = { RGB (0xd55e00), RGB (0x0072b2), RGB (0x009e73), RGB (0xcc79a7), RGB (0xe69f00),
              RGB (0x56b4e9), RGB (0x8a6d3b), RGB (0x555555) },
  .font_size = 10,
  .line_width = 1.5,
};

const BsPlotStyle bs_plot_style_dark = {
  .background = RGB (0x1e1e1e),
  .foreground = RGB (0xf2f2f2),
  .grid = RGB (0x3a3a3a),
  .accent = RGB (0x78aeed),
  .muted = RGB (0xa8a8a8),
  .series = { RGB (0xff8a3d), RGB (0x4aa8e8), RGB (0x2fcf9f), RGB (0xe79bc6), RGB (0xf5c242),
              RGB (0x9bd6f7), RGB (0xc9a66b), RGB (0xbbbbbb) },
  .font_size = 10,
  .line_width = 1.5,
};

/* Anchors of viridis (van der Walt and Smith, 2015): even steps for every eye, and in grey. */
BsColor
bs_plot_map_color (double share)
{
  static const BsColor anchors[] = {
    { 0.267, 0.005, 0.329, 1 }, { 0.283, 0.141, 0.458, 1 }, { 0.254, 0.265, 0.530, 1 },
    { 0.207, 0.372, 0.553, 1 }, { 0.164, 0.471, 0.558, 1 }, { 0.128, 0.567, 0.551, 1 },
    { 0.135, 0.659, 0.518, 1 }, { 0.267, 0.749, 0.441, 1 }, { 0.478, 0.821, 0.318, 1 },
    { 0.741, 0.873, 0.150, 1 }, { 0.993, 0.906, 0.144, 1 },
  };
  double at = CLAMP (share, 0, 1) * (G_N_ELEMENTS (anchors) - 1);
  guint i = MIN ((guint) at, (guint) G_N_ELEMENTS (anchors) - 2);

  return bs_plot_mix (anchors[i], anchors[i + 1], at - i);
}

BsColor
bs_plot_map_ink (double share)
{
  return share > 0.55 ? (BsColor){ 0, 0, 0, 1 } : (BsColor){ 1, 1, 1, 1 };
}
