/* Sensitivity: what each layer costs when it alone is quantized, or when it alone is spared.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "study/study.h"

G_BEGIN_DECLS

typedef enum {
  BS_SENSITIVITY_ONLY,    /* one layer at the option, all others as others says */
  BS_SENSITIVITY_ALL_BUT, /* all layers at the option, one as others says */
} BsSensitivityMode;

/* What a layer is asked to become. */
typedef struct {
  BsSpec spec;
  gboolean acts; /* spec is for its activations and the weights stay as others says; else for its
                    weights */
  char *text;    /* canonical text of spec */
} BsSensitivityOption;

typedef struct _BsSensitivity BsSensitivity;

/* Called while a scan runs, on its thread: with the empty table, then after each measurement.
 * so_far is the scan's own, valid until the callback returns: copy it to keep it. */
typedef void (*BsSensitivityFilled) (gpointer user, const BsSensitivity *so_far);

typedef struct {
  GArray *weights, *acts; /* BsSpec, scanned separately; either may be NULL or empty, not both */
  BsSensitivityMode mode;
  BsSpec others;     /* weights of the other layers; float: their activations are float too */
  BsSpec layer_acts; /* activations of layers whose weights are quantized */
  GHashTable *known; /* key → BsResult measured before; NULL: none */
  double seconds;    /* time box; 0: none */
  gboolean latency;  /* base and uniform results are timed, too */
  BsSensitivityFilled filled; /* may be NULL */
  gpointer user;              /* of filled */
} BsSensitivityPlan;

/* What a scan found. Immutable; partly filled when it was stopped: then some results are NULL. */
struct _BsSensitivity {
  guint n_layers, n_options;
  char **layers;                /* [n_layers] node names, in execution order */
  BsSensitivityOption *options; /* [n_options] weights first */
  BsSensitivityMode mode;
  BsResult *base;     /* all layers as others says */
  BsResult **uniform; /* [n_options] all layers at the option, with layer errors */
  BsResult **results; /* [n_layers × n_options] */
  gboolean interrupted;
};

/* bs_sensitivity_scan: measures all layers at all options. Layers are visited far apart first, so
 * that a stopped scan shows the whole network and the time left can be told early.
 *
 *   observer  result () is called once for each measured or known configuration; cancelling is no
 *             error
 *
 * Errors  bs_study_measure's own; BS_ERROR_NO_DATA when the model has no layers with weights. */
BsSensitivity *bs_sensitivity_scan (BsStudy *study,
                                    const BsSensitivityPlan *plan,
                                    const BsObserver *observer,
                                    GError **error);
BsSensitivity *bs_sensitivity_copy (const BsSensitivity *sensitivity); /* shares the results */
void bs_sensitivity_free (BsSensitivity *sensitivity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsSensitivity, bs_sensitivity_free)

/* borrowed; NULL: not measured */
BsResult *bs_sensitivity_result (const BsSensitivity *sensitivity, guint layer, guint option);

/* bs_sensitivity_noise: output noise over output signal that quantizing one layer (option) adds to
 * the base; ≥ 0. In all-but mode what sparing the layer takes away. NaN when not measured. */
double bs_sensitivity_noise (const BsSensitivity *sensitivity, guint layer, guint option);

/* bs_sensitivity_mean_db: how well a layer bears the options, one number to compare layers by: mean
 * SQNR of the output over those in which it is finite. NaN: there are none, or not all options are
 * measured yet. */
double bs_sensitivity_mean_db (const BsSensitivity *sensitivity, guint layer);

/* The additivity check: were errors of layers independent, noise of all layers would be the sum. */
typedef struct {
  double predicted_sqnr_db, measured_sqnr_db;
  double predicted_value, measured_value; /* base value less the sum of losses */
} BsAdditivity;

/* FALSE: something is not measured, or the scan spared layers. */
gboolean
bs_sensitivity_additivity (const BsSensitivity *sensitivity, guint option, BsAdditivity *check);

/* bs_sensitivity_text: the plan as one line, what results are stored under. (transfer full) */
char *bs_sensitivity_text (const BsSensitivityPlan *plan);

/* bs_noise: Σ(x−y)²/Σx² from its level in decibels; 0 for +inf. */
double bs_noise (double sqnr_db);

G_END_DECLS
