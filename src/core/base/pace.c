/* How long work will still take, from what its steps took so far.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/pace.h"

typedef struct {
  guint expected, timed;
  double seconds;
} Kind;

struct _BsPace {
  GHashTable *kinds; /* text → Kind */
};

BsPace *
bs_pace_new (void)
{
  BsPace *pace = g_new0 (BsPace, 1);

  pace->kinds = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return pace;
}

void
bs_pace_free (BsPace *pace)
{
  g_hash_table_unref (pace->kinds);
  g_free (pace);
}

void
bs_pace_expect (BsPace *pace, const char *kind)
{
  Kind *known = g_hash_table_lookup (pace->kinds, kind);

  if (known == NULL) {
    known = g_new0 (Kind, 1);
    g_hash_table_insert (pace->kinds, g_strdup (kind), known);
  }
  known->expected++;
}

void
bs_pace_done (BsPace *pace, const char *kind, double seconds)
{
  Kind *known = g_hash_table_lookup (pace->kinds, kind);

  g_assert (known != NULL && known->expected > 0);
  known->expected--;
  if (seconds < 0)
    return;
  known->timed++;
  known->seconds += seconds;
}

double
bs_pace_left (const BsPace *pace)
{
  GHashTableIter iter;
  gpointer value;
  guint met = 0, unmet = 0; /* kinds; steps */
  double means = 0, left = 0;

  g_hash_table_iter_init (&iter, pace->kinds);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Kind *kind = value;
    if (kind->timed == 0) {
      unmet += kind->expected;
      continue;
    }
    met++;
    means += kind->seconds / kind->timed;
    left += kind->seconds / kind->timed * kind->expected;
  }
  return met == 0 ? -1 : left + means / met * unmet;
}
