/* How long work will still take, from what its steps took so far.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _BsPace BsPace; /* used by one thread at a time */

BsPace *bs_pace_new (void);
void bs_pace_free (BsPace *pace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BsPace, bs_pace_free)

/* bs_pace_expect: one more step to do. Steps of one kind take about as long as each other; kind is
 * any text. */
void bs_pace_expect (BsPace *pace, const char *kind);

/* bs_pace_done: one expected step of this kind took so long. seconds < 0: it was found done. */
void bs_pace_done (BsPace *pace, const char *kind, double seconds);

/* bs_pace_left: seconds for all steps still expected: for each kind its own mean so far, and the
 * mean of the kinds' means for those not met yet. −1: nothing was timed yet. */
double bs_pace_left (const BsPace *pace);

G_END_DECLS
