import './configure-zod.ts';
import './theme.css';
import './base.css';
import { createRoot } from 'react-dom/client';
import { hostBridgeKey } from '../protocol/host-verbs.ts';
import { createAdminClient } from './api/admin-client.ts';
import { createFeedReader } from './api/feed-reader.ts';
import { createRequestKeyStore, signIn, takeTicket } from './api/sign-in.ts';
import { App } from './app.tsx';
import { createBridgeHost } from './host/bridge-host.ts';
import { createBrowserHost } from './host/browser-host.ts';
import { preloadPages } from './screens.tsx';
import { createServerClock } from './state/clock.ts';
import { createLiveFeed } from './state/live-feed.ts';
import { createLiveStore } from './state/live-store.ts';
import { createNoticesStore } from './state/notices.ts';
import { createPreferencesStore, followTheme } from './state/preferences.ts';
import { createRotationStore } from './state/rotation-request.ts';
import { createRouter } from './state/router.ts';
import type { Services } from './state/services.ts';
import { createWords } from './strings/words.ts';

// First of all: a ticket must not stay in the address.
const ticket = takeTicket(window.location, window.history);
start(ticket);

/** Makes every service once, draws, and connects. */
function start(ticketGiven: string | undefined): void {
  const router = createRouter(window);
  const preferences = createPreferencesStore(window.localStorage, router.current().query);
  followTheme(preferences, window);
  const words = createWords(preferences.getState().locale);
  document.documentElement.lang = words.locale;
  document.documentElement.dir = words.direction;

  const keys = createRequestKeyStore(window.localStorage);
  const client = createAdminClient({ fetch: window.fetch.bind(window), requestKey: keys.read });
  const live = createLiveStore();
  const clock = createServerClock({
    now: Date.now,
    setInterval: (callback, ms) => window.setInterval(callback, ms),
    clearInterval: (timer) => window.clearInterval(timer),
  });
  const feed = createLiveFeed({
    store: live,
    clock,
    now: Date.now,
    setTimeout: setTimer,
    isHidden,
  });
  const reader = createFeedReader({
    client,
    onEvent: feed.take,
    setTimeout: setTimer,
    clearTimeout: (timer) => window.clearTimeout(timer),
    isHidden,
  });
  const bridge = window[hostBridgeKey];
  let isTicketRefused = false;

  const services: Services = {
    client,
    host: bridge === undefined ? createBrowserHost(window) : createBridgeHost(bridge, window),
    router,
    clock,
    words,
    live,
    preferences,
    notices: createNoticesStore(),
    rotation: createRotationStore(client),
    retryFeed: reader.retry,
    async signOut() {
      await client.run('signOut', {});
      keys.forget();
      reader.retry();
    },
    signInState: () => (isTicketRefused ? 'refused' : keys.read() === undefined ? 'never' : 'expired'),
  };

  document.addEventListener('visibilitychange', () => {
    clock.setHidden(document.hidden);
    if (document.hidden) {
      reader.hide();
      return;
    }
    feed.show();
    reader.show();
  });
  const root = document.querySelector('#root');
  if (root === null) throw new Error('index.html has no #root');
  createRoot(root).render(<App services={services} />);

  const enter = (given: string | undefined, then: () => void): void => {
    if (given === undefined) {
      then();
      return;
    }
    void signIn(client, keys, given).then((answer) => {
      isTicketRefused = answer.state === 'failed' && answer.failure.status !== 0;
      then();
    });
  };
  enter(ticketGiven, reader.start);
  // A fresh link opened over this page changes the fragment only: the page is not loaded again.
  window.addEventListener('hashchange', () => {
    const fresh = takeTicket(window.location, window.history);
    if (fresh !== undefined) enter(fresh, reader.retry);
  });
  markFirstData(live);
}

/**
 * `exai:ready` and `exai:first-data`: from the first snapshot to the frame that shows it (docs/performance.md).
 * `exai:all-pages`: the code of every page has been loaded, so that the page asks for no more files.
 */
function markFirstData(live: ReturnType<typeof createLiveStore>): void {
  const unsubscribe = live.subscribe(({ model }) => {
    if (model === undefined) return;
    unsubscribe();
    performance.mark('exai:ready');
    requestAnimationFrame(() => {
      performance.mark('exai:first-data');
      requestIdleCallback(() => void preloadPages().then(() => performance.mark('exai:all-pages')));
    });
  });
}

function setTimer(callback: () => void, ms: number): number {
  return window.setTimeout(callback, ms);
}

function isHidden(): boolean {
  return document.hidden;
}
