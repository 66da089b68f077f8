import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderIcons, trayDrawings } from '../../../build/icons.mjs';
import { readPng } from '../../packaging/pictures.ts';
import { Arrivals, eventually } from '../../support/deadline.ts';
import { changedBelow, findIcon, type Place } from './find-icon.ts';
import { cornerOf, keepPicture, stackOf } from './keep-picture.ts';
import { runningMenu } from './menu-fixture.ts';
import { type IconPicture, SniItem } from './sni-item.ts';
import { panelHeight, TrayHostScene } from './tray-host-scene.ts';

const files = await renderIcons();
const drawings = Object.keys(trayDrawings);

/** An icon as the app hands it over: both scales. */
function icon(name: string, glyph: string): IconPicture[] {
  return ['', '@2x'].map((scale) => {
    const file = files.get(`tray/linux/${name}-${glyph}${scale}.png`);
    if (file === undefined) throw new Error(`no icon for ${name}`);
    return readPng(file);
  });
}

function shown(scene: TrayHostScene, name: string, glyph: string): Promise<Place> {
  const [small] = icon(name, glyph);
  return eventually(
    `${name} in the panel`,
    async () => small && findIcon(readPng(await scene.screenshot()), small, { height: panelHeight }),
    15_000,
  );
}

describe.skipIf(TrayHostScene.whyNot !== undefined).each([
  { glyph: 'light', panelColour: '#131313' },
  { glyph: 'dark', panelColour: '#eff0f1' },
])('a real tray host with a panel for $glyph glyphs', ({ glyph, panelColour }) => {
  let scene: TrayHostScene;
  let item: SniItem;
  const clicks = new Arrivals<string>();

  beforeAll(async () => {
    scene = await TrayHostScene.start({ panelColour });
    item = await SniItem.publish(
      { icon: icon('idle', glyph), tooltip: 'EXAI Tray: 2 sessions · 1 running', menu: runningMenu },
      {
        id: 'exai-tray',
        busAddress: scene.busAddress,
        onActivate: () => clicks.push('activate'),
        onMenuClick: ({ id = '' }) => clicks.push(id),
      },
    );
  });

  afterAll(async () => {
    item?.remove();
    await scene?.stop();
  });

  /** Opens it with the secondary button and waits until it is drawn; resolves with the screen as it was before. */
  async function openMenu(): Promise<IconPicture> {
    await item.menuRead();
    await scene.pointer(10, 400); // a pointed-at icon has another ground
    const { x, y } = await shown(scene, 'working', glyph);
    const before = readPng(await scene.screenshot());
    await scene.pointer(x + 8, y + 8, 3);
    await drawn(before, 100);
    return before;
  }

  /** Waits until what opened below the panel is at least that wide, and rests. */
  async function drawn(before: IconPicture, width: number): Promise<void> {
    let last: Buffer | undefined;
    await eventually('a menu below the panel', async () => {
      const now = await scene.screenshot();
      const rests = last?.equals(now) === true;
      last = now;
      const change = changedBelow(before, readPng(now), panelHeight);
      return rests && change !== undefined && change.width > width && change.height > 150 ? true : undefined;
    });
  }

  it('ICON-host: shows the shape and colour of every state, each after the other in one item', async () => {
    const strips: Buffer[] = [];
    const places = new Set<string>();
    for (const name of drawings) {
      item.update({ icon: icon(name, glyph) });
      const { x, y } = await shown(scene, name, glyph);
      places.add(`${x},${y}`);
      strips.push(await scene.screenshot());
    }
    expect([...places]).toHaveLength(1);
    keepPicture(`tray-host-states-${glyph}.png`, stackOf(strips, { width: 90, height: panelHeight, labels: drawings }));
  });

  it('ICON-host: its menu opens, looks as modelled, and each click names its row', async () => {
    item.update({ icon: icon('working', glyph) });
    const before = await openMenu();
    await scene.keys('Down', 'Down', 'Down', 'Down', 'Right');
    await drawn(before, 400);
    keepPicture(`tray-host-menu-${glyph}.png`, cornerOf(await scene.screenshot(), { width: 640, height: 310 }));
    await scene.keys('Down', 'Return');
    expect(await clicks.next('a click in the submenu')).toBe('session:vscode-instance-2');
    await openMenu();
    await scene.keys('Down', 'Down', 'Down', 'Down', 'Down', 'Down', 'Return');
    expect(await clicks.next('a click on a row')).toBe('rotate');
  });

  it('ICON-host: a changed menu is what opens next', async () => {
    item.update({
      menu: [
        { id: 'status', label: 'Stopped', enabled: false },
        { id: 'start', label: 'Start' },
        ...runningMenu.slice(2),
      ],
    });
    await openMenu();
    await scene.keys('Down', 'Return');
    expect(await clicks.next('a click on the new row')).toBe('start');
  });

  it('ICON-host: the primary button activates it', async () => {
    const { x, y } = await shown(scene, 'working', glyph);
    await scene.pointer(x + 8, y + 8, 1);
    expect(await clicks.next('the click')).toBe('activate');
  });

  it('ICON-host: a host that ends and comes back shows a newly published icon', async () => {
    await scene.stopHost();
    item.remove();
    const model = { icon: icon('attention', glyph), tooltip: 'EXAI Tray: Port 8765 is taken', menu: runningMenu };
    const options = { id: 'exai-tray', busAddress: scene.busAddress };
    await expect(SniItem.publish(model, { ...options, timeoutMs: 300 })).rejects.toThrow('a tray host');
    scene.startHost();
    item = await SniItem.publish(model, options);
    expect((await shown(scene, 'attention', glyph)).y).toBeLessThan(panelHeight);
  });
});
