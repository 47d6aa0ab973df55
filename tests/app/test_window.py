"""The window, driven as a person would: open, run, select, look, export, stop, and what goes wrong.
SPDX-License-Identifier: GPL-3.0-or-later

test_window.py session: one window from the start page to an export; without an argument: tests that open their own. Two
parts, so that they run side by side."""
import contextlib, os, re, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import uidrive
from uidrive import App, wait

uidrive.TIMEOUT = float(os.environ.get('UI_TIMEOUT', '40'))  # a deadline, not a pause: loaded machines are slow
LONG = 4 * uidrive.TIMEOUT                                    # a whole sweep
SOURCE, BUILD = os.environ['BITSTAIR_SOURCE'], os.environ['BITSTAIR_BUILD']
PROGRAM = os.path.join(BUILD, 'src/app/bitstair')
EXAMPLES = os.path.join(SOURCE, 'data/examples')
OUT = os.path.join(BUILD, 'tests/app/failed')
folder = tempfile.mkdtemp(prefix='bitstair-window-')
log_path = os.path.join(folder, 'stderr')


def keep_picture(name, app):
    os.makedirs(OUT, exist_ok=True)
    uidrive.screenshot(os.path.join(OUT, name + '.png'))
    if app.p.poll() is None:
        with open(os.path.join(OUT, name + '.txt'), 'w') as f:
            f.write(app.tree())


def start(*arguments, env=None):
    log = open(log_path, 'ab')
    app = App([PROGRAM, *arguments], env=env, stderr=log)
    log.close()
    app.focus()
    return app


@contextlib.contextmanager
def session(name, *arguments, env=None):
    app = start(*arguments, env=env)
    try:
        yield app
    except Exception:
        keep_picture(name, app)
        raise
    finally:
        app.close()


def shows(app, name, role=None):
    return app.root.find_all(role, name)


def tab(app, name):
    app.find(name=name, pred=lambda n: n.role in ('toggle button', 'radio button', 'page tab', 'push button')).click()


def plot(app, name):
    return app.find('image', name)


def layer_rows(app):
    table = app.find(name='Layers', role='tree table')
    rows = table.find('list', prune=()).children
    return [[l.name for l in r.find_all('label', prune=())] for r in rows]


def wait_finished(app):
    wait('the sweep to finish', lambda: visible(app, 'Run') and not visible(app, 'Stop'), LONG)


def visible(app, name):
    return any('visible' in n.states for n in shows(app, name, 'push button'))


def choose(app, name, index):
    "an item of a list that pops up: keys are lost before one of its items has the focus"
    node = app.find('combo box', name)
    focused = lambda: node.find_all('list item', pred=lambda n: 'focused' in n.states, prune=())
    wait('the list before to be gone', lambda: not focused())
    node.click()
    wait('the list', focused)
    app.key('Home', *['Down'] * index, 'Return')


def summary(app):
    "the line under the results: what is selected"
    return next((n.name for n in app.root.find_all('label') if ' of the work on integers' in n.name), '')


# --- one session, from the start page to an export

def test_start_page(app):
    app.find('push button', 'Open Model…')
    app.find('push button', 'Open Example')
    titles = {n.name for n in app.root.find_all('label', prune=())}
    assert {'Digits, small network', 'MNIST, convolutional network', 'Fashion, depthwise network'} <= titles, titles


def test_open_example(app):
    app.find('push button', 'Open Example').click()
    wait('the title', lambda: 'digits_mlp' in app.window.name)
    rows = wait('three layers', lambda: len(layer_rows(app)) == 3 and layer_rows(app))
    assert rows[0][0] == '/f/f.1/Gemm', rows
    assert '4,096' in rows[0], rows


def test_sweep_says_how_many(app):
    tab(app, 'Sweep')
    app.find('label', '21 configurations.*', prune=())
    app.find(name='Group of 32', prune=()).click()
    app.find('label', '28 configurations.*', prune=())
    app.key('ctrl+z')
    app.find('label', '21 configurations.*', prune=())
    family = app.find('label', 'Non-Linear', prune=())
    family.click()
    row = app.find('label', 'Powers of two', prune=())
    wait('the family to open', lambda: row.box[1] > family.box[1] + 20)
    row.click()
    app.find('label', '42 configurations.*', prune=())
    app.key('ctrl+z')
    app.find('label', '21 configurations.*', prune=())


