/* Command: the classroom demonstrations of the window, as text and pictures.
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/command.h"
#include "cli/json.h"
#include "cli/table.h"

#include "plot/figure.h"
#include "workbench/lesson.h"

#include <stdio.h>
#include <string.h>

static char **settings, *out;
static gboolean answer;

static const GOptionEntry options[] = {
  { "set", 0, 0, G_OPTION_ARG_STRING_ARRAY, &settings,
    N_ ("Control I of the lesson: a number, or for a list one of its choices"), "I=VALUE" },
  { "answer", 0, 0, G_OPTION_ARG_NONE, &answer,
    N_ ("Show the numbers and the answer, and draw the second picture"), NULL },
  { "out", 'o', 0, G_OPTION_ARG_FILENAME, &out,
    N_ ("Where to; the suffix .png, .svg or .pdf decides"), "FILE" },
  { NULL },
};

static guint
count_lessons (void)
{
  guint n = 0;

  while (bs_lessons[n] != NULL)
    n++;
  return n;
}

static void
print_list (const BsCli *cli)
{
  g_autoptr (BsTable) table = bs_table_new (_ (">Lesson|Title"));
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  bs_json_begin_array (json, "lessons");
  for (guint i = 0; bs_lessons[i] != NULL; i++) {
    bs_table_add (table, "%u", i + 1);
    bs_table_add (table, "%s", _ (bs_lessons[i]->title));
    json_builder_begin_object (json);
    bs_json_integer (json, "number", i + 1);
    bs_json_text (json, "id", bs_lessons[i]->id);
    bs_json_text (json, "title", _ (bs_lessons[i]->title));
    json_builder_end_object (json);
  }
  json_builder_end_array (json);
  json_builder_end_object (json);
  if (cli->json)
    bs_json_print (json);
  else if (!cli->quiet)
    bs_table_print (table);
}

/* A choice by its name, in English or translated, or by its index; a slider's value. */
static gboolean
read_value (const BsLessonControl *control, const char *text, double *value)
{
  guint n = control->choices != NULL ? g_strv_length ((char **) control->choices) : 0;
  char *end;

  for (guint i = 0; i < n; i++)
    if (strcmp (text, control->choices[i]) == 0 || strcmp (text, _ (control->choices[i])) == 0) {
      *value = i;
      return TRUE;
    }
  *value = g_ascii_strtod (text, &end);
  if (end == text || *end != '\0')
    return FALSE;
  return control->choices != NULL ? *value >= 0 && *value < n && *value == (guint) *value
                                  : *value >= control->min && *value <= control->max;
}

static gboolean
read_settings (const BsLesson *lesson, double *values, GError **error)
{
  bs_lesson_defaults (lesson, values);
  for (guint i = 0; settings != NULL && settings[i] != NULL; i++) {
    char *end;
    guint64 control = g_ascii_strtoull (settings[i], &end, 10);
    if (*end != '=' || control < 1 || control > BS_LESSON_CONTROLS ||
        lesson->controls[control - 1].name == NULL ||
        !read_value (&lesson->controls[control - 1], end + 1, &values[control - 1]))
      return bs_cli_usage (error, _ ("--set takes a control and its value like 1=2, not “%s”"),
                           settings[i]);
  }
  return TRUE;
}

static gboolean
save (const BsLessonShown *shown, GError **error)
{
  gboolean second = answer && shown->figures[1] != NULL;
  const BsPlot *plot =
    second || shown->view == NULL ? &bs_plot_figure : bs_plot_find ("weight-histogram");
  const BsPlotInput input = {
    .figure = shown->figures[second ? 1 : 0],
    .title = shown->spec,
    .view = shown->view,
  };

  g_autoptr (BsPlotData) data = plot->build (&input, error);
  return data != NULL && bs_plot_save (plot, data, out, 0, 0, error);
}

static void
print_controls (const BsLesson *lesson, const double *values)
{
  g_autoptr (BsTable) table = bs_table_new (_ (">Control|Name|Value|Of"));

  for (guint i = 0; lesson->controls[i].name != NULL; i++) {
    const BsLessonControl *control = &lesson->controls[i];
    bs_table_add (table, "%u", i + 1);
    bs_table_add (table, "%s", _ (control->name));
    if (control->choices != NULL) {
      GString *all = g_string_new (NULL);
      for (guint k = 0; control->choices[k] != NULL; k++)
        g_string_append_printf (all, "%s%s", k > 0 ? ", " : "", _ (control->choices[k]));
      bs_table_add (table, "%s", _ (control->choices[(guint) values[i]]));
      bs_table_add (table, "%s", all->str);
      g_string_free (all, TRUE);
    } else {
      bs_table_add (table, "%g", values[i]);
      bs_table_add (table, "%g … %g", control->min, control->max);
    }
  }
  bs_table_print (table);
}

static void
print_json (const BsLesson *lesson, const BsLessonShown *shown)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();

  json_builder_begin_object (json);
  bs_json_text (json, "id", lesson->id);
  bs_json_text (json, "title", _ (lesson->title));
  bs_json_text (json, "text", _ (lesson->text));
  bs_json_text (json, "question", _ (lesson->question));
  bs_json_text (json, "numbers", answer ? shown->numbers : NULL);
  bs_json_text (json, "answer", answer ? _ (lesson->answer) : NULL);
  json_builder_end_object (json);
  bs_json_print (json);
}

static gboolean
run (BsCli *cli, char **args, GError **error)
{
  double values[BS_LESSON_VALUES];

  if (args[0] == NULL) {
    print_list (cli);
    return TRUE;
  }
  guint64 number = g_ascii_strtoull (args[0], NULL, 10);
  if (number < 1 || number > count_lessons ())
    return bs_cli_usage (error, _ ("There is no lesson “%s”"), args[0]);
  const BsLesson *lesson = bs_lessons[number - 1];
  if (!read_settings (lesson, values, error))
    return FALSE;
  g_autoptr (BsLessonShown) shown = bs_lesson_show (lesson, values, error);
  if (shown == NULL || (out != NULL && !save (shown, error)))
    return FALSE;
  if (cli->json) {
    print_json (lesson, shown);
  } else if (!cli->quiet) {
    printf ("%s\n\n%s\n\n", _ (lesson->title), _ (lesson->text));
    print_controls (lesson, values);
    printf ("\n%s\n", _ (lesson->question));
    if (answer)
      printf ("\n%s\n%s\n", shown->numbers, _ (lesson->answer));
  }
  return TRUE;
}

const BsCommand bs_command_lesson = {
  .name = "lesson",
  .arguments = "[N]",
  .summary = N_ ("A classroom demonstration, as in the window"),
  .description = N_ ("Without N: all lessons. The answer is kept back for --answer."),
  .example = "bitstair-cli lesson 1 --set 2=1 --answer -o staircase.svg",
  .options = options,
  .max_args = 1,
  .run = run,
};
