/* Random search, the plainest way to look for widths: what the others are compared with.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/search_private.h"

#include <math.h>

#define SEED 1u /* the same choices on every machine */

/* A step of the order: narrower, or wider where that still fits. */
static gboolean
may_step (const Search *search, const guint *choice, guint64 size, guint group, gboolean narrower)
{
  const BsSearchProblem *p = search->p;
  gsize at = (gsize) group * p->n_options + choice[group];

  if (narrower)
    return choice[group] + 1 < p->n_options;
  return choice[group] > 0 && size - p->size[at] + p->size[at - 1] <= search->limit;
}

/* A group that may take the step, at random; −1: none. */
static gint
pick (const Search *search, GRand *rand, const guint *choice, gboolean narrower)
{
  guint64 size = bs_search_size (search, choice);
  guint n = 0;
  gint picked = -1;

  for (guint g = 0; g < search->p->n_groups; g++)
    if (may_step (search, choice, size, g, narrower) &&
        g_rand_int_range (rand, 0, (gint32) ++n) == 0)
      picked = (gint) g;
  return picked;
}

/* Any option for each group; then random ones narrower until the budget is kept, and wider until
 * nothing more fits. */
static void
choose (const Search *search, GRand *rand, guint *choice)
{
  gint group;

  for (guint g = 0; g < search->p->n_groups; g++)
    choice[g] = (guint) g_rand_int_range (rand, 0, (gint32) search->p->n_options);
  while (bs_search_size (search, choice) > search->limit &&
         (group = pick (search, rand, choice, TRUE)) >= 0)
    choice[group]++;
  while ((group = pick (search, rand, choice, FALSE)) >= 0)
    choice[group]--;
}

static double
bar (gpointer user, const BsResult *result)
{
  return *(const double *) user;
}

gboolean
bs_search_random (Search *search, GError **error)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (SEED);
  g_autofree guint *choice = g_new0 (guint, search->p->n_groups + 1);
  BsSearch *s = search->s;
  double best = -INFINITY;
  const BsRace race = { bar, &best };
  gboolean ok = TRUE;

  search->race = &race;
  for (guint i = 0; ok && i < search->plan->n_random; i++) {
    choose (search, rand, choice);
    gint index = bs_search_try (search, choice, "random", error);
    ok = index >= 0;
    if (!ok)
      break;
    const BsCandidate *c = &g_array_index (s->candidates, BsCandidate, index);
    if (c->fits && !c->result->stopped_early && bs_result_quality (c->result) > best) {
      best = bs_result_quality (c->result);
      s->random = index;
    }
  }
  search->race = NULL;
  return ok;
}