def test_run(app):
    app.find('push button', 'Run').click()
    wait_finished(app)
    wait('the plot to tell', lambda: plot(app, 'Trade-off').description.startswith('21 configurations'))
    assert 'float: 93.60 %' in plot(app, 'Trade-off').description, plot(app, 'Trade-off').description


def test_selects_by_keyboard(app):
    view = plot(app, 'Trade-off')
    view.click(fx=0.985, fy=0.5)
    app.key('Home')
    first = wait('the smallest to be selected', lambda: summary(app).startswith('int2') and summary(app))
    app.key('End')
    wait('the largest to be selected', lambda: summary(app).startswith('int8'))
    app.key('Left')
    wait('another to be selected', lambda: not summary(app).startswith('int2') and summary(app) != first)
    assert re.search(r'int\d · \w+ · uint8', view.description.split('.')[-1] + view.description), view.description


def test_zoom(app):
    "a rubber band shows a part, Home the whole; both also without a pointer"
    view = plot(app, 'Trade-off')
    zoomed = lambda: visible(app, 'Whole Plot')
    assert not zoomed()
    view.drag((0.3, 0.4), (0.7, 0.8))
    wait('the part', zoomed)
    app.key('Home')
    wait('the whole', lambda: not zoomed())
    view.do('plot.zoom-in')
    wait('the middle', zoomed)
    app.find('push button', 'Whole Plot').click()
    wait('the whole', lambda: not zoomed())
    view.click(fx=0.985, fy=0.5)  # the keyboard is the plot's again


def test_selection_is_linked(app):
    view = plot(app, 'Trade-off')
    app.key('Home')
    wait('the smallest to be selected', lambda: summary(app).startswith('int2'))
    wait('the layers to show its bits', lambda: layer_rows(app)[0][-2].startswith('2'))
    tab(app, 'Layers')
    wait('the weights with their levels', lambda: re.search('3 levels', plot(app, 'Weights and levels').description))
    wait('the errors of the result', lambda: 'int2' in plot(app, 'Output error').description)
    wait('the errors of all layers', lambda: 'int2' in plot(app, 'Error per layer').description)
    app.find(name='Layers', role='tree table').find('list', prune=()).row('/f/f.5/Gemm').click()
    wait('the other layer', lambda: '/f/f.5/Gemm' in plot(app, 'Output error').description)
    wait('its weights', lambda: '320 values' in plot(app, 'Weights and levels').description)


def test_layer_by_plot(app):
    view = plot(app, 'Error per layer')
    view.click(fx=0.6, fy=0.3)
    app.key('Home')
    wait('the first layer', lambda: '/f/f.1/Gemm' in plot(app, 'Output error').description)


def test_graph(app):
    "the drawing of the network: what it says, search, walking, and the layer chosen there"
    tab(app, 'Overview')
    graph = lambda: app.find('image', 'Graph of the network')
    wait('its size', lambda: re.match(r'[56] nodes in [56] columns', graph().description))
    entry = app.find('entry', 'Find a node')
    entry.click()
    app.type('f.5')
    wait('the node', lambda: '/f/f.5/Gemm' in graph().description)
    tab(app, 'Layers')
    wait('its layer', lambda: '/f/f.5/Gemm' in plot(app, 'Output error').description)
    tab(app, 'Overview')
    graph().click(fx=0.5, fy=0.9)
    app.key('Left', 'Left', 'Left', 'Left')
    wait('the first layer', lambda: '/f/f.1/Gemm' in graph().description)
    app.key('minus', 'plus', 'Home')
    wait('what its colour says', lambda: re.search(r'Gemm\), \d\.\d bits$', graph().description))
    choose(app, 'Colours', 3)
    wait('how sensitive it is', lambda: re.search(r'Gemm\), \d+\.\d dB alone, mean of all results$', graph().description))


def test_filter(app):
    entry = app.find('entry', 'Filter layers')
    entry.click()
    app.type('f.3')
    wait('one layer', lambda: [r[0] for r in layer_rows(app)] == ['/f/f.3/Gemm'])
    app.key('ctrl+a', 'BackSpace')
    wait('all layers', lambda: len(layer_rows(app)) == 3)


