/* A configuration: which spec each layer's weights and activations get, and which corrections are applied.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "quant/spec.h"

G_BEGIN_DECLS

typedef struct {
  char *layer; /* node name */
  gboolean has_weights, has_acts;
  BsSpec weights, acts;
} BsLayerSpec;

/* Immutable once made; reference counted. */
typedef struct {
  gatomicrefcount refs;
  BsSpec weights, acts; /* defaults for every layer */
  GPtrArray *layers;    /* BsLayerSpec, sorted by layer name */
  char **corrections;   /* NULL-terminated ids, in order; never NULL */
  char *text;           /* canonical JSON, one line: what is stored */
  char key[65];         /* SHA-256 of text */
} BsConfig;

BsConfig *bs_config_new (const BsSpec *weights,
                         const BsSpec *acts,
                         GPtrArray *layers /* (transfer full), may be NULL */,
                         const char *const *corrections);
BsConfig *bs_config_parse (const char *json,
                           GError **error); /* the configuration file of the manual */
BsConfig *bs_config_load (const char *path, GError **error);
gboolean bs_config_save (const BsConfig *config, const char *path, GError **error);
BsConfig *bs_config_ref (BsConfig *config);
void bs_config_unref (BsConfig *config);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsConfig, bs_config_unref)

/* bs_config_with_weights: the same with other weights for one layer. (transfer full) */
BsConfig *bs_config_with_weights (const BsConfig *config, const char *layer, const BsSpec *weights);

/* bs_config_with_corrections: the same with other corrections. (transfer full) */
BsConfig *bs_config_with_corrections (const BsConfig *config, const char *const *corrections);

const BsSpec *bs_config_weights (const BsConfig *config, const char *layer);
const BsSpec *bs_config_acts (const BsConfig *config, const char *layer);

G_END_DECLS
