/* A plan: the axes of a sweep and the configurations they span, coarse to fine.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/config.h"

G_BEGIN_DECLS

typedef struct {
  char *weights; /* comma-separated specs; "int2..int8" is a range of widths */
  char *acts;
  char *scopes;      /* "" or NULL: as the specs say; "model,tensor,channel,group=32" */
  char *ranges;      /* "" or NULL: as the specs say; "minmax,mse" */
  char *corrections; /* "" or NULL: none; sets joined with "+": "none,equalize,equalize+bias" */
} BsPlan;

/* bs_plan_configs: all configurations of the plan, without doubles, ordered coarse to fine: corners
 * first, then halves, so that a stopped sweep still shows the whole range. Returns  (transfer full)
 * array of BsConfig Errors   BS_ERROR_INVALID naming the token. */
GPtrArray *bs_plan_configs (const BsPlan *plan, GError **error);

/* bs_plan_specs: the specs of a list, each in every scope and with every range rule; float and
 * doubles once.
 *   what  of which the list is, for messages: "weights"
 * Returns  (transfer full) array of BsSpec Errors   BS_ERROR_INVALID naming the token. */
GArray *bs_plan_specs (const char *list,
                       const char *scopes,
                       const char *ranges,
                       const char *what,
                       GError **error);

/* bs_plan_sort_by_size: configurations (BsConfig) that take less memory first, as far as the specs
 * tell; of equal ones those with wider activations, else in their order. For racing: only what is
 * smaller can beat a configuration. */
void bs_plan_sort_by_size (GPtrArray *configs);

char *
bs_plan_to_string (const BsPlan *plan); /* canonical one-line text: what a study is stored under */

G_END_DECLS
