/* The result database: every result is one transaction. SQL appears nowhere else.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "study/result.h"

G_BEGIN_DECLS

typedef struct _BsStore BsStore; /* one connection; one thread at a time */

/* bs_store_open: opens or makes the database (WAL, foreign keys, a busy timeout of 10 s) and brings
 * its schema up to date.
 *
 *   path  NULL: $XDG_DATA_HOME/bitstair/results.db; folders are made
 *
 * Errors  BS_ERROR_STORE, one sentence with the path: not a database, newer schema, locked,
 * read-only, disk full. */
BsStore *bs_store_open (const char *path, GError **error);
BsStore *bs_store_open_read_only (const char *path, GError **error);
void bs_store_free (BsStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsStore, bs_store_free)

typedef struct {
  gint64 id;
  char *model_name, *model_path, *model_digest;
  char *data_name, *data_spec, *data_digest;
  char *plan; /* canonical plan text; "" for single evaluations */
  char *metric;
  guint64 n_samples;
  guint64 parameters, float_bytes;
  gint64 created_at; /* Unix time */
  guint n_results;
} BsStudyInfo;
void bs_study_info_free (BsStudyInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsStudyInfo, bs_study_info_free)

/* bs_store_study: the id of the study with this model digest, data digest and measuring settings,
 * made when new. Results of one model on one data set belong together, whatever plan asked for
 * them: only info's fields up to float_bytes are read; plan is updated to the newest. */
gint64 bs_store_study (BsStore *store, const BsStudyInfo *info, GError **error);

GPtrArray *bs_store_studies (BsStore *store, GError **error); /* BsStudyInfo, newest first */
BsStudyInfo *
bs_store_study_info (BsStore *store, gint64 study, GError **error); /* study 0: the newest */
gboolean bs_store_add (BsStore *store,
                       gint64 study,
                       const BsResult *result,
                       gboolean is_float,
                       GError **error); /* a key stored already: left as it is, unless it was
                                           stopped early after fewer samples, or has no latency and
                                           this one has: replaced */
GHashTable *bs_store_keys (BsStore *store,
                           gint64 study,
                           GError **error); /* set of char *: what need not be measured again; not
                                               what was stopped early */
GPtrArray *bs_store_results (
  BsStore *store,
  gint64 study,
  GError **error); /* BsResult with layers, in order of storing; the float run is not among them */
BsResult *
bs_store_float (BsStore *store,
                gint64 study,
                GError **error); /* the float run, or NULL without error when there is none */

/* bs_store_find: the result whose key starts with key_prefix (at least 4 digits, unique), and its
 * study. The same configuration may be stored in several studies: the newest wins; "7:3fa9" asks
 * for study 7 alone. */
BsResult *bs_store_find (BsStore *store, const char *key_prefix, gint64 *study, GError **error);
gint bs_store_merge (BsStore *store,
                     const char *from_path,
                     GError **error); /* results added; −1 on error */

G_END_DECLS
