/* Results as JSON and as tables: the same for every command.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cli/json.h"
#include "store/store.h"

G_BEGIN_DECLS

/* bs_json_result: the members of one result into the open object; layers too when with_layers. */
void bs_json_result (JsonBuilder *json, const BsResult *result, gboolean with_layers);

/* bs_json_results: the members "results", an array of which each knows whether it is on the
 * frontier, and "gains": what corrections gained where they were measured with and without. */
void bs_json_results (JsonBuilder *json, GPtrArray *results, gboolean only_pareto);

/* bs_json_study: the members of a study into the open object. */
void bs_json_study (JsonBuilder *json, const BsStudyInfo *info);

/* bs_print_results: one line each, grouped by scope, narrow codes first; then what corrections
 * gained. baseline may be NULL. */
void bs_print_results (GPtrArray *results, const BsResult *baseline, gboolean only_pareto);

/* bs_print_layers: one line per layer of one result. */
void bs_print_layers (const BsResult *result);

/* "98.85 %", "4.4198": the value as its metric is written. (transfer full) */
char *bs_result_value_to_string (const BsResult *result);

/* "10000", "256, stopped early": on how many samples it was measured. (transfer full) */
char *bs_result_samples_to_string (const BsResult *result);

G_END_DECLS