def test_other_pages(app):
    tab(app, 'Sensitivity')
    wait('the map', lambda: plot(app, 'Sensitivity').description.startswith('SQNR of 3 layers'))
    tab(app, 'Compare')
    app.find('label', 'Samples Judged Differently')
    tab(app, 'Overview')
    app.find('label', 'ONNX, opset 13.*', prune=())


def test_export_dialog(app):
    app.window.do('win.export')
    dialog = wait('the dialog', lambda: next(iter(shows(app, 'Export', 'frame') + shows(app, 'Export', 'dialog')), None))
    assert len(dialog.find_all('radio button', prune=()) + dialog.find_all('check box', prune=())) >= 2, 'targets to choose from'
    button = dialog.find('push button', 'Write File…', prune=())
    wait('writing to be possible', lambda: button.sensitive)
    dialog.find('push button', 'Close', prune=()).do()
    wait('the dialog to close', lambda: not shows(app, 'Export', 'frame') and not shows(app, 'Export', 'dialog'))


def test_choose_data(app):
    "a folder, in a dialog that begins beside the model; prepared as on the command line"
    tab(app, 'Sweep')
    app.window.do('win.open-data-folder')
    dialog = app.focus_dialog('Choose a Folder of Pictures or Sounds')
    dialog.find('push button', '_Open Open', prune=()).do()
    app.find('label', EXAMPLES, prune=())
    app.focus()
    preparation = app.find('text', 'Preparation: .*', prune=())
    app.find('label', 'Scales', prune=()).hover()
    uidrive.xdo('click', '--repeat', 60, 5)  # the wheel: down to the end of the page
    preparation.click()
    app.type('--scale 1/16 --layout hwc')
    app.key('Return')
    wait('the options to be taken', lambda: preparation.text == "--scale 0.0625 --layout 'hwc'")


def test_quit(app):
    app.focus()
    app.key('ctrl+q')
    app.p.wait(uidrive.TIMEOUT)
    assert app.p.returncode == 0, app.p.returncode


# --- sessions of their own

def test_stored_study():
    with session('test_stored_study', '--db', os.path.join(folder, 'results.db'), '--study', '1', '--page', 'trade-off') as app:
        wait('the plot to tell', lambda: plot(app, 'Trade-off').description.startswith('21 configurations'))
        wait('a result to be proposed', lambda: summary(app) != '')
        app.window.do('win.copy-results')
        app.find('label', r'Copied \d+ results as CSV')
    with session('test_stored_study', '--db', os.path.join(folder, 'results.db'), '--study', '1', '--page', 'compare') as app:
        # what arrives while the page is open is not taken for a choice: two different results are proposed
        wait('a difference', lambda: app.root.find_all('label', r'\+\d+\.\d+ points', prune=()))
        # classes of samples are not stored: measured again, then shown as images
        app.find('push button', 'Find Them').click()
        told = app.find('label', r'\d+ of 500', prune=()).name
        pictures = app.root.find_all('image', pred=lambda n: re.fullmatch(r'Sample \d+: \d → \d, label \d', n.description), prune=())
        assert len(pictures) == min(int(told.split()[0]), 48) > 0, (told, len(pictures))
        app.window.do('win.copy-comparison')
        app.find('label', 'Copied the comparison as CSV')


def test_x_axis():
    "the trade-off against other costs; results without the figure are left out, and that is said"
    with session('test_x_axis', '--db', os.path.join(folder, 'results.db'), '--study', '1', '--page', 'trade-off') as app:
        told = lambda: plot(app, 'Trade-off').description
        wait('size', lambda: re.search(r'21 configurations .* KiB', told()))
        choose(app, 'X axis', 1)
        wait('operations', lambda: 'million bit operations' in told())
        choose(app, 'X axis', 3)
        app.find('label', '21 results without this figure are left out')
        wait('the reason', lambda: told().startswith('No result has a measured time'))
        choose(app, 'X axis', 0)
        wait('size', lambda: re.search(r'21 configurations .* KiB', told()))


