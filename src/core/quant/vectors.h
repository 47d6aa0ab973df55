/* Values encoded some vectors at a time.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "base/vectorize.h"

#include <glib.h>

G_BEGIN_DECLS

/* Encodes n values, a multiple of BS_VECTOR, of which the first is number `first` of those given to
 * bs_in_vectors. how: as given to that. */
typedef void (*BsVectorFunc) (gconstpointer how,
                              const float *restrict x,
                              gsize n,
                              gsize first,
                              gint32 *restrict codes,
                              float *restrict values);

/* bs_in_vectors: calls func for any n values, the last vector filled up with zeros. */
void bs_in_vectors (BsVectorFunc func,
                    gconstpointer how,
                    const float *x,
                    gsize n,
                    gint32 *codes,
                    float *values);

G_END_DECLS
