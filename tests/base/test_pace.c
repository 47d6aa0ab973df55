/* Tests of the time left: told right, from what real sweeps took.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/pace.h"

#define FACTOR 1.5 /* promised from a tenth of the steps on */

typedef struct {
  const char *kind;
  guint ms;
} Step;

/* 84 configurations of LeNet on 2,000 images, as they were measured on two cores. Kinds: scopes;
 * capitals: activations stay float. */
static const Step sweep[] = {
  { "M", 147 }, { "M", 130 }, { "T", 115 }, { "T", 119 }, { "C", 123 }, { "C", 130 }, { "m", 21 },
  { "m", 19 },  { "t", 17 },  { "t", 18 },  { "c", 19 },  { "c", 17 },  { "M", 128 }, { "T", 129 },
  { "C", 135 }, { "m", 18 },  { "m", 20 },  { "t", 18 },  { "t", 18 },  { "c", 20 },  { "c", 20 },
  { "m", 19 },  { "t", 18 },  { "c", 17 },  { "M", 141 }, { "T", 131 }, { "C", 148 }, { "m", 18 },
  { "m", 17 },  { "t", 17 },  { "t", 16 },  { "c", 19 },  { "c", 19 },  { "m", 20 },  { "t", 20 },
  { "c", 21 },  { "m", 21 },  { "t", 19 },  { "c", 17 },  { "M", 117 }, { "M", 126 }, { "M", 129 },
  { "T", 128 }, { "T", 125 }, { "T", 121 }, { "C", 124 }, { "C", 123 }, { "C", 121 }, { "m", 17 },
  { "t", 19 },  { "c", 19 },  { "m", 21 },  { "t", 17 },  { "c", 17 },  { "m", 19 },  { "m", 17 },
  { "m", 17 },  { "t", 18 },  { "t", 18 },  { "t", 20 },  { "c", 21 },  { "c", 22 },  { "c", 22 },
  { "m", 21 },  { "t", 20 },  { "c", 20 },  { "m", 21 },  { "m", 19 },  { "m", 18 },  { "t", 17 },
  { "t", 17 },  { "t", 16 },  { "c", 18 },  { "c", 20 },  { "c", 20 },  { "m", 17 },  { "m", 20 },
  { "m", 18 },  { "t", 19 },  { "t", 20 },  { "t", 20 },  { "c", 21 },  { "c", 20 },  { "c", 19 },
};

/* 14 layers of a MobileNet at 3 widths on 2,000 images: the deeper the layer, the shorter. */
static const Step scan[] = {
  { "7", 13 }, { "1", 27 }, { "9", 10 }, { "4", 18 }, { "12", 5 }, { "6", 16 }, { "1", 27 },
  { "9", 9 },  { "3", 21 }, { "12", 5 }, { "6", 15 }, { "0", 29 }, { "9", 9 },  { "3", 22 },
  { "11", 6 }, { "6", 15 }, { "0", 30 }, { "8", 12 }, { "3", 24 }, { "11", 7 }, { "5", 19 },
  { "0", 26 }, { "8", 10 }, { "2", 22 }, { "11", 6 }, { "5", 16 }, { "fc", 1 }, { "8", 10 },
  { "2", 23 }, { "10", 8 }, { "5", 16 }, { "fc", 1 }, { "7", 13 }, { "2", 23 }, { "10", 9 },
  { "4", 18 }, { "fc", 1 }, { "7", 12 }, { "1", 26 }, { "10", 9 }, { "4", 19 }, { "12", 6 },
};

static void
replay (const Step *steps, guint n)
{
  g_autoptr (BsPace) pace = bs_pace_new ();
  double left = 0;

  g_assert_cmpfloat (bs_pace_left (pace), ==, -1);
  for (guint i = 0; i < n; i++) {
    bs_pace_expect (pace, steps[i].kind);
    left += steps[i].ms / 1e3;
  }
  for (guint i = 0; i + 1 < n; i++) {
    bs_pace_done (pace, steps[i].kind, steps[i].ms / 1e3);
    left -= steps[i].ms / 1e3;
    double told = bs_pace_left (pace);
    if (10 * (i + 1) < n)
      continue;
    g_test_message ("%u of %u: %.2f s told, %.2f s left", i + 1, n, told, left);
    g_assert_cmpfloat (told, <=, left * FACTOR);
    g_assert_cmpfloat (told, >=, left / FACTOR);
  }
}

static void
test_recorded (void)
{
  replay (sweep, G_N_ELEMENTS (sweep));
  replay (scan, G_N_ELEMENTS (scan));
}

/* Steps found done take no time and tell none. */
static void
test_known_steps (void)
{
  g_autoptr (BsPace) pace = bs_pace_new ();

  for (guint i = 0; i < 4; i++)
    bs_pace_expect (pace, "a");
  bs_pace_done (pace, "a", -1);
  g_assert_cmpfloat (bs_pace_left (pace), ==, -1);
  bs_pace_done (pace, "a", 2);
  g_assert_cmpfloat (bs_pace_left (pace), ==, 4);
  bs_pace_expect (pace, "b"); /* not met yet: as the others */
  g_assert_cmpfloat (bs_pace_left (pace), ==, 6);
  bs_pace_done (pace, "b", 10);
  g_assert_cmpfloat (bs_pace_left (pace), ==, 4);
  bs_pace_done (pace, "a", 2);
  bs_pace_done (pace, "a", 2);
  g_assert_cmpfloat (bs_pace_left (pace), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pace/recorded", test_recorded);
  g_test_add_func ("/pace/known-steps", test_known_steps);
  return g_test_run ();
}
