/* Progress of long work: configuration, count, rate, time left; redrawn a few times a second.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#define REDRAW_US 100000
#define ERASE_LINE "\r\033[K"

static char *
duration (double seconds)
{
  guint64 s = (guint64) (seconds + 0.5);

  if (seconds < 9.95) /* whole seconds would be wrong by a third of so short a time */
    return g_strdup_printf (_ ("%.1f s left"), seconds);
  if (s < 90)
    return g_strdup_printf (_ ("%llu s left"), (unsigned long long) s);
  if (s < 90 * 60)
    return g_strdup_printf (_ ("%llu min left"), (unsigned long long) (s + 30) / 60);
  return g_strdup_printf (_ ("%.1f h left"), (double) s / 3600);
}

static void
progress_cb (gpointer user, guint done, guint total, const char *what, double seconds_left)
{
  BsProgress *progress = user;
  gint64 now = g_get_monotonic_time ();
  double elapsed = (double) (now - progress->started_us) / G_USEC_PER_SEC;
  g_autofree char *left = seconds_left >= 0 ? duration (seconds_left) : NULL;

  if (progress->shown && now - progress->last_us < REDRAW_US && done != total)
    return;
  progress->last_us = now;
  progress->shown = TRUE;
  fprintf (stderr, ERASE_LINE "%s · ", what != NULL ? what : "");
  fprintf (stderr, _ ("%u of %u"), done, total);
  if (done > 0 && elapsed > 0)
    fprintf (stderr, " · %.1f/s", done / elapsed);
  if (left != NULL)
    fprintf (stderr, " · %s", left);
  fflush (stderr);
}

void
bs_progress_start (BsProgress *progress, BsCli *cli)
{
  *progress = (BsProgress){ .cli = cli, .started_us = g_get_monotonic_time () };
  progress->observer.user = progress;
  progress->observer.cancelled = &cli->cancelled;
  if (!cli->quiet && isatty (STDERR_FILENO))
    progress->observer.progress = progress_cb;
}

void
bs_progress_stop (BsProgress *progress)
{
  if (progress->shown)
    fputs (ERASE_LINE, stderr);
  progress->shown = FALSE;
}
