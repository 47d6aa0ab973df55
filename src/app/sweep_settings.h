/* What the user asks for: the axes of a sweep, how much is done for each configuration, and
 * layers edited by hand. Immutable, reference counted. SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "study/plan.h"

#include <glib-object.h>

G_BEGIN_DECLS

#define BS_TYPE_SWEEP_SETTINGS (bs_sweep_settings_get_type ())

/* How much is done for each configuration of the plan. */
typedef struct {
  guint limit;      /* evaluate at most so many samples; 0: all */
  gboolean race;    /* configurations that stay below smaller ones are stopped early */
  gboolean latency; /* the time of a sample is measured, too */
  guint cache_mib;  /* memory for activations that later configurations start from; 0: none */
} BsSweepEffort;

typedef struct {
  gatomicrefcount refs;
  BsPlan plan; /* texts are owned and never NULL */
  BsSweepEffort effort;
  GVariant *edits; /* a{ss}: layer → spec of its weights, over what the selected result has */
} BsSweepSettings;

GType bs_sweep_settings_get_type (void);

/* bs_sweep_settings_new: the plan's texts are copied; NULL becomes "". effort: NULL for the usual
 * one. edits: NULL for none. */
BsSweepSettings *
bs_sweep_settings_new (const BsPlan *plan, const BsSweepEffort *effort, GVariant *edits);

/* bs_sweep_settings_usual: what a model without a plan of its own is opened with. */
BsSweepSettings *bs_sweep_settings_usual (void);

/* bs_sweep_settings_with_cure: the same sweep with what a finding recommends (BsFinding.cure) tried,
 * too: a correction with and without it, a scope, a range rule or an encoding of activations. The
 * axes keep what they had. (transfer full) */
BsSweepSettings *bs_sweep_settings_with_cure (const BsSweepSettings *settings, const char *cure);
BsSweepSettings *bs_sweep_settings_ref (BsSweepSettings *settings);
void bs_sweep_settings_unref (BsSweepSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsSweepSettings, bs_sweep_settings_unref)

/* bs_sweep_settings_with_edit: spec for the weights of one layer; NULL: as it was. layer NULL: no
 * edits at all. (transfer full) */
BsSweepSettings *
bs_sweep_settings_with_edit (const BsSweepSettings *settings, const char *layer, const char *spec);
const char *bs_sweep_settings_edit (const BsSweepSettings *settings,
                                    const char *layer); /* NULL: not edited */
guint bs_sweep_settings_n_edits (const BsSweepSettings *settings);

/* Lists of a plan, "tensor,channel". An empty one means its usual entry; one that comes down to the
 * usual entry becomes empty again. */
gboolean bs_sweep_list_has (const char *list, const char *token);
char *bs_sweep_list_set (const char *list, const char *token, gboolean on, const char *usual);

gboolean bs_sweep_settings_equal (const BsSweepSettings *a, const BsSweepSettings *b);

G_END_DECLS
