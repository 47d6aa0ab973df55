/* The options that say what a network should become: --weights and --acts, or --config.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cli/command.h"
#include "quant/config.h"

G_BEGIN_DECLS

/* bs_config_from_options: the configuration asked for; float where nothing was.
 *   each may be NULL
 * Errors  wrong usage; the configuration file's own. */
BsConfig *
bs_config_from_options (const char *weights, const char *acts, const char *config, GError **error);

/* bs_specs_description: encodings, range rules, corrections and their parameters, from the tables. (transfer
 * full) */
char *bs_specs_description (void);

G_END_DECLS
