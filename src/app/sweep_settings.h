/* What the Sweep page asks for: the axes of a plan and how many samples to judge by. Immutable,
 * reference counted. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "study/plan.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define BS_TYPE_SWEEP_SETTINGS (bs_sweep_settings_get_type ())

typedef struct {
  gatomicrefcount refs;
  BsPlan plan; /* texts are owned and never NULL */
  guint limit; /* evaluate at most so many samples; 0: all */
} BsSweepSettings;

GType bs_sweep_settings_get_type (void);

/* bs_sweep_settings_new: NULL texts become "". */
BsSweepSettings *bs_sweep_settings_new (const char *weights,
                                        const char *acts,
                                        const char *scopes,
                                        const char *ranges,
                                        guint limit);
BsSweepSettings *bs_sweep_settings_ref (BsSweepSettings *settings);
void bs_sweep_settings_unref (BsSweepSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsSweepSettings, bs_sweep_settings_unref)

gboolean bs_sweep_settings_equal (const BsSweepSettings *a, const BsSweepSettings *b);

G_END_DECLS
