"""Drives the window as a person would, through AT-SPI and XTEST, without fixed sleeps.
SPDX-License-Identifier: GPL-3.0-or-later

Every step waits for a condition with a deadline and, on timeout, fails with the tree and a screenshot."""
import ast, functools, os, re, signal, struct, subprocess, sys, time, warnings, zlib
import gi
gi.require_version('Atspi', '2.0')
from gi.repository import Atspi, Gio, GLib
warnings.simplefilter('ignore', DeprecationWarning)

TIMEOUT = float(os.environ.get('UI_TIMEOUT', '10'))       # multiply under valgrind/ASan
POLL = 0.02

@functools.cache
def role_name(number): return Atspi.role_get_name(Atspi.Role(number))

class Timeout(AssertionError):
    pass

def wait(what, fn, timeout=None):
    end = time.monotonic() + (timeout or TIMEOUT)
    last = None
    while True:
        try:
            r = fn()
            if r:
                return r
            last = r
        except (GLib.Error, LookupError, subprocess.CalledProcessError) as e:              # object went away while we looked: try again
            last = e
        if time.monotonic() > end:
            raise Timeout('timed out waiting for %s (last: %r)' % (what, last))
        time.sleep(POLL)

def xdo(*args):
    return subprocess.run(['xdotool', *map(str, args)], check=True, capture_output=True, text=True, timeout=20).stdout.strip()

def framebuffer():
    """(width, height, BGRX bytes) straight from Xvfb's -fbdir file: no imagemagick, no X round trip"""
    raw = open(os.environ['XVFB_FBDIR'] + '/Xvfb_screen0', 'rb').read()
    h = struct.unpack('>25I', raw[:100])                    # XWDFileHeader, big-endian
    w, ht, bpl, ncol = h[4], h[5], h[12], h[19]
    assert h[11] == 32, 'start Xvfb with depth 24'
    off = h[0] + ncol * 12
    d = raw[off:off + bpl * ht]
    if bpl != w * 4: d = b''.join(d[y * bpl:y * bpl + w * 4] for y in range(ht))
    return w, ht, d

def screenshot(path, box=None):
    w, h, d = framebuffer()
    if box:
        x, y, bw, bh = box; d = b''.join(d[(r * w + x) * 4:(r * w + x + bw) * 4] for r in range(y, y + bh)); w, h = bw, bh
    rgb = bytearray(w * h * 3); rgb[0::3] = d[2::4]; rgb[1::3] = d[1::4]; rgb[2::3] = d[0::4]
    rows = b''.join(b'\0' + rgb[y * w * 3:(y + 1) * w * 3] for y in range(h))
    def chunk(t, b): return struct.pack('>I', len(b)) + t + b + struct.pack('>I', zlib.crc32(t + b))
    with open(path, 'wb') as f:
        f.write(b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 8, 2, 0, 0, 0)) + chunk(b'IDAT', zlib.compress(rows, 3)) + chunk(b'IEND', b''))

