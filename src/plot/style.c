/* Colours and sizes of plots, on paper and on a dark screen.
 * The series are the palette of Okabe and Ito (2008), which people with any form of colour
 * blindness can tell apart, in an order that puts the most different ones first; on dark ground the
 * same hues, lighter. SPDX-License-Identifier: GPL-3.0-or-later */
#include "plot.h"

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
