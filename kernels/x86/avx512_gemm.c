/* Matrix products with VNNI: the shapes of tiles that are compiled, and which of them take a matrix.
 * SPDX-License-Identifier: BSD-2-Clause */
#include "avx512_tile.h"

typedef void (*Single) (const BskTileArgs *t, size_t first, const uint8_t *a);
typedef void (*Full) (const BskTileArgs *t, size_t count);

/* clang-format off */
#define HEIGHTS(X) \
  X (1, 1) X (2, 1) X (3, 1) X (4, 1) X (5, 1) X (6, 1) X (7, 1) X (8, 1) X (10, 1) X (12, 1) X (14, 1) X (16, 1) \
  X (1, 2) X (2, 2) X (3, 2) X (4, 2) X (5, 2) X (6, 2) X (7, 2) X (8, 2) X (10, 2) X (12, 2) \
  X (1, 3) X (2, 3) X (3, 3) X (4, 3) X (5, 3) X (6, 3) X (7, 3) X (8, 3) \
  X (1, 4) X (2, 4) X (3, 4) X (4, 4) X (5, 4) X (6, 4)
#define HALF_HEIGHTS(X) X (1) X (2) X (3) X (4) X (5) X (6) X (7) X (8) X (10) X (12) X (14) X (16)
#define FULL_HEIGHTS(X, form) \
  X (half, 4, 4, 2, true, form) X (1, 2, 8, 1, false, form) X (2, 3, 4, 2, false, form) \
  X (3, 2, 4, 3, false, form) X (4, 3, 2, 4, false, form) X (1_fours, 4, 4, 1, false, form)
#define SHORT_HEIGHTS(X, form) \
  X (half_short, 0, 1, 8, 2, true, form) X (1_short, 0, 2, 4, 1, false, form) X (2_short, 0, 1, 6, 2, false, form) \
  X (3_short, 0, 1, 4, 3, false, form) X (4_short, 0, 1, 3, 4, false, form) \
  X (half_fours, 0, 2, 4, 2, true, form) X (2_twos, 0, 3, 2, 2, false, form) X (4_ones, 0, 3, 1, 4, false, form) \
  X (1_kept, 3, 1, 4, 1, false, form)
/* clang-format on */
#define DEFINE_AS(name, ...)                                                                       \
  static void name (const BskTileArgs *t, size_t first, const uint8_t *a)                          \
  {                                                                                                \
    single (t, first, &a, 1, __VA_ARGS__);                                                         \
  }
