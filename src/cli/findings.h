/* Findings of the advice as text and JSON.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/advice.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* bs_json_findings: member "findings": [{kind, where, value, bits, text, cure}]. */
void bs_json_findings (JsonBuilder *json, const GPtrArray *findings);

/* bs_print_findings: a title, then a sentence a line, worst first.
 *   under  the configuration, for the title: "int8 · uint8" */
void bs_print_findings (const GPtrArray *findings, const char *under);

/* bs_finding_cure_text: "equalize: Cross-layer equalization": the correction's title where the cure
 * is one. NULL: nothing helps. (transfer full) */
char *bs_finding_cure_text (const BsFinding *finding);

G_END_DECLS
