"""Drives the window as a person would, through AT-SPI and XTEST, without fixed sleeps.
SPDX-License-Identifier: GPL-3.0-or-later

Every step waits for a condition with a deadline and, on timeout, fails with the tree and a screenshot."""
import os, re, signal, struct, subprocess, sys, time, warnings, zlib
import gi
gi.require_version('Atspi', '2.0')
from gi.repository import Atspi, GLib
warnings.simplefilter('ignore', DeprecationWarning)

TIMEOUT = float(os.environ.get('UI_TIMEOUT', '10'))       # multiply under valgrind/ASan
POLL = 0.02

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

class Node:
    """one accessible; reads are never served from the client-side cache"""
    def __init__(self, acc, app):
        self.a, self.app = acc, app
    def __repr__(self):
        return '<%s %r>' % (self.role, self.name)
    @property
    def f(self):
        self.a.clear_cache()              # set_cache_mask(NONE) does not stop name caching in at-spi 2.46
        return self.a
    @property
    def role(self): return self.a.get_role_name()           # never changes
    @property
    def name(self): return self.f.get_name() or ''
    @property
    def description(self): return self.f.get_description() or ''
    @property
    def states(self): return {s.value_nick for s in self.f.get_state_set().get_states()}
    @property
    def sensitive(self): return 'sensitive' in self.states
    @property
    def text(self):                                         # GTK 4.8: get_text(0, -1) gives '': ask for the length
        return Atspi.Text.get_text(self.a, 0, Atspi.Text.get_character_count(self.a))
    @property
    def value(self): return Atspi.Value.get_current_value(self.a)
    @property
    def children(self):
        return [Node(c, self.app) for c in (self.a.get_child_at_index(i) for i in range(self.f.get_child_count())) if c]
    def raw_children(self):
        for i in range(self.a.get_child_count()):
            c = self.a.get_child_at_index(i)
            if c: yield Node(c, self.app)
    # a list of 200 rows has 1000 nodes and each costs ~2 ms: do not descend into rows unless asked to
    PRUNE = {'table row', 'list item', 'tree item', 'scroll bar'}
    def walk(self, prune=PRUNE):
        todo = [self]
        self.a.clear_cache()
        while todo:
            n = todo.pop(0)
            yield n
            try:
                if n is not self and n.role in prune: continue
                if n.role == 'list' and 'table row' in prune and n is not self: continue
                todo[:0] = list(n.raw_children())
            except GLib.Error: pass
    def find_all(self, role=None, name=None, pred=None, prune=PRUNE):
        out = []
        for n in self.walk(prune):
            try:
                if role and n.role != role: continue
                if name is not None and not (re.fullmatch(name, n.a.get_name() or '')): continue
                if pred and not pred(n): continue
                out.append(n)
            except GLib.Error: pass
        return out
    def row(self, rx, timeout=None):
        "a realised row of a list view / column view, by the name of one of its cells' labels"
        return wait('row %r' % rx, lambda: next((r for r in self.children if any(re.fullmatch(rx, l.name) for l in r.find_all('label', prune=()))), None), timeout)
    def find(self, role=None, name=None, pred=None, timeout=None, prune=PRUNE):
        return wait('%s %r' % (role, name), lambda: next(iter(self.find_all(role, name, pred, prune)), None), timeout)
    # --- actions
    @property
    def actions(self):
        r = []
        for i in range(Atspi.Action.get_n_actions(self.a)):
            try: r.append(Atspi.Action.get_action_name(self.a, i))
            except GLib.Error: r.append(None)               # disabled ones raise
        return r
    def do(self, action='click'):
        i = self.actions.index(action)
        if not Atspi.Action.do_action(self.a, i): raise AssertionError('action %s refused by %r' % (action, self))
    def set_text(self, s):
        if not Atspi.EditableText.set_text_contents(self.a, s): raise AssertionError('set_text refused')
    def select_child(self, i): return Atspi.Selection.select_child(self.a, i)
    # --- geometry: AT-SPI gives window coordinates without the CSD border or shadow
    @property
    def box(self):
        e = Atspi.Component.get_extents(self.a, Atspi.CoordType.WINDOW)
        return e.x, e.y, e.width, e.height
    def at(self, fx=.5, fy=.5, win=None):
        x, y, w, h = self.box
        ox, oy = self.app.origin(win)
        return round(ox + x + fx * w), round(oy + y + fy * h)
    def click(self, button=1, fx=.5, fy=.5, win=None, n=1):
        # two separate clicks on one spot within gtk-double-click-time (400 ms) merge into a double click
        x, y = self.at(fx, fy, win); lx, ly, lt = self.app.last_click
        if abs(x - lx) < 8 and abs(y - ly) < 8: time.sleep(max(0, lt + 0.45 - time.monotonic()))
        xdo('mousemove', x, y, 'click', *(['--repeat', n, '--delay', 60] if n > 1 else []), button)
        self.app.last_click = (x, y, time.monotonic())
    def drag(self, start, end, steps=8):
        "from one point of the widget to another, as shares of its size"
        x0, y0 = self.at(*start); x1, y1 = self.at(*end)
        xdo('mousemove', x0, y0, 'mousedown', 1)
        for i in range(1, steps + 1):
            xdo('mousemove', round(x0 + (x1 - x0) * i / steps), round(y0 + (y1 - y0) * i / steps))
        xdo('mouseup', 1)
    def set_value(self, value):
        if not Atspi.Value.set_current_value(self.a, value): raise AssertionError('set_value refused')
    def hover(self, fx=.5, fy=.5):
        # two moves: the first may only enter the window
        x, y = self.at(fx, fy); xdo('mousemove', x - 2, y, 'mousemove', x, y)

