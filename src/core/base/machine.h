/* Which processor this is: what measured times say they were measured on.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* bs_machine_name: the processor's name as the kernel tells it, "" where it does not. Static. */
const char *bs_machine_name (void);

G_END_DECLS
