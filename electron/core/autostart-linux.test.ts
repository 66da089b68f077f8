import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { autostartEntry, autostartFile, LinuxAutostart, programToStart } from './autostart-linux.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exai-autostart-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('TRAY-login: login item on Linux', () => {
  it('writes this entry', () => {
    expect(autostartEntry('/opt/EXAI Tray/exai-tray', ['--hidden'])).toBe(`[Desktop Entry]
Type=Application
Version=1.5
Name=EXAI Tray
Comment=MCP gateway in your tray
TryExec=/opt/EXAI Tray/exai-tray
Exec="/opt/EXAI Tray/exai-tray" --hidden
Icon=exai-tray
Terminal=false
X-GNOME-Autostart-enabled=true
`);
  });

  it.each([
    ['/usr/bin/exai', 'Exec=/usr/bin/exai'],
    ['/home/a"b/x', String.raw`Exec="/home/a\\"b/x"`],
    ['/home/a`$b/x', 'Exec="/home/a\\\\`\\\\$b/x"'],
    [String.raw`/home/a\b/x`, String.raw`Exec="/home/a\\\\b/x"`],
    ['/home/100%/x', 'Exec=/home/100%%/x'],
  ])('quotes %s', (program, line) => {
    expect(autostartEntry(program, []).split('\n')).toContain(line);
  });

  it('starts the AppImage and never its mount', () => {
    expect(programToStart({ APPIMAGE: '/home/a/EXAI.AppImage' }, '/tmp/.mount_x/exai')).toBe('/home/a/EXAI.AppImage');
    expect(programToStart({ APPIMAGE: 'relative' }, '/usr/bin/exai')).toBe('/usr/bin/exai');
    expect(programToStart({}, '/usr/bin/exai')).toBe('/usr/bin/exai');
  });

  it('lies where the desktop looks; a relative folder counts as unset', () => {
    expect(autostartFile({ XDG_CONFIG_HOME: '/c' }, '/h')).toBe('/c/autostart/exai-tray.desktop');
    expect(autostartFile({ XDG_CONFIG_HOME: 'c' }, '/h')).toBe('/h/.config/autostart/exai-tray.desktop');
  });

  it('is off until written, on after, and gone without rest', () => {
    const file = join(folder, 'autostart', 'exai-tray.desktop');
    const item = new LinuxAutostart({ file, program: '/usr/bin/exai', args: ['--hidden'] });
    expect(item.read()).toBe('off');
    item.write(true);
    expect(item.read()).toBe('on');
    item.write(false);
    item.write(false);
    expect(item.read()).toBe('off');
  });

  it('respects the switch of the desktop, also when the app has moved', () => {
    const file = join(folder, 'exai-tray.desktop');
    const item = new LinuxAutostart({ file, program: '/new/exai', args: [] });
    for (const line of ['Hidden=true', 'X-GNOME-Autostart-enabled=false']) {
      const text = `[Desktop Entry]\nExec=/old/exai\n${line}\n`;
      writeFileSync(file, text);
      expect(item.read()).toBe('off');
      item.repair();
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
    writeFileSync(file, '[Desktop Entry]\nExec=/old/exai\n');
    item.repair();
    expect(readFileSync(file, 'utf8')).toContain('Exec=/new/exai');
  });

  it('holds up no start when the entry cannot be read, or cannot be written', () => {
    const unreadable = new LinuxAutostart({ file: folder, program: '/usr/bin/exai', args: [] });
    expect(unreadable.read()).toBe('unavailable');
    expect(() => unreadable.repair()).not.toThrow();
    const file = join(folder, 'exai-tray.desktop');
    writeFileSync(file, 'Exec=/elsewhere');
    mkdirSync(`${file}.${process.pid}`); // where a draft would be
    const fixed = new LinuxAutostart({ file, program: '/usr/bin/exai', args: [] });
    expect(() => fixed.repair()).not.toThrow();
    expect(fixed.read()).toBe('on');
  });
});