def test_layer_editing():
    "controls and handles redraw weights, levels and errors; undo; the edited configuration is measured"
    with session('test_layer_editing', '--db', os.path.join(folder, 'results.db'), '--study', '1', '--page', 'layers') as app:
        weights = lambda: plot(app, 'Weights and levels').description
        errors = lambda: plot(app, 'Output error').description
        before = wait('the levels', lambda: re.search(r'; \d+ levels', weights()) and weights())
        wait('the errors of the result', lambda: errors().startswith('Errors of layer /f/f.1/Gemm'))
        app.find('spin button', 'Width').set_value(7)
        wait('seven bits', lambda: '127 levels' in weights())
        wait('the errors of the weights', lambda: errors().startswith('Errors of the weights of /f/f.1/Gemm with int7'))
        app.key('ctrl+z')
        wait('the levels of the result', lambda: weights() == before)
        wait('its errors', lambda: errors().startswith('Errors of layer'))
        view, width = plot(app, 'Weights and levels'), plot(app, 'Weights and levels').box[2]
        for inset in range(12, 40, 4):  # the upper handle stands a little left of the right edge
            view.drag((1 - inset / width, 0.5), (0.7, 0.5))
            if 'fixed=' in errors():
                break
        wait('the range to be set by hand', lambda: re.search(r'fixed=-?[\d.]+,[\d.]+', errors()))
        share = wait('values outside', lambda: re.search(r'([\d.]+) % of values lie outside', weights()))
        assert float(share.group(1)) > 0, weights()
        app.find('spin button', 'Upper end of the range')
        app.find('push button', 'Measure 1 Edit').click()
        tab(app, 'Trade-off')
        wait('the edited configuration to be selected', lambda: ' · mixed · ' in summary(app), LONG)


def test_activations():
    "what enters a layer, once the network has run"
    with session('test_activations', '--db', os.path.join(folder, 'results.db'), '--study', '1', '--page', 'layers') as app:
        choose(app, 'Histogram', 1)
        told = lambda: plot(app, 'Inputs and levels').description
        wait('the reason', lambda: told().startswith('What enters the layer is known once'))
        app.find('push button', 'Run').click()
        wait_finished(app)
        tab(app, 'Layers')
        wait('the values', lambda: re.search(r'[\d,]+ values from 0\.0+ to 1\.0+; 256 levels; the range 0\.0+ … 1\.0+ is kept, 0\.00 % of values lie outside', told()))
        choose(app, 'Histogram', 0)
        wait('the weights', lambda: '7 levels' in plot(app, 'Weights and levels').description)


def test_bits_menu():
    "a width for a layer from the list of layers, and back"
    with session('test_bits_menu', '--db', os.path.join(folder, 'results.db'), '--study', '1', '--page', 'layers') as app:
        weights = lambda: plot(app, 'Weights and levels').description
        bits = lambda: layer_rows(app)[0][4]
        before = wait('the result', lambda: re.fullmatch(r'\d\.\d', bits()) and bits())

        def pick(item):
            app.find('push button', 'Bits of /f/f.1/Gemm', prune=()).click()
            app.find('menu item', item, prune=()).do()  # a window of its own, for the pointer

        pick('int5(:.*)?')
        wait('the width', lambda: bits() == '→ 5')
        wait('its levels', lambda: '31 levels' in weights())
        app.find('push button', 'Measure 1 Edit')
        pick('As in the Result')
        wait('the result', lambda: bits() == before)
        app.key('ctrl+z')
        wait('the width', lambda: bits() == '→ 5')


def test_scan():
    "one layer quantized at a time; a click on the map gives the layer that width, walking does not"
    with session('test_scan', '--db', os.path.join(folder, 'results.db'), '--study', '1', '--page', 'sensitivity') as app:
        view = lambda: plot(app, 'Sensitivity').description
        wait('the results', lambda: view().startswith('SQNR of 3 layers'))
        choose(app, 'Map', 1)
        app.find('push button', 'Scan Layers').click()
        wait('the scan', lambda: view().startswith('SQNR of the output with one of 3 layers quantized in 14 ways'))
        wait('the whole scan', lambda: 'are measured' not in view() and not visible(app, 'Stop'), LONG)
        wait('the layers to say how sensitive they are', lambda: all(re.fullmatch(r'\d+\.\d dB', r[-1]) and len(r) == 7 for r in layer_rows(app)))
        plot(app, 'Sensitivity').click(fx=0.5, fy=0.45)
        app.find('label', r'/f/f.3/Gemm: int\d(:channel)?')
        app.key('Home')
        wait('the first cell', lambda: '/f/f.1/Gemm int2 ' in view())
        app.find('push button', 'Measure 1 Edit')
        app.key('Return')
        app.find('push button', 'Measure 2 Edits', lambda n: n.box[2] > 0).click()  # not that of the page Layers
        wait('the end', lambda: not visible(app, 'Stop'), LONG)
        tab(app, 'Trade-off')
        wait('the edited configuration to be selected', lambda: ' · mixed · ' in summary(app), LONG)