class App:
    def __init__(self, argv, env=None, stderr=None):
        Atspi.init()
        Atspi.set_timeout(int(TIMEOUT * 1000), 30000)        # default 800 ms: too short under valgrind or load
        self.desk = Atspi.get_desktop(0)
        self.desk.set_cache_mask(Atspi.Cache.NONE)
        e = dict(os.environ); e.update(env or {})
        self.t0 = time.monotonic()
        self.p = subprocess.Popen(argv, env=e, stderr=stderr)
        self.last_click = (-99, -99, 0)
        def find():
            if self.p.poll() is not None: raise RuntimeError('program ended early, status %s' % self.p.returncode)
            for i in range(self.desk.get_child_count()):
                a = self.desk.get_child_at_index(i)
                if a and a.get_process_id() == self.p.pid and a.get_child_count() > 0: return a
        self.root = Node(wait('application on the accessibility bus', find, 30), self)
        self.window = self.root.find('frame')
        self.t_ready = time.monotonic() - self.t0
        self.xid = wait('X window', lambda: xdo('search', '--onlyvisible', '--pid', self.p.pid).split()[:1] or None)[0]
    def origin(self, win=None):
        """root coordinates of AT-SPI's (0,0): the X window less the invisible/solid CSD border"""
        xid = win or self.xid
        g = dict(l.split('=') for l in xdo('getwindowgeometry', '--shell', xid).splitlines())
        pr = subprocess.run(['xprop', '-id', str(xid), '_GTK_FRAME_EXTENTS'], capture_output=True, text=True).stdout
        m = re.search(r'= (\d+), (\d+), (\d+), (\d+)', pr)
        fx, fy, fw, fh = self.window.box
        bx = (int(g['WIDTH']) - fw) / 2; by = (int(g['HEIGHT']) - fh) / 2
        if m and any(map(int, m.groups())): bx, by = int(m[1]), int(m[3])
        return int(g['X']) + bx, int(g['Y']) + by
    def focus(self):
        """without a window manager nobody gives the window the X focus"""
        xdo('windowfocus', '--sync', self.xid)
        wait('active window', lambda: 'active' in self.window.states)
    def key(self, *keys): xdo('key', '--clearmodifiers', *keys)
    def type(self, s): xdo('type', '--delay', 5, s)
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
