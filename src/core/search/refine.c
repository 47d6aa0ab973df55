/* Refining: bits moved between layers while measuring says it helps.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "search/search_private.h"

#define MOVES_A_ROUND 6 /* measured before the best of them is taken */
#define ROUNDS_IN_VAIN 2

/* One layer wider, one narrower, or only one of both. */
typedef struct {
  gint up, down; /* groups; −1: none */
  double cost;   /* predicted change of the loss */
  guint64 size;
} Move;

static gint
cheaper_first (gconstpointer a, gconstpointer b)
{
  const Move *p = a, *q = b;

  if (p->cost != q->cost)
    return p->cost < q->cost ? -1 : 1;
  return p->size < q->size ? -1 : p->size > q->size;
}

static double
loss_step (const BsSearchProblem *p, guint group, guint from, guint to)
{
  return p->loss[(gsize) group * p->n_options + to] - p->loss[(gsize) group * p->n_options + from];
}

static GArray *
list_moves (const Search *search, guint *choice)
{
  const BsSearchProblem *p = search->p;
  GArray *moves = g_array_new (FALSE, FALSE, sizeof (Move));
  gboolean drop = search->plan->budget == BS_BUDGET_DROP;
  guint64 now = bs_search_size (search, choice);

  for (gint up = -1; up < (gint) p->n_groups; up++)
    for (gint down = -1; down < (gint) p->n_groups; down++) {
      Move move = { up, down };
      if (up == down || (up >= 0 && choice[up] == 0) ||
          (down >= 0 && choice[down] + 1 >= p->n_options))
        continue;
      if (up >= 0)
        move.cost += loss_step (p, (guint) up, choice[up], choice[up] - 1);
      if (down >= 0)
        move.cost += loss_step (p, (guint) down, choice[down], choice[down] + 1);
      choice[MAX (up, 0)] -= up >= 0;
      choice[MAX (down, 0)] += down >= 0;
      move.size = bs_search_size (search, choice);
      choice[MAX (up, 0)] += up >= 0;
      choice[MAX (down, 0)] -= down >= 0;
      if (drop ? move.size < now : move.size <= search->limit)
        g_array_append_val (moves, move);
    }
  g_array_sort (moves, cheaper_first);
  return moves;
}

/* Measures the most promising moves from the best choice, takes the best, and goes on from there
 * while that helps. */
gboolean
bs_search_refine (Search *search, GError **error)
{
  guint left = search->plan->max_moves > 0 ? search->plan->max_moves : BS_SEARCH_MOVES, in_vain = 0;

  while (left > 0 && in_vain < ROUNDS_IN_VAIN && search->s->best >= 0) {
    gint from = search->s->best;
    g_autofree guint *choice =
      g_memdup2 (bs_search_choice (search, (guint) from), search->p->n_groups * sizeof (guint));
    g_autoptr (GArray) moves = list_moves (search, choice);
    guint tried = 0;
    for (guint i = 0; i < moves->len && tried < MOVES_A_ROUND && left > 0; i++) {
      const Move *move = &g_array_index (moves, Move, i);
      g_autofree guint *moved = g_memdup2 (choice, search->p->n_groups * sizeof (guint));
      guint before = search->s->candidates->len;
      if (move->up >= 0)
        moved[move->up]--;
      if (move->down >= 0)
        moved[move->down]++;
      if (bs_search_try (search, moved, "refined", error) < 0)
        return FALSE;
      tried += search->s->candidates->len - before;
      left -= search->s->candidates->len - before;
    }
    if (tried == 0)
      return TRUE;
    in_vain = search->s->best == from ? in_vain + 1 : 0;
  }
  return TRUE;
}