def test_scan_fills():
    "a scan is seen while it runs, and stays as it is when it is stopped"
    with session('test_scan_fills', os.path.join(EXAMPLES, 'fashion_mobilenet.onnx'), '--page', 'sensitivity', '--db', os.path.join(folder, 'scan.db')) as app:
        measured = lambda: [int(n) for n in re.findall(r'(\d+) of \d+ are measured', plot(app, 'Sensitivity').description)]
        choose(app, 'Map', 1)
        app.find('push button', 'Scan Layers').do()
        first = wait('cells', measured, LONG)
        wait('more of them', lambda: measured() > first, LONG)
        app.find('push button', 'Stop').click()
        wait('the end', lambda: not visible(app, 'Stop'), LONG)
        assert measured() > first, (measured(), first)


def test_budget():
    "the best under a size at once, the widths it would pick, and their measurement"
    with session('test_budget', '--db', os.path.join(folder, 'results.db'), '--study', '1', '--page', 'trade-off') as app:
        wait('the plot to tell', lambda: 'configurations' in plot(app, 'Trade-off').description)
        slider = app.find('slider', 'Budget')
        slider.set_value(3400)
        answer = lambda: next((n.name for n in app.root.find_all('label') if n.name.startswith('Under 3.3 KiB: ')), '')
        wait('the best that is measured', lambda: re.search(r'[\d.]+ % with int\d · \w+', answer()))
        wait('the widths', lambda: plot(app, 'Bits per layer').description.startswith('3 layers with '))
        wait('its measurement', lambda: ' · mixed · ' in summary(app), LONG)
        size = wait('the answer with it', lambda: re.search(r'mixed · uint8 at ([\d.]+) KiB', answer()))
        assert float(size.group(1)) <= 3.4, answer()
        app.find('push button', 'No budget').click()
        wait('the widths to go', lambda: not shows(app, 'Bits per layer', 'image') or 'visible' not in plot(app, 'Bits per layer').states)


def test_findings():
    "what will hurt, the cure into the sweep, and what it gained"
    example = os.path.join(EXAMPLES, 'digits_mlp_rescaled.onnx')
    data = ['--data', os.path.join(EXAMPLES, 'digits.npz'), '--scale', '1/16']
    with session('test_findings', example, *data, '--page', 'overview', '--db', os.path.join(folder, 'findings.db')) as app:
        app.find('label', 'Channel ranges of “/f/f.1/Gemm” differ by a factor of 33.*', prune=())
        app.find('push button', 'Try Cross-layer equalization', prune=()).click()
        app.find('label', '42 configurations.*', prune=())
        app.key('ctrl+z')
        app.find('label', '21 configurations.*', prune=())
        app.key('ctrl+shift+z')
        app.find('push button', 'Run').click()
        wait_finished(app)
        tab(app, 'Sweep')
        gain = app.find('label', r'.*points, .* dB on average of 21 pairs.*', prune=()).name
        assert re.search(r'most with int\d · \w+ · uint8: \+[78]\d\.\d\d points, .* dB \(significant\)', gain), gain


def test_lessons():
    "a lesson without a model: the picture follows the controls, the numbers come after the question"
    with session('test_lessons', '--lesson', '3', '--db', os.path.join(folder, 'lessons.db')) as app:
        wait('the picture', lambda: '15 levels' in plot(app, 'Weights and levels').description)
        app.find('label', 'What does an outlier of 50 cost.*')
        before = plot(app, 'Output error').description
        app.find('slider', 'Size of the outlier').set_value(50)
        wait('other errors', lambda: plot(app, 'Output error').description != before)
        app.find(name='Reveal').click()
        app.find('label', r'int4: SQNR [\d.]+ dB, 4.00 bits a value with scales')
        uidrive.xdo('windowsize', app.xid, 900, 600)
        wait('all tabs to fit into 900 pixels', lambda: app.window.box[2] <= 900 and app.window.box[3] <= 600)
    done = subprocess.run([PROGRAM, '--lesson', '99'], capture_output=True, text=True, timeout=uidrive.TIMEOUT)
    assert done.returncode == 2 and '99' in done.stderr, done