#define DEFINE(rows, vecs)                                                                         \
  DEFINE_AS (tile_##rows##x##vecs, rows, vecs, false, false)                                       \
  DEFINE_AS (tile_##rows##x##vecs##_signed, rows, vecs, false, true)
#define DEFINE_HALF(rows)                                                                          \
  DEFINE_AS (tile_##rows##xhalf, rows, 2, true, false)                                             \
  DEFINE_AS (tile_##rows##xhalf_signed, rows, 2, true, true)
HEIGHTS (DEFINE)
HALF_HEIGHTS (DEFINE_HALF)
#define ENTRY(rows, vecs) [vecs][rows] = tile_##rows##x##vecs,
#define ENTRY_SIGNED(rows, vecs) [vecs][rows] = tile_##rows##x##vecs##_signed,
#define ENTRY_HALF(rows) [HALF][rows] = tile_##rows##xhalf,
#define ENTRY_HALF_SIGNED(rows) [HALF][rows] = tile_##rows##xhalf_signed,
static const Single table_u8[MAX_VECS + 1][MAX_ROWS + 1] = { HEIGHTS (ENTRY)
                                                               HALF_HEIGHTS (ENTRY_HALF) };
static const Single table_s8[MAX_VECS + 1][MAX_ROWS + 1] = { HEIGHTS (ENTRY_SIGNED)
                                                               HALF_HEIGHTS (ENTRY_HALF_SIGNED) };

#define DEFINE_FULL(name, groups, group, vecs, half, form)                                         \
  static void full_##name##_##form (const BskTileArgs *t, size_t count)                            \
  {                                                                                                \
    full (t, count, groups, group, vecs, half, false, form);                                       \
  }                                                                                                \
  static void full_##name##_##form##_signed (const BskTileArgs *t, size_t count)                   \
  {                                                                                                \
    full (t, count, groups, group, vecs, half, true, form);                                        \
  }
FULL_HEIGHTS (DEFINE_FULL, PLAIN)
FULL_HEIGHTS (DEFINE_FULL, CODES)
FULL_HEIGHTS (DEFINE_FULL, SUMS)
FULL_HEIGHTS (DEFINE_FULL, FLOATS)
#define ENTRY_FULL(name, groups, group, vecs, half, form) full_##name##_##form,
#define ENTRY_FULL_SIGNED(name, groups, group, vecs, half, form) full_##name##_##form##_signed,
static const Full full_u8[N_FORMS][N_KINDS] = { { FULL_HEIGHTS (ENTRY_FULL, PLAIN) },
                                                { FULL_HEIGHTS (ENTRY_FULL, CODES) },
                                                { FULL_HEIGHTS (ENTRY_FULL, SUMS) },
                                                { FULL_HEIGHTS (ENTRY_FULL, FLOATS) } };
static const Full full_s8[N_FORMS][N_KINDS] = { { FULL_HEIGHTS (ENTRY_FULL_SIGNED, PLAIN) },
                                                { FULL_HEIGHTS (ENTRY_FULL_SIGNED, CODES) },
                                                { FULL_HEIGHTS (ENTRY_FULL_SIGNED, SUMS) },
                                                { FULL_HEIGHTS (ENTRY_FULL_SIGNED, FLOATS) } };

#define DEFINE_SHORT(name, kept, groups, group, vecs, half, form)                                  \
  static void full_##name##_##form (const BskTileArgs *t, size_t pairs)                            \
  {                                                                                                \
    full_short (t, pairs, kept, groups, group, vecs, half, false, form);                           \
  }                                                                                                \
  static void full_##name##_##form##_signed (const BskTileArgs *t, size_t pairs)                   \
  {                                                                                                \
    full_short (t, pairs, kept, groups, group, vecs, half, true, form);                            \
  }
SHORT_HEIGHTS (DEFINE_SHORT, PLAIN)
SHORT_HEIGHTS (DEFINE_SHORT, CODES)
SHORT_HEIGHTS (DEFINE_SHORT, SUMS)
SHORT_HEIGHTS (DEFINE_SHORT, FLOATS)
#define ENTRY_SHORT(name, kept, groups, group, vecs, half, form) full_##name##_##form,
#define ENTRY_SHORT_SIGNED(name, kept, groups, group, vecs, half, form)                            \
  full_##name##_##form##_signed,
#define SIZES(name, kept, groups, group, vecs, half, form) { groups, group },
enum { HALF_FOURS = MAX_VECS + 1, TWO_TWOS, FOUR_ONES, ONE_KEPT, N_SHORTS };
static const Full short_u8[N_FORMS][N_SHORTS] = { { SHORT_HEIGHTS (ENTRY_SHORT, PLAIN) },
                                                  { SHORT_HEIGHTS (ENTRY_SHORT, CODES) },
                                                  { SHORT_HEIGHTS (ENTRY_SHORT, SUMS) },
                                                  { SHORT_HEIGHTS (ENTRY_SHORT, FLOATS) } };
static const Full short_s8[N_FORMS][N_SHORTS] = { { SHORT_HEIGHTS (ENTRY_SHORT_SIGNED, PLAIN) },
                                                  { SHORT_HEIGHTS (ENTRY_SHORT_SIGNED, CODES) },
                                                  { SHORT_HEIGHTS (ENTRY_SHORT_SIGNED, SUMS) },
                                                  { SHORT_HEIGHTS (ENTRY_SHORT_SIGNED, FLOATS) } };
static const struct {
  size_t groups, group;
} short_sizes[N_SHORTS] = { SHORT_HEIGHTS (SIZES, ) };

/* Tiles of the full height whose rows begin anywhere. */
static void
tile_apart (const BskTileArgs *t, size_t first, const uint8_t *const *a)
{
  if (t->a_flip)
    single (t, first, a, 6, 1, MAX_VECS, false, true);
  else
    single (t, first, a, 6, 1, MAX_VECS, false, false);
}

/* As many of them as there are. Short lines make low tiles, for which the weights of a long K do not
 * come fast enough. */
static size_t
tiles_apart (const BskTileArgs *t)
{
  size_t top = (size_t) max_rows[MAX_VECS], count = t->rows / top - (t->rows % top > 0), x = 0;
  const uint8_t *next = t->a;

  for (size_t i = 0; i < count; i++) {
    const uint8_t *a[MAX_GROUPS];

    for (size_t j = 0; j < top; j++) {
      a[j] = next;
      go_down (t, &x, &next, 1);
    }
    tile_apart (t, i * top, a);
  }
  return count * top;
}

/* Whether groups of so many rows stay within lines. */
static bool
fits_lines (const BskTileArgs *t, size_t group)
{
  return t->line >= t->rows || t->line % group == 0;
}

/* As many rows as make an odd number of tiles where K is short. */
static size_t
short_tiles (const BskTileArgs *t, int kind, Form form)
{
  /* For lines that are not of whole groups. */
  static const int smaller[MAX_VECS + 1] = { [HALF] = HALF_FOURS, 1, TWO_TWOS, 3, FOUR_ONES };
  size_t height, pairs;

  if (!fits_lines (t, short_sizes[kind].group))
    kind = smaller[kind];
  if (kind == 1 && t->n_seg * t->quads == MAX_KEPT)
    kind = ONE_KEPT;
  height = short_sizes[kind].groups * short_sizes[kind].group;
  if (t->rows < height || !fits_lines (t, short_sizes[kind].group))
    return 0;
  pairs = (t->rows / height - 1) / 2;
  (t->a_flip ? short_s8 : short_u8)[form][kind](t, pairs);
  return (2 * pairs + 1) * height;
}

/* As many rows as make full tiles. Few of a long K are not worth it: they gain less than the fewer
 * rows at both ends lose. */
static size_t
full_tiles (const BskTileArgs *t, int kind)
{
  size_t top = (size_t) max_rows[kind], count = t->rows / top - (t->rows % top > 0), done = 0;
  int quads = t->n_seg * t->quads;
  const Form form = t->finish->plain            ? PLAIN
                    : t->finish->out == BSK_S32 ? SUMS
                    : t->finish->out == BSK_F32 ? FLOATS
                                                : CODES;

  if (t->row_sum || t->finish->cut)
    return 0;
  /* Lines that are not of fours could not be taken together otherwise. */
  if (quads <= short_quads[kind] || (kind == 2 && quads <= MAX_SHORT && !fits_lines (t, 4)))
    done = short_tiles (t, kind, form);
  if (done > 0 || t->rows < top || 16 * count <= (size_t) quads)
    return done;
  if (kind == 1 && !fits_lines (t, 8))
    kind = ONE_FOURS;
  if (!fits_lines (t, kind == MAX_VECS ? 2 : 4))
    return 0;
  (t->a_flip ? full_s8 : full_u8)[form][kind](t, count);
  return count * top;
}

/* Full tiles first; the last two of a line are cut to nearly equal heights, because a sliver uses
 * the pipes badly. */
static void
gemm_tile (const BskTileArgs *t)
{
  const int kind = t->vecs == 2 && t->cols <= 24 && !t->row_sum ? HALF : t->vecs;
  const Single *heights = (t->a_flip ? table_s8 : table_u8)[kind];
  const size_t top = (size_t) max_rows[kind];
  size_t done = full_tiles (t, kind), x = 0;
  const uint8_t *a = t->a;

  if (done == 0 && kind == MAX_VECS && t->line < t->rows && t->line % top > 0)
    done = tiles_apart (t);
  go_down (t, &x, &a, done);
  while (done < t->rows) {
    size_t left = t->rows - done < t->line - x ? t->rows - done : t->line - x;
    size_t height = left >= 2 * top || left <= top ? left : (left + 1) / 2;

    if (height > top)
      height = top;
    while (!heights[height])
      height--;
    heights[height](t, done, a);
    done += height;
    go_down (t, &x, &a, height);
  }
}

void
bsk_avx512_gemm_init (BskTable *table)
{
  table->lanes = 16;
  table->max_vecs = MAX_VECS;
  table->threes = true;
  table->lines = true;
  table->quad_bytes = 4;
  table->gemm_tile = gemm_tile;
  table->gemm_tile_narrow = NULL;
}
