import './shell.css';
import { type ReactNode, useCallback, useRef, useState } from 'react';
import { CapacityBars } from '../parts/capacity.tsx';
import { TokenLine } from '../parts/token-line.tsx';
import { hrefOf, matchPattern } from '../state/router.ts';
import { useAddress, useIsStale, useLive, useServices, useWords } from '../state/services.ts';
import type { Cover } from '../state/status.ts';
import { type Layout, useLayout } from '../state/use-layout.ts';
import { Skeleton } from '../ui/panels.tsx';
import { Notices } from '../ui/toast.tsx';
import { AppMenu } from './app-menu.tsx';
import { Banners } from './banners.tsx';
import { KeysHelp } from './keys-help.tsx';
import { Nav } from './nav.tsx';
import { PrimaryAction } from './primary-action.tsx';
import type { Screen } from './screen.ts';
import { StatusPill } from './status-pill.tsx';
import { useArrivalFocus } from './use-arrival-focus.ts';
import { useCover } from './use-cover.ts';
import { useEndDaemon } from './use-end-daemon.tsx';
import { useKeys } from './use-keys.ts';

export interface ShellProps {
  readonly screens: readonly Screen[];
  readonly notFound: ReactNode;
  /** What stands in place of a screen while the daemon cannot feed it. */
  readonly covers: Readonly<Record<Exclude<Cover, 'none' | 'loading'>, ReactNode>>;
}

/** The frame of every screen: what is true now, the screens, the menu. */
export function Shell({ screens, notFound, covers }: ShellProps) {
  const { text } = useWords();
  const { segments } = useAddress();
  const layout = useLayout();
  const body = useRef<HTMLDivElement>(null);
  const [isKeysShown, setKeysShown] = useState(false);
  const hideKeys = useCallback(() => setKeysShown(false), []);
  const showKeys = useCallback(() => setKeysShown(true), []);
  const end = useEndDaemon();
  const cover = useCover();
  const isStale = useIsStale();
  const hasModel = useLive(({ model }) => model !== undefined);

  const isRail = layout !== 'small';
  const isCovered = cover === 'daemon-down' || cover === 'signed-out';
  const found = findScreen(screens, segments);
  const { base, back } = useLists(screens, found, layout);
  const place = `${found?.screen.id}/${segments.join('/')}`;
  useKeys({ screens, back: found?.screen.parent === undefined ? undefined : back, isRail, showKeys });
  useArrivalFocus(body, {
    place: isCovered ? cover : place,
    isDetail: found?.screen.parent !== undefined && found.screen.nav === undefined,
    isCovered,
  });

  const current = base ?? found;
  const content =
    cover === 'loading' ? (
      <Skeleton />
    ) : cover === 'none' ? (
      (current?.screen.render(current.params, back) ?? notFound)
    ) : (
      covers[cover]
    );
  const header = (
    <header className="shell__top">
      <div className="shell__header">
        <StatusPill hasVersion={isRail} />
        <div className="shell__toolbar">{isRail && cover === 'none' ? current?.screen.toolbar?.() : null}</div>
        <PrimaryAction end={end} />
        <AppMenu end={end} onShowKeys={showKeys} />
      </div>
      {isCovered ? null : <Banners />}
    </header>
  );
  const nav = <Nav screens={screens} current={current?.screen} isRail={isRail} />;

  return (
    <div className={`shell shell--${isRail ? 'wide' : 'small'}`} data-testid="app" data-state={cover}>
      {isRail ? (
        <div className="shell__rail">
          {nav}
          {hasModel && cover === 'none' ? (
            <aside className="shell__rail-foot" aria-label={text.overview.capacity}>
              <CapacityBars />
              <TokenLine />
            </aside>
          ) : null}
        </div>
      ) : null}
      <div className="shell__column">
        {header}
        <div ref={body} className="shell__body">
          <main className="shell__main" data-scroller tabIndex={-1} data-stale={isStale && cover === 'none'}>
            {content}
          </main>
          {base !== undefined && found !== undefined && cover === 'none' ? (
            <aside className="shell__pane" data-scroller data-testid="session-pane" data-stale={isStale}>
              {found.screen.render(found.params, back)}
            </aside>
          ) : null}
        </div>
        {isRail ? null : nav}
      </div>
      {isKeysShown ? <KeysHelp onClose={hideKeys} /> : null}
      {end.dialog}
      <Notices />
    </div>
  );
}

interface FoundScreen {
  readonly screen: Screen;
  readonly params: Readonly<Record<string, string>>;
}

function findScreen(screens: readonly Screen[], segments: readonly string[]): FoundScreen | undefined {
  for (const screen of screens) {
    const params = matchPattern(screen.pattern, segments);
    if (params !== undefined) return { screen, params };
  }
  return undefined;
}

interface Lists {
  /** What stays while a pane is open beside it. */
  readonly base: FoundScreen | undefined;
  /** The address that was open before the pane, with its filter. */
  readonly back: string;
}

/** The list that a session was opened from: it stays where there is room, and Esc leads back to it. */
function useLists(screens: readonly Screen[], found: FoundScreen | undefined, layout: Layout): Lists {
  const { router } = useServices();
  const [last, setLast] = useState<{ readonly screen: Screen; readonly href: string }>();
  const { segments, query } = router.current();
  const href = hrefOf(segments, Object.fromEntries(query));
  const isPane = found?.screen.isPane === true;
  if (found !== undefined && !isPane && (found.screen !== last?.screen || href !== last.href)) {
    setLast({ screen: found.screen, href });
  }
  if (!isPane) {
    const parent = found?.screen.parent ?? '#/';
    return { base: undefined, back: layout === 'small' ? '#/' : parent };
  }
  const opener = last?.screen.hasPane === true ? last : undefined;
  const parent = screens.find(({ pattern }) => `#${pattern}` === found?.screen.parent);
  const screen = opener?.screen ?? parent;
  return {
    base: layout === 'pane' && screen !== undefined ? { screen, params: {} } : undefined,
    back: opener?.href ?? (layout === 'small' ? '#/' : (found?.screen.parent ?? '#/')),
  };
}