def test_lesson_figures():
    "lessons with figures of their own: dragging, choices, what is shown only with the answer, larger text"
    with session('test_lesson_figures', '--lesson', '1', '--db', os.path.join(folder, 'lessons.db')) as app:
        staircase = lambda: plot(app, 'What x becomes')
        wait('a tie that goes down', lambda: 'becomes code 4, which is 444.44' in staircase().description)
        choose(app, 'Ties', 1)
        wait('a tie that goes up', lambda: 'becomes code 5, which is 555.56' in staircase().description)
        width = staircase().box[2]
        for shift in 18, 12, 24, 6, 30, 0:  # the axis' labels push the middle to the right
            staircase().drag((0.5 + shift / width, 0.5), (0.8, 0.5))
            if 'x = 500 ' not in staircase().description:
                break
        wait('x to be dragged', lambda: re.search('x = [6789]\\d\\d becomes', staircase().description))
        app.find(name='Presenter').click()
        choose(app, 'Lesson', 3)
        errors = lambda: plot(app, 'Absolute error, .*').description
        before = wait('the map of errors', lambda: 'in the quiet channels' in errors() and errors())
        choose(app, 'What the values become', 1)
        wait('errors with a scale for each channel', lambda: errors() != before)
        choose(app, 'Lesson', 4)
        view, width = plot(app, 'Weights and levels'), plot(app, 'Weights and levels').box[2]
        wait('the levels', lambda: '15 levels' in view.description)
        app.find(name='Reveal').click()
        for shift in range(0, 60, 4):  # one of the levels in the middle
            view.drag((0.5 + shift / width, 0.5), (0.52 + shift / width, 0.5))
            if shows(app, 'moved by hand: SQNR.*', 'label'):
                break
        app.find('slider', "Steps of Lloyd's algorithm").set_value(10)
        app.find('label', 'moved by hand, 10 steps: SQNR .*')
        choose(app, 'Lesson', 8)
        yours = lambda: next((n.description for n in app.root.find_all('image', r'[\d.]+ of [\d.]+ bits: .*')), '')
        wait('four bits everywhere', lambda: 'The widths 4.00 bits' in yours())
        choose(app, 'fc1', 5)
        wait('too much', lambda: app.root.find_all('image', r'[\d.]+ of 4.0 bits: too large'))
        assert not [n for n in shows(app, 'Every budget', 'image') if 'visible' in n.states], 'the answer is shown too early'
        app.find(name='Your prediction').click()
        app.type('2 dB')
        app.find(name='Reveal').click()
        wait('the front', lambda: 'The exact choice for budgets' in plot(app, 'Every budget').description)
        app.find('label', r'(?s)Yours: .* does not fit.*exact: .*')
        choose(app, 'Lesson', 10)
        bits = lambda: plot(app, 'Bits').description
        wait('one', lambda: 'The bits 00111000 mean 1.000' in bits())
        plot(app, 'Bits').click(fx=0.2, fy=0.5)
        wait('minus one', lambda: 'The bits 10111000 mean −1.000' in bits())
        app.key('End', 'Return')
        wait('the last bit', lambda: 'The bits 10111001 mean −1.125' in bits())


def test_stop():
    with session('test_stop', os.path.join(EXAMPLES, 'fashion_mobilenet.onnx'), '--db', os.path.join(folder, 'stop.db')) as app:
        run = app.find('push button', 'Run')
        wait('the model', lambda: 'visible' in run.states and run.sensitive)
        tab(app, 'Sweep')
        for chip in 'Affine', 'Group of 32', '99.9 %', 'Least error':  # more than a fast machine ends before the click
            app.find(name=chip, prune=()).click()
        planned = int(app.find('label', r'\d{3} configurations.*', prune=()).name.split()[0])
        tab(app, 'Trade-off')
        run.click()
        wait('the job', lambda: visible(app, 'Stop'))
        wait('a first result', lambda: 'configuration' in plot(app, 'Trade-off').description, LONG)
        wait('progress', lambda: app.find('progress bar', 'Progress').value > 0)
        app.find('push button', 'Stop').click()
        wait_finished(app)
        done = int(plot(app, 'Trade-off').description.split()[0])
        assert 1 <= done < planned, done