class Bus:
    """the accessibility bus, asked directly: all objects of a program with names, roles and places in one call, 40 ms for 1,600,
    where libatspi makes four round trips for each, 2.5 s"""
    def __init__(self):
        session = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        address, = session.call_sync('org.a11y.Bus', '/org/a11y/bus', 'org.a11y.Bus', 'GetAddress', None, None, 0, -1, None)
        self.c = Gio.DBusConnection.new_for_address_sync(
            address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
    def call(self, name, path, interface, method, signature='()', *args):
        r = self.c.call_sync(name, path, interface, method, GLib.Variant(signature, args), None, 0, int(TIMEOUT * 1000), None).unpack()
        return r[0] if len(r) == 1 else r
    def call_all(self, name, paths, interface, method):
        "path: answer, without those that failed; none waits for another"
        answers, left = {}, len(paths)
        def done(c, result, path):
            nonlocal left
            left -= 1
            try: answers[path], = c.call_finish(result).unpack()
            except GLib.Error: pass                         # gone since
        for path in paths:
            self.c.call(name, path, interface, method, None, None, 0, int(TIMEOUT * 1000), None, done, path)
        while left: GLib.MainContext.default().iteration(True)
        return answers
    def items(self, name):
        "path: role, name, number of children; by its text, since unpack () takes seven times as long as the call"
        text = self.c.call_sync(name, CACHE, 'org.a11y.atspi.Cache', 'GetItems', None, None, 0, int(TIMEOUT * 1000), None).print_(False)
        return {path: (role_name(int(role)), ast.literal_eval(its_name) if '\\' in its_name else its_name[1:-1], int(n))
                for path, n, its_name, role in ITEM.findall(text)}
    def pid(self, name):
        return self.call('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'GetConnectionUnixProcessID', '(s)', name)

# bus and path of the object, its application and its parent; index, number of children, interfaces, name, role
ITEM = re.compile(r"""\(\('[^']*', '([^']*)'\), \([^)]*\), \([^)]*\), -?\d+, (-?\d+), \[[^]]*\], ('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"), (\d+), """)
ROOT, CACHE = '/org/a11y/atspi/accessible/root', '/org/a11y/atspi/cache'

def is_pruned(role, prune):
    return role in prune or role == 'list' and 'table row' in prune

class Node:
    """one accessible object; what find () goes by is of one moment, everything else is read when asked for"""
    def __init__(self, path, app, role=None):
        self.path, self.app, self.known_role = path, app, role
    def __repr__(self):
        return '<%s %r>' % (self.role, self.name)
    def call(self, interface, method, signature='()', *args):
        return self.app.bus.call(self.app.bus_name, self.path, interface, method, signature, *args)
    def get(self, interface, name):
        return self.call('org.freedesktop.DBus.Properties', 'Get', '(ss)', 'org.a11y.atspi.' + interface, name)
    @property
    def role(self):                                         # never changes
        if self.known_role is None: self.known_role = role_name(self.call('org.a11y.atspi.Accessible', 'GetRole'))
        return self.known_role
    @property
    def name(self): return self.get('Accessible', 'Name')
    @property
    def description(self): return self.get('Accessible', 'Description')
    @property
    def states(self):
        low, high = self.call('org.a11y.atspi.Accessible', 'GetState')
        return {Atspi.StateType(i).value_nick for i in range(64) if (low | high << 32) >> i & 1 and i < Atspi.StateType.LAST_DEFINED}
    @property
    def sensitive(self): return 'sensitive' in self.states
    @property
    def text(self):                                         # GTK 4.8: GetText(0, -1) gives '': ask for the length
        return self.call('org.a11y.atspi.Text', 'GetText', '(ii)', 0, self.get('Text', 'CharacterCount'))
    @property
    def value(self): return self.get('Value', 'CurrentValue')
    @property
    def children(self):
        return [Node(path, self.app) for path in self.app.children([self.path]).get(self.path, ())]
    PRUNE = {'table row', 'list item', 'tree item', 'scroll bar'}  # a list of 200 rows has 1,000 nodes: not unless asked to
    def walk(self, prune=PRUNE):
        return (Node(path, self.app, role) for path, role, name in self.app.below(self.path, prune))
    def find_all(self, role=None, name=None, pred=None, prune=PRUNE):
        out = []
        for path, its_role, its_name in self.app.below(self.path, prune):
            try:
                if role and its_role != role: continue
                if name is not None and not re.fullmatch(name, its_name): continue
                node = Node(path, self.app, its_role)
                if pred and not pred(node): continue
                out.append(node)
            except GLib.Error: pass
        return out
    def row(self, rx, timeout=None):
        "a realised row of a list view / column view, by the name of one of its cells' labels"
        return wait('row %r' % rx, lambda: next((r for r in self.children if r.find_all('label', rx, prune=())), None), timeout)
    def find(self, role=None, name=None, pred=None, timeout=None, prune=PRUNE):
        return wait('%s %r' % (role, name), lambda: next(iter(self.find_all(role, name, pred, prune)), None), timeout)
    # --- actions
    @property
    def actions(self):
        r = []
        for i in range(self.get('Action', 'NActions')):
            try: r.append(self.call('org.a11y.atspi.Action', 'GetName', '(i)', i))
            except GLib.Error: r.append(None)               # disabled ones raise
        return r
    def do(self, action='click'):
        i = self.actions.index(action)
        if not self.call('org.a11y.atspi.Action', 'DoAction', '(i)', i): raise AssertionError('action %s refused by %r' % (action, self))
    def set_text(self, s):
        if not self.call('org.a11y.atspi.EditableText', 'SetTextContents', '(s)', s): raise AssertionError('set_text refused')
    def select_child(self, i): return self.call('org.a11y.atspi.Selection', 'SelectChild', '(i)', i)
    # --- geometry: AT-SPI gives window coordinates without the CSD border or shadow
    @property
    def box(self):
        return tuple(self.call('org.a11y.atspi.Component', 'GetExtents', '(u)', Atspi.CoordType.WINDOW))
    def settled_box(self):
        "once it is laid out and stands still"
        boxes = []
        wait('%r to stand still' % self, lambda: boxes.append(self.box) or min(boxes[-1][2:]) > 0 and boxes[-3:] == boxes[-1:] * 3)
        return boxes[-1]
    def at(self, fx=.5, fy=.5, win=None):
        x, y, w, h = self.settled_box()
        ox, oy = self.app.origin(win)
        return round(ox + x + fx * w), round(oy + y + fy * h)
    def click(self, button=1, fx=.5, fy=.5, win=None, n=1):
        # two separate clicks on one spot within gtk-double-click-time (400 ms) merge into a double click
        x, y = self.at(fx, fy, win); lx, ly, lt = self.app.last_click
        if abs(x - lx) < 8 and abs(y - ly) < 8: time.sleep(max(0, lt + 0.45 - time.monotonic()))
        # by way of a place outside: where a tooltip stands, a click only takes it away
        xdo('mousemove', 9999, 9999, 'mousemove', x, y, 'click', *(['--repeat', n, '--delay', 60] if n > 1 else []), button)
        self.app.last_click = (x, y, time.monotonic())
    def drag(self, start, end, steps=8):
        "from one point of the widget to another, as shares of its size"
        x0, y0 = self.at(*start); x1, y1 = self.at(*end)
        moves = [m for i in range(1, steps + 1)
                 for m in ('mousemove', round(x0 + (x1 - x0) * i / steps), round(y0 + (y1 - y0) * i / steps), 'sleep', 0.01)]
        xdo('mousemove', x0, y0, 'mousedown', 1, *moves, 'mouseup', 1)
    def set_value(self, value):
        self.call('org.freedesktop.DBus.Properties', 'Set', '(ssv)', 'org.a11y.atspi.Value', 'CurrentValue', GLib.Variant('d', value))
    def hover(self, fx=.5, fy=.5):
        # two moves: the first may only enter the window
        x, y = self.at(fx, fy); xdo('mousemove', x - 2, y, 'mousemove', x, y)

class App:
    def __init__(self, argv, env=None, stderr=None):
        self.bus = Bus()
        e = dict(os.environ); e.update(env or {})
        self.t0 = time.monotonic()
        self.p = subprocess.Popen(argv, env=e, stderr=stderr)
        self.last_click = (-99, -99, 0)
        def find():
            if self.p.poll() is not None: raise RuntimeError('program ended early, status %s' % self.p.returncode)
            for name, path in self.bus.call('org.a11y.atspi.Registry', ROOT, 'org.a11y.atspi.Accessible', 'GetChildren'):
                try:
                    if self.bus.pid(name) == self.p.pid: return name
                except GLib.Error: pass                     # of a program that has ended
        self.bus_name = wait('application on the accessibility bus', find, max(TIMEOUT, 30))
        self.root, self.origins = Node(ROOT, self), {}
        self.window = self.root.find('frame')
        self.t_ready = time.monotonic() - self.t0
        self.xid = wait('X window', self.windows)[0]
    def children(self, paths):
        "path: paths of its children, without those that are gone; asked for all at once"
        return {path: [p for _, p in children] for path, children in self.bus.call_all(self.bus_name, paths, 'org.a11y.atspi.Accessible', 'GetChildren').items()}
    def below(self, path, prune):
        """path, role and name of everything at and below path, in order. An object is among the program's items once somebody has
        asked for it; hidden ones are, too, and only their parents know that they do not count."""
        while True:
            items = self.bus.items(self.bus_name)
            items[ROOT] = 'application', '', -1
            children, level, unknown = {}, [path], []
            while level:
                below = self.children([p for p in level if items[p][2] != 0 and (p == path or not is_pruned(items[p][0], prune))])
                children.update(below)
                level = [p for list in below.values() for p in list]
                unknown += [p for p in level if p not in items]
                level = [p for p in level if p in items]
            if not unknown: break
            while unknown:                                  # now they are items, all that is below them, too
                unknown = [p for list in self.children(unknown).values() for p in list if p not in items]
        found, todo = [], [path]
        while todo:
            at = todo.pop()
            found.append((at, *items[at][:2]))
            todo += reversed(children.get(at, ()))
        return found
    def origin(self, win=None):
        """root coordinates of AT-SPI's (0,0): the X window less the invisible/solid CSD border; without a window manager nobody
        moves it"""
        xid = win or self.xid
        if xid not in self.origins: self.origins[xid] = self.find_origin(xid)
        return self.origins[xid]
    def find_origin(self, xid):
        g = dict(l.split('=') for l in xdo('getwindowgeometry', '--shell', xid).splitlines())
        pr = subprocess.run(['xprop', '-id', str(xid), '_GTK_FRAME_EXTENTS'], capture_output=True, text=True).stdout
        m = re.search(r'= (\d+), (\d+), (\d+), (\d+)', pr)
        fx, fy, fw, fh = self.window.box
        bx = (int(g['WIDTH']) - fw) / 2; by = (int(g['HEIGHT']) - fh) / 2
        if m and any(map(int, m.groups())): bx, by = int(m[1]), int(m[3])
        return int(g['X']) + bx, int(g['Y']) + by
    def windows(self):
        "X windows: the main window, dialogs, lists that popped up"
        return xdo('search', '--onlyvisible', '--pid', self.p.pid).split()
    def focus(self):
        """without a window manager nobody gives the window the X focus"""
        xdo('windowfocus', '--sync', self.xid)
        wait('active window', lambda: 'active' in self.window.states)
    def focus_dialog(self, title):
        "likewise for a window of its own; returns what is in it"
        wait('window %r' % title, lambda: xdo('search', '--onlyvisible', '--pid', self.p.pid, '--name', '^%s$' % title))
        xdo('search', '--onlyvisible', '--pid', self.p.pid, '--name', '^%s$' % title, 'windowfocus', '--sync')
        return wait(title, lambda: next((w for w in self.root.children if w.name == title), None))
    def key(self, *keys): xdo('key', '--clearmodifiers', *keys)
    def type(self, s): xdo('type', '--delay', 5, '--', s)
    def find(self, *a, **k): return self.root.find(*a, **k)
    def focused(self):
        r = [n for n in self.root.walk() if 'focused' in n.states]
        return r[-1] if r else None
    def shot(self, path): screenshot(path)
    def tree(self, maxdepth=30):
        out = []
        def rec(n, d):
            try: out.append('  ' * d + '%s %r %s' % (n.role, n.name, ','.join(sorted(n.states))))
            except GLib.Error: return
            if d < maxdepth:
                for c in n.children[:12]: rec(c, d + 1)
        rec(self.root, 0); return '\n'.join(out)
    def close(self, timeout=10):
        if self.p.poll() is None: self.p.send_signal(signal.SIGTERM)
        try: self.p.wait(timeout)
        except subprocess.TimeoutExpired: self.p.kill(); self.p.wait()
        return self.p.returncode