def test_quit_while_running():
    with session('test_quit_while_running', os.path.join(EXAMPLES, 'fashion_mobilenet.onnx'), '--db', os.path.join(folder, 'quit.db')) as app:
        run = app.find('push button', 'Run')
        wait('the model', lambda: 'visible' in run.states and run.sensitive)
        run.click()
        wait('the job', lambda: visible(app, 'Stop'))
        app.key('ctrl+q')
        app.p.wait(uidrive.TIMEOUT)
        assert app.p.returncode == 0, app.p.returncode


def test_broken_file():
    path = os.path.join(folder, 'broken.onnx')
    with open(path, 'wb') as f:
        f.write(b'this is no model' * 10)
    with session('test_broken_file', path, '--db', os.path.join(folder, 'broken.db')) as app:
        dialog = wait('the sentence', lambda: next((w for w in app.root.children if w.find_all('label', '.*broken.onnx.*', prune=())), None))
        dialog.find('push button', 'Close( Close)?', prune=()).do()
        wait('the sentence to go', lambda: not app.root.find_all('label', '.*broken.onnx.*', prune=()))
        app.find('push button', 'Open Model…')


def test_wrong_usage():
    for arguments in (['--page', 'no-such-page'], ['a.onnx', 'b.onnx']):
        done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=uidrive.TIMEOUT)
        assert done.returncode == 2, (arguments, done)
        assert done.stderr.strip(), arguments


def test_chinese():
    env = {'LANGUAGE': 'zh_CN', 'LC_ALL': 'C.UTF-8', 'BITSTAIR_LOCALE_DIR': os.path.join(BUILD, 'po')}
    with session('test_chinese', '--db', os.path.join(folder, 'zh.db'), env=env) as app:
        app.find('push button', '打开模型…')
        app.find('label', '数字，小网络', prune=())
        app.find('push button', '打开示例').click()
        app.find('push button', '运行')


def test_no_warnings():
    with open(log_path, errors='replace') as f:
        lines = [l for l in f if 'WARNING' in l or 'CRITICAL' in l or 'ERROR' in l]
    assert not lines, ''.join(lines[:10])


def make_study():
    "the study of the session, as the command line makes it, for tests that begin with results"
    subprocess.run([os.path.join(BUILD, 'src/cli/bitstair-cli'), '--quiet', '--db', os.path.join(folder, 'results.db'), 'sweep',
                    os.path.join(EXAMPLES, 'digits_mlp.onnx'), '--data', os.path.join(EXAMPLES, 'digits.npz'), '--scale', '1/16',
                    '--weights', 'int2..int8', '--acts', 'uint8', '--scope', 'model,tensor,channel'], check=True)


def run(number, test, app=None):
    begin = time.monotonic()
    try:
        test(app) if app else test()
        print('ok %d - %s # %.1f s' % (number, test.__name__, time.monotonic() - begin), flush=True)
        return True
    except Exception as e:
        print('not ok %d - %s' % (number, test.__name__), flush=True)
        print('# %s: %s' % (type(e).__name__, str(e).replace('\n', '\n# ')), flush=True)
        if app:
            keep_picture(test.__name__, app)
        return False


def main():
    together = [test_start_page, test_open_example, test_sweep_says_how_many, test_run, test_selects_by_keyboard, test_zoom,
                test_selection_is_linked, test_layer_by_plot, test_graph, test_filter, test_other_pages, test_export_dialog, test_choose_data, test_quit]
    after = [test_stored_study, test_no_warnings]
    alone = [test_x_axis, test_layer_editing, test_activations, test_bits_menu, test_scan, test_scan_fills, test_budget, test_findings, test_lessons, test_lesson_figures, test_stop, test_quit_while_running, test_broken_file, test_wrong_usage, test_chinese, test_no_warnings]
    if sys.argv[1:] == ['session']:
        print('1..%d' % (len(together) + len(after)))
        app = start('--db', os.path.join(folder, 'results.db'))
        good = [run(i + 1, t, app) for i, t in enumerate(together)]
        app.close()
        good += [run(len(together) + i + 1, t) for i, t in enumerate(after)]
    else:
        print('1..%d' % len(alone))
        make_study()
        good = [run(i + 1, t) for i, t in enumerate(alone)]
    if not all(good):
        print('# pictures and trees are in %s' % OUT)
    return 0 if all(good) else 1


if __name__ == '__main__':
    sys.exit(main())
